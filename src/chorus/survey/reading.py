"""A CSV file as people's programs write it, and other programs' tables named for what they are.

Commas and semicolons (a spreadsheet's CSV in half of Europe) are read, in UTF-8. Of other encodings and separators the
sentence says what they are: a guessed encoding would change the names of sites in silence.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from chorus.errors import DataError

_MARKS = (
    (b"\xff\xfe\0\0", "UTF-32"),
    (b"\0\0\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_TEXT = pa.large_string()
_ROWS_AT_ONCE = 10_000
_SEPARATORS = ",;"
_OTHER_SEPARATORS = {"\t": "tabs", "|": "vertical bars", ":": "colons"}
_SYNONYMS = {
    "path": (
        "file",
        "filename",
        "file_name",
        "filepath",
        "file_path",
        "wav",
        "audio",
        "audio_file",
        "sound_file",
    ),
    "label": ("labels", "class", "species", "annotation", "target", "category", "tag", "y"),
    "site": ("location", "station", "pond", "plot", "locality", "site_name", "site_id"),
    "recorder": (
        "device",
        "unit",
        "aru",
        "recorder_id",
        "device_id",
        "serial",
        "logger",
        "audiomoth",
    ),
    "date": (
        "datetime",
        "date_time",
        "timestamp",
        "recorded",
        "recorded_at",
        "start_time",
        "start",
    ),
    "speaker": ("individual", "speaker_id"),
}
_BEGINS = (
    "begin",
    "begin_time",
    "begin_time_(s)",
    "onset_s",
    "onset_(s)",
    "start_s",
    "start_(s)",
    "start_sec",
)
_STARTS = ("start", "start_time")  # mean an onset only where an end stands beside them
_ENDS = ("end_time", "end_time_(s)", "end_s", "end_(s)", "end_sec", "offset", "stop")
_FOREIGN = (  # columns that together give a program's table away, what it is
    (("selection", "view", "channel"), "a selection table of Raven"),
    (("indir", "in_file"), "a result table of Kaleidoscope"),
    (("start_(s)", "end_(s)", "scientific_name"), "a result table of BirdNET-Analyzer"),
    (("filepath", "start", "end", "scientific_name"), "a result table of BirdNET-Analyzer (R)"),
    (("file", "start_time", "end_time"), "a score table of OpenSoundscape"),
    (("com_name", "sci_name", "confidence"), "an export of BirdNET-Pi"),
    (("audio_event_id",), "an annotation export of Ecosounds or the Acoustic Observatory"),
    (("recording", "x1", "x2"), "an export of Arbimon"),
)
_REMEDY = (
    "it marks times inside recordings: give clips.csv a row for each, in the columns path, label, onset and end "
    "(seconds from the start of the file), and the survey cuts them out"
)


@dataclass(frozen=True)
class WrittenTable:
    """What a CSV file holds.

    cells: text, stripped of white space, compact (see `distinct`); columns named as in the file but in lower case,
        "_" for blanks.
    overlong: position of a row in `cells` -> its number of fields, for rows with more than the header.
    notes: what was skipped, as names and counts: blank_rows, repeated_headers.
    """

    cells: pd.DataFrame
    overlong: Mapping[int, int]
    notes: Mapping[str, int]


def read_table(path: Path, required: Collection[str], known: Collection[str]) -> WrittenTable:
    """Read a CSV file that has at least the columns `required`.

    Args:
        known: all columns that have a meaning; none of them may occur twice.

    Raises:
        DataError: there is no such file, it is no text, another program's table, without rows, or lacks a column. One
            sentence, that says what to do.
    """
    data = _read_bytes(path)
    rows = _rows(path, data, _separator(path, _first_line(path, data), required))
    first = next(rows, [])
    header = [_plain(name) for name in first]
    body = _Body(header)
    while block := list(islice(rows, _ROWS_AT_ONCE)):
        body.add(block)
    _check_header(path, header, first, required, known)
    if not body.rows:
        raise DataError(f"{path} lists no recordings")
    return WrittenTable(body.cells(), body.overlong, body.notes)


def suggest_columns(
    unknown: Sequence[str], missing: Collection[str], in_seconds: Collection[str] = ()
) -> dict[str, str]:
    """Which unknown column was probably meant by which missing one: unknown -> missing.

    Args:
        in_seconds: those of the unknown ones that hold seconds; only they can mean onset and end.
    """
    found: dict[str, str] = {}
    # "onset" and "end" are so short that other words are nearly alike.
    alike = sorted(set(missing) - {"onset", "end"})
    has_end = "end" not in missing or not set(_ENDS).isdisjoint(in_seconds)
    of_spans = {"onset": _BEGINS + _STARTS * has_end, "end": _ENDS}
    for name in unknown:
        # What the numbers of a column say before what its name says: "start" may be a date or seconds.
        by_numbers = []
        by_synonym = []
        for column in missing:
            if name in in_seconds and name in of_spans.get(column, ()):
                by_numbers.append(column)
            elif name in _SYNONYMS.get(column, ()):
                by_synonym.append(column)
        close = by_numbers or by_synonym
        if not close:
            close = difflib.get_close_matches(name, alike, n=1, cutoff=0.75)
        if close and close[0] not in found.values():
            found[name] = close[0]
    return found


class _Body:
    """The rows below a header, gathered by columns: as lists of Python's they would take four times their size."""

    def __init__(self, header: Sequence[str]) -> None:
        self.rows = 0
        self.overlong: dict[int, int] = {}
        self.notes = {"blank_rows": 0, "repeated_headers": 0}
        self._header = list(header)
        self._parts: list[list[pa.Array]] = []

    def add(self, rows: Iterable[list[str]]) -> None:
        """Take some more rows, without those that are blank or the header again."""
        width = len(self._header)
        taken: list[list[str]] = []
        for row in rows:
            if not any(row):
                self.notes["blank_rows"] += 1
                continue
            if self._is_header(row):
                self.notes["repeated_headers"] += 1
                continue
            if any(row[width:]):
                self.overlong[self.rows + len(taken)] = len(row)
            if len(row) != width:
                row = (row + [""] * width)[:width]
            taken.append(row)
        self.rows += len(taken)
        # As dictionaries at once, so that of a block only its different texts stay in memory.
        columns = zip(*taken, strict=True)
        self._parts.append([pa.array(texts, _TEXT).dictionary_encode() for texts in columns])

    def cells(self) -> pd.DataFrame:
        """The columns; of those with one name the first."""
        columns: dict[str, pd.Series] = {}
        filled = [part for part in self._parts if part]
        for name, parts in zip(self._header, zip(*filled, strict=True), strict=True):
            columns.setdefault(name, _joined(parts))
        return pd.DataFrame(columns)

    def _is_header(self, row: Sequence[str]) -> bool:
        """As in tables that were put one below the other."""
        header = self._header
        # Nearly always: the other cells of a million rows stay unread.
        if _plain(row[0]) != header[0]:
            return False
        return list(map(_plain, row[: len(header)])) == header


