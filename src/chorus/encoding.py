"""Encode a survey: what depends only on a clip's audio is computed once for that content, ever.

Embeddings are found again by the audio's hash, wherever the clip has moved.
"""

from __future__ import annotations

import hashlib
import threading
from collections import ChainMap, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pandas as pd

from chorus import audio, embeddings, executors, parallel, shards
from chorus.clips import SAMPLE_RATE
from chorus.encoders import EncodeOptions, Encoder, Spec, encoder_id, load, spec
from chorus.encoders.windows import batches, windows
from chorus.errors import DataError, ModelError

_PIECE_WINDOWS = 64  # what a worker is given at once: about a second of work
_PIECES_A_SHARD = 32  # at most: each piece reads the shard's list of members
_WAITING = 3  # pieces a worker that are given to an executor and not yet taken
_BATCH = 32  # windows given to the encoder at once


@dataclass(frozen=True)
class EncodingResult:
    """computed: clips that were encoded now; reused: clips whose content was known; failed: clip id -> reason; damaged:
    files of the store that were not as they had been written, and are now."""

    computed: int
    reused: int
    failed: dict[str, str]
    damaged: list[str]


def update(
    folder: Path,
    clips: pd.DataFrame,
    shard_folder: Path,
    options: EncodeOptions,
    *,
    workers: int,
    executor: Executor | None = None,
    progress: Callable[[int], None] | None = None,
) -> EncodingResult:
    """Bring the store in line with the survey, encoding only content that it does not hold yet.

    Files are written one shard at a time as they are ready: a killed run goes on where it was. What is in memory at
    once: the shards that are being encoded, and what changes its file without being encoded anew.

    Args:
        folder: the store; files of nights that are gone, or of another encoder, are removed.
        clips: the survey's table.
        shard_folder: where the shards named in `clips` lie.
        workers: how many pieces are encoded at once.
        executor: of concurrent.futures, whose workers can open the shards; None: processes of this machine.
        progress: called with the number of clips done, as they are done.

    Raises:
        DataError: a damaged shard.
        ModelError: the model is missing, or gives the same embedding for every clip.
    """
    folder.mkdir(parents=True, exist_ok=True)
    heard = spec(options)
    store = _Store(folder, encoder_id(options), heard)
    files = set()
    unfinished: dict[str, pd.DataFrame] = {}
    contents: set[str] = set()
    # In one order: how a night's file came about, and when, must not show in its bytes.
    for name, part in clips.sort_values("clip_id").groupby("shard", sort=True):
        shard = str(name)
        files.add(store.file(shard))
        if not store.is_current(shard, part):
            unfinished[shard] = part
            contents.update(part["sha256"])
    # A clip that moved to another night is known by its content; only what no file of the store holds is encoded.
    known = store.fetch(contents)
    missing: dict[str, pd.DataFrame] = {}
    jobs: list[_Job] = []
    for shard, part in unfinished.items():
        missing[shard] = part[~part["sha256"].isin(known.keys())]
        # Absolute: the workers of a cluster stand in other folders.
        jobs += _jobs((shard_folder / shard).absolute(), shard, missing[shard])
    to_encode = sum(map(len, missing.values()))
    if progress:
        progress(len(clips) - to_encode)
    failed: dict[str, str] = {}
    for piece in _all_pieces(jobs, missing, options, workers, executor, progress):
        failed |= piece.failed
        part = unfinished[piece.shard]
        part = part[~part["clip_id"].isin(piece.failed)]
        by_content = ChainMap(piece.by_content(heard.dimensions), known)
        embeddings.write_shard(store.file(piece.shard), store.name, part, by_content)
    for path in set(folder.iterdir()) - files:
        path.unlink()
    _refuse_constant(folder)
    return EncodingResult(to_encode - len(failed), len(clips) - to_encode, failed, store.damaged)


