"""Run a page's commands again, and put what they print into it.

chorus page docs/published_runs.md            writes
chorus page --check docs/published_runs.md    compares, and fails where the page says something else

Figures in the page's words that none of its commands prints are named.
"""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Sequence
from pathlib import Path

from chorus.commands.show import say
from chorus.errors import DataError
from chorus.files import write_text
from chorus.transcripts import refreshed, transcripts, typed_figures


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("page", type=Path, metavar="MD")
    parser.add_argument("--check", action="store_true", help="write nothing")


def run(arguments: argparse.Namespace) -> None:
    """Refresh or check a page.

    Raises:
        DataError: there is no page, it has no commands, or (with --check) it says something else
            than they print.
    """
    if not arguments.page.is_file():
        raise DataError(f"there is no {arguments.page}")
    text = arguments.page.read_text(encoding="utf-8")
    if not transcripts(text):
        raise DataError(f"{arguments.page} has no command of ours with its output")
    new = refreshed(text, printed)
    typed = typed_figures(new)
    if arguments.check and new != text:
        raise DataError(
            f"{arguments.page} does not say what its commands print: chorus page {arguments.page}"
        )
    if arguments.check and typed:
        raise DataError(
            f"{arguments.page} has figures that no command in it prints: {', '.join(typed)}"
        )
    if new != text:
        write_text(arguments.page, new)
    say(f"{len(transcripts(new))} commands.")
    if typed:
        say(f"Figures that no command prints: {', '.join(typed)}")


def printed(arguments: Sequence[str]) -> str:
    """What a command of ours prints."""
    from chorus.commands import parser

    given = parser(arguments[:1]).parse_args(arguments)
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        given.action(given)
    return output.getvalue()
