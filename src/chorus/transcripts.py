"""Pages whose figures are printed by the commands beside them: found, run again, and compared.

A command stands in a page with its output:

    ```console
    $ chorus power --runs runs.csv ...
    what it prints
    ```

Whatever the page says in words has to be in one of these outputs: a figure that no command prints
was typed by hand.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

PROMPT = "$ chorus "
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_ANY_BLOCK = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_NO_FIGURES = re.compile(r"`[^`]*`|\]\([^)]*\)|https?://\S+|doi:\S+|<!--.*?-->", re.DOTALL)
_FIGURE = re.compile(r"(?<![\w.])[+−-]?\d+(?:,\d{3})*(?:\.\d+)?(?![\w])")


@dataclass(frozen=True)
class Transcript:
    """A command of a page, as arguments, and what the page says that it prints."""

    arguments: tuple[str, ...]
    output: str


def transcripts(page: str) -> list[Transcript]:
    """The commands of a page with their outputs, in order."""
    found = []
    for block in _BLOCK.findall(page):
        for part in _commands(block):
            command, _, output = part.partition("\n")
            found.append(Transcript(tuple(shlex.split(command.removeprefix(PROMPT))), output))
    return found


def refreshed(page: str, output_of: Callable[[Sequence[str]], str]) -> str:
    """The page with the outputs that its commands have now.

    Args:
        output_of: runs a command, given as arguments.
    """

    def rewritten(block: re.Match[str]) -> str:
        parts = []
        for part in _commands(block.group(1)):
            command = part.partition("\n")[0]
            output = output_of(shlex.split(command.removeprefix(PROMPT)))
            parts.append(f"{command}\n{_tidy(output)}")
        return "```console\n" + "".join(parts) + "```"

    return _BLOCK.sub(rewritten, page)


def typed_figures(page: str) -> list[str]:
    """The figures in a page's words that none of its outputs holds, in order; code and addresses do not count.

    A figure may be rounded: "0.05" in words agrees with "0.050" and "0.0498" in an output. Whole
    numbers below 11 are words ("two", "3 seeds") and need no output.
    """
    printed = [
        value
        for part in transcripts(page)
        for value in figures(" ".join(part.arguments) + " " + part.output)
    ]
    words = _NO_FIGURES.sub(" ", _ANY_BLOCK.sub(" ", page))
    known = {abs(float(value)) for value in printed}
    missing = []
    for text in figures(words):
        value, digits = abs(float(text)), len(text.partition(".")[2])
        if digits == 0 and value < 11:
            continue
        if not any(abs(value - other) <= 0.5 * 10.0**-digits + 1e-9 for other in known):
            missing.append(text)
    return missing


def figures(text: str) -> list[str]:
    """The numbers in a text, without signs and commas."""
    return [match.group().lstrip("+-−").replace(",", "") for match in _FIGURE.finditer(text)]


def _commands(block: str) -> list[str]:
    """Each command of a block with its output."""
    return [
        PROMPT + part for part in ("\n" + block).split("\n" + PROMPT)[1:] for part in [_ended(part)]
    ]


def _ended(part: str) -> str:
    return part if part.endswith("\n") else part + "\n"


def _tidy(output: str) -> str:
    lines = [line.rstrip() for line in output.splitlines()]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return "".join(f"{line}\n" for line in lines)