class _Store:
    """What is there when encoding begins: every file read once, and checked."""

    def __init__(self, folder: Path, name: str, spec: Spec) -> None:
        self.name = name
        self.damaged: list[str] = []
        self._folder = folder
        self._files: dict[Path, embeddings.Contents] = {}
        self._places: dict[str, tuple[Path, slice]] = {}  # sha256 -> rows of a file
        for path in embeddings.paths(folder):
            self._add(path, spec.dimensions)

    def _add(self, path: Path, dimensions: int) -> None:
        try:
            contents = embeddings.read_contents(path)
            if (contents.encoder_id, contents.dimensions) != (self.name, dimensions):
                return
            # For its check sum alone: what is damaged must be known now, while it can still be encoded anew.
            embeddings.read_features(path, contents)
        except embeddings.OtherFormatError:
            return
        except DataError:
            self.damaged.append(path.name)
            return
        self._files[path] = contents
        for sha256, rows in contents.places().items():
            self._places[sha256] = (path, rows)

    def file(self, shard: str) -> Path:
        return embeddings.file_of(self._folder, shard)

    def is_current(self, shard: str, part: pd.DataFrame) -> bool:
        """Whether the shard's file holds exactly these clips."""
        contents = self._files.get(self.file(shard))
        if contents is None:
            return False
        return [contents.clip_ids, contents.sha256] == [
            part["clip_id"].tolist(),
            part["sha256"].tolist(),
        ]

    def fetch(self, wanted: Collection[str]) -> dict[str, np.ndarray]:
        """sha256 -> embedding (windows, dimensions), of those that the store holds."""
        by_file = defaultdict(list)
        for sha256 in wanted:
            if sha256 in self._places:
                by_file[self._places[sha256][0]].append(sha256)
        known: dict[str, np.ndarray] = {}
        for path, hashes in by_file.items():
            features = embeddings.read_features(path, self._files[path])
            for sha256 in hashes:  # copies, so that no file stays in memory for one of its clips
                known[sha256] = features[self._places[sha256][1]].copy()
        return known


@dataclass(frozen=True)
class _Job:
    """Some clips of a shard: clip id -> sha256; windows: how many 3-s windows they have together."""

    path: Path
    shard: str
    clips: dict[str, str]
    windows: int


@dataclass
class _Encoded:
    """What became of clips of a shard.

    values: sha256 -> float32 embedding (windows, dimensions) as bytes, which reach another process without being copied
    twice. failed: clip id -> reason.
    """

    shard: str
    values: dict[str, bytes] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def by_content(self, dimensions: int) -> dict[str, np.ndarray]:
        """sha256 -> (windows, dimensions)."""
        arrays = {}
        for sha256, rows in self.values.items():
            arrays[sha256] = np.frombuffer(rows, np.float32).reshape(-1, dimensions)
        return arrays


