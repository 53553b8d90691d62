"""Is one source (recorder, site) of the data worse than the others?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ENOUGH = 10  # clips; a source or duration with fewer is shown, but nothing is concluded from it


def gap(table: pd.DataFrame) -> float | None:
    """How far the worst source is behind the others in the accuracy on clips of one label, if out of the ordinary.

    Label by label, because a source that is scored as noise may be right about all clips of the label that noise
    resembles. Ordinary is what chance and the differences among the other sources (variance between studies of
    DerSimonian & Laird 1986, doi:10.1016/0197-2456(86)90046-2) explain, at 95 % for all comparisons together
    (Bonferroni).

    Args:
        table: label, source, right (n,).

    Returns:
        A difference of accuracies, 0 where all is ordinary; None without a label that three sources have five clips of.
    """
    cells = table.groupby(["label", "source"])["right"].agg(["sum", "count"])
    cells = cells[cells["count"] >= ENOUGH / 2]
    cells = cells[cells.groupby("label")["count"].transform("size") >= 3]
    if cells.empty:
        return None
    # the upper end of 95 %, shared by all comparisons
    z = NormalDist().inv_cdf(1 - 0.025 / len(cells))
    gaps = [0.0]
    for _, label in cells.groupby("label"):
        right = label["sum"].to_numpy(dtype=np.float64)
        clips = label["count"].to_numpy(dtype=np.float64)
        # of the others, with one right and one wrong clip more: 1 of 1 is no certainty
        expected = (right.sum() - right + 1) / (clips.sum() - clips + 2)
        behind, variance = expected - right / clips, expected * (1 - expected) / clips
        for number in range(len(label)):
            others = np.arange(len(label)) != number
            ordinary = variance[number] + _between(behind[others], variance[others])
            if behind[number] > z * math.sqrt(ordinary):
                gaps.append(float(behind[number]))
    return max(gaps)


def below(table: pd.DataFrame) -> float | None:
    """How far the worst source is below all others together in accuracy, whatever its clips are: as the guide compares.

    Args:
        table: source, right (n,).

    Returns:
        A difference of accuracies; None without two sources that have ten clips.
    """
    right = _enough(table)
    if len(right) < 2:
        return None
    return float(_behind_others(right).max())


def overfit(learned: pd.DataFrame, judged: pd.DataFrame) -> float | None:
    """How much more accuracy a source loses from training to other clips than all others together do, at its highest.

    Args:
        learned, judged: source, right; of the training set, and of clips beyond it.

    Returns:
        A difference of differences of accuracies; None without two sources that have ten clips on both sides.
    """
    on_training, beyond = _enough(learned), _enough(judged)
    # a source that is heard on one side only cannot have lost anything
    both = on_training.index.intersection(beyond.index)
    if len(both) < 2:
        return None
    lost = _behind_others(beyond.loc[both]) - _behind_others(on_training.loc[both])
    return float(lost.max())


def _behind_others(right: pd.DataFrame) -> pd.Series:
    """How far the accuracy of each source is below that of all others together, from `_enough`."""
    others = (right["sum"].sum() - right["sum"]) / (right["count"].sum() - right["count"])
    return others - right["sum"] / right["count"]


def _enough(table: pd.DataFrame) -> pd.DataFrame:
    """sum and count of `right` of each source that something can be concluded of."""
    right = table.groupby("source")["right"].agg(["sum", "count"])
    return right[right["count"] >= ENOUGH]


def beside_training(
    sources: Mapping[str, Mapping[str, float]], learned: pd.DataFrame | None
) -> dict[str, dict[str, float | None]]:
    """Each source with its accuracy on the training set, too."""
    known = {}
    if learned is not None:
        known = dict(iter(learned.groupby("source")["right"]))
    found: dict[str, dict[str, float | None]] = {}
    for name, share in sources.items():
        found[name] = {**share, "training_clips": 0, "training_accuracy": None}
        if name in known:
            found[name]["training_clips"] = len(known[name])
            found[name]["training_accuracy"] = float(known[name].mean())
    return found


def _between(effects: NDArray[np.float64], variances: NDArray[np.float64]) -> float:
    weights = 1 / variances
    deviations = effects - np.average(effects, weights=weights)
    # Cochran's Q less what it comes to by chance alone
    excess = float(weights @ deviations**2) - (len(effects) - 1)
    return max(0.0, excess / float(weights.sum() - (weights**2).sum() / weights.sum()))
