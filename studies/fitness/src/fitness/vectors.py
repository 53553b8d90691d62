"""Vectors of texts and metrics, and what of a pair a model sees."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from chorus.encoders.texts import PACKAGED, TextVectors
from chorus.errors import DataError
from chorus.options import options

Vectors = NDArray[np.float32]


@options
class EncodeOptions:
    """model: a folder as sentence-transformers writes it; "packaged": all-MiniLM-L6-v2, small and English.
    metrics: where the vectors of metrics come from: their names, encoded as the texts are, or the file
    metric_name_embeddings.npy in records.folder."""

    model: Annotated[str, Field(min_length=1)] = PACKAGED
    metrics: Literal["names", "file"] = "names"


@dataclass(frozen=True, eq=False)
class Pairs:
    """Records as numbers, a row each. metric: (n, m). text: (n, t). name: (n, t), the metric's name as a text."""

    metric: Vectors
    text: Vectors
    name: Vectors

    def __len__(self) -> int:
        return len(self.text)

    def take(self, rows: NDArray[np.intp]) -> Pairs:
        return Pairs(self.metric[rows], self.text[rows], self.name[rows])

    @property
    def cosine(self) -> NDArray[np.float32]:
        """(n,): of the text and the metric's name."""
        # A vector of zeros has no direction: its cosine is 0.
        lengths = np.linalg.norm(self.text, axis=1) * np.linalg.norm(self.name, axis=1)
        return np.asarray(np.einsum("nd,nd->n", self.text, self.name) / np.maximum(lengths, 1e-12))


def pairs(
    records: pd.DataFrame, texts: TextVectors, metrics: TextVectors, names: TextVectors
) -> Pairs:
    """The vectors of records with `text_id` and `metric`."""
    metric = records["metric"].tolist()
    return Pairs(metrics.of(metric), texts.of(records["text_id"].tolist()), names.of(metric))


def metric_texts(metrics: Sequence[str]) -> dict[str, str]:
    """What is encoded of a metric, by its name: the name in words ("topic drift rate: abrupt topic shift")."""
    return {name: name.replace("/", ": ").replace("_", " ").replace("  ", " ") for name in metrics}


def supplied(metrics: Sequence[str], vectors: NDArray[np.generic]) -> TextVectors:
    """Vectors that came with the metrics, in the order of their names.

    Raises:
        DataError: not one row of finite numbers a name.
    """
    if vectors.ndim != 2 or len(vectors) != len(metrics) or vectors.dtype.kind != "f":
        raise DataError(
            f"metric_name_embeddings.npy: {vectors.dtype} {vectors.shape} is not a row a metric"
        )
    if not np.isfinite(vectors).all():
        raise DataError("metric_name_embeddings.npy: vectors must be finite")
    # In one order and precision, so that the hash is of the numbers.
    rows = np.ascontiguousarray(vectors, np.float32)
    return TextVectors(
        f"file-{hashlib.sha256(rows.tobytes()).hexdigest()[:12]}", list(metrics), rows
    )
