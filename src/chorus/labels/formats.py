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
from dataclasses import dataclass, field, replace

from chorus.errors import DataError
from chorus.labels.marks import Mark, Numbers, Refused
from chorus.labels.text import Written, lines_of, plain_name, plain_rows, rows_of

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
    # By its columns and not by its name: all of these programs write .txt or .csv.
    names = [plain_name(cell) for cell in written.rows[0][1]]
    dialect = _dialect(names)
    found = _format(dialect, written)
    if not found or kind not in ("", found):
        raise DataError(
            f"no table of {kind or 'Raven, Audacity or BirdNET'} that is known: it begins {_begin(written)}"
        )
    if found == "audacity":
        return _audacity(table, text)
    # Raven's table without its header line, which some people delete before they share it.
    if not dialect:
        written, names = _with_header(written)
        dialect = "raven"
    return _Reader(table, names, written, dialect, plain_name(label_column)).read()


def _dialect(names: Sequence[str]) -> str:
    """Which of `_DIALECTS` has these columns, the first that fits; "" where none does."""
    # In this order: Raven's two columns stand in a table of BirdNET for Raven too, which has two more.
    for dialect, (signs, _) in _DIALECTS.items():
        if set(signs) <= set(names):
            return dialect
    return ""


def _format(dialect: str, written: Written) -> str:
    """One of `FORMATS`, by the columns, or without a header by the cells; "" where it is none."""
    if dialect == "raven":
        return "raven"
    if dialect:
        return "birdnet"
    if _is_headless_raven(written):
        return "raven"
    if _is_audacity(written):
        return "audacity"
    return ""


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
        self.columns = _DIALECTS[self.dialect][1]
        self.label = self._label_column()
        body = self._body()
        self.numbers = Numbers(self._times(body))
        sounds = {self._first(self._row(cells), self.columns.sound) for _, cells in body}
        self.spans_files = len(sounds) > 1
        for line, cells in body:
            self._take(line, cells)
        self.marks = _once(self.marks)
        return self.marks, self.refused

    def _body(self) -> list[tuple[int, list[str]]]:
        """All rows but headers: tables that were put one below the other have several."""
        body = []
        for line, cells in self.written.rows[1:]:
            if [plain_name(cell) for cell in cells] != self.names:
                body.append((line, cells))
        return body

    def _times(self, body: Sequence[tuple[int, list[str]]]) -> list[str]:
        """All cells of columns of times, by which a table shows whether it writes numbers with a comma."""
        signs, columns = _DIALECTS[self.dialect]
        timed = {*signs, *columns.onset, *columns.end, *columns.length, "file offset (s)"}
        times = []
        for _, cells in body:
            for name, cell in zip(self.names, cells, strict=False):
                if name in timed:
                    times.append(cell)
        return times

    def _take(self, line: int, cells: Sequence[str]) -> None:
        try:
            # A cell too many shifts all behind it; empty ones are only a separator at the end of the line.
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
        if folder and sound:
            sound = f"{folder}/{sound}"
        return Mark(
            table=self.table,
            line=line,
            sound=sound,
            onset=onset + shift,
            end=end + shift,
            label=row.get(self.label, ""),
            low_hz=self._frequency(row, columns.low_hz),
            high_hz=self._frequency(row, columns.high_hz),
            confidence=self.numbers.read_if("confidence", self._first(row, columns.confidence)),
            padded=self.dialect != "raven",
        )

    def _shift(self, row: Mapping[str, str], onset: float) -> float:
        """From the times of a sequence of files to those of the file in which a selection begins."""
        if self.dialect not in ("raven", "birdnet-raven"):
            return 0.0
        # Raven shows several files as one sound, and lets a box be drawn over the seam.
        begin, end = row.get("begin file", ""), row.get("end file", "")
        if begin and end and begin != end:
            raise DataError(f"begins in {begin} and ends in {end}: a clip lies in one file")
        # Raven counts time from the start of the first file of a sequence; only this column tells where in its own
        # file a selection begins.
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
        # Raven's annotation columns are named by whoever made the table: a single one that we do not know is meant.
        more = [name for name in self.names if name and name not in _KNOWN]
        if len(more) != 1:
            return ""
        return more[0]

    def _frequency(self, row: Mapping[str, str], names: Sequence[str]) -> float | None:
        """A frequency; None for what is no number: a clip is cut by its times alone."""
        text = self._first(row, names)
        if text.casefold() in _POINTS:
            return None
        try:
            return self.numbers.read_if("frequency", text)
        except DataError:
            return None

    @staticmethod
    def _first(row: Mapping[str, str], names: Sequence[str]) -> str:
        for name in names:
            if written := row.get(name):
                return written
        return ""


