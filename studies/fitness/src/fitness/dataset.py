"""What models and baselines of each fold are given: the same records, pairs that do not fit, and vectors.

The model of fold k is judged on fold k, stops by fold k + 1, and learns from the others: neither figure is of records
that chose anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.encoders import texts
from fitness.folds import SET_ASIDE
from fitness.vectors import Pairs, pairs


@dataclass(frozen=True, eq=False)
class Scored:
    """Pairs and their scores (n,). real: (n,), False of a pair that does not fit, whose score is made up."""

    pairs: Pairs
    scores: NDArray[np.float64]
    real: NDArray[np.bool_]

    def only_real(self) -> Scored:
        rows = np.flatnonzero(self.real)
        return Scored(self.pairs.take(rows), self.scores[rows], self.real[rows])


@dataclass(frozen=True, eq=False)
class Fold:
    """A fold's share. learn, stop: with the pairs that do not fit. records: of the fold, which judge; judge: their
    vectors."""

    learn: Scored
    stop: Scored
    records: pd.DataFrame
    judge: Pairs


@dataclass(frozen=True, eq=False)
class Data:
    """records: of the folds. negatives: pairs that do not fit. test: without scores. vectors: texts, metrics, names."""

    records: pd.DataFrame
    negatives: pd.DataFrame
    test: pd.DataFrame
    vectors: tuple[texts.TextVectors, texts.TextVectors, texts.TextVectors]

    @property
    def folds(self) -> int:
        return int(self.records["fold"].max()) + 1

    @property
    def asked(self) -> Pairs:
        """The test set's vectors."""
        return pairs(self.test, *self.vectors)

    def fold(self, number: int) -> Fold:
        """What the models of a fold learn from, stop by, and are judged on."""
        role = part(self.records, number, self.folds)
        of_negative = part(self.negatives, number, self.folds)
        taught, stopping = (
            pd.concat([self.records[role == name], self.negatives[of_negative == name]])
            for name in ("learn", "stop")
        )
        # Only real records judge.
        own = self.records[role == "judge"]
        judge = pairs(own, *self.vectors)
        return Fold(self._scored(taught), self._scored(stopping), own, judge)

    def _scored(self, rows: pd.DataFrame) -> Scored:
        # Ids of pairs that do not fit are negative.
        real = rows["id"].to_numpy() > 0
        return Scored(pairs(rows, *self.vectors), rows["score"].to_numpy(np.float64), real)


def part(records: pd.DataFrame, fold: int, folds: int) -> pd.Series:
    """ "judge", "stop", "learn" or "" (set aside) of each record, for the model of this fold."""
    roles = {fold: "judge", (fold + 1) % folds: "stop", SET_ASIDE: ""}
    return records["fold"].map(lambda number: roles.get(number, "learn"))


def read(folder: Path) -> Data:
    """What the stages before have left in data/."""
    records = pd.read_parquet(folder / "manifests/folds.parquet")
    vectors = tuple(
        texts.read(folder / "embeddings" / name) for name in ("texts", "metrics", "names")
    )
    return Data(
        records=records[records["fold"] != SET_ASIDE].reset_index(drop=True),
        negatives=pd.read_parquet(folder / "manifests/negatives.parquet"),
        test=pd.read_parquet(folder / "records/test.parquet"),
        vectors=(vectors[0], vectors[1], vectors[2]),
    )
