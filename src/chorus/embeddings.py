"""Embeddings on disk: one safetensors file for each audio shard, named like it.

A new night is a new file, and the others keep their hashes. A file is a pure function of the clips of its shard and the
encoder; how it came about (all at once, or night by night) does not show. It carries its width and a checksum over all
that it says, so that a damaged or edited file is never taken for what an encoder gave.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from chorus.clips import name_clips
from chorus.errors import DataError
from chorus.files import replacing

_FORMAT = "embeddings-2"  # raise the number when files are written differently
_ROWS_AT_ONCE = 4096  # what is read in one go: 16 MB of BirdNET's


class OtherFormatError(DataError):
    """The file was written by another version of chorus: nothing is wrong with it, but it is not read."""


@dataclass(frozen=True)
class Embeddings:
    """Embeddings of many clips: features float32 (rows, dimensions), one row a window; clip_ids str (rows,)."""

    encoder_id: str
    features: np.ndarray
    clip_ids: np.ndarray

    def of(self, clip_ids: Iterable[str]) -> Embeddings:
        """A copy of the rows of these clips, sorted by clip id and window.

        Raises:
            DataError: as `rows_of`.
        """
        rows = self.rows_of(clip_ids)
        return Embeddings(self.encoder_id, self.features[rows], self.clip_ids[rows])

    def rows_of(self, clip_ids: Iterable[str]) -> NDArray[np.intp]:
        """Which rows are of these clips, sorted by clip id and window.

        Raises:
            DataError: a clip has no embedding: names it. A gap in a split would silently change every metric.
        """
        wanted = pd.Index(clip_ids).unique()
        known = pd.Index(self.clip_ids)
        missing = sorted(wanted.difference(known))
        if missing:
            raise DataError(f"{len(missing)} clips have no embedding: {name_clips(missing)}")
        rows = np.flatnonzero(known.isin(wanted))
        return rows[np.argsort(self.clip_ids[rows], kind="stable")]


@dataclass(frozen=True)
class Contents:
    """What a file of the store holds: for each clip its id, its content's hash and its number of windows (rows)."""

    encoder_id: str
    dimensions: int
    clip_ids: list[str]
    sha256: list[str]
    windows: list[int]

    @property
    def rows(self) -> int:
        return sum(self.windows)

    def places(self) -> dict[str, slice]:
        """sha256 -> rows of the features."""
        found = {}
        begin = 0
        for sha256, count in zip(self.sha256, self.windows, strict=True):
            found[sha256] = slice(begin, begin + count)
            begin += count
        return found


def read(folder: Path) -> Embeddings:
    """Read the whole store, in little more memory than its size.

    Raises:
        DataError: it is empty, damaged (names the file), or holds several encoders' embeddings.
    """
    files = {path: read_contents(path) for path in paths(folder)}
    names = sorted({contents.encoder_id for contents in files.values()})
    if len(names) != 1:
        raise DataError(
            f"{folder} should hold the embeddings of one encoder, but holds: {', '.join(names) or 'none'}"
        )
    # The whole is made at once and filled file by file: joining the files' arrays would take twice the memory.
    rows = sum(contents.rows for contents in files.values())
    dimensions = next(iter(files.values())).dimensions
    features = np.empty((rows, dimensions), np.float32)
    clip_ids = []
    start = 0
    for path, contents in files.items():
        read_features(path, contents, out=features[start : start + contents.rows])
        clip_ids.append(np.repeat(contents.clip_ids, contents.windows))
        start += contents.rows
    return Embeddings(names[0], features, np.concatenate(clip_ids))


def paths(folder: Path) -> list[Path]:
    """The store's files; what a killed run left half written is none."""
    return sorted(folder.glob("[!.]*.safetensors"))


def file_of(folder: Path, shard: str) -> Path:
    """Where the embeddings of an audio shard are kept."""
    return folder / f"{Path(shard).stem}.safetensors"


def read_contents(path: Path) -> Contents:
    """What one file says that it holds; `read_features` checks it.

    Raises:
        OtherFormatError: another version of chorus wrote it.
        DataError: it is damaged, or none of ours.
    """
    with _opened(path) as (tensors, meta):
        contents = Contents(**{name: meta[name] for name in Contents.__dataclass_fields__})
        shape = tuple(tensors.get_slice("features").get_shape())
        if shape != (contents.rows, contents.dimensions):
            raise DataError(
                f"{path.name} is damaged: it holds {shape} values, not {contents.rows, contents.dimensions}"
            )
        return contents


def read_features(path: Path, contents: Contents, *, out: np.ndarray | None = None) -> np.ndarray:
    """The embeddings of one file, float32 (rows, dimensions).

    Args:
        out: an array of that shape to put them in.

    Raises:
        DataError: they are not what was written (the checksum differs), or not finite.
    """
    features = out
    if features is None:
        features = np.empty((contents.rows, contents.dimensions), np.float32)
    # Piece by piece, as safetensors gives a copy of what is asked for.
    with _opened(path) as (tensors, meta):
        values = tensors.get_slice("features")
        for start in range(0, contents.rows, _ROWS_AT_ONCE):
            rows = slice(start, min(start + _ROWS_AT_ONCE, contents.rows))
            features[rows] = values[rows]
        if meta["checksum"] != _checksum(contents, features):
            raise DataError(
                f"{path.name} is damaged: its checksum differs (run the stage encode again)"
            )
    if not np.isfinite(features).all():
        raise DataError(
            f"{path.name} holds values that are not finite (run the stage encode again)"
        )
    return features


def write_shard(
    path: Path, name: str, clips: pd.DataFrame, by_content: Mapping[str, np.ndarray]
) -> None:
    """Write one file of the store, whole or not at all; none for a shard without clips.

    Args:
        name: the encoder's id.
        clips: clip_id, sha256 of the shard's clips.
        by_content: sha256 -> embedding (windows, dimensions), float32.
    """
    embeddings = [by_content[sha256] for sha256 in clips["sha256"]]
    if not embeddings:
        path.unlink(missing_ok=True)
        return
    features = np.concatenate(embeddings)
    windows = [len(embedding) for embedding in embeddings]
    contents = Contents(
        name, features.shape[1], clips["clip_id"].tolist(), clips["sha256"].tolist(), windows
    )
    meta = {"format": _FORMAT, "checksum": _checksum(contents, features), **vars(contents)}
    # The notes are one entry: safetensors writes several in any order.
    with replacing(path) as beside:
        save_file({"features": features}, beside, metadata={"chorus": json.dumps(meta)})


def _checksum(contents: Contents, features: np.ndarray) -> str:
    digest = hashlib.sha256(json.dumps(vars(contents)).encode())
    digest.update(np.ascontiguousarray(features, dtype="<f4").data)
    return digest.hexdigest()


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The file, and what it says of itself."""
    try:
        with safe_open(path, framework="numpy") as tensors:
            meta = json.loads(tensors.metadata()["chorus"])
            if meta.get("format") != _FORMAT:
                raise OtherFormatError(
                    f"{path.name} was written by another version of chorus (run the stage encode)"
                )
            yield tensors, meta
    # AttributeError, KeyError, TypeError: a file of safetensors that others wrote, without notes or with theirs.
    except (SafetensorError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path.name} is no embedding file of ours, or damaged ({error})") from None