def _joined(parts: Sequence[pa.Array]) -> pd.Series:
    joined = pa.chunked_array(list(parts)).unify_dictionaries()
    codes = np.concatenate([part.indices for part in joined.chunks])
    texts = pd.Index(joined.chunk(0).dictionary.to_pandas(), dtype="str")
    return pd.Series(pd.Categorical.from_codes(codes, texts))


def _plain(name: str) -> str:
    return "_".join(name.casefold().split())


def _read_bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing: it lists the recordings, in the columns path and label"
        ) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    if data.startswith(_WORKBOOKS):
        raise DataError(f"{path} is a workbook of a spreadsheet program: save it as CSV in UTF-8")
    return data


def _first_line(path: Path, data: bytes) -> str:
    """The first line that is not blank, of what is known to be text in UTF-8 from here on."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(
            f"{path} is {_named_encoding(data)}not in UTF-8: save it as CSV in UTF-8"
        ) from None
    if text.count("\0") > len(text) / 4:  # UTF-16 without its mark, or no text at all
        raise DataError(f"{path} is not in UTF-8: save it as CSV in UTF-8")
    begin = len(text) - len(text.lstrip())
    end = text.find("\n", begin)
    if end < 0:
        end = len(text)
    return text[begin:end].strip("\r")


def _named_encoding(data: bytes) -> str:
    """ "in UTF-16, " by its mark; "" where there is none."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return f"in {name}, "
    return ""


def _separator(path: Path, header: str, required: Collection[str]) -> str:
    if header.strip('"').lower().startswith("sep="):
        raise DataError(
            f"{path} begins with the line {header!r}, which only a spreadsheet understands: delete it"
        )

    def fit(separator: str) -> tuple[int, int]:
        names = [_plain(name.strip('" ')) for name in header.split(separator)]
        return len(set(required) & set(names)), len(names)

    # Of equals the first, the comma: a table of one column has none of them.
    best: str = max((*_SEPARATORS, *_OTHER_SEPARATORS), key=fit)
    if best in _OTHER_SEPARATORS and fit(best)[0] == len(required):
        raise DataError(
            f"{path} separates its columns by {_OTHER_SEPARATORS[best]}: "
            "save it as CSV in UTF-8, with commas or semicolons"
        )
    return best


def _rows(path: Path, data: bytes, separator: str) -> Iterator[list[str]]:
    """The rows from the first that is not blank on, their cells stripped of white space."""
    lines = io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline="")
    # Strict: else a quote that is never closed swallows the rest of the table without a word.
    reader = csv.reader(lines, delimiter=separator, strict=True)
    begun = False
    try:
        for row in reader:
            cells = list(map(str.strip, row))
            begun = begun or any(cells)
            if begun:
                yield cells
    except csv.Error as error:
        raise DataError(
            f"{path} is no readable CSV file: line {reader.line_num}: {error}"
        ) from None


def _check_header(
    path: Path,
    header: list[str],
    first: list[str],
    required: Collection[str],
    known: Collection[str],
) -> None:
    if not any(header):
        raise DataError(f"{path} is empty: it lists the recordings, in the columns path and label")
    missing = [name for name in required if name not in header]
    if missing and (foreign := _name_foreign(header, first)):
        raise DataError(f"{path} is {foreign}: {_REMEDY}")
    if missing:
        raise DataError(f"{path} lacks the {_lacks(header, missing)}")
    for name, uses in Counter(header).items():
        if uses > 1 and name in known:
            raise DataError(f"{path} has the column {name!r} twice")


def _lacks(header: Sequence[str], missing: Sequence[str]) -> str:
    """Which columns are not there, which are, and which of these were probably meant."""
    has = ", ".join(name or "(no name)" for name in header[:20])
    named = " and ".join(map(repr, missing))
    sentence = f"column{'s' * (len(missing) > 1)} {named}; it has: {has}"
    hints = []
    for written, meant in suggest_columns(header, missing).items():
        hints.append(f"rename {written!r} to {meant!r}")
    if hints:
        sentence += f"; {', '.join(hints)}"
    return sentence


def _name_foreign(header: Sequence[str], first: Sequence[str]) -> str | None:
    for columns, what in _FOREIGN:
        if set(columns) <= set(header):
            return what
    if len(first) in (2, 3) and all(_is_number(cell) for cell in first[:2]):
        return "a label track of Audacity"
    return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
