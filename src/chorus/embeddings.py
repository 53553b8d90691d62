"""Embeddings on disk: one safetensors file for each audio shard, named like it.

A new night is a new file, and the others keep their hashes. A file is a pure function of the clips of its shard and the
encoder; how it came about (all at once, or night by night) does not show.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from chorus.clips import name_clips
from chorus.errors import DataError
from chorus.files import replacing


@dataclass(frozen=True)
class Embeddings:
    """Embeddings of many clips: features float32 (rows, dimensions), one row a window; clip_ids str (rows,)."""

    encoder_id: str
    features: np.ndarray
    clip_ids: np.ndarray

    def of(self, clip_ids: Iterable[str]) -> Embeddings:
        """The rows of these clips, sorted by clip id and window.

        Raises:
            DataError: a clip has no embedding: names it. A gap in a split would silently change every metric.
        """
        wanted = set(clip_ids)
        missing = sorted(wanted - set(self.clip_ids.tolist()))
        if missing:
            raise DataError(f"{len(missing)} clips have no embedding: {name_clips(missing)}")
        rows = np.flatnonzero(np.isin(self.clip_ids, sorted(wanted)))
        rows = rows[np.argsort(self.clip_ids[rows], kind="stable")]
        return Embeddings(self.encoder_id, self.features[rows], self.clip_ids[rows])


def read(folder: Path) -> Embeddings:
    """Read the whole store.

    Raises:
        DataError: it is empty, damaged, or holds several encoders' embeddings.
    """
    files = [read_shard(path) for path in sorted(folder.glob("*.safetensors"))]
    names = sorted({file.encoder_id for file in files})
    if len(names) != 1:
        raise DataError(f"{folder} should hold the embeddings of one encoder, but holds: {', '.join(names) or 'none'}")
    rows = [np.repeat(file.clip_ids, file.windows) for file in files]
    return Embeddings(names[0], np.concatenate([file.features for file in files]), np.concatenate(rows))


@dataclass(frozen=True)
class ShardEmbeddings:
    """One file: for each clip its id, its content's hash and its number of windows; features (windows, dimensions)."""

    encoder_id: str
    clip_ids: list[str]
    sha256: list[str]
    windows: list[int]
    features: np.ndarray

    def by_content(self) -> dict[str, np.ndarray]:
        """sha256 -> embedding (windows, dimensions)."""
        return dict(zip(self.sha256, np.split(self.features, np.cumsum(self.windows)[:-1]), strict=True))


def file_of(folder: Path, shard: str) -> Path:
    """Where the embeddings of an audio shard are kept."""
    return folder / f"{Path(shard).stem}.safetensors"


def read_shard(path: Path) -> ShardEmbeddings:
    """Read one file of the store.

    Raises:
        DataError: it is damaged, or none of ours.
    """
    try:
        with safe_open(path, framework="numpy") as tensors:
            meta = json.loads(tensors.metadata()["chorus"])
            return ShardEmbeddings(features=tensors.get_tensor("features"), **meta)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path.name} is no embedding file of ours, or damaged ({error})") from None


def write_shard(path: Path, name: str, clips: pd.DataFrame, by_content: Mapping[str, np.ndarray]) -> None:
    """Write one file of the store, whole or not at all; none for a shard without clips.

    Args:
        name: the encoder's id.
        clips: clip_id, sha256 of the shard's clips.
        by_content: sha256 -> embedding.
    """
    embeddings = [by_content[sha256] for sha256 in clips["sha256"]]
    if not embeddings:
        path.unlink(missing_ok=True)
        return
    meta = {
        "encoder_id": name,
        "clip_ids": clips["clip_id"].tolist(),
        "sha256": clips["sha256"].tolist(),
        "windows": [len(embedding) for embedding in embeddings],
    }
    with replacing(path) as beside:
        features = np.ascontiguousarray(np.concatenate(embeddings), dtype=np.float32)
        save_file({"features": features}, beside, metadata={"chorus": json.dumps(meta)})
