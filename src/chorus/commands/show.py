"""How commands print: tables of one look, and the same text wherever it goes to a file."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

WIDTH = 118  # of what is no terminal


def console() -> Console:
    """Prints to the terminal at its width, to anything else at one width and without colours."""
    if sys.stdout.isatty():
        return Console(highlight=False, markup=False, emoji=False)
    return Console(highlight=False, markup=False, emoji=False, width=WIDTH, no_color=True)


def show(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> None:
    """Print a table.

    Args:
        left: how many columns are text; the others are numbers, and stand right.
    """
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for number, head in enumerate(heads):
        if number < left:
            table.add_column(head, overflow="fold")
        else:
            table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    _printed(title)
    _printed(table)


def plain(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table without lines, its columns as wide as what they hold."""
    table = Table(*heads, box=None)
    for row in rows:
        table.add_row(*row)
    _printed(table)


def say(sentence: str) -> None:
    """Print a sentence."""
    _printed(sentence)


def number(value: float | None, digits: int = 3, *, sign: bool = False) -> str:
    """A number for a table; "" where there is none."""
    if value is None or math.isnan(value):
        return ""
    if sign:
        return f"{value:+.{digits}f}"
    return f"{value:.{digits}f}"


def between(low: float, high: float, digits: int = 3, *, sign: bool = False) -> str:
    """An interval for a table; "" where there is none."""
    if math.isnan(low) or math.isnan(high):
        return ""
    return f"{number(low, digits, sign=sign)} to {number(high, digits, sign=sign)}"


def percent(share: float | None, digits: int = 0) -> str:
    """A share in percent; "" where there is none."""
    if share is None or math.isnan(share):
        return ""
    return f"{100 * share:.{digits}f} %"


def _printed(what: Table | str) -> None:
    printer = console()
    with printer.capture() as captured:
        printer.print(what)
    # Rich fills lines with blanks, which editors and git take away.
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))
