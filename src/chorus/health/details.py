"""Where a model is good and where not, clip by clip: what the diagnosis needs beside the curves of the training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.errors import DataError
from chorus.health import signals

CONFUSED = 0.1  # share of a class that is taken for another, from which on a pair is listed
ENOUGH = 10  # clips; a source or duration with fewer is shown, but nothing is concluded from it


@dataclass(frozen=True)
class Facts:
    """tables: for JSON and people. signals: numbers for rules; None: cannot be told from these clips.
    consistency_chance: of the group consistency, for these sizes of groups. predicted: clip_id, label, predicted."""

    tables: dict[str, Any]
    signals: dict[str, float | None]
    consistency_chance: float | None
    predicted: pd.DataFrame


def describe(
    clips: pd.DataFrame,
    probabilities: NDArray[np.float64],
    classes: Sequence[str],
    *,
    duration_edges: Sequence[float],
    expected_confusions: Sequence[tuple[str, str]] = (),
    learned: pd.DataFrame | None = None,
) -> Facts:
    """Describe how a model does on clips that it did not learn from.

    The predicted class is the most probable one, whatever threshold a detector is used with: as in the curves of the
    training.

    Args:
        clips: clip_id, label (one of `classes`), group, source ("": unknown), seconds; one row a clip.
        probabilities: (n, k), rows sum to 1. classes: k names.
        duration_edges: seconds, rising. expected_confusions: pairs of classes; empty: nobody knows what to expect.
        learned: source, right of the clips that it did learn from; None: not known.

    Raises:
        DataError: no clips, or shapes and labels that do not fit.
    """
    if not len(clips) or probabilities.shape != (len(clips), len(classes)):
        raise DataError(f"{len(clips)} clips and probabilities of shape {probabilities.shape} cannot be described")
    if unknown := sorted(set(clips["label"]) - set(classes)):
        raise DataError(f"labels that the model does not know: {', '.join(unknown)}")
    truth, predicted = pd.Index(classes).get_indexer(clips["label"]), signals.predictions(probabilities)
    table = clips.assign(predicted=np.asarray(classes)[predicted], right=predicted == truth)
    buckets = signals.duration_buckets(clips["seconds"], (0.0, *duration_edges))
    sources = signals.accuracy_by(predicted, truth, clips["source"])
    known = table[table["source"] != ""]
    durations = signals.accuracy_by(predicted, truth, buckets)
    durations = {name: durations[name] for name in dict.fromkeys(np.array(buckets)[np.argsort(clips["seconds"])])}
    confusions = signals.confusion_pairs(predicted, truth, classes, CONFUSED, expected_confusions)
    certain = [pair for pair in confusions if pair["low"] > CONFUSED]
    consistency = _known(asdict(signals.group_consistency(predicted, clips["group"])))
    uncertain = signals.most_uncertain(probabilities)
    balanced = float(table.groupby("label")["right"].mean().mean())
    lengths = [share["accuracy"] for share in durations.values() if share["clips"] >= ENOUGH]
    return Facts(
        tables={
            "clips": len(table),
            "accuracy": float(table["right"].mean()),
            "balanced_accuracy": balanced,
            "sources": _beside_training(sources, learned),
            "durations": durations,
            "confusions": confusions,
            "confusions_expected": bool(expected_confusions),
            "uncertain": table.iloc[uncertain][["clip_id", "label", "predicted"]]
            .assign(entropy=signals.entropy(probabilities)[uncertain])
            .to_dict("records"),
            "group_consistency": consistency
            | {"labels": _known(asdict(signals.group_consistency(truth, clips["group"])))["share"]},
        },
        signals={
            "sources.gap": source_gap(known),
            "sources.below": source_below(known),
            "sources.overfit": None if learned is None else source_overfit(learned, known),
            "sources.best": max((s["accuracy"] for s in sources.values() if s["clips"] >= ENOUGH), default=None),
            "durations.gain": lengths[-1] - lengths[0] if len(lengths) > 1 else None,
            "durations.jump": float(np.abs(np.diff(lengths)).max()) if len(lengths) > 1 else None,
            "confusions.unexpected": _unexpected(confusions) if expected_confusions else None,
            "confusions.certain": _unexpected(certain) if expected_confusions else None,
            "groups.effect": group_effect(table, probabilities),
            "split.accuracy": balanced,
        },
        consistency_chance=consistency["chance"],
        predicted=table[["clip_id", "label", "predicted"]],
    )


def group_effect(table: pd.DataFrame, probabilities: NDArray[np.float64]) -> float | None:
    """How much of the spread of the probabilities within a label goes with the group: about 0 where it does not matter,
    1 where it is everything (epsilon squared, Kelley 1935, doi:10.1073/pnas.21.9.554; below 0 by chance).

    A model that knows its recorders gives other scores at each of them to clips of one and the same label.

    Args:
        table: label, group ("": unknown, left out) (n,). probabilities: (n, k).
    """
    known = (table["group"] != "").to_numpy()
    table, probabilities = table[known], probabilities[known]
    labels, groups = table["label"].to_numpy(dtype=str), table["group"].to_numpy(dtype=str)
    frame = pd.DataFrame(probabilities)
    within_label = frame - frame.groupby(labels).transform("mean")
    within_cell = frame - frame.groupby([labels, groups]).transform("mean")
    cells, kinds = len(set(zip(labels, groups, strict=True))), len(set(labels))
    free = len(table) - cells
    total, rest = float((within_label**2).to_numpy().sum()), float((within_cell**2).to_numpy().sum())
    if free < ENOUGH or total == 0 or cells == kinds:
        return None
    return (total - rest - (cells - kinds) * rest / free) / total


def association(labels: pd.Series, groups: pd.Series) -> float | None:
    """How far the group gives the label away: 0 not at all, 1 entirely; None with a single label or group.

    Cramer's V without its bias for many small groups (Bergsma 2013, doi:10.1016/j.jkss.2012.10.002).

    Args:
        labels, groups: (n,); a group of "" is unknown, and left out.
    """
    known = (groups != "").to_numpy()
    table = pd.crosstab(labels.to_numpy()[known], groups.to_numpy()[known]).to_numpy(dtype=np.float64)
    n, (rows, columns) = table.sum(), table.shape
    if min(rows, columns) < 2:
        return None
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi2 = max(0.0, float(((table - expected) ** 2 / expected).sum() / n) - (rows - 1) * (columns - 1) / (n - 1))
    least = min(size - (size - 1) ** 2 / (n - 1) for size in (rows, columns)) - 1
    return min(1.0, math.sqrt(phi2 / least)) if least > 0 else None


def source_gap(table: pd.DataFrame) -> float | None:
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
    z = NormalDist().inv_cdf(1 - 0.025 / len(cells))
    gaps = [0.0]
    for _, label in cells.groupby("label"):
        right, clips = label["sum"].to_numpy(dtype=np.float64), label["count"].to_numpy(dtype=np.float64)
        expected = (right.sum() - right + 1) / (clips.sum() - clips + 2)  # of the others; 1 of 1 is no certainty
        behind, variance = expected - right / clips, expected * (1 - expected) / clips
        for number in range(len(label)):
            others = np.arange(len(label)) != number
            if behind[number] > z * math.sqrt(variance[number] + _between(behind[others], variance[others])):
                gaps.append(float(behind[number]))
    return max(gaps)


def source_below(table: pd.DataFrame) -> float | None:
    """How far the worst source is below all others together in accuracy, whatever its clips are: as the guide compares.

    Args:
        table: source, right (n,).

    Returns:
        A difference of accuracies; None without two sources that have ten clips.
    """
    right = _enough(table)
    if len(right) < 2:
        return None
    others = (right["sum"].sum() - right["sum"]) / (right["count"].sum() - right["count"])
    return float((others - right["sum"] / right["count"]).max())


def source_overfit(learned: pd.DataFrame, judged: pd.DataFrame) -> float | None:
    """How much more accuracy a source loses from training to other clips than all others together do, at its highest.

    Args:
        learned, judged: source, right; of clips that were learned from, and that were not.

    Returns:
        A difference of differences of accuracies; None without two sources that have ten clips on both sides.
    """
    parts = [_enough(part) for part in (learned, judged)]
    both = parts[0].index.intersection(parts[1].index)
    if len(both) < 2:
        return None
    losses = []
    for part in (part.loc[both] for part in parts):
        others = (part["sum"].sum() - part["sum"]) / (part["count"].sum() - part["count"])
        losses.append(part["sum"] / part["count"] - others)
    return float((losses[0] - losses[1]).max())


def _enough(table: pd.DataFrame) -> pd.DataFrame:
    """sum and count of `right` of each source that something can be concluded of."""
    right = table.groupby("source")["right"].agg(["sum", "count"])
    return right[right["count"] >= ENOUGH]


def _beside_training(
    sources: Mapping[str, Mapping[str, float]], learned: pd.DataFrame | None
) -> dict[str, dict[str, float | None]]:
    """Each source with its accuracy on the clips that the model learned from, too."""
    right = None if learned is None else learned.groupby("source")["right"].agg(["mean", "count"])
    return {
        name: {
            **share,
            "training_clips": int(right.loc[name, "count"]) if right is not None and name in right.index else 0,
            "training_accuracy": float(right.loc[name, "mean"]) if right is not None and name in right.index else None,
        }
        for name, share in sources.items()
    }


def _between(effects: NDArray[np.float64], variances: NDArray[np.float64]) -> float:
    weights = 1 / variances
    excess = float(weights @ (effects - np.average(effects, weights=weights)) ** 2) - (len(effects) - 1)
    return max(0.0, excess / float(weights.sum() - (weights**2).sum() / weights.sum()))


def lead(first: pd.DataFrame, second: pd.DataFrame) -> tuple[float, float] | None:
    """By how much the balanced accuracy of one set of clips is above that of another, also in standard errors.

    Args:
        first, second: label, right.

    Returns:
        None where either lacks a label of the other.
    """
    parts = [part.groupby("label")["right"].agg(["mean", "count"]) for part in (first, second)]
    if not len(first) or not len(second) or set(parts[0].index) != set(parts[1].index):
        return None
    # Agresti & Caffo 2000, doi:10.1080/00031305.2000.10474560: two more clips of each, or a share of 1 had no error
    smooth = [(part["mean"] * part["count"] + 1) / (part["count"] + 2) for part in parts]
    variances = [
        (share * (1 - share) / (part["count"] + 2)).sum() / len(part) ** 2
        for share, part in zip(smooth, parts, strict=True)
    ]
    difference = float(parts[0]["mean"].mean() - parts[1]["mean"].mean())
    return difference, difference / math.sqrt(sum(variances))


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in values.items()}


def _unexpected(confusions: Sequence[Mapping[str, Any]]) -> float:
    return float(sum(not pair["expected"] for pair in confusions))
