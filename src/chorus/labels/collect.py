"""From tables of labels and folders of classes to rows of clips.csv."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

import pandas as pd
import soundfile as sf

from chorus import quarantine
from chorus.clips import NEGATIVE, POSITIVE
from chorus.detection.files import SUFFIXES, shown
from chorus.errors import DataError, ParameterError
from chorus.labels.formats import read_marks
from chorus.labels.marks import Mark, Refused
from chorus.labels.text import read_text
from chorus.survey.paths import Folder

TABLES = (".txt", ".csv", ".tsv")
COLUMNS = (
    "path", "label", "onset", "end", "marked_as", "low_hz", "high_hz", "confidence", "marked_in",
)  # fmt: skip
ALL_OTHERS = "*"
_TABLE_ENDINGS = re.compile(
    r"(?:\.table\.\d+\.selections|\.selections|\.birdnet\.(?:selection\.table|results(?:\.\w+)?)|\.birdnet|"
    r"\.selection\.table|[._-]labels?)$",
    re.IGNORECASE,
)
_SPARE = 0.05  # s: as the survey allows
_UNKNOWN = "unknown label"  # how the reason of such a refusal begins
_OURS = ("clips.csv", "quarantine.csv", "labels_quarantine.csv")


@dataclass(frozen=True)
class Wishes:
    """How labels are taken.

    positive, negative: what the tables call the two classes; "*" in `negative`: whatever is not positive.
    confidence: the lowest and highest that is taken, of tables that have one.
    kind: of tables, one of `chorus.labels.FORMATS`, or "". label_column: of Raven's tables.
    widen: shorter labels become as long as this, in seconds, about their middle; 0: none does.
    """

    positive: Sequence[str] = (POSITIVE,)
    negative: Sequence[str] = (NEGATIVE,)
    confidence: tuple[float, float] | None = None
    kind: str = ""
    label_column: str = ""
    widen: float = 0.0

    def label(self, marked_as: str) -> str:
        """The class of a label as it is written; "" when it is neither."""
        written = marked_as.strip().casefold()
        if written in _folded(self.positive):
            return POSITIVE
        others = _folded(self.negative)
        if written in others:
            return NEGATIVE
        # An empty cell is no other species: "*" stands for what somebody wrote down.
        if written and ALL_OTHERS in others:
            return NEGATIVE
        return ""


@dataclass
class Collected:
    """What labels came to.

    clips: columns `COLUMNS`, numbers as text, sorted by path and time. refused: each label that is in none of them.
    left_out: labels outside the range of confidence, which was asked for. tables: how many were read.
    cut_short: labels whose end lay behind the file's, by the padding of a detector's last window.
    labels: how often each label is written.
    """

    clips: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=list(COLUMNS), dtype=str)
    )
    refused: list[Refused] = field(default_factory=list)
    left_out: int = 0
    tables: int = 0
    cut_short: int = 0
    labels: Counter[str] = field(default_factory=Counter)

    @property
    def quarantine(self) -> pd.DataFrame:
        """The refused, as the survey's quarantine has it."""
        return quarantine.table((refused.source, refused.reason) for refused in self.refused)


def collect(folder: Path, tables: Iterable[Path] | None, wishes: Wishes) -> Collected:
    """Turn labels into clips.

    Args:
        folder: of the recordings, the survey's. tables: files of labels; None: the folders of `folder` are classes.

    Raises:
        ParameterError: a wish that cannot be.
        DataError: the folder is missing, or most labels are neither positive nor negative.
    """
    _check(wishes)
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    sounds = _Sounds(folder)
    found = Collected()
    if tables is None:
        marks = _of_classes(sounds, found)
    else:
        marks = _matched(_read_all(folder, tables, wishes, found), sounds, found)
    rows = []
    for mark, path in marks:
        if row := _row(mark, path, sounds, wishes, found):
            rows.append(row)
    _check_labels(found, len(rows))
    # Repeats last: of a span that "*" alone calls negative, the positive beside it is to be left, and no contradiction.
    kept = _without_repeats(_without_heard_beside(rows, wishes, found), found)
    found.clips = pd.DataFrame(kept, columns=list(COLUMNS), dtype=str)
    return found


