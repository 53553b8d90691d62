"""The tables that programs write: Raven, Audacity, BirdNET-Analyzer. Each row becomes a mark, or is refused.

* Raven Pro and Lite: a selection table with tabs (or commas); Begin Time, End Time, Low and High Freq, any annotation
  columns. A selection stands once for each view; it is one. In a table over several files, "File Offset (s)" tells
  where in its file a selection begins (Raven Pro 1.6 manual, chapter 6 and appendix B).
* Audacity: start, end and label without a header; a line that begins with a backslash holds the frequencies of the
  label before it (https://manual.audacityteam.org/man/importing_and_exporting_labels.html).
* BirdNET-Analyzer 2: its CSV, R, Kaleidoscope and Raven tables (birdnet_analyzer/analyze/utils.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chorus.errors import DataError
from chorus.labels.marks import Mark, Numbers, Refused
from chorus.labels.text import Written, plain_name, rows_of

Found = tuple[list[Mark], list[Refused]]

_RAVEN_ORDER = (
    "selection", "view", "channel", "begin time (s)", "end time (s)", "low freq (hz)", "high freq (hz)",
)  # fmt: skip
_RAVEN_LABELS = (
    "species",
    "annotation",
    "label",
    "tag",
    "class",
    "common name",
    "call type",
    "type",
    "species code",
)
_RAVEN_OTHERS = (
    *_RAVEN_ORDER, "begin file", "begin path", "end file", "end path", "file offset (s)", "delta time (s)", "score",
    "delta freq (hz)", "confidence", "begin date", "begin date time", "begin clock time", "end clock time", "notes",
    "comments", "date", "site", "recorder", "time",
)  # fmt: skip
_POINTS = ("-1", "nan", "inf", "-inf")


@dataclass(frozen=True)
class Columns:
    """Which columns of a format hold what; several names: the first that is there.

    length: holds the length in place of the end. folder: what stands before the recording's name.
    """

    onset: Sequence[str]
    end: Sequence[str]
    label: Sequence[str]
    sound: Sequence[str] = ()
    confidence: Sequence[str] = ("confidence",)
    low_hz: Sequence[str] = ("low freq (hz)",)
    high_hz: Sequence[str] = ("high freq (hz)",)
    length: Sequence[str] = ()
    folder: Sequence[str] = ()


_BIRDNET_LABELS = ("common name", "scientific name", "label", "species")
_DIALECTS: Mapping[str, tuple[Sequence[str], Columns]] = {  # columns that give it away, what they hold
    "birdnet": (
        ("start (s)", "end (s)", "confidence"),
        Columns(("start (s)",), ("end (s)",), _BIRDNET_LABELS, ("file", "filepath")),
    ),
    "birdnet-r": (
        ("filepath", "start", "end", "confidence"),
        Columns(("start",), ("end",), _BIRDNET_LABELS, ("filepath",)),
    ),
    "kaleidoscope": (
        ("in file", "offset", "duration"),
        Columns(
            ("offset",), (), (*_BIRDNET_LABELS, "manual id", "auto id"), ("in file",),
            length=("duration",), folder=("folder",),
        ),
    ),
    "birdnet-raven": (
        ("begin time (s)", "end time (s)", "common name", "confidence"),
        Columns(("begin time (s)",), ("end time (s)",), _BIRDNET_LABELS, ("begin path", "begin file")),
    ),
    "raven": (
        ("begin time (s)", "end time (s)"),
        Columns(("begin time (s)",), ("end time (s)",), _RAVEN_LABELS, ("begin path", "begin file")),
    ),
}  # fmt: skip
_KNOWN = frozenset(name for signs, _ in _DIALECTS.values() for name in signs) | set(_RAVEN_OTHERS)
FORMATS = ("raven", "audacity", "birdnet")


def read_marks(table: str, text: str, kind: str = "", label_column: str = "") -> Found:
    """The marks of a table.

    Args:
        table: how it is named in what is said about it.
        kind: one of `FORMATS`; "": whichever it is.
        label_column: which column of a Raven table holds the label, where it is none of the usual.

    Raises:
        DataError: it is no table of labels, or not of this kind.
    """
    written = rows_of(text, _KNOWN)
    if not written.rows:
        return [], []
    names = [plain_name(cell) for cell in written.rows[0][1]]
    dialect = next((name for name, (signs, _) in _DIALECTS.items() if set(signs) <= set(names)), "")
    found = "birdnet" if dialect.startswith(("birdnet", "kaleidoscope")) else dialect
    if not dialect:
        found = (
            "raven" if _is_headless_raven(written) else "audacity" if _is_audacity(written) else ""
        )
    if not found or kind not in ("", found):
        raise DataError(
            f"no table of {kind or 'Raven, Audacity or BirdNET'} that is known: it begins {_begin(written)}"
        )
    if found == "audacity":
        return _audacity(table, text)
    if not dialect:
        written, names = _with_header(written)
        dialect = "raven"
    return _Reader(table, names, written, dialect, plain_name(label_column)).read()


@dataclass
class _Reader:
    """A table with a header, row by row."""

    table: str
    names: list[str]
    written: Written
    dialect: str
    label_column: str = ""
    marks: list[Mark] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    def read(self) -> Found:
        signs, columns = _DIALECTS[self.dialect]
        self.columns = columns
        body = [
            row
            for row in self.written.rows[1:]
            if [plain_name(cell) for cell in row[1]] != self.names
        ]
        self.label = self._label_column()
        timed = {*signs, *columns.onset, *columns.end, *columns.length, "file offset (s)"}
        places = [place for place, name in enumerate(self.names) if name in timed]
        self.numbers = Numbers(
            cells[place] for _, cells in body for place in places if place < len(cells)
        )
        self.spans_files = (
            len({self._first(self._row(cells), columns.sound) for _, cells in body}) > 1
        )
        for line, cells in body:
            self._take(line, cells)
        self.marks = _once(self.marks)
        return self.marks, self.refused

    def _take(self, line: int, cells: Sequence[str]) -> None:
        try:
            if any(cells[len(self.names) :]):
                raise DataError(f"{len(cells)} cells under {len(self.names)} columns")
            self.marks.append(self._mark(line, self._row(cells)))
        except DataError as reason:
            self.refused.append(Refused(self.table, line, str(reason)))

    def _row(self, cells: Sequence[str]) -> dict[str, str]:
        return dict(zip(self.names, [*cells, *[""] * len(self.names)], strict=False))

    def _mark(self, line: int, row: Mapping[str, str]) -> Mark:
        columns, read = self.columns, self.numbers.read
        onset = read("begin", self._first(row, columns.onset))
        if columns.length:
            end = onset + read("duration", self._first(row, columns.length))
        else:
            end = read("end", self._first(row, columns.end))
        shift = self._shift(row, onset)
        sound = self._first(row, columns.sound)
        folder = self._first(row, columns.folder)
        return Mark(
            self.table, line, f"{folder}/{sound}" if folder and sound else sound, onset + shift, end + shift,
            row.get(self.label, ""),
            self._frequency(row, columns.low_hz), self._frequency(row, columns.high_hz),
            self.numbers.read_if("confidence", self._first(row, columns.confidence)),
            padded=self.dialect != "raven",
        )  # fmt: skip

    def _shift(self, row: Mapping[str, str], onset: float) -> float:
        """From the times of a sequence of files to those of the file in which a selection begins."""
        if self.dialect not in ("raven", "birdnet-raven"):
            return 0.0
        begin, end = row.get("begin file", ""), row.get("end file", "")
        if begin and end and begin != end:
            raise DataError(f"begins in {begin} and ends in {end}: a clip lies in one file")
        if offset := row.get("file offset (s)", ""):
            return self.numbers.read("file offset", offset) - onset
        if self.spans_files and self.dialect == "raven":
            raise DataError(
                "times over several files without the column File Offset (s), which Raven can write"
            )
        return 0.0

    def _label_column(self) -> str:
        if self.label_column:
            if self.label_column not in self.names:
                raise DataError(
                    f"there is no column {self.label_column!r}; there are {', '.join(self.names)}"
                )
            return self.label_column
        for name in self.columns.label:
            if name in self.names:
                return name
        more = [name for name in self.names if name and name not in _KNOWN]
        return more[0] if len(more) == 1 else ""

    def _frequency(self, row: Mapping[str, str], names: Sequence[str]) -> float | None:
        """A frequency; None for what is no number: a clip is cut by its times alone."""
        text = self._first(row, names)
        try:
            return None if text.casefold() in _POINTS else self.numbers.read_if("frequency", text)
        except DataError:
            return None

    @staticmethod
    def _first(row: Mapping[str, str], names: Sequence[str]) -> str:
        return next((row[name] for name in names if row.get(name)), "")


def _once(marks: Sequence[Mark]) -> list[Mark]:
    """Marks of which those that differ by nothing but their line (Raven: one for each view) stand once."""
    first: dict[tuple[object, ...], Mark] = {}
    for mark in marks:
        first.setdefault((mark.sound, mark.onset, mark.end, mark.label, mark.confidence), mark)
    return list(first.values())


def _audacity(table: str, text: str) -> Found:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rows = [(number, line.split("\t")) for number, line in enumerate(lines, 1) if line.strip()]
    numbers = Numbers(cell.strip() for _, cells in rows for cell in cells[:2])
    marks: list[Mark] = []
    refused: list[Refused] = []
    for line, cells in rows:
        try:
            if cells[0].strip() == "\\":
                if marks:
                    marks[-1] = _with_frequencies(marks[-1], cells, numbers)
                continue
            onset, end = (
                numbers.read(what, cell.strip())
                for what, cell in zip(("start", "end"), cells, strict=False)
            )
            marks.append(Mark(table, line, "", onset, end, "\t".join(cells[2:]).strip()))
        except (DataError, ValueError) as reason:
            told = (
                str(reason)
                if isinstance(reason, DataError)
                else "one cell where start and end should be"
            )
            refused.append(Refused(table, line, told))
    return marks, refused


def _with_frequencies(mark: Mark, cells: Sequence[str], numbers: Numbers) -> Mark:
    from dataclasses import replace

    try:
        low, high = (numbers.read_if("frequency", cell.strip()) for cell in cells[1:3])
    except (DataError, ValueError):  # they are no part of a clip
        return mark
    known = [
        None if value is None or value < 0 else value for value in (low, high)
    ]  # -1 stands for none
    return replace(mark, low_hz=known[0], high_hz=known[1])


def _is_audacity(written: Written) -> bool:
    line = next((cells for _, cells in written.rows if cells[0] != "\\"), [])
    return len(line) >= 2 and all(_is_number(cell) for cell in line[:2])


def _is_headless_raven(written: Written) -> bool:
    cells = written.rows[0][1]
    views = ("spectrogram", "waveform", "spectrogram slice", "selection spectrum")
    return (
        len(cells) >= 5
        and cells[0].isdigit()
        and plain_name(cells[1]).rstrip(" 0123456789") in views
    )


def _with_header(written: Written) -> tuple[Written, list[str]]:
    """A Raven table without its header: the columns that Raven writes by default, and one of labels as the last."""
    width = max(len(cells) for _, cells in written.rows)
    more = [f"column {number}" for number in range(len(_RAVEN_ORDER) + 1, width)]
    names = [*_RAVEN_ORDER[:width], *more, *(["label"] if width > len(_RAVEN_ORDER) else [])]
    return Written([(0, list(names)), *written.rows]), names


def _is_number(cell: str) -> bool:
    try:
        Numbers([cell]).read("", cell)
    except DataError:
        return False
    return True


def _begin(written: Written) -> str:
    return repr(" | ".join(written.rows[0][1])[:60])
