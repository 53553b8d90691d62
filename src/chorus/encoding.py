"""Encode a survey: what depends only on a clip's audio is computed once for that content, ever.

Embeddings are found again by the audio's hash, wherever the clip has moved.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from chorus import audio, parallel, shards
from chorus.clips import WINDOW_SAMPLES
from chorus.embeddings import file_of, read_shard, write_shard
from chorus.encoders import EncodeOptions, Encoder, encoder_id, load
from chorus.errors import DataError, ModelError


@dataclass(frozen=True)
class EncodingResult:
    """computed: clips that were encoded now; reused: clips whose content was known; failed: clip id -> reason."""

    computed: int
    reused: int
    failed: dict[str, str]


def update(
    folder: Path,
    clips: pd.DataFrame,
    shard_folder: Path,
    options: EncodeOptions,
    *,
    workers: int,
    progress: Callable[[int], None] | None = None,
) -> EncodingResult:
    """Bring the store in line with the survey, encoding only content that it does not hold yet.

    Files are written one shard at a time as they are ready: a killed run goes on where it was.

    Args:
        folder: the store; files of nights that are gone, or of another encoder, are removed.
        clips: the survey's table.
        shard_folder: where the shards named in `clips` lie.
        progress: called with the number of clips done, as they are done.

    Raises:
        DataError: a damaged shard.
        ModelError: the model is missing, or gives the same embedding for every clip.
    """
    name = encoder_id(options)
    folder.mkdir(parents=True, exist_ok=True)
    known = _known(folder, name)
    shard_clips = {str(shard): part for shard, part in clips.sort_values("clip_id").groupby("shard", sort=True)}
    jobs = []
    reused = 0
    for shard, part in shard_clips.items():
        missing = {row.clip_id: row.sha256 for row in part.itertuples() if row.sha256 not in known}
        reused += len(part) - len(missing)
        if missing:
            jobs.append(_Job(shard_folder / shard, shard, missing))
        else:
            write_shard(file_of(folder, shard), name, part, known)
    if progress:
        progress(reused)
    failed: dict[str, str] = {}

    def keep(encoded: _Encoded) -> None:
        failed.update(encoded.failed)
        part = shard_clips[encoded.shard]
        part = part[~part["clip_id"].isin(encoded.failed)]
        new = {row.sha256: encoded.embeddings[row.clip_id] for row in part.itertuples() if row.sha256 not in known}
        write_shard(file_of(folder, encoded.shard), name, part, ChainMap(new, known))
        if progress:
            progress(len(encoded.embeddings) + len(encoded.failed))

    encoded = parallel.each(
        _encode_shard, jobs, workers=workers, initializer=_load_encoder, initargs=(options,), progress=keep
    )
    wanted = {file_of(folder, shard) for shard in shard_clips}
    for path in folder.iterdir():
        if path not in wanted:
            path.unlink()
    _refuse_constant(folder)
    return EncodingResult(sum(len(result.embeddings) for result in encoded), reused, failed)


@dataclass(frozen=True)
class _Job:
    path: Path
    shard: str
    missing: dict[str, str]  # clip id -> sha256


@dataclass(frozen=True)
class _Encoded:
    shard: str
    embeddings: dict[str, np.ndarray]  # clip id -> (windows, dimensions)
    failed: dict[str, str]


_encoder: Encoder | None = None  # one in each worker process, loaded by _load_encoder


def _load_encoder(options: EncodeOptions) -> None:
    global _encoder
    _encoder = load(options)


def _encode_shard(job: _Job) -> _Encoded:
    assert _encoder is not None
    embeddings: dict[str, np.ndarray] = {}
    failed: dict[str, str] = {}
    for member, data in shards.read_shard(job.path):
        clip_id = member.removesuffix(".flac")
        if clip_id not in job.missing:
            continue
        try:
            pcm = audio.decode_flac(data)
        except DataError as error:
            failed[clip_id] = str(error)
            continue
        if audio.sha256(pcm) != job.missing[clip_id]:
            failed[clip_id] = "the shard's audio is not what the survey recorded (sha256 differs)"
            continue
        embedding = _encoder.embed(pcm.reshape(-1, WINDOW_SAMPLES).astype(np.float32) / 32768)
        if np.isfinite(embedding).all():
            embeddings[clip_id] = embedding
        else:
            failed[clip_id] = "the encoder gives values that are not finite"
    for clip_id in sorted(set(job.missing) - set(embeddings) - set(failed)):
        failed[clip_id] = f"not in its shard {job.shard}"
    return _Encoded(job.shard, embeddings, failed)


def _known(folder: Path, name: str) -> dict[str, np.ndarray]:
    """sha256 -> embedding (windows, dimensions) of everything in the store that this encoder made."""
    known: dict[str, np.ndarray] = {}
    for path in sorted(folder.glob("*.safetensors")):
        try:
            file = read_shard(path)
        except DataError:
            continue  # damaged: it will be written anew
        if file.encoder_id == name:
            known.update(file.by_content())
    return known


def _refuse_constant(folder: Path) -> None:
    features = [read_shard(path).features for path in sorted(folder.glob("*.safetensors"))]
    if sum(map(len, features)) > 1 and all((part == features[0][0]).all() for part in features):
        for path in folder.glob("*.safetensors"):  # else the next run would take them for known
            path.unlink()
        raise ModelError("the encoder gives the same embedding for every clip: the wrong model file, or a wrong tensor")