def tables_in(paths: Iterable[Path]) -> list[Path]:
    """The files of labels among these files and folders, in order.

    Raises:
        DataError: one of them is not there, or a folder may not be read.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise DataError(f"there is no {path}")
        # A file that is named is taken whatever it is called: only what a folder happens to hold is chosen by name.
        if path.is_dir():
            found += filter(_may_be_table, sorted(_files_below(path)))
        else:
            found.append(path)
    # A table that is named, and lies in a folder that is named too, is read once.
    return list(dict.fromkeys(found))


def sounds_below(root: Path) -> list[str]:
    """The paths of all recordings below a folder, by the same endings as `chorus detect` knows, sorted.

    Raises:
        DataError: a folder may not be read, or a name is not in UTF-8.
    """
    files = []
    for path in _files_below(root):
        inside = path.relative_to(root)
        # macOS puts a hidden file beside each recording on a card, of the same ending and without sound.
        is_hidden = any(part.startswith(".") for part in inside.parts)
        if is_hidden or path.suffix.lower() not in SUFFIXES or not path.is_file():
            continue
        # Of another system's encoding: no table could name it.
        if shown(inside) != inside.as_posix():
            raise DataError(f"the name of {shown(inside)} is not in UTF-8: rename it")
        files.append(inside.as_posix())
    return sorted(files)


def _files_below(root: Path) -> list[Path]:
    """All files in and below a folder; linked folders are not followed, as the survey does not follow them."""

    def refuse(error: OSError) -> None:
        raise DataError(f"{error.filename} cannot be read: {error.strerror}") from None

    # What may not be read is passed over by `rglob` without a word, and its labels would be missing.
    files = []
    for folder, _, names in os.walk(root, onerror=refuse):
        files += [Path(folder, name) for name in names]
    return files


def _may_be_table(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in TABLES and path.name.lower() not in _OURS


def _check(wishes: Wishes) -> None:
    if both := _folded(wishes.positive) & _folded(wishes.negative):
        raise ParameterError(f"label {min(both)!r} cannot be positive and negative")
    if wishes.confidence and not 0 <= wishes.confidence[0] <= wishes.confidence[1] <= 1:
        low, high = wishes.confidence
        raise ParameterError(
            f"confidence: {low:g}-{high:g} is not allowed: from 0 to 1, the lower one first"
        )
    if not 0 <= wishes.widen <= 60:
        raise ParameterError(f"widen: {wishes.widen:g} is not allowed: from 0 to 60 s")


def _folded(names: Iterable[str]) -> set[str]:
    """Names as they are compared: programs differ in their capitals."""
    return {name.casefold() for name in names}


def _check_labels(found: Collected, taken: int) -> None:
    # More unknown labels than known ones: whoever asked does not know yet how the tables call their classes.
    unknown = 0
    for refused in found.refused:
        unknown += refused.reason.startswith(_UNKNOWN)
    if unknown <= taken:
        return
    written = []
    for label, rows in found.labels.most_common(10):
        written.append(f"{label or '(none)'} ({rows})")
    raise DataError(
        f"most labels are neither positive nor negative: there are {', '.join(written)}; "
        "say --positive NAME and --negative NAME, or --negative '*' for all others"
    )


def _read_all(
    folder: Path, tables: Iterable[Path], wishes: Wishes, found: Collected
) -> list[tuple[Path, Mark]]:
    marks: list[tuple[Path, Mark]] = []
    for path in tables:
        name = _name_of(path, folder)
        # One table that cannot be read is named and kept out: a season's folder holds hundreds.
        try:
            read, refused = read_marks(name, read_text(path), wishes.kind, wishes.label_column)
        except DataError as reason:
            found.refused.append(Refused(name, 0, str(reason)))
            continue
        found.tables += 1
        found.refused += refused
        for mark in read:
            marks.append((path, mark))
    return marks


def _name_of(path: Path, folder: Path) -> str:
    """How a table is named: by its place in the folder of recordings, else by its name alone."""
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return path.name


def _matched(
    marks: Iterable[tuple[Path, Mark]], sounds: _Sounds, found: Collected
) -> list[tuple[Mark, str]]:
    """Each mark with the path of the recording that it means."""
    matched = []
    for table, mark in marks:
        try:
            matched.append((mark, sounds.find(mark, table)))
        except DataError as reason:
            found.refused.append(Refused(mark.table, mark.line, str(reason)))
    return matched


def _of_classes(sounds: _Sounds, found: Collected) -> list[tuple[Mark, str]]:
    """A mark of each whole recording, no line of a table: its folder is its label."""
    marks = []
    for path in sounds.files:
        folder = PurePosixPath(path).parent.name
        if folder:
            marks.append((Mark(path, 0, path, 0.0, 0.0, folder), path))
        else:
            found.refused.append(Refused(path, 0, "in no folder of a class"))
    return marks


class _Sounds:
    """The recordings of a folder, found by whatever a table calls them."""

    def __init__(self, folder: Path) -> None:
        self._root = folder.resolve()
        self._folder = Folder(folder)
        self.files = sounds_below(self._root)
        self._known = frozenset(self.files)
        self._by_name = _grouped(self.files, lambda path: path.name)
        self._by_stem = _grouped(self.files, lambda path: path.stem)
        self._seconds: dict[str, float | None] = {}

    def find(self, mark: Mark, table: Path) -> str:
        """The recording's path in the folder.

        Raises:
            DataError: there is none, or several could be meant, or it lies elsewhere.
        """
        if mark.sound:
            return self._written(mark.sound, table)
        return self._beside(table)

    def seconds(self, path: str) -> float | None:
        """How long a recording is by its header; None where only reading it to its end can tell."""
        if path not in self._seconds:
            self._seconds[path] = self._seconds_by_header(path)
        return self._seconds[path]

    def _seconds_by_header(self, path: str) -> float | None:
        # What cannot be read here is no error yet: the survey reads it, and says what is wrong with it.
        try:
            seconds = float(sf.info(self._root / path).duration)
        except (sf.LibsndfileError, OSError):
            return None
        if seconds < 0:
            return None
        return seconds

    def _beside(self, table: Path) -> str:
        """The recording that a table's own name means."""
        # Programs append their own ending ("a.wav.BirdNET.results", "a.Table.1.selections"): one after the other
        # goes, until a recording is called like what is left. The whole name first: it may be meant as it is.
        stem, before = table.stem, ""
        candidates: list[str] = []
        while stem != before and not candidates:
            names = self._by_name.get(stem.casefold(), [])
            candidates = names or self._by_stem.get(stem.casefold(), [])
            before, stem = stem, _TABLE_ENDINGS.sub("", stem)
        return self._only(candidates, table, f"no recording is called {stem}")

    def _written(self, sound: str, table: Path) -> str:
        """The recording that a table names, by a path of another machine perhaps: then its end counts."""
        plain = sound.replace("\\", "/")
        parts = PurePosixPath(plain.lstrip("/")).parts
        absolute = plain.startswith("/") or bool(PureWindowsPath(plain).drive)
        if ".." in parts and not absolute:
            return self._folder.find(plain)
        # A path of another machine shares its end with ours, and the longest shared end is the surest.
        for start in range(len(parts) - 1):
            tail = "/".join(parts[start:])
            if tail in self._known:
                return tail
            # A relative path is seen from the folder of recordings, and is what it says; else its name alone counts.
            if not absolute:
                break
        candidates = self._by_name.get(PurePosixPath(plain).name.casefold(), [])
        return self._only(candidates, table, f"no recording is called {plain}")

    def _only(self, candidates: Sequence[str], table: Path, missing: str) -> str:
        if not candidates:
            raise DataError(f"missing sound file: {missing}")
        if len(candidates) == 1:
            return candidates[0]
        # Recorders number their files anew in each folder: of equal names, the one beside the table is meant.
        folder = table.resolve().parent
        near = [path for path in candidates if (self._root / path).parent == folder]
        if len(near) == 1:
            return near[0]
        raise DataError(f"{len(candidates)} recordings could be meant: {', '.join(candidates[:4])}")


