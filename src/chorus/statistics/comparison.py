"""Two configurations compared on the same clips, in every way at once and in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.clips import POSITIVE, TEST_OOD
from chorus.errors import DataError
from chorus.statistics.difference import Difference, paired_bootstrap, verdict
from chorus.statistics.paired import DeLong, McNemar, delong, mcnemar

Floats = NDArray[np.float64]

COLUMNS = ("seed", "threshold", "clip_id", "split", "label", "score", "night")


@dataclass(frozen=True)
class Comparison:
    """A against B on one split.

    differences: metric -> difference, counting nights and seeds. This is what the sentence rests on.
    mcnemar, delong: seed -> test of the two models of that seed. They take clips for independent, which makes their p
        too small where clips of a night err together.
    """

    names: tuple[str, str]
    split: str
    clips: int
    seeds: tuple[int, ...]
    differences: Mapping[str, Difference]
    mcnemar: Mapping[int, McNemar]
    delong: Mapping[int, DeLong]
    sentence: str


@dataclass(frozen=True)
class Models:
    """One configuration: scores (seeds, clips) and thresholds (seeds,), by rising seed and clip id."""

    clips: pd.DataFrame
    scores: Floats
    thresholds: Floats
    seeds: tuple[int, ...]

    @property
    def labels(self) -> NDArray[np.bool_]:
        """Of each clip, whether it is positive: (clips,)."""
        return np.asarray(self.clips["label"] == POSITIVE, dtype=np.bool_)

    @property
    def nights(self) -> NDArray[np.str_]:
        """The site-night of each clip: (clips,)."""
        return np.asarray(self.clips["night"], dtype=np.str_)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each model is right about each clip, at its own threshold: (seeds, clips)."""
        return np.asarray((self.scores >= self.thresholds[:, None]) == self.labels)


def compare(
    predictions_a: pd.DataFrame,
    predictions_b: pd.DataFrame,
    *,
    names: tuple[str, str] = ("A", "B"),
    split: str = TEST_OOD,
    metric: str = "f1",
    resamples: int = 2000,
    seed: int = 1,
) -> Comparison:
    """Compare two configurations, paired by clip and by seed.

    Args:
        predictions_a, predictions_b: one row a seed and clip: seed, threshold (of that seed's model), clip_id, split,
            label, score, night; see `chorus.evaluation.predictions`. Other columns do not matter.
        metric: f1, precision, recall, auprc or auroc: what the sentence speaks of.
        resamples, seed: of the bootstrap over nights.

    Raises:
        DataError: columns or clips are missing; A and B have other clips, labels, nights or seeds.
    """
    a = models(predictions_a, split, names[0])
    b = models(predictions_b, split, names[1])
    _check_pairs(a, b, names)
    labels = a.labels
    differences = paired_bootstrap(
        labels,
        a.scores,
        b.scores,
        a.thresholds,
        b.thresholds,
        a.nights,
        resamples=resamples,
        seed=seed,
    )
    if metric not in differences:
        raise DataError(f"metric: {metric} is not allowed: one of {', '.join(differences)}")
    by_mcnemar, by_delong = {}, {}
    for number, of_seed in enumerate(a.seeds):
        by_mcnemar[of_seed] = mcnemar(a.right[number], b.right[number])
        by_delong[of_seed] = delong(labels, a.scores[number], b.scores[number])
    return Comparison(
        names=names,
        split=split,
        clips=len(labels),
        seeds=a.seeds,
        differences=differences,
        mcnemar=by_mcnemar,
        delong=by_delong,
        sentence=verdict(differences[metric], names),
    )


def models(table: pd.DataFrame, split: str, name: str) -> Models:
    """The models of a configuration on the clips of one split, from a table of predictions.

    Raises:
        DataError: columns or clips are missing, there are two predictions of a seed for a clip, or a seed has no one
            threshold or other clips than the others.
    """
    if missing := [column for column in COLUMNS if column not in table]:
        raise DataError(f"the predictions of {name} lack the columns {', '.join(missing)}")
    # one order for rows of A and of B, so that they pair up by their places
    of_split = table[table["split"] == split]
    table = of_split.sort_values(["seed", "clip_id"], kind="stable", ignore_index=True)
    if table.empty:
        raise DataError(f"the predictions of {name} hold no clip of {split}")
    if (twice := table.duplicated(["seed", "clip_id"])).any():
        raise DataError(
            f"{name} has two predictions of one seed for clip {table.loc[twice, 'clip_id'].iloc[0]}"
        )
    # seeds by rows, clips by columns: a clip that one of the seeds lacks is a hole
    scores = table.pivot(index="seed", columns="clip_id", values="score")
    if scores.isna().to_numpy().any():
        raise DataError(f"the seeds of {name} were not all judged on the same clips")
    thresholds = table.groupby("seed")["threshold"]
    if (thresholds.nunique() != 1).any():
        raise DataError(f"{name} needs one threshold for each seed")
    # label and night are those of the clip, whichever model judged it
    first_seed = table["seed"] == table["seed"].iloc[0]
    clips = table.loc[first_seed, ["clip_id", "label", "night"]].reset_index(drop=True)
    seeds = tuple(int(seed) for seed in scores.index)
    return Models(clips, scores.to_numpy(), thresholds.first().to_numpy(), seeds)


def _check_pairs(a: Models, b: Models, names: tuple[str, str]) -> None:
    if a.seeds != b.seeds:
        raise DataError(
            f"{names[0]} and {names[1]} are compared seed by seed, but have seeds {list(a.seeds)}, {list(b.seeds)}:"
            " run the missing ones first"
        )
    if not a.clips.equals(b.clips):
        raise DataError(
            f"{names[0]} and {names[1]} were not judged on the same clips, labels and nights"
        )
