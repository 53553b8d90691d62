"""docs/published_runs.md says what its commands print, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from chorus.commands import main
from chorus.transcripts import transcripts, typed_figures

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "published_runs.md"


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page with one command of the real one."""
    monkeypatch.chdir(ROOT)
    (part,) = [
        part
        for part in transcripts(PAGE.read_text(encoding="utf-8"))
        if part.arguments[0] == "power"
    ]
    text = f"# Power\n\nThe range is 0.175.\n\n```console\n$ chorus {' '.join(part.arguments)}\n{part.output}```\n"
    (tmp_path / "page.md").write_text(text, encoding="utf-8")
    return tmp_path / "page.md"


def test_the_page_says_what_its_commands_print(monkeypatch, capsys):
    """All its commands are run, and every figure in its words is in what they print."""
    monkeypatch.chdir(ROOT)
    main(["page", "--check", str(PAGE)])
    assert len(transcripts(PAGE.read_text(encoding="utf-8"))) > 10
    assert "commands." in capsys.readouterr().out


def test_the_picture_is_that_of_the_command_beside_it(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    table = ["--table", "data/reference/published_runs.yaml", "--metric", "f1"]
    main(["effects", *table, "--summary", "--figure", str(tmp_path / "effects_f1.png")])
    assert (tmp_path / "effects_f1.png").read_bytes() == (
        ROOT / "docs/published_runs/effects_f1.png"
    ).read_bytes()


def test_a_digit_changed_in_an_output_is_seen(small):
    main(["page", "--check", str(small)])
    text = small.read_text(encoding="utf-8")
    small.write_text(text.replace("0.071", "0.070", 1), encoding="utf-8")
    with pytest.raises(SystemExit, match="does not say what its commands print"):
        main(["page", "--check", str(small)])
    main(["page", str(small)])
    assert small.read_text(encoding="utf-8") == text


def test_a_figure_typed_by_hand_is_seen(small):
    text = small.read_text(encoding="utf-8").replace("0.175", "0.195", 1)
    small.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match=r"no command in it prints: 0\.195"):
        main(["page", "--check", str(small)])
    assert typed_figures(text) == ["0.195"]


def test_a_page_without_commands_is_refused(tmp_path):
    (tmp_path / "page.md").write_text("# Nothing\n")
    with pytest.raises(SystemExit, match="has no command of ours"):
        main(["page", str(tmp_path / "page.md")])


def test_a_command_of_the_page_may_fail_in_one_sentence(small, monkeypatch):
    shutil.copy(small, small.with_name("moved.md"))
    monkeypatch.chdir(small.parent)  # where the table of runs is not
    with pytest.raises(SystemExit, match="cannot be read"):
        main(["page", "--check", str(small)])
