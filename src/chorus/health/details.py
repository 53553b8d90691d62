"""Where a model is good and where not, clip by clip: what the diagnosis needs beside the curves of the training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.errors import DataError

Z = 1.959963984540054  # two-sided 95 %
UNCERTAIN = 10  # clips that are listed
CONFUSED = 0.10  # share of a class from which on a confusion is listed (the guide's)
ENOUGH = 10  # clips; a place or duration with fewer is shown, but nothing is concluded from it


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
    duration_edges: Sequence[float] = (5.0, 10.0, 15.0),
    expected_confusions: Sequence[tuple[str, str]] = (),
) -> Facts:
    """Describe how a model does on clips that it did not learn from.

    The predicted class is the most probable one, whatever threshold a detector is used with: as in the curves of the
    training.

    Args:
        clips: clip_id, label (one of `classes`), group, source, seconds; one row a clip.
        probabilities: (n, k), rows sum to 1. classes: k names.
        duration_edges: seconds, rising. expected_confusions: pairs of classes; empty: nobody knows what to expect.

    Raises:
        DataError: no clips, or shapes and labels that do not fit.
    """
    if not len(clips) or probabilities.shape != (len(clips), len(classes)):
        raise DataError(f"{len(clips)} clips and probabilities of shape {probabilities.shape} cannot be described")
    if unknown := sorted(set(clips["label"]) - set(classes)):
        raise DataError(f"labels that the model does not know: {', '.join(unknown)}")
    predicted = np.asarray(classes)[probabilities.argmax(axis=1)]
    table = clips.assign(predicted=predicted, right=predicted == clips["label"].to_numpy(dtype=str))
    sources, durations = _shares(table, "source"), _by_duration(table, duration_edges)
    confusions = _confusions(table, expected_confusions)
    consistency = group_consistency(table["predicted"], table["group"])
    unexpected = [pair for pair in confusions if pair["expected"] is False]
    accuracies = [share["accuracy"] for share in durations.values() if share["clips"] >= ENOUGH]
    return Facts(
        tables={
            "clips": len(table),
            "accuracy": float(table["right"].mean()),
            "balanced_accuracy": float(table.groupby("label")["right"].mean().mean()),
            "sources": sources,
            "durations": durations,
            "confusions": confusions,
            "uncertain": _uncertain(table, probabilities),
            "group_consistency": {
                "groups": int(table["group"].nunique()),
                **consistency,
                "labels": group_consistency(table["label"], table["group"])["share"],
            },
        },
        signals={
            "sources.gap": _gap(table, sources),
            "sources.best": max((s["accuracy"] for s in sources.values() if s["clips"] >= ENOUGH), default=None),
            "durations.gain": accuracies[-1] - accuracies[0] if len(accuracies) > 1 else None,
            "durations.jump": float(np.abs(np.diff(accuracies)).max()) if len(accuracies) > 1 else None,
            "confusions.unexpected": float(len(unexpected)) if expected_confusions else None,
            "groups.effect": group_effect(table, probabilities),
            "split.accuracy": float(table.groupby("label")["right"].mean().mean()),
        },
        consistency_chance=consistency["chance"],
        predicted=table[["clip_id", "label", "predicted"]],
    )


def wilson(right: int, n: int, z: float = Z) -> tuple[float, float]:
    """The interval of a share, 95 % unless told; within 0 and 1 (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    share, spread = right / n, z * z / n
    middle = share + spread / 2
    half = math.sqrt(spread * share * (1 - share) + spread * spread / 4)
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))


def group_consistency(predicted: pd.Series, groups: pd.Series) -> dict[str, float | None]:
    """The share of groups whose clips all get the same prediction, and what chance would give.

    Chance: the same predictions dealt to the clips at random, for the very sizes of the groups. Groups of one clip
    agree with themselves always, so they are left out; None where no group is larger.
    """
    sizes = groups.map(groups.value_counts())
    several = (sizes > 1).to_numpy()
    if not several.any():
        return {"share": None, "chance": None}
    by_group = predicted[several].groupby(groups[several].to_numpy())
    shares = predicted[several].value_counts(normalize=True).to_numpy()
    chance = [float((shares**size).sum()) for size in by_group.size()]
    return {"share": float((by_group.nunique() == 1).mean()), "chance": float(np.mean(chance))}


