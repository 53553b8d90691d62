"""All figures of one detector: a headline of a few numbers, and the detail behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from chorus.clips import OOD_VALIDATION, POSITIVE, TEST_IID, TEST_OOD, VALIDATION, name_clips
from chorus.errors import DataError, ParameterError
from chorus.evaluation.advantage import advantage
from chorus.evaluation.bootstrap import night_bootstrap
from chorus.evaluation.breakdown import breakdown
from chorus.evaluation.predictions import JUDGED, predictions
from chorus.files import Exact
from chorus.metrics import best_f1_threshold, confusion, ece, threshold_for_precision
from chorus.options import options
from chorus.tasks import DETECTION

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEVEL = 0.95
METHOD = "t on the logit scale, jackknife over site-nights; where that scale ends, expanded percentile bootstrap"
HALF = 0.5  # the threshold of a method for which none can be chosen: probabilities are split in the middle
ABOUT = {
    "headline": "At the threshold chosen on the validation split, so the validation figures here are flattered.",
    "intervals": "What other nights might have given, for this one trained model; not the spread over seeds.",
    "oracle_best_f1": "At the threshold that is best on this very split: cannot be had in the field, flattered; only "
    "to compare with published tables.",
    "min_precision": "At the lowest threshold that reaches this precision on the validation split; null: none does.",
    "advantage": "AUPRC of the detector less the baseline's on the same clips, with an interval over the same nights.",
    "all_positive": "Calls every clip positive: its precision is the share of positives.",
}


@options
class EvaluateOptions:
    """resamples: of the bootstrap over nights. min_precision: find the threshold that reaches it on validation.
    ece_bins: of the expected calibration error. seed: of the bootstrap."""

    resamples: Annotated[int, Field(ge=100, le=100_000)] = 2000
    min_precision: Annotated[float, Field(gt=0, le=1)] = 0.9
    ece_bins: Annotated[int, Field(ge=1, le=1000)] = 10
    seed: Annotated[int, Field(ge=0)] = 1


@dataclass(frozen=True)
class Evaluation:
    """headline: by set of clips (ood, iid, and ood_validation where the survey has sites to choose by) its f1 and so
    on, None where there are no such clips; and the threshold. In a table of experiments they are ood.f1 and so on.
    detail: everything, nested, for JSON."""

    headline: dict[str, Any]
    detail: dict[str, Any]


@dataclass(frozen=True)
class _Split:
    """The clips of one split, as arrays (n,)."""

    clips: pd.DataFrame
    labels: Bools
    scores: Floats

    @property
    def has_both_classes(self) -> bool:
        return bool(self.labels.any() and not self.labels.all())

    def with_scores(self, scores: pd.Series) -> _Split:
        return _Split(
            self.clips, self.labels, scores.loc[self.clips["clip_id"]].to_numpy(dtype=np.float64)
        )


def evaluate(
    clips: pd.DataFrame,
    *,
    threshold: float,
    baseline_scores: Mapping[str, pd.Series],
    options: EvaluateOptions,
) -> Evaluation:
    """Judge a detector on validation, test_iid and test_ood, and on ood_validation where the survey has such sites.

    A split without clips gives null; one that lacks a class gives counts, nulls and a note.

    Args:
        clips: what `chorus.evaluation.predictions` takes.
        threshold: chosen on the validation split: a score at or above it is a detection.
        baseline_scores: name -> scores of another method, indexed by clip id; its threshold is chosen on the
            validation split in the same way (highest F1), and is 0.5 where that lacks a class.

    Raises:
        DataError: see `predictions`; or a baseline lacks clips.
        ParameterError: the threshold is not from 0 to 1.
    """
    if not 0 <= threshold <= 1:
        raise ParameterError(f"threshold: {threshold} is not allowed: from 0 to 1")
    splits = _splits(predictions(clips))
    precise = _precise_threshold(splits[VALIDATION], options.min_precision)
    # in full: rounded to six digits, a threshold would miss the clip whose score it is
    thresholds = {"half": Exact(HALF), "headline": Exact(threshold), "min_precision": precise}
    # by name, whatever the order in which they were given
    baselines = {}
    for name, scores in sorted(baseline_scores.items()):
        baselines[name] = _judge_baseline(name, scores, splits, options)
    detail: dict[str, Any] = {
        "about": ABOUT | {"min_precision_wanted": options.min_precision},
        "thresholds": thresholds,
        "splits": dict.fromkeys(splits),
    }
    for name, split in splits.items():
        if split is None:
            continue
        figures = _judge(split, threshold, thresholds, options)
        if split.has_both_classes:
            for method, judged in baselines.items():
                figures["baselines"][method] = judged[name]
        detail["splits"][name] = figures
    return Evaluation(_headline(detail), detail)


def _splits(table: pd.DataFrame) -> dict[str, _Split | None]:
    splits: dict[str, _Split | None] = {}
    for name in JUDGED:
        part = table[table["split"] == name]
        if len(part):
            labels = (part["label"] == POSITIVE).to_numpy(dtype=bool)
            splits[name] = _Split(part, labels, part["score"].to_numpy())
        # sites to choose by are there only where a survey names some
        elif name != OOD_VALIDATION:
            splits[name] = None
    return splits


def _precise_threshold(validation: _Split | None, min_precision: float) -> float | None:
    if validation is None or not validation.labels.any():
        return None
    precise = threshold_for_precision(validation.labels, validation.scores, min_precision)
    return None if precise is None else Exact(precise)


def _judge(
    split: _Split, headline: float, thresholds: Mapping[str, float | None], options: EvaluateOptions
) -> dict[str, Any]:
    labels, scores = split.labels, split.scores
    positives = int(labels.sum())
    counts = {
        "n": len(labels),
        "positives": positives,
        "negatives": len(labels) - positives,
        "nights": int(split.clips["night"].nunique()),
        "prevalence": positives / len(labels),
    }
    if not split.has_both_classes:
        nothing = ("auroc", "auprc", "brier", "ece", "at", "intervals", "baselines", "by")
        note = f"all clips are {'positive' if positives else 'negative'}: nothing to judge"
        return counts | dict.fromkeys(nothing) | {"note": note}
    all_thresholds = {**thresholds, "oracle_best_f1": best_f1_threshold(labels, scores)}
    # also the one that was not found has its key: null says that no threshold is as precise
    at: dict[str, Any] = dict.fromkeys(all_thresholds)
    for name, threshold in all_thresholds.items():
        if threshold is not None:
            at[name] = _at(labels, scores, threshold)
    return counts | {
        **_without_threshold(labels, scores, "auroc", "auprc", "brier"),
        "ece": ece(labels, scores, bins=options.ece_bins),
        "at": at,
        "intervals": _intervals(split, headline, options),
        "baselines": {"all_positive": _all_positive(labels)},
        "by": breakdown(split.clips, headline),
    }


def _without_threshold(labels: Bools, scores: Floats, *metrics: str) -> dict[str, float]:
    """Those of a detection's metrics that need no threshold, in this order."""
    figures = DETECTION.metrics(labels, np.column_stack([1 - scores, scores]))
    return {metric: figures[metric] for metric in metrics}


