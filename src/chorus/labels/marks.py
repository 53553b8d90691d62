"""What a label says: a piece of a recording, and what is heard there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from chorus.errors import DataError

_POINT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_COMMA = re.compile(r"[-+]?[0-9]*,[0-9]+")


@dataclass(frozen=True)
class Mark:
    """One label of a table.

    table, line: where it stands; line 1 is the first of the file.
    sound: the recording as the table writes it; "" where the table's own name tells.
    onset, end: seconds from the start of the file; onset = end for a point.
    low_hz, high_hz, confidence: None where the table says nothing.
    padded: whether the end may lie behind the file's, as that of a detector's last window does.
    """

    table: str
    line: int
    sound: str
    onset: float
    end: float
    label: str
    low_hz: float | None = None
    high_hz: float | None = None
    confidence: float | None = None
    padded: bool = False


@dataclass(frozen=True)
class Refused:
    """A label, a table or a recording that cannot be used, and why. line: 0 when all of it is meant."""

    table: str
    line: int
    reason: str

    @property
    def source(self) -> str:
        """How the quarantine names it."""
        if not self.line:
            return self.table
        return f"{self.table}:{self.line}"


class Numbers:
    """How a table writes numbers: 12.5, or 12,5 as in half of Europe; never both."""

    def __init__(self, cells: Iterable[str]) -> None:
        # 12,500 alone may be twelve and a half, or twelve thousand and more: a table with points means the latter.
        self._with_points = any("." in cell and _POINT.fullmatch(cell) for cell in cells)

    def read(self, what: str, text: str) -> float:
        """The number that a cell holds.

        Raises:
            DataError: it holds none, or one that may be read in two ways.
        """
        if _COMMA.fullmatch(text):
            if self._with_points:
                raise DataError(
                    f"ambiguous {what}: {text} in a table that writes other numbers with a point"
                )
            return float(text.replace(",", "."))
        if not _POINT.fullmatch(text):
            raise DataError(f"{what} is no number: {text or 'empty'}")
        return float(text)

    def read_if(self, what: str, text: str) -> float | None:
        """As `read`; None for an empty cell."""
        if not text:
            return None
        return self.read(what, text)
