"""Score many recordings on an executor: pieces of them side by side, each piece once, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chorus.detection import work
from chorus.detection.cutting import Cutting, Piece
from chorus.detection.model import Detector
from chorus.detection.store import Heard, Store
from chorus.detection.work import Examined, Identified, Scored, Whole
from chorus.errors import ChorusError, DataError
from chorus.executors import UnderWay
from chorus.places import for_others, place
from chorus.reading import Recording

# Units a worker that are given out and not yet taken: one in work, the others so that it never waits for this process.
_WAITING = 3


@dataclass
class Progress:
    """How far a run has come. seconds: of sound whose scores are there; scored: those of this run's own work.

    bytes: of the files that are done, and of all. encoding, working: the workers' processor seconds in the encoder, and
    in all.
    """

    files: int
    all_bytes: int
    done_files: int = 0
    done_bytes: int = 0
    seconds: float = 0.0
    scored: float = 0.0
    encoding: float = 0.0
    working: float = 0.0


@dataclass
class Outcome:
    """recordings: file -> what it is, for all whose windows are scored. refused: file -> reason."""

    recordings: dict[str, Heard] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def score_all(
    files: Iterable[str],
    detector: Detector,
    cutting: Cutting,
    store: Store,
    executor: Executor,
    *,
    workers: int,
    batch: int = 32,
    progress: Callable[[Progress], None] | None = None,
) -> Outcome:
    """Bring the logits of all windows of all files into the store.

    A run that was killed goes on where it was: what is in the store is not computed again.

    Args:
        files: paths, as they can be opened by the workers too.
        executor: any of concurrent.futures: processes, threads, a cluster's.
        workers: how many units the executor works on at once; bounds what waits in memory.
        batch: windows encoded at once; it does not show in the result.

    Raises:
        ModelError: a worker's encoder is another one.
        ChorusError: a worker process died, memory ran out, or the files cannot be reached.
    """
    run = _Run(list(files), detector, cutting, store, executor, workers, batch, progress)
    try:
        run.finish()
    except BrokenProcessPool:
        raise ChorusError(
            "a worker process died (killed, or out of memory): run the same command again"
        ) from None
    except MemoryError:
        raise ChorusError(
            "memory ran out: run the same command again, with fewer --workers or a smaller --batch"
        ) from None
    finally:
        run.cancel()
    return run.outcome


def logits_of(
    file: str, heard: Heard, detector: Detector, cutting: Cutting, store: Store
) -> np.ndarray:
    """All logits of a recording, float32 (windows, classes), from the store.

    Raises:
        DataError: some are missing, or damaged.
    """
    parts = []
    for piece in cutting.pieces(heard.seconds, heard.divisible):
        key = work.unit_key(heard.sha256, Path(file).suffix, piece, cutting, detector.key)
        part = store.logits(key, (piece.count, detector.head.task.outputs))
        if part is None:
            store.drop(key)
            raise DataError(f"the scores of {file} were damaged: run the same command again")
        parts.append(part)
    return np.concatenate(parts)


@dataclass
class _Open:
    """A file that is being scored. left: how many of its pieces are not done."""

    heard: Heard
    left: int


@dataclass(frozen=True)
class _Taker:
    """Who takes a result, and what it is about."""

    take: Callable[..., None]
    about: tuple[Any, ...]


class _Run:
    def __init__(
        self,
        files: list[str],
        detector: Detector,
        cutting: Cutting,
        store: Store,
        executor: Executor,
        workers: int,
        batch: int,
        report: Callable[[Progress], None] | None,
    ) -> None:
        self.outcome = Outcome()
        self._detector, self._cutting = detector, cutting
        self._store = store
        self._workers, self._most, self._batch = workers, _WAITING * workers, batch
        self._sizes = {file: _size(file) for file in files}
        self._progress = Progress(len(files), sum(self._sizes.values()))
        self._report = report
        self._files = iter(files)
        self._reader = work.reader(cutting)
        self._open: dict[str, _Open] = {}
        self._pieces: deque[tuple[str, Recording, Piece, str]] = deque()
        self._under_way = UnderWay[_Taker](executor)

    def finish(self) -> None:
        """Give out work and take results until nothing is left."""
        self._give_out()
        while self._under_way:
            for taker, result in self._under_way.results():
                taker.take(result, *taker.about)
            self._give_out()

    def cancel(self) -> None:
        """Drop work that nobody has begun."""
        self._under_way.drop()

    def _give_out(self) -> None:
        """Pieces first: a file that is begun is ended before the next one is opened."""
        while len(self._under_way) < self._most:
            if self._pieces:
                self._score(*self._pieces.popleft())
            elif (file := next(self._files, None)) is not None:
                self._begin(file)
            else:
                return

    def _begin(self, file: str) -> None:
        """Examine a file, unless all that is wanted of it is known."""
        known = self._store.heard(place(file), self._reader)
        if known is not None and not self._missing(file, known):
            self._end(file, known)
            return
        # Reading a compressed file to its end costs a tenth of scoring it: it is hashed first, and then read and scored
        # in one go. Of others the pieces are scored apart, by as many workers as there are.
        path = for_others(place(file))
        if _is_dear(file):
            self._under_way.give(_Taker(self._take_identified, (file,)), work.identify, path)
            return
        taker = _Taker(self._take_examined, (file,))
        self._under_way.give(taker, work.examine_file, path, self._cutting.min_seconds)

    def _take_identified(self, found: Identified, file: str) -> None:
        """What is known under another name is not decoded again."""
        self._progress.working += found.working
        known = self._store.heard_as(found.sha256, Path(file).suffix, self._reader)
        if known is not None and not self._missing(file, known):
            self._store.keep_heard(place(file), self._reader, found.version, known)
            self._end(file, known)
            return
        arguments = (for_others(place(file)), self._cutting, self._detector, self._batch, found)
        taker = _Taker(self._take_whole, (file,))
        # Where fewer files are left than workers, the pieces of a long one are better shared.
        many = self._progress.files - self._progress.done_files >= self._workers
        self._under_way.give(taker, work.examine_and_score, *arguments, many)

    def _take_whole(self, whole: Whole, file: str) -> None:
        self._take_examined(whole.examined, file, whole.scored)

    def _take_examined(
        self, found: Examined, file: str, scored: Mapping[Piece, Scored] | None = None
    ) -> None:
        self._progress.working += found.working
        if found.recording is None:
            self._refuse(file, found.reason)
            return
        recording = found.recording
        heard = Heard(found.sha256, recording.seconds, found.divisible, recording.remarks)
        self._store.keep_heard(place(file), self._reader, found.version, heard)
        # Only of dear files: to look for others by their content, they would have to be hashed first.
        if _is_dear(file):
            self._store.keep_heard_as(Path(file).suffix, self._reader, heard)
        missing = self._missing(file, heard)
        if not missing:
            self._end(file, heard)
            return
        # Of a run that was stopped in the middle of a file some pieces are known.
        self._open[file] = _Open(heard, len(missing))
        for piece, key in missing:
            if scored and piece in scored:
                self._take_scored(scored[piece], file, piece, key)
            else:
                self._pieces.append((file, recording, piece, key))

    def _missing(self, file: str, heard: Heard) -> list[tuple[Piece, str]]:
        """The pieces of a recording that are not in the store."""
        return [
            (piece, key) for piece, key in self._units(file, heard) if not self._known(piece, key)
        ]

    def _known(self, piece: Piece, key: str) -> bool:
        # Looked into, and not only looked for: what is damaged is scored anew.
        shape = (piece.count, self._detector.head.task.outputs)
        return self._store.has(key) and self._store.logits(key, shape) is not None

    def _units(self, file: str, heard: Heard) -> Iterator[tuple[Piece, str]]:
        for piece in self._cutting.pieces(heard.seconds, heard.divisible):
            suffix = Path(file).suffix
            yield (
                piece,
                work.unit_key(heard.sha256, suffix, piece, self._cutting, self._detector.key),
            )

    def _score(self, file: str, recording: Recording, piece: Piece, key: str) -> None:
        # Refused meanwhile, by another of its pieces.
        if file not in self._open:
            return
        arguments = (recording, piece, self._cutting, self._detector, self._batch)
        taker = _Taker(self._take_scored, (file, piece, key))
        self._under_way.give(taker, work.score, *arguments)

    def _take_scored(self, scored: Scored, file: str, piece: Piece, key: str) -> None:
        self._progress.encoding += scored.encoding
        self._progress.working += scored.working
        # One bad piece refuses the whole file: its other pieces may still be under way, and are of nobody then.
        if file not in self._open:
            return
        if scored.logits is None:
            self._open.pop(file)
            self._refuse(file, scored.reason)
            return
        self._store.keep_logits(key, scored.logits)
        self._progress.scored += piece.count * self._cutting.hop
        begun = self._open[file]
        begun.left -= 1
        if not begun.left:
            self._end(file, self._open.pop(file).heard)
        elif self._report:
            self._report(self._progress)

    def _end(self, file: str, heard: Heard) -> None:
        self.outcome.recordings[file] = heard
        self._progress.seconds += heard.seconds
        self._done(file)

    def _refuse(self, file: str, reason: str) -> None:
        self.outcome.refused[file] = reason
        self._done(file)

    def _done(self, file: str) -> None:
        self._progress.done_files += 1
        self._progress.done_bytes += self._sizes[file]
        if self._report:
            self._report(self._progress)


def _is_dear(file: str) -> bool:
    return Path(file).suffix.lower() in work.DEAR


def _size(file: str) -> int:
    try:
        return place(file).stat().st_size
    except OSError:  # whoever opens it says why
        return 0
