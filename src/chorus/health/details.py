"""Where a model is good and where not, clip by clip: what the diagnosis needs beside the curves of the training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.errors import DataError
from chorus.files import nan_as_none
from chorus.health import sources
from chorus.health.sources import ENOUGH
from chorus.metrics import multiclass

SIGNALS = (
    "sources.gap", "sources.below", "sources.overfit", "sources.best", "durations.gain", "durations.jump",
    "confusions.unexpected", "confusions.certain", "groups.effect", "split.accuracy",
)  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """tables: for JSON and people. signals: numbers for rules; None: cannot be told from these clips.
    consistency_chance: of the group consistency, for these sizes of groups. predicted: clip_id, label, predicted."""

    tables: dict[str, Any]
    signals: dict[str, float | None]
    consistency_chance: float | None
    predicted: pd.DataFrame


# What there is to say of no clips.
NOTHING = Facts(
    tables={
        "clips": 0,
        "accuracy": None,
        "balanced_accuracy": None,
        "sources": {},
        "durations": {},
        "confusions": [],
        "confusions_expected": False,
        "uncertain": [],
        "group_consistency": {
            "share": None,
            "chance": None,
            "groups": 0,
            "alone": 0,
            "unknown": 0,
            "labels": None,
        },
    },
    signals=dict.fromkeys(SIGNALS),
    consistency_chance=None,
    predicted=pd.DataFrame(columns=["clip_id", "label", "predicted"]),
)


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
        learned: source, right of the training set; None: not known.

    Raises:
        DataError: shapes and labels that do not fit.
    """
    if not len(clips):
        return NOTHING
    if probabilities.shape != (len(clips), len(classes)):
        raise DataError(
            f"{len(clips)} clips and probabilities of shape {probabilities.shape} cannot be described"
        )
    if unknown := sorted(set(clips["label"]) - set(classes)):
        raise DataError(f"labels that the model does not know: {', '.join(unknown)}")
    # by the order of the classes, in which the probabilities stand
    truth = pd.Index(classes).get_indexer(clips["label"])
    predicted = multiclass.predictions(probabilities)
    table = clips.assign(predicted=np.asarray(classes)[predicted], right=predicted == truth)
    by_source = multiclass.accuracy_by(predicted, truth, clips["source"])
    durations = _by_duration(predicted, truth, clips["seconds"], duration_edges)
    confusions = multiclass.confusion_pairs(predicted, truth, classes, expected=expected_confusions)
    consistency = nan_as_none(asdict(multiclass.group_consistency(predicted, clips["group"])))
    # what the same measure gives where every label is right: a group may hold several labels by nature
    of_labels = nan_as_none(asdict(multiclass.group_consistency(truth, clips["group"])))
    balanced = multiclass.balanced_accuracy(predicted, truth)
    signals: dict[str, float | None] = dict.fromkeys(SIGNALS)
    signals |= _of_sources(table[table["source"] != ""], by_source, learned)
    signals |= _of_durations(durations)
    # where nobody said what to expect, every confusion would be unexpected
    if expected_confusions:
        # a share of few clips is above the bound by chance: its interval must be, too
        certain = [pair for pair in confusions if pair["low"] > multiclass.CONFUSED]
        signals["confusions.unexpected"] = _unexpected(confusions)
        signals["confusions.certain"] = _unexpected(certain)
    signals["groups.effect"] = group_effect(table, probabilities)
    signals["split.accuracy"] = balanced
    return Facts(
        tables={
            "clips": len(table),
            "accuracy": float(table["right"].mean()),
            "balanced_accuracy": balanced,
            "sources": sources.beside_training(by_source, learned),
            "durations": durations,
            "confusions": confusions,
            "confusions_expected": bool(expected_confusions),
            "uncertain": _uncertain(table, probabilities),
            "group_consistency": consistency | {"labels": of_labels["share"]},
        },
        signals=signals,
        consistency_chance=consistency["chance"],
        predicted=table[["clip_id", "label", "predicted"]],
    )


def _by_duration(
    predicted: NDArray[np.intp],
    truth: NDArray[np.intp],
    seconds: pd.Series,
    edges: Sequence[float],
) -> dict[str, dict[str, Any]]:
    """The accuracy of clips of each range of durations, the shortest first."""
    # by name "10-15 s" comes before "5-10 s": the durations themselves put them in order
    buckets = multiclass.duration_buckets(seconds, (0.0, *edges))
    shares = multiclass.accuracy_by(predicted, truth, buckets)
    shortest_first = np.array(buckets)[np.argsort(seconds)]
    return {name: shares[name] for name in dict.fromkeys(shortest_first)}