def group_effect(table: pd.DataFrame, probabilities: NDArray[np.float64]) -> float | None:
    """How much of the spread of the probabilities within a label goes with the group: about 0 where it does not matter,
    1 where it is everything (epsilon squared, Kelley 1935, doi:10.1073/pnas.21.9.554; below 0 by chance).

    A model that knows its recorders gives other scores at each of them to clips of one and the same label.
    """
    labels, groups = table["label"].to_numpy(dtype=str), table["group"].to_numpy(dtype=str)
    frame = pd.DataFrame(probabilities)
    within_label = frame - frame.groupby(labels).transform("mean")
    within_cell = frame - frame.groupby([labels, groups]).transform("mean")
    cells = len(set(zip(labels, groups, strict=True)))
    free = len(table) - cells
    total, rest = float((within_label**2).to_numpy().sum()), float((within_cell**2).to_numpy().sum())
    if free < ENOUGH or total == 0 or cells == len(set(labels)):
        return None
    between = total - rest - (cells - len(set(labels))) * rest / free
    return between / total


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


def _shares(table: pd.DataFrame, column: str) -> dict[str, dict[str, float]]:
    return {str(value): _share(part) for value, part in table.groupby(column, sort=True)}


def _share(part: pd.DataFrame) -> dict[str, float]:
    right, n = int(part["right"].sum()), len(part)
    low, high = wilson(right, n)
    return {"clips": n, "accuracy": right / n, "low": low, "high": high}


def _by_duration(table: pd.DataFrame, edges: Sequence[float]) -> dict[str, dict[str, float]]:
    ends = [0.0, *edges, math.inf]
    names = [f"{low:g}-{high:g} s" for low, high in zip(ends[:-2], edges, strict=True)] + [f"{ends[-2]:g}+ s"]
    bucket = np.searchsorted(list(edges), table["seconds"].to_numpy(dtype=np.float64), side="right")
    return {names[number]: _share(table[bucket == number]) for number in np.unique(bucket)}


def _gap(table: pd.DataFrame, sources: Mapping[str, Mapping[str, float]]) -> float | None:
    """How far the worst source is behind what the others let expect for its labels, if that is more than chance.

    Chance: 95 % for all sources together (Bonferroni). A source with more of the harder class is not worse for that.
    """
    large = [source for source, share in sources.items() if share["clips"] >= ENOUGH]
    if len(large) < 2:
        return None
    z = NormalDist().inv_cdf(1 - 0.025 / len(large))
    gaps = [0.0]
    for source in large:
        own, others = table[table["source"] == source], table[table["source"] != source]
        expected = float(own["label"].map(others.groupby("label")["right"].mean()).mean())
        _, high = wilson(int(own["right"].sum()), len(own), z)
        if high < expected:
            gaps.append(expected - float(own["right"].mean()))
    return max(gaps)


def _confusions(table: pd.DataFrame, expected: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Pairs of label and prediction with more than a tenth of the label's clips, the largest share first."""
    either_way = {frozenset(pair) for pair in expected}
    found = []
    for label, part in table.groupby("label"):
        for predicted, n in part["predicted"].value_counts().items():
            if predicted != label and n / len(part) > CONFUSED:
                about = {"label": label, "predicted": predicted, "clips": int(n), "share": n / len(part)}
                found.append(about | {"expected": frozenset((label, predicted)) in either_way if expected else None})
    return sorted(found, key=lambda pair: (-pair["share"], pair["label"], pair["predicted"]))


def _uncertain(table: pd.DataFrame, probabilities: NDArray[np.float64]) -> list[dict[str, Any]]:
    """The clips with the highest entropy: ambiguous, poor, or wrongly labelled."""
    safe = np.where(probabilities > 0, probabilities, 1.0)
    entropy = -(safe * np.log(safe)).sum(axis=1)
    ranked = table.assign(entropy=entropy).sort_values(["entropy", "clip_id"], ascending=[False, True])
    rows: list[dict[str, Any]] = ranked[["clip_id", "label", "predicted", "entropy"]].head(UNCERTAIN).to_dict("records")
    return rows