def _once(marks: Sequence[Mark]) -> list[Mark]:
    """Marks of which those that differ by nothing but their line (Raven: one for each view) stand once."""
    first: dict[tuple[object, ...], Mark] = {}
    for mark in marks:
        first.setdefault((mark.sound, mark.onset, mark.end, mark.label, mark.confidence), mark)
    return list(first.values())


def _audacity(table: str, text: str) -> Found:
    # Not `rows_of`: Audacity writes no quotes, and a label may hold some.
    rows = list(plain_rows(lines_of(text), "\t"))
    numbers = Numbers(cell for _, cells in rows for cell in cells[:2])
    marks: list[Mark] = []
    refused: list[Refused] = []
    for line, cells in rows:
        # The frequencies of the label before: of a label that was refused, they are of nothing.
        if cells[0] == "\\":
            if marks:
                marks[-1] = _with_frequencies(marks[-1], cells, numbers)
            continue
        try:
            marks.append(_audacity_mark(table, line, cells, numbers))
        except DataError as reason:
            refused.append(Refused(table, line, str(reason)))
    return marks, refused


def _audacity_mark(table: str, line: int, cells: Sequence[str], numbers: Numbers) -> Mark:
    if len(cells) < 2:
        raise DataError("one cell where start and end should be")
    onset, end = numbers.read("start", cells[0]), numbers.read("end", cells[1])
    return Mark(table, line, "", onset, end, "\t".join(cells[2:]).strip())


def _with_frequencies(mark: Mark, cells: Sequence[str], numbers: Numbers) -> Mark:
    # They are no part of a clip, so that a line of them which cannot be read refuses no label.
    if len(cells) < 3:
        return mark
    try:
        low, high = [numbers.read_if("frequency", cell) for cell in cells[1:3]]
    except DataError:
        return mark
    return replace(mark, low_hz=_set_frequency(low), high_hz=_set_frequency(high))


def _set_frequency(value: float | None) -> float | None:
    """None for -1, which stands for none."""
    if value is not None and value < 0:
        return None
    return value


def _is_audacity(written: Written) -> bool:
    # The first label tells: a file may begin with a line of frequencies whose label somebody deleted.
    for _, cells in written.rows:
        if cells[0] != "\\":
            return len(cells) >= 2 and _is_number(cells[0]) and _is_number(cells[1])
    return False


def _is_headless_raven(written: Written) -> bool:
    cells = written.rows[0][1]
    # "Spectrogram 1": the number is of the window on the screen.
    views = ("spectrogram", "waveform", "spectrogram slice", "selection spectrum")
    return (
        len(cells) >= 5
        and cells[0].isdigit()
        and plain_name(cells[1]).rstrip(" 0123456789") in views
    )


def _with_header(written: Written) -> tuple[Written, list[str]]:
    """A Raven table without its header: the columns that Raven writes by default, and one of labels as the last."""
    width = max(len(cells) for _, cells in written.rows)
    names = list(_RAVEN_ORDER[:width])
    for number in range(len(_RAVEN_ORDER) + 1, width):
        names.append(f"column {number}")
    if width > len(_RAVEN_ORDER):
        names.append("label")
    return Written([(0, list(names)), *written.rows]), names


def _is_number(cell: str) -> bool:
    try:
        Numbers([cell]).read("", cell)
    except DataError:
        return False
    return True


def _begin(written: Written) -> str:
    return repr(" | ".join(written.rows[0][1])[:60])
