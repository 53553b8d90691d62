"""Pages whose figures are printed by the commands in them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from chorus.transcripts import refreshed, transcripts, typed_figures

PAGE = """# A page

Half of 120 runs hold: 0.05 of them, see [here](docs/12345.md) and `python x.py --seed 777`.

```console
$ chorus power --runs 'a b.csv'
runs 120
share 0.0498
$ chorus spread
one 1,500 -0.31
```

and 2 more.
"""


def test_commands_and_their_outputs_are_found():
    found = transcripts(PAGE)
    assert [part.arguments for part in found] == [("power", "--runs", "a b.csv"), ("spread",)]
    assert found[0].output == "runs 120\nshare 0.0498\n"
    assert found[1].output == "one 1,500 -0.31\n"


def test_outputs_are_replaced_and_all_else_is_kept():
    def echo(arguments: Sequence[str]) -> str:
        return "\nnew " + " ".join(arguments) + "   \n\n"

    new = refreshed(PAGE, echo)
    assert (
        "$ chorus power --runs 'a b.csv'\nnew power --runs a b.csv\n$ chorus spread\nnew spread\n```"
        in new
    )
    assert new.partition("```console")[0] == PAGE.partition("```console")[0]
    assert new.rpartition("```")[2] == PAGE.rpartition("```")[2]
    assert refreshed(new, echo) == new


def test_figures_that_no_command_prints_are_named():
    assert typed_figures(PAGE) == []
    changed = PAGE.replace("Half of 120 runs", "Half of 121 runs").replace("0.05 of", "0.06 of")
    assert typed_figures(changed) == ["121", "0.06"]


def test_a_unit_right_behind_a_fraction_takes_nothing_from_it():
    assert typed_figures(PAGE.replace("and 2 more", "and 99.9s more")) == ["99.9"]
    printed = PAGE.replace("share 0.0498", "share 0.0498, 12.7s")
    assert typed_figures(printed.replace("and 2 more", "and 12.7 s more")) == []
    assert typed_figures(printed.replace("and 2 more", "and 12 more, the 22nd")) == ["12"]


@pytest.mark.parametrize("words", ["-0.310", "−0.31", "0.3", "1,500", "1500", "3 seeds"])
def test_signs_commas_and_rounding_do_not_matter(words):
    assert typed_figures(PAGE.replace("and 2 more", f"and {words} more")) == []


def test_a_prompt_within_a_line_is_no_command():
    page = "```console\n$ chorus one\nsay $ chorus two\n```\n"
    assert len(transcripts(page)) == 1