def _grouped(files: Iterable[str], key: Callable[[PurePosixPath], str]) -> Mapping[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for path in files:
        groups[key(PurePosixPath(path)).casefold()].append(path)
    return groups


def _row(
    mark: Mark, path: str, sounds: _Sounds, wishes: Wishes, found: Collected
) -> dict[str, str] | None:
    """The row of a mark; None where it is refused or left out."""
    found.labels[mark.label] += 1
    if wishes.confidence and mark.confidence is not None:
        low, high = wishes.confidence
        if not low <= mark.confidence <= high:
            found.left_out += 1
            return None
    try:
        label = wishes.label(mark.label)
        if not label:
            raise DataError(f"{_UNKNOWN}: {mark.label or 'none is written'}")
        onset, end, where = "", "", ""
        # A mark without a line is a whole recording, whose row has no span.
        if mark.line:
            span = _span(mark, sounds.seconds(path), wishes.widen, found)
            onset, end = map(_seconds, span)
            where = f"{mark.table}:{mark.line}"
    except DataError as reason:
        found.refused.append(Refused(mark.table, mark.line, str(reason)))
        return None
    low_hz, high_hz = _band(mark)
    confidence = ""
    if mark.confidence is not None:
        confidence = f"{mark.confidence:g}"
    cells = (path, label, onset, end, mark.label, low_hz, high_hz, confidence, where)
    return dict(zip(COLUMNS, cells, strict=True))


def _span(mark: Mark, seconds: float | None, widen: float, found: Collected) -> tuple[float, float]:
    """Where the clip begins and ends, in seconds.

    Raises:
        DataError: the label means no piece of the recording.
    """
    onset, end = mark.onset, mark.end
    if onset < 0:
        raise DataError(f"negative begin: {onset:g} s")
    if end < onset:
        raise DataError(f"ends before it begins: {onset:g} to {end:g} s")
    if seconds is not None and onset >= seconds:
        raise DataError(f"beyond the end of the file: begins at {onset:g} of {seconds:.3f} s")
    # A detector's last window is filled up with silence, so that its end is no mistake of anybody's.
    if seconds is not None and end > seconds + _SPARE:
        if not mark.padded:
            raise DataError(f"beyond the end of the file: ends at {end:g} of {seconds:.3f} s")
        found.cut_short += 1
        end = seconds
    # After the end is cut: a last window of a detector may have become too short, and grows backwards.
    if end - onset < widen:
        onset, end = _widened(onset, end, widen, seconds)
    if end <= onset:
        raise DataError(f"a point and no span: at {onset:g} s; --widen 3 makes it three seconds")
    return onset, end


def _widened(onset: float, end: float, widen: float, seconds: float | None) -> tuple[float, float]:
    """A span of `widen` seconds about the middle of one, moved into the recording where it would leave it."""
    begin = max((onset + end - widen) / 2, 0.0)
    if seconds is None:
        return begin, begin + widen
    begin = min(begin, max(seconds - widen, 0.0))
    return begin, min(begin + widen, seconds)


def _band(mark: Mark) -> tuple[str, str]:
    """Low and high frequency as text; neither where they make no band."""
    low, high = mark.low_hz, mark.high_hz
    if low is None or high is None or not 0 <= low < high:
        return "", ""
    return f"{low:g}", f"{high:g}"


def _seconds(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _without_heard_beside(
    rows: Sequence[dict[str, str]], wishes: Wishes, found: Collected
) -> list[dict[str, str]]:
    """Rows without what is negative by "*" alone and sounds together with a positive: another species in its clip."""
    # What was named as negative stays: somebody says that the target is not heard there. "*" says no such thing.
    named = _folded(wishes.negative) - {ALL_OTHERS}
    positives: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        if row["label"] == POSITIVE:
            positives[row["path"]].append(row)
    kept = []
    for row in rows:
        by_star = row["label"] == NEGATIVE and row["marked_as"].casefold() not in named
        if by_star and any(_overlap(row, positive) for positive in positives[row["path"]]):
            where = row["marked_in"] or row["path"]
            found.refused.append(Refused(where, 0, "negative by '*' alone, beside a positive"))
        else:
            kept.append(row)
    return kept


def _overlap(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    # A row without a span is a whole recording.
    if not one["onset"] or not other["onset"]:
        return True
    return float(one["onset"]) < float(other["end"]) and float(other["onset"]) < float(one["end"])


def _without_repeats(rows: Iterable[dict[str, str]], found: Collected) -> list[dict[str, str]]:
    """Rows of one span and label once; spans that overlap stay: the survey says where they contradict each other."""
    by_span: dict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_span[row["path"], row["onset"], row["end"]].append(row)
    kept = []
    for same in by_span.values():
        labels = sorted({row["label"] for row in same})
        # Which of two opposite labels is right, nobody here can tell: then none is taken.
        if len(labels) == 1:
            kept.append(same[0])
            out, reason = same[1:], "marked twice"
        else:
            out, reason = same, f"marked as {' and '.join(labels)}"
        for row in out:
            found.refused.append(Refused(row["marked_in"] or row["path"], 0, reason))
    return sorted(kept, key=_order)


def _order(row: Mapping[str, str]) -> tuple[str, float, float, str]:
    """By path and time."""
    return row["path"], float(row["onset"] or 0), float(row["end"] or 0), row["label"]


def too_short(clips: pd.DataFrame, least: float) -> str:
    """What to know of labels that are shorter than the survey takes; "" when there are none."""
    spans = clips[clips["onset"] != ""]
    seconds = spans["end"].astype(float) - spans["onset"].astype(float)
    # 3.3 - 0.3 is a little less than 3.
    short = int((seconds < least - 1e-9).sum())
    if not short:
        return ""
    return f"{short} labels are shorter than {least:g} s, which the survey keeps out: --widen 3"
