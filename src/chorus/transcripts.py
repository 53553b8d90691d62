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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

PROMPT = "$ chorus "
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_ANY_BLOCK = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_NO_FIGURES = re.compile(r"`[^`]*`|\]\([^)]*\)|https?://\S+|doi:\S+|<!--.*?-->", re.DOTALL)
# A unit may stand right behind a fraction (12.7s). Behind a whole number letters make another word of it (2nd, 48kHz).
_FIGURE = re.compile(r"(?<![\w.])[+−-]?\d+(?:,\d{3})*(?:\.\d+|(?!\.?\w))")


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
    # What was typed into a command is known too: "--calls 20" is a choice and no result.
    printed: set[float] = set()
    for part in transcripts(page):
        printed.update(map(float, figures(" ".join(part.arguments) + " " + part.output)))
    words = _NO_FIGURES.sub(" ", _ANY_BLOCK.sub(" ", page))
    missing = []
    for text in figures(words):
        is_word = "." not in text and float(text) < 11
        if not is_word and not _is_rounded(text, printed):
            missing.append(text)
    return missing


def _is_rounded(text: str, printed: Iterable[float]) -> bool:
    """Whether a figure is one of those that were printed, with as many digits or fewer."""
    digits = len(text.partition(".")[2])
    half_a_step = 0.5 * 10.0**-digits + 1e-9  # the least bit more: 0.05 lies a little off in binary
    return any(abs(float(text) - value) <= half_a_step for value in printed)


def figures(text: str) -> list[str]:
    """The numbers in a text, without signs and commas."""
    return [match.group().lstrip("+-−").replace(",", "") for match in _FIGURE.finditer(text)]


def _commands(block: str) -> list[str]:
    """Each command of a block with its output, which ends with a line end."""
    commands = []
    for part in ("\n" + block).split("\n" + PROMPT)[1:]:
        commands.append(PROMPT + part.removesuffix("\n") + "\n")
    return commands


def _tidy(output: str) -> str:
    lines = [line.rstrip() for line in output.splitlines()]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return "".join(f"{line}\n" for line in lines)
