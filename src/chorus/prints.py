"""Fingerprints of audio: by them the same sound is known again, re-encoded, louder, shifted or cut otherwise.

Every 30 ms, 32 bits say in which of neighbouring frequency bands (200 to 3,800 Hz) the energy has grown more than in
the next one (Haitsma & Kalker 2002, A highly robust audio fingerprinting system). Noise makes these bits as unlike in
two recordings as coins: 0.50 of them agree, and in a copy 0.85 to 1. Beside them stands a hash of each 3-s window, by
which byte-identical windows are found. Both depend on the audio alone: they are kept, one file for each shard.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from chorus import audio, parallel, shards
from chorus.clips import SAMPLE_RATE, WINDOW_SAMPLES, WINDOW_SECONDS, name_clips
from chorus.errors import DataError
from chorus.files import replacing

Words = NDArray[np.uint32]

RATE = 8_000  # Hz; what lies above 4 kHz is lost in many recordings and by every strong compression
FRAME, HOP = 2_048, 240  # samples: 256 ms and 30 ms
FRAMES_A_WINDOW = WINDOW_SECONDS * RATE // HOP
_BANDS = 33
# In bins of the spectrum. Spaced by ratios, as in the paper: an octave has as many bands wherever it lies.
_EDGES = np.rint(np.geomspace(200, 3_800, _BANDS + 1) * FRAME / RATE).astype(int)
_BLOCK = 20 * WINDOW_SAMPLES  # a minute
SILENT = 0  # the word of a frame in which nothing is heard
_LEVEL = 4.0  # mean square in steps of 16 bits; quieter is the rounding of samples, not a sound
VERSION = 1  # of the fingerprint: stored ones of another version are computed anew


@dataclass(frozen=True)
class Prints:
    """Fingerprints of many clips.

    clip_ids: (n,). windows: int (n,), each clip's length. words: uint32, all clips' frames in turn, 100 a window.
    contents: uint64, all clips' windows in turn; 0 for a window that holds a constant.
    """

    clip_ids: NDArray[np.str_]
    windows: NDArray[np.int64]
    words: Words
    contents: NDArray[np.uint64]

    def of(self, clip_ids: pd.Series) -> Prints:
        """Those of these clips, in this order.

        Raises:
            DataError: a clip has none: names it.
        """
        rows = pd.Index(self.clip_ids).get_indexer(pd.Index(clip_ids))
        if (rows < 0).any():
            raise DataError(f"clips have no fingerprint: {name_clips(clip_ids[rows < 0].tolist())}")
        words = _taken(self.words, self.windows * FRAMES_A_WINDOW, rows)
        return Prints(
            self.clip_ids[rows],
            self.windows[rows],
            words,
            _taken(self.contents, self.windows, rows),
        )


def fingerprint(pcm: NDArray[np.int16]) -> Words:
    """One word every 30 ms, 100 a window; `SILENT` where nothing is heard, and at the seams of minutes.

    Args:
        pcm: whole windows, mono at 48 kHz. Each minute is looked at by itself, so that hours need no more memory.
    """
    blocks = []
    for start in range(0, len(pcm), _BLOCK):
        blocks.append(_block_words(pcm[start : start + _BLOCK]))
    return np.concatenate(blocks)


def _block_words(pcm: NDArray[np.int16]) -> Words:
    from scipy.signal import resample_poly  # takes a quarter of a second to import

    # The sign of the second difference of energy, over bands and over time: a filter, a louder copy or a stronger
    # compression changes few of these bits (equation 1 of the paper).
    slow = resample_poly(pcm.astype(np.float64), 1, SAMPLE_RATE // RATE)
    frames = np.lib.stride_tricks.sliding_window_view(slow, FRAME)[::HOP]
    spectrum = np.fft.rfft(frames * np.hanning(FRAME))
    power = spectrum.real**2 + spectrum.imag**2
    # Without the slice, all that lies above the last band would be added to it.
    energy = np.add.reduceat(power[:, : _EDGES[-1]], _EDGES[:-1], axis=1)
    growth = np.diff(energy, axis=0)
    bits = growth[:, :-1] > growth[:, 1:]
    words = np.packbits(bits, axis=1).view(">u4")[:, 0]
    heard = np.einsum("nd,nd->n", frames, frames)[1:] > _LEVEL * FRAME
    # The first frame has none before it, and behind the last there is no whole one: there the words stay silent.
    # A frame that is heard must not pass for silence because none of its bits is set.
    found = np.full(len(pcm) // WINDOW_SAMPLES * FRAMES_A_WINDOW, SILENT, dtype=np.uint32)
    found[1 : 1 + len(words)] = np.where(heard, np.maximum(words, 1), SILENT)
    return found


def window_contents(pcm: NDArray[np.int16]) -> NDArray[np.uint64]:
    """A hash of each 3-s window: (windows,); 0 for a window that holds a constant.

    Args:
        pcm: whole windows.
    """
    windows = pcm.astype("<i2").reshape(-1, WINDOW_SAMPLES)
    contents = np.zeros(len(windows), dtype=np.uint64)
    # Two windows of digital silence are the same byte for byte, and no evidence of a copy.
    for row in np.flatnonzero(np.ptp(windows, axis=1) > 0):
        digest = hashlib.sha256(windows[row].tobytes()).digest()
        contents[row] = int.from_bytes(digest[:8], "little")
    return contents


def update(
    folder: Path,
    clips: pd.DataFrame,
    shard_folder: Path,
    *,
    workers: int,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Bring the store in line with the survey, reading only shards that it does not hold yet.

    Args:
        folder: the store; files of nights that are gone are removed.
        clips: the survey's table.
        shard_folder: where the shards named in `clips` lie.
        progress: called with the number of clips done, as they are done.

    Returns:
        The number of clips whose fingerprints were computed now.
    """
    folder.mkdir(parents=True, exist_ok=True)
    jobs = []
    wanted = set()
    for shard, part in clips.sort_values("clip_id").groupby("shard", sort=True):
        source = shard_folder / str(shard)
        target = folder / f"{source.stem}.safetensors"
        wanted.add(target)
        job = _Job(source, target, part["clip_id"].tolist())
        if not _is_current(job):
            jobs.append(job)
        elif progress:
            progress(len(part))
    computed = parallel.each(_print_shard, jobs, workers=workers, progress=progress)
    for path in set(folder.iterdir()) - wanted:
        path.unlink()
    return sum(computed)