def _jobs(path: Path, shard: str, part: pd.DataFrame) -> Iterator[_Job]:
    """The clips in pieces of about equal work, so that the last worker is not left alone with a long night."""
    sizes = pd.Series(1, index=part.index)
    if "windows" in part:
        sizes = part["windows"].astype(int)
    size = max(_PIECE_WINDOWS, -(-int(sizes.sum()) // _PIECES_A_SHARD))
    pieces = (sizes.cumsum() - sizes) // size
    for _, piece in part.groupby(pieces, sort=True):
        yield _Job(
            path,
            shard,
            dict(zip(piece["clip_id"], piece["sha256"], strict=True)),
            int(sizes[piece.index].sum()),
        )


def _all_pieces(
    jobs: list[_Job],
    missing: dict[str, pd.DataFrame],
    options: EncodeOptions,
    workers: int,
    executor: Executor | None,
    progress: Callable[[int], None] | None,
) -> Iterator[_Encoded]:
    """Each shard of `missing` once, when all of its jobs are done; those without jobs first."""
    open_jobs = dict.fromkeys(missing, 0)
    for job in jobs:
        open_jobs[job.shard] += 1
    for shard in missing:
        if not open_jobs[shard]:
            yield _Encoded(shard)
    whole: dict[str, _Encoded] = {}
    # The longest first: the last to end is a short one.
    jobs = sorted(jobs, key=lambda job: -job.windows)
    if executor is None:
        done = parallel.as_done(
            _encode, jobs, workers=workers, initializer=_load_encoder, initargs=(options,)
        )
    else:
        work = partial(_encode_anywhere, options, encoder_id(options))
        done = executors.as_done(executor, work, jobs, most=_WAITING * workers)
    for number, piece in done:
        encoded = whole.setdefault(piece.shard, _Encoded(piece.shard))
        encoded.values |= piece.values
        encoded.failed |= piece.failed
        open_jobs[piece.shard] -= 1
        if progress:
            progress(len(jobs[number].clips))
        if not open_jobs[piece.shard]:
            yield whole.pop(piece.shard)


_own = threading.local()  # an encoder is no thing to share: each thread of a worker has its own


def _load_encoder(options: EncodeOptions) -> None:
    _own.encoder, _own.spec, _own.options = load(options), spec(options), options


def _encode_anywhere(options: EncodeOptions, name: str, job: _Job) -> _Encoded:
    """For executors that prepare no workers; the encoder there must be the one of that name."""
    if getattr(_own, "options", None) != options:
        if (found := encoder_id(options)) != name:
            raise ModelError(f"the encoder of a worker is {found!r}, not {name!r}")
        _load_encoder(options)
    return _encode(job)


def _encode(job: _Job) -> _Encoded:
    """Windows go through the encoder in batches, whichever clips they are of."""
    encoder: Encoder = _own.encoder
    heard: Spec = _own.spec
    clips = _Clips(job, heard)
    # They grow in place: a clip of hours is in memory once.
    rows: dict[str, bytearray] = defaultdict(bytearray)
    for batch in batches(clips, _BATCH):
        clip_ids, samples = zip(*batch, strict=True)
        for clip_id, row in zip(clip_ids, encoder.embed(np.stack(samples)), strict=True):
            rows[clip_id] += row.tobytes()
    encoded = _Encoded(job.shard, failed=clips.failed)
    for clip_id in sorted(rows.keys() - clips.failed.keys()):
        if np.isfinite(np.frombuffer(rows[clip_id], np.float32)).all():
            encoded.values[job.clips[clip_id]] = bytes(rows.pop(clip_id))
        else:
            encoded.failed[clip_id] = "the encoder gives values that are not finite"
    return encoded


class _Clips:
    """The windows of some clips, one after the other, as (clip id, samples).

    failed: clip id -> reason, complete when all windows have been asked for; some windows of such a clip may have come.
    """

    def __init__(self, job: _Job, heard: Spec) -> None:
        self.failed: dict[str, str] = {}
        self._job = job
        self._heard = heard

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        found = set()
        for member, file in shards.open_members(self._job.path):
            clip_id = member.removesuffix(".flac")
            if clip_id not in self._job.clips:
                continue
            found.add(clip_id)
            try:
                for window in self._windows(cast(BinaryIO, file), self._job.clips[clip_id]):
                    yield clip_id, window
            except DataError as error:
                self.failed[clip_id] = str(error)
        for clip_id in sorted(self._job.clips.keys() - found):
            self.failed[clip_id] = f"not in its shard {self._job.shard}"

    def _windows(self, file: BinaryIO, sha256: str) -> Iterator[np.ndarray]:
        digest = hashlib.sha256()
        yield from windows(
            _hashed(audio.decode_windows(file), digest), self._heard, sample_rate=SAMPLE_RATE
        )
        if digest.hexdigest() != sha256:
            raise DataError("the shard's audio is not what the survey recorded (sha256 differs)")


def _hashed(blocks: Iterable[np.ndarray], digest: hashlib._Hash) -> Iterator[np.ndarray]:
    for block in blocks:
        digest.update(block.astype("<i2").tobytes())
        yield block


def _refuse_constant(folder: Path) -> None:
    first = None
    rows = 0
    for path in embeddings.paths(folder):
        features = embeddings.read_features(path, embeddings.read_contents(path))
        if first is None:
            first = features[0]
        rows += len(features)
        if (features != first).any():
            return
    if rows > 1:
        for path in embeddings.paths(folder):  # else the next run would take them for known
            path.unlink()
        raise ModelError(
            "the encoder gives the same embedding for every clip: the wrong model file, or a wrong tensor"
        )
