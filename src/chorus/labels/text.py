"""Tables of labels as text: whatever their encoding mark, line ends and separators."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from chorus.detection.faults import raise_unless_own
from chorus.errors import DataError

LARGEST = 200_000_000  # bytes; a season of BirdNET's results has a tenth of that
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SEPARATORS = "\t,;"


@dataclass(frozen=True)
class Written:
    """A table of labels: pairs of line (1 is the first of the file) and cells, without blank lines."""

    rows: list[tuple[int, list[str]]]


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, or in UTF-16 with its mark.

    Raises:
        DataError: it cannot be read, is too large, or is in another encoding: a guess would change labels in silence.
        ChorusError: what hinders is no fault of the file's (`chorus.detection.faults`).
    """
    # Before it is read: what is called .txt may be anything, of any size.
    try:
        if path.stat().st_size > LARGEST:
            raise DataError(f"more than {LARGEST:,} bytes: this is no table of labels")
        data = path.read_bytes()
    except OSError as error:
        raise_unless_own(error, path)
        raise DataError(f"cannot be read: {error.strerror}") from None
    try:
        text = data.decode(_encoding(data))
    except UnicodeDecodeError:
        raise DataError("not in UTF-8: save it as UTF-8") from None
    # UTF-16 without its mark decodes as UTF-8 where the text is plain, with a zero behind each letter.
    if "\0" in text:
        raise DataError("no text: it holds zero bytes")
    return text


def _encoding(data: bytes) -> str:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    return "utf-8"


def lines_of(text: str) -> list[str]:
    """The lines of a text, whichever of the three line ends it has; `str.splitlines` knows eight more."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def rows_of(text: str, known: Collection[str] = ()) -> Written:
    """The rows of a table.

    Args:
        known: names of columns, in lower case: the separator that shows most of them in the first line counts; else the
            one that divides the first line into most cells.
    """
    lines = lines_of(text)
    first = next(filter(str.strip, lines), "")
    separator = max(_SEPARATORS, key=lambda sign: _fit(first, sign, known))
    if separator != "\t" or _all_quoted(first):
        return Written(list(_quoted_rows(lines, separator)))
    return Written(list(plain_rows(lines, separator)))


def plain_name(cell: str) -> str:
    """The name of a column without capitals and more than single blanks."""
    return " ".join(cell.casefold().replace("_", " ").split())


def _fit(line: str, separator: str, known: Collection[str]) -> tuple[int, int]:
    cells = [plain_name(cell.strip('" ')) for cell in line.split(separator)]
    return len(set(cells) & set(known)), len(cells)


def _all_quoted(line: str) -> bool:
    """Whether a line is written as R does it; elsewhere in tables with tabs a quote is a sign like others."""
    cells = [cell.strip() for cell in line.split("\t")]
    return all(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in cells)


def plain_rows(lines: list[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Rows whose quotes are signs like others: pairs of line and cells, without blank lines."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, [cell.strip() for cell in line.split(separator)]


def _quoted_rows(lines: list[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    # Strict: a quote that is never closed would otherwise make one cell of all that follows.
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=separator, strict=True)
    while True:
        number = reader.line_num + 1  # where the row begins: a quoted cell may hold line ends
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(f"no readable table: line {reader.line_num}: {error}") from None
        if any(cells):
            yield number, cells