def read(folder: Path) -> Prints:
    """The whole store.

    Raises:
        DataError: it is empty, or a file is damaged.
    """
    files = [_read_file(path) for path in sorted(folder.glob("*.safetensors"))]
    if not files:
        raise DataError(f"{folder} holds no fingerprints")
    joined = {}
    for name in files[0]:
        joined[name] = np.concatenate([file[name] for file in files])
    return Prints(**joined)


@dataclass(frozen=True)
class _Job:
    shard: Path
    target: Path
    clip_ids: list[str]  # sorted; a clip's id holds the hash of its content


def _print_shard(job: _Job) -> int:
    wanted = set(job.clip_ids)
    words: dict[str, Words] = {}
    contents: dict[str, NDArray[np.uint64]] = {}
    for member, source in shards.open_members(job.shard):
        clip_id = member.removesuffix(".flac")
        if clip_id not in wanted:
            continue
        try:
            minutes = list(_by_minute(audio.decode_windows(cast(BinaryIO, source))))
        except DataError:  # the encoder names it and puts it in quarantine
            continue
        words[clip_id] = np.concatenate([minute_words for minute_words, _ in minutes])
        contents[clip_id] = np.concatenate([hashes for _, hashes in minutes])
    _write_file(job, words, contents)
    return len(job.clip_ids)


def _by_minute(windows: Iterator[NDArray[np.int16]]) -> Iterator[tuple[Words, NDArray[np.uint64]]]:
    """Words and contents of each minute, of which one at a time is in memory."""
    while minute := list(islice(windows, _BLOCK // WINDOW_SAMPLES)):
        pcm = np.concatenate(minute)
        yield fingerprint(pcm), window_contents(pcm)


def _write_file(
    job: _Job, words: Mapping[str, Words], contents: Mapping[str, NDArray[np.uint64]]
) -> None:
    # An empty part first, so that a night without a readable clip is a file too.
    clip_ids = sorted(words)
    all_words: list[Words] = [np.empty(0, np.uint32)]
    all_contents: list[NDArray[np.uint64]] = [np.empty(0, np.uint64)]
    windows = []
    for clip_id in clip_ids:
        all_words.append(words[clip_id])
        all_contents.append(contents[clip_id])
        windows.append(len(contents[clip_id]))
    tensors: dict[str, np.ndarray] = {
        "windows": np.array(windows, dtype=np.int64),
        "words": np.concatenate(all_words),
        "contents": np.concatenate(all_contents),
    }
    meta = {"version": VERSION, "asked_for": job.clip_ids, "clip_ids": clip_ids}
    with replacing(job.target) as beside:
        save_file(tensors, beside, metadata={"chorus": json.dumps(meta)})


def _read_file(path: Path, asked_for: list[str] | None = None) -> dict[str, np.ndarray]:
    try:
        with safe_open(path, framework="numpy") as tensors:
            meta = json.loads(tensors.metadata()["chorus"])
            if meta["version"] != VERSION or asked_for not in (None, meta["asked_for"]):
                raise ValueError("of another version or other clips")
            names = ("windows", "words", "contents")
            ids = np.array(meta["clip_ids"], dtype=str)
            return {"clip_ids": ids} | {name: tensors.get_tensor(name) for name in names}
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path.name} holds no fingerprints of ours, or is damaged ({error})"
        ) from None


def _is_current(job: _Job) -> bool:
    try:
        held = _read_file(job.target, job.clip_ids)
    except DataError:
        return False
    # A clip that could not be read is tried again: by now its shard may be whole, and no name or hash tells.
    readable: list[str] = held["clip_ids"].tolist()
    return readable == job.clip_ids


def _taken(values: np.ndarray, lengths: NDArray[np.int64], rows: NDArray[np.intp]) -> np.ndarray:
    """The stretches of `values` that belong to these rows, one after the other."""
    # All of them in order, as nearly always: a copy would take their memory once more.
    if np.array_equal(rows, np.arange(len(lengths))):
        return values
    starts = np.cumsum(lengths) - lengths
    wanted = lengths[rows]
    place = np.repeat(starts[rows] - (np.cumsum(wanted) - wanted), wanted) + np.arange(wanted.sum())
    taken: np.ndarray = values[place]
    return taken
