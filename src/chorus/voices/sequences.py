"""What a network hears of every sample, computed once: one array with the samples one after the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from chorus import parallel
from chorus.audio import decode_flac
from chorus.errors import DataError
from chorus.files import replacing
from chorus.shards import read_shard
from chorus.voices.utterances import SAMPLE_RATE

Listen = Callable[[torch.Tensor], torch.Tensor]  # float32 samples (n,) in [-1, 1] -> steps (m, ...)
_FULL_SCALE = 32_768


@dataclass(frozen=True, eq=False)
class Sequences:
    """What was heard.

    values: (steps of all samples, ...). lengths: (n,), in steps. sample_ids: (n,).
    """

    values: NDArray[np.floating]
    lengths: NDArray[np.int64]
    sample_ids: tuple[str, ...]

    def of(self, sample_ids: Iterable[str]) -> list[torch.Tensor]:
        """Of these samples, float32 (steps, ...) each.

        Raises:
            DataError: a sample was not heard.
        """
        ends = np.cumsum(self.lengths)
        places = {sample: number for number, sample in enumerate(self.sample_ids)}
        found = []
        for sample in sample_ids:
            if sample not in places:
                raise DataError(f"nothing was heard of sample {sample}: encode the corpus first")
            number = places[sample]
            # Kept at half precision, perhaps; learned from at full.
            steps = self.values[ends[number] - self.lengths[number] : ends[number]]
            found.append(torch.from_numpy(steps.astype(np.float32)))
        return found


class Hearing(Protocol):
    """How a kind of network hears a sample."""

    def plain(self, heard: torch.Tensor) -> torch.Tensor:
        """As it is."""
        ...

    def varied(self, heard: torch.Tensor, random: np.random.Generator) -> torch.Tensor:
        """As a variant, for training."""
        ...

    def batch(self, heard: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Several together, filled up to the longest, and their lengths: what the network is called with."""
        ...


def batch(heard: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Samples of several lengths as one batch: (n, longest, ...) filled with zeros, and
    their lengths (n,) in steps."""
    lengths = torch.tensor([len(one) for one in heard])
    return torch.nn.utils.rnn.pad_sequence(list(heard), batch_first=True), lengths


def hear(
    samples: pd.DataFrame,
    folder: Path,
    listen: Listen,
    *,
    workers: int,
    progress: Callable[[int], None] | None = None,
) -> Sequences:
    """Listen to all samples, a shard at a time; the result does not depend on the number of workers.

    Args:
        samples: sample_id, shard. folder: of the shards. listen: importable by name (it is sent to other processes).
        progress: called with the number of samples heard since the last call.

    Raises:
        DataError: a shard is damaged, or lacks a sample.
    """
    # A shard at a time, as a tar is read from its beginning to its end.
    jobs = [
        (folder / str(shard), tuple(sorted(part["sample_id"])))
        for shard, part in samples.groupby("shard", sort=True)
    ]
    advance = (lambda heard: progress(len(heard))) if progress else None
    by_shard = parallel.each(partial(_hear_all, listen), jobs, workers=workers, progress=advance)
    heard = [one for of_shard in by_shard for one in of_shard]
    ids = tuple(sample for _, wanted in jobs for sample in wanted)
    lengths = np.array([len(one) for one in heard], dtype=np.int64)
    return Sequences(np.concatenate(heard), lengths, ids)


def write(folder: Path, sequences: Sequences) -> None:
    """Write `values.npy` and `samples.json` into a folder, the same bytes for the same sequences."""
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / "values.npy") as beside, beside.open("wb") as file:
        np.save(file, sequences.values, allow_pickle=False)
    listed = dict(zip(sequences.sample_ids, sequences.lengths.tolist(), strict=True))
    with replacing(folder / "samples.json") as beside:
        beside.write_text(json.dumps(listed, indent=0) + "\n", encoding="utf-8")


def read(folder: Path) -> Sequences:
    """What `write` wrote; values are read from the disk as they are needed.

    Raises:
        DataError: a file is missing, or the two do not fit each other.
    """
    try:
        values = np.load(folder / "values.npy", mmap_mode="r", allow_pickle=False)
        listed = json.loads((folder / "samples.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{folder} holds nothing that was heard: {error}") from None
    lengths = np.array(list(listed.values()), dtype=np.int64)
    if lengths.sum() != len(values):
        raise DataError(f"{folder} holds {len(values)} steps, but lists {lengths.sum()}")
    return Sequences(values, lengths, tuple(listed))


def _hear_all(listen: Listen, job: tuple[Path, tuple[str, ...]]) -> list[NDArray[np.floating]]:
    shard, wanted = job
    missing = set(wanted)
    heard: dict[str, NDArray[np.floating]] = {}
    for name, content in read_shard(shard):
        sample = name.removesuffix(".flac")
        if sample in missing:
            pcm = decode_flac(content, SAMPLE_RATE).astype(np.float32) / _FULL_SCALE
            with torch.no_grad():
                heard[sample] = listen(torch.from_numpy(pcm)).numpy()
            missing.discard(sample)
    if missing:
        raise DataError(f"{shard.name} lacks sample {min(missing)}")
    return [heard[sample] for sample in wanted]