def _uncertain(table: pd.DataFrame, probabilities: NDArray[np.float64]) -> list[dict[str, Any]]:
    rows = multiclass.most_uncertain(probabilities)
    named = table.iloc[rows][["clip_id", "label", "predicted"]]
    records: list[dict[str, Any]] = named.assign(
        entropy=multiclass.entropy(probabilities)[rows]
    ).to_dict("records")
    return records


def _of_sources(
    known: pd.DataFrame, shares: Mapping[str, Mapping[str, Any]], learned: pd.DataFrame | None
) -> dict[str, float | None]:
    # of few clips the best source would be the luckiest one
    enough = [share["accuracy"] for share in shares.values() if share["clips"] >= ENOUGH]
    return {
        "sources.gap": sources.gap(known),
        "sources.below": sources.below(known),
        "sources.overfit": None if learned is None else sources.overfit(learned, known),
        "sources.best": max(enough, default=None),
    }


def _of_durations(shares: Mapping[str, Mapping[str, Any]]) -> dict[str, float | None]:
    lengths = [share["accuracy"] for share in shares.values() if share["clips"] >= ENOUGH]
    if len(lengths) < 2:
        return {}
    return {
        "durations.gain": lengths[-1] - lengths[0],
        "durations.jump": float(np.abs(np.diff(lengths)).max()),
    }


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
    total = float((within_label**2).to_numpy().sum())
    rest = float((within_cell**2).to_numpy().sum())
    cells, kinds = len(set(zip(labels, groups, strict=True))), len(set(labels))
    # each cell takes a degree of freedom for its mean: cells of one clip leave no chance to compare with
    free = len(table) - cells
    if free < ENOUGH or total == 0 or cells == kinds:
        return None
    # less what as many groups would explain of nothing but chance: without that, more groups look like more effect
    return (total - rest - (cells - kinds) * rest / free) / total


def association(labels: pd.Series, groups: pd.Series) -> float | None:
    """How far the group gives the label away: 0 not at all, 1 entirely; None with a single label or group.

    Cramer's V without its bias for many small groups (Bergsma 2013, doi:10.1016/j.jkss.2012.10.002).

    Args:
        labels, groups: (n,); a group of "" is unknown, and left out.
    """
    known = (groups != "").to_numpy()
    counts = pd.crosstab(labels.to_numpy()[known], groups.to_numpy()[known])
    table = counts.to_numpy(dtype=np.float64)
    n, (rows, columns) = table.sum(), table.shape
    if min(rows, columns) < 2:
        return None
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    # what phi squared comes to on average where label and group have nothing to do with each other
    by_chance = (rows - 1) * (columns - 1) / (n - 1)
    phi2 = max(0.0, float(((table - expected) ** 2 / expected).sum() / n) - by_chance)
    least = min(size - (size - 1) ** 2 / (n - 1) for size in (rows, columns)) - 1
    if least <= 0:
        return None
    return min(1.0, math.sqrt(phi2 / least))


def lead(first: pd.DataFrame, second: pd.DataFrame) -> tuple[float, float] | None:
    """By how much the balanced accuracy of one set of clips is above that of another, also in standard errors.

    Args:
        first, second: label, right.

    Returns:
        Over the labels that both have; None where these are not two.
    """
    by_label = [part.groupby("label")["right"].agg(["mean", "count"]) for part in (first, second)]
    common = by_label[0].index.intersection(by_label[1].index)
    if len(common) < 2:
        return None
    means, variances = [], []
    for part in by_label:
        right, clips = part.loc[common, "mean"], part.loc[common, "count"]
        # Agresti & Caffo 2000, doi:10.1080/00031305.2000.10474560: two more clips of each, or a share of 1 had no error
        share = (right * clips + 1) / (clips + 2)
        means.append(right.mean())
        variances.append((share * (1 - share) / (clips + 2)).sum() / len(common) ** 2)
    difference = float(means[0] - means[1])
    return difference, difference / math.sqrt(sum(variances))


def _unexpected(confusions: Sequence[Mapping[str, Any]]) -> float:
    return float(sum(not pair["expected"] for pair in confusions))