def _at(labels: Bools, scores: Floats, threshold: float) -> dict[str, Any]:
    counts = confusion(labels, scores, threshold)
    return {
        "threshold": Exact(threshold),
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
        "confusion": asdict(counts),
    }


def _intervals(split: _Split, threshold: float, options: EvaluateOptions) -> dict[str, Any]:
    intervals = night_bootstrap(
        split.labels,
        split.scores,
        split.clips["night"].to_numpy(dtype=str),
        threshold,
        resamples=options.resamples,
        seed=options.seed,
        level=LEVEL,
    )
    one = intervals["f1"]
    return {
        "level": LEVEL,
        "method": METHOD,
        "nights": one.nights,
        "reliable": one.reliable,
        "resamples": options.resamples,
        "dropped": one.dropped,
        **{metric: [interval.low, interval.high] for metric, interval in intervals.items()},
    }


def _all_positive(labels: Bools) -> dict[str, float]:
    """Every clip called positive, with one and the same score: the areas are those of chance."""
    chance = DETECTION.chance(labels)
    prevalence = float(np.mean(labels))
    return {
        "precision": prevalence,
        "recall": 1.0,
        "f1": 2 * prevalence / (1 + prevalence),
        "auroc": chance["auroc"],
        "auprc": chance["auprc"],
    }


def _judge_baseline(
    name: str, scores: pd.Series, splits: Mapping[str, _Split | None], options: EvaluateOptions
) -> dict[str, Any]:
    """A baseline's figures in each split, at its own threshold; None where nothing can be judged."""
    rescored = {}
    for split, given in splits.items():
        if given is not None:
            rescored[split] = _rescored(name, given, scores)
    # chosen as the detector's is, so that neither has the better threshold for nothing
    threshold = HALF
    validation = rescored.get(VALIDATION)
    if validation is not None and validation.has_both_classes:
        threshold = best_f1_threshold(validation.labels, validation.scores)
    judged: dict[str, Any] = dict.fromkeys(splits)
    for split, ours in splits.items():
        if ours is not None and ours.has_both_classes:
            judged[split] = _beside(ours, rescored[split], threshold, options)
    return judged


def _beside(
    ours: _Split, baseline: _Split, threshold: float, options: EvaluateOptions
) -> dict[str, Any]:
    """The figures of a baseline, and by how much ours is better."""
    return {
        **_at(baseline.labels, baseline.scores, threshold),
        **_without_threshold(baseline.labels, baseline.scores, "auroc", "auprc"),
        "advantage": advantage(
            ours.labels,
            ours.scores,
            baseline.scores,
            ours.clips["night"].to_numpy(dtype=str),
            resamples=options.resamples,
            seed=options.seed,
            level=LEVEL,
        ),
    }


def _rescored(name: str, split: _Split, scores: pd.Series) -> _Split:
    scored = set(scores.dropna().index)
    if missing := [clip for clip in split.clips["clip_id"] if clip not in scored]:
        raise DataError(f"baseline {name} has no score for {name_clips(missing)}")
    return split.with_scores(scores)


def _headline(detail: Mapping[str, Any]) -> dict[str, Any]:
    def figures(split: str, *metrics: str) -> dict[str, float | None]:
        judged = detail["splits"][split] or {}
        # a split of one class has no figures at any threshold
        at = judged.get("at") or {"headline": {}}
        known = {**at["headline"], "auprc": judged.get("auprc")}
        return {metric: known.get(metric) for metric in metrics}

    headline = {
        "ood": figures(TEST_OOD, "f1", "precision", "recall", "auprc"),
        "iid": figures(TEST_IID, "f1"),
        "threshold": detail["thresholds"]["headline"],
    }
    if OOD_VALIDATION in detail["splits"]:
        headline["ood_validation"] = figures(OOD_VALIDATION, "f1", "auprc")
    return headline
