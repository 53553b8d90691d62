"""The whole way: from recordings to the tables of a folder of results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from chorus.detection.cutting import Cutting
from chorus.detection.events import events
from chorus.detection.files import Found, find
from chorus.detection.model import Detector
from chorus.detection.programs import Names, Writer, check_programs
from chorus.detection.run import Outcome, Progress, logits_of, score_all
from chorus.detection.store import Heard, Store
from chorus.detection.tables import (
    Listened,
    Place,
    detections_of,
    places,
    read_sites,
    recordings_of,
    writing,
)
from chorus.errors import DataError, ParameterError
from chorus.files import Exact, write_csv, write_json
from chorus.places import results_in
from chorus.season.detections import TABLES, read
from chorus.survey.timing import TimeRules

KNOWN = ".known"  # in the folder of results: what a next run need not compute again
_MOST_NAMED = 3
_ROWS = 20_000  # windows that are put into tables at once


@dataclass(frozen=True)
class Options:
    """overlap: of windows, s. min_score: windows below are left out of the tables of detections and events.

    gap: of the windows of an event, s. batch: windows encoded at once. formats, species, band: see
    `chorus.detection.programs`.

    Raises:
        ParameterError: a value that is not allowed.
    """

    overlap: float = 0.0
    min_score: float = 0.0
    gap: float = 0.0
    batch: int = 32
    formats: Sequence[str] = ()
    species: str = ""
    band: tuple[float, float] = (0.0, 24_000.0)

    def __post_init__(self) -> None:
        check_programs(self.formats)
        if not 0 <= self.min_score <= 1:
            raise ParameterError(f"min_score: {self.min_score:g} is not allowed: from 0 to 1")
        if not self.gap >= 0:
            raise ParameterError(f"gap: {self.gap:g} is not allowed: 0 seconds or more")
        low, high = self.band
        if not 0 <= low < high:
            raise ParameterError(
                f"band: {low:g},{high:g} is not allowed: two frequencies in Hz, the lower one first"
            )
        if self.batch < 1:
            raise ParameterError(f"batch: {self.batch} is not allowed: 1 or more")


@dataclass
class Summary:
    """What came out, in numbers. reasons: why files could not be used -> how many. others: files that are no audio.

    not_in_sites: recorders that are not in the table of sites, where there is one. not_here: those that are only there.
    gone: recordings of the tables that were there before, which were not found.
    copies: recordings of which another one has the bytes; the first of them is not among these.
    at_change: recordings that begin at a time which clocks skip or show twice.
    of_before: tables for other programs that are there and not of this run (`Writer.not_written`).
    """

    recordings: int = 0
    hours: float = 0.0
    windows: int = 0
    detected: int = 0
    events: int = 0
    others: int = 0
    without_time: int = 0
    not_in_sites: Sequence[str] = ()
    not_here: Sequence[str] = ()
    gone: Sequence[str] = ()
    copies: Sequence[str] = ()
    at_change: Sequence[str] = ()
    of_before: Sequence[str] = ()
    calibrated: bool = True
    reasons: Counter[str] | None = None

    def in_words(self) -> list[str]:
        """A few sentences."""
        said = [
            f"{self.recordings} recordings, {self.hours:.1f} hours, {self.windows} windows: "
            f"{self.detected} detections in {self.events} events"
        ]
        if self.reasons:
            named = self.reasons.most_common(_MOST_NAMED)
            kinds = ", ".join(f"{kind} ({count})" for kind, count in named)
            if others := self.reasons.total() - sum(count for _, count in named):
                kinds += f", others ({others})"
            said.append(
                f"{self.reasons.total()} files could not be used: {kinds}; see not_heard.csv"
            )
        if self.without_time:
            said.append(
                f"of {self.without_time} recordings nothing tells when they were made: no night, no local time"
            )
        if self.not_in_sites:
            said.append(
                f"--sites has no line of the recorders {_first_of(self.not_in_sites)}: "
                "their site is the first folder below the path that was given"
            )
        if self.not_here:
            said.append(f"--sites names {_first_of(self.not_here)}, which recorded nothing here")
        if self.gone:
            said.append(
                f"of the tables that were here before, {len(self.gone)} recordings are not in these: "
                f"{_first_of(self.gone)}"
            )
        if self.copies:
            said.append(
                f"{len(self.copies)} recordings hold the same bytes as another one, and count as it does: "
                f"{_first_of(self.copies)}"
            )
        if self.at_change:
            said.append(
                f"{len(self.at_change)} recordings begin at a time that clocks skip or show twice, "
                f"{_first_of(self.at_change)}: taken as before the change; --clock-zone says what theirs were set to"
            )
        if self.of_before:
            said.append(
                f"{len(self.of_before)} tables for other programs are of an earlier run, "
                f"and left as they are: {_first_of(self.of_before)}"
            )
        if not self.calibrated:
            said.append(
                "probabilities are empty: no validation scores of this very model are beside it"
            )
        return said


def _first_of(names: Sequence[str]) -> str:
    """The first few, and whether there are more."""
    return ", ".join(names[:_MOST_NAMED]) + ", ..." * (len(names) > _MOST_NAMED)


def detect(
    paths: Iterable[Path],
    out: Path,
    detector: Detector,
    options: Options,
    times: TimeRules,
    executor: Executor,
    *,
    workers: int,
    sites: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Summary:
    """Score all recordings, and write the tables of `chorus.season.detections` into `out`.

    Args:
        paths: recordings, and folders of them; they and `out` may be remote (`chorus.places`).
        sites: a table of which recorder hung where (`chorus.detection.tables.read_sites`).
        executor, workers, progress: see `chorus.detection.run.score_all`.

    Raises:
        ParameterError: an option that is not allowed.
        DataError: there are no recordings, or the table of sites cannot be used.
    """
    # All that can be refused is, before a night of work: options, the table of sites, then the recordings.
    cutting = Cutting(
        detector.spec.window_seconds, options.overlap, detector.padding, detector.min_seconds
    )
    known_sites = None if sites is None else read_sites(sites)
    found = find(paths)
    store = Store(out / KNOWN)
    outcome = score_all(
        found.recordings,
        detector,
        cutting,
        store,
        executor,
        workers=workers,
        batch=options.batch,
        progress=progress,
    )
    # All names together, and sorted: what a name means (a counter, midnights) depends on the others, and the tables
    # must not depend on which worker was first.
    heard = {file: found.recordings[file] for file in sorted(outcome.recordings)}
    where = places(heard, times, known_sites)
    before = _files_before(out)
    with results_in(out) as folder:
        writer = Writer(
            folder, options.formats, Names(options.species), options.band, options.overlap
        )
        summary = _write(folder, outcome, where, detector, cutting, options, store, writer)
        _write_refused(folder, found, outcome, summary)
        write_json(folder / "model.json", detector.description() | {"options": _kept(options)})
    if known_sites is not None:
        recorders = {one.recorder for one in where.values()}
        summary.not_in_sites = sorted(recorders - set(known_sites) - {""})
        summary.not_here = sorted(set(known_sites) - recorders)
    summary.gone = sorted(before - set(found.recordings) - set(found.unreadable))
    summary.copies = _copies(outcome.recordings, where)
    summary.at_change = [file for file, one in where.items() if one.begins_at_change()]
    summary.of_before = writer.not_written(out)
    return summary


def _write(
    out: Path, outcome: Outcome, where: dict[str, Place], detector: Detector, cutting: Cutting, options: Options,
    store: Store, writer: Writer,
) -> Summary:  # fmt: skip
    """The tables, a few recordings at a time."""
    summary = Summary(calibrated=detector.calibration is not None)
    listened = (
        Listened(file, heard, place, logits_of(file, heard, detector, cutting, store))
        for file, place in where.items()
        for heard in [outcome.recordings[file]]
    )
    with ExitStack() as stack:
        tables = {name: stack.enter_context(writing(out, name)) for name in TABLES}
        for recordings in _together(listened):
            windows = detections_of(recordings, detector, cutting)
            # Recordings are counted from all windows: a night of low scores was listened to all the same.
            kept = windows[windows["score"] >= options.min_score]
            found = events(kept, options.gap)
            of_nights = recordings_of(windows, recordings, cutting)
            tables["detections"].add(kept)
            tables["recordings"].add(of_nights)
            tables["events"].add(found)
            writer.add([one.file for one in recordings], kept, found)
            _count(summary, of_nights, kept, found)
    writer.finish()
    return summary


def _files_before(out: Path) -> set[str]:
    """The recordings of the tables that lie there."""
    try:
        return set(read(out, "recordings")["file"])
    except DataError:  # there are none, or none that anybody can use
        return set()


def _copies(recordings: Mapping[str, Heard], files: Iterable[str]) -> list[str]:
    """The files that hold what one before them holds."""
    seen: set[str] = set()
    copies = []
    for file in files:
        content = recordings[file].sha256
        if content in seen:
            copies.append(file)
        seen.add(content)
    return copies


def _together(listened: Iterable[Listened]) -> Iterator[list[Listened]]:
    """Recordings in lists of at least `_ROWS` windows: many short ones cost no more than a long one."""
    waiting: list[Listened] = []
    rows = 0
    for one in listened:
        waiting.append(one)
        rows += len(one.logits)
        if rows >= _ROWS:
            yield waiting
            waiting, rows = [], 0
    if waiting:
        yield waiting


def _count(
    summary: Summary, of_nights: pd.DataFrame, kept: pd.DataFrame, found: pd.DataFrame
) -> None:
    summary.recordings += of_nights["file"].nunique()
    summary.hours += float(of_nights["seconds"].sum()) / 3600
    summary.windows += int(of_nights["windows"].sum())
    summary.detected += int(kept["detected"].sum())
    summary.events += len(found)
    summary.without_time += int((of_nights["night"] == "").sum())


def _write_refused(out: Path, found: Found, outcome: Outcome, summary: Summary) -> None:
    """Which files could not be used, and why."""
    refused = sorted({**outcome.refused, **found.unreadable}.items())
    write_csv(out / "not_heard.csv", pd.DataFrame(refused, columns=["file", "reason"]))
    # What follows the colon is of the one file ("too short: 0.2 s"); the kind stands before it.
    summary.reasons = Counter(reason.split(":")[0] for _, reason in refused)
    summary.others = found.others


def _kept(options: Options) -> dict[str, object]:
    """The options that the results depend on."""
    # the score in full: thresholds are compared with it
    kept = asdict(options) | {"min_score": Exact(options.min_score)}
    del kept["batch"]
    return kept
