"""How good a classifier of speech is: where, how sure, and beside what. Evidence is counted in voices.

Samples of one voice err together. So intervals come from leaving out each voice in turn (the jackknife on the logit
scale of `chorus.evaluation.bootstrap`), and where that scale ends, from redrawn voices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from chorus.clips import TEST_IID, TEST_OOD, VALIDATION
from chorus.evaluation.bootstrap import (
    RELIABLE_NIGHTS,
    draw_nights,
    expanded_tail,
    logit_interval,
)
from chorus.metrics import ece, multiclass
from chorus.options import options
from chorus.statistics.intervals import student
from chorus.tasks import Classification
from chorus.tasks.classes import log_loss

Floats = NDArray[np.float64]
JUDGED = (VALIDATION, TEST_IID, TEST_OOD)
LEVEL = 0.95
_FEW_VOICES = 2  # below, nothing can be said about other voices


@options
class EvaluateOptions:
    """resamples, seed: of voices, where an interval needs redrawing. ece_bins: of the calibration error.
    duration_edges: seconds at which samples are parted."""

    resamples: Annotated[int, Field(ge=100)] = 2000
    seed: Annotated[int, Field(ge=0)] = 1
    ece_bins: Annotated[int, Field(ge=2)] = 10
    duration_edges: tuple[Annotated[float, Field(gt=0)], ...] = (2.0, 5.0, 8.0)


@dataclass(frozen=True, eq=False)
class Judged:
    """Predictions of one split. table: label, voice, speaker_id, dataset_name, seconds. shares: (n, k)."""

    table: pd.DataFrame
    truth: NDArray[np.int64]
    shares: Floats

    @property
    def predicted(self) -> NDArray[np.intp]:
        """The most probable class of each sample."""
        return multiclass.predictions(self.shares)

    def where(self, mask: NDArray[np.bool_]) -> Judged:
        """Some of them."""
        return Judged(self.table[mask], self.truth[mask], self.shares[mask])


@dataclass(frozen=True, eq=False)
class _Counts:
    """What each voice adds: confusion (voices, k, k), hits (voices, 3): the class is among the first 1, 2, 3."""

    confusion: Floats
    hits: Floats


Figure = Callable[[_Counts, Floats], float]  # of the counts and how often each voice counts


def evaluate(
    predictions: pd.DataFrame,
    baselines: Mapping[str, pd.DataFrame],
    task: Classification,
    options: EvaluateOptions,
    expected_confusions: Sequence[tuple[str, str]] = (),
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Evaluate a classifier.

    Args:
        predictions: sample_id, split, label, voice, speaker_id, dataset_name, seconds, score_<class> for each class.
        baselines: name -> predictions of other methods for the same samples, in the same order.

    Returns:
        headline (a few numbers, by split) and detail, both for JSON.
    """
    truth = of_split(predictions, task, "train")
    # Of training: which class is the commonest of a test, nobody who predicts can know.
    majority = int(np.bincount(truth.truth, minlength=task.outputs).argmax())
    validation = of_split(predictions, task, VALIDATION)
    temperature = fit_temperature(validation.shares, validation.truth)
    detail: dict[str, Any] = {"temperature": temperature, "by_split": {}}
    headline: dict[str, Any] = {}
    for split in JUDGED:
        judged = of_split(predictions, task, split)
        if not len(judged.truth):
            continue
        found = _figures(judged, options)
        found["majority"] = float(np.mean(judged.truth == majority))
        found["by"] = _breakdown(judged, task, options)
        found["confusions"] = multiclass.confusion_pairs(
            judged.predicted, judged.truth, task.classes, expected=expected_confusions
        )
        found["speaker_consistency"] = asdict(
            multiclass.group_consistency(judged.predicted, judged.table["speaker_id"].to_numpy())
        )
        found["calibration"] = _calibration(judged, temperature, options)
        found["baselines"] = {
            name: _beside(judged, of_split(other, task, split), options)
            for name, other in baselines.items()
        }
        detail["by_split"][split] = found
        headline[split] = _headline(found)
    return headline, detail


def fit_temperature(shares: Floats, truth: NDArray[np.int64]) -> float:
    """By what the logits are to be divided so that probabilities are as sure as they are right (Guo et al. 2017,
    arXiv:1706.04599): the most likely on these samples."""
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        return log_loss(tempered(shares, float(np.exp(log_temperature))), truth)

    found = minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def tempered(shares: Floats, temperature: float) -> Floats:
    """Probabilities whose logits are divided by the temperature."""
    # A share that was rounded to 0 has no logarithm.
    logits = np.log(np.maximum(shares, 1e-12)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    cooled: Floats = powers / powers.sum(axis=1, keepdims=True)
    return cooled


def of_split(predictions: pd.DataFrame, task: Classification, split: str) -> Judged:
    """What is said of the samples of one split; see `judge`."""
    table = predictions[predictions["split"] == split]
    shares = task.probabilities(table)
    assert shares is not None  # a classification has them
    truth = task.numbers(table.set_index("sample_id")["label"])
    return Judged(table.reset_index(drop=True), truth, shares)


def _counts(judged: Judged) -> _Counts:
    voices, voice_of = np.unique(judged.table["voice"], return_inverse=True)
    classes = judged.shares.shape[1]
    confusion = np.zeros((len(voices), classes, classes))
    np.add.at(confusion, (voice_of, judged.truth, judged.predicted), 1)
    hits = np.zeros((len(voices), 3))
    ranks = multiclass.ranks(judged.shares, judged.truth)
    for place in range(3):
        np.add.at(hits[:, place], voice_of, ranks <= place)
    return _Counts(confusion, hits)


def _share(place: int) -> Figure:
    """How often the class is among the first `place` + 1."""
    return lambda counts, times: (
        float(times @ counts.hits[:, place]) / float(times @ counts.confusion.sum(axis=(1, 2)))
    )


def _macro_f1(counts: _Counts, times: Floats) -> float:
    table = np.tensordot(times, counts.confusion, axes=1)
    sizes = table.sum(axis=0) + table.sum(axis=1)
    right = 2 * np.diagonal(table)
    # Without one of its voices a class may be neither there nor said; it then has no F1.
    return float(np.mean(right[sizes > 0] / sizes[sizes > 0]))


FIGURES: dict[str, Figure] = {
    "accuracy": _share(0),
    "top2_accuracy": _share(1),
    "top3_accuracy": _share(2),
    "macro_f1": _macro_f1,
}


def _figures(judged: Judged, options: EvaluateOptions) -> dict[str, Any]:
    counts = _counts(judged)
    about = {"samples": len(judged.truth), "voices": len(counts.hits)}
    return {
        **about,
        "speakers": judged.table["speaker_id"].nunique(),
        **{name: _interval(counts, figure, options) for name, figure in FIGURES.items()},
    }


def _interval(counts: _Counts, figure: Figure, options: EvaluateOptions) -> dict[str, Any]:
    """value, low, high over voices; reliable: whether there are twenty of them."""
    voices = len(counts.hits)
    values = _leaving_out(counts, figure)
    about = {"value": float(values[0]), "reliable": voices >= RELIABLE_NIGHTS}
    if voices < _FEW_VOICES:
        return about | {"low": None, "high": None}
    tail = (1 - LEVEL) / 2
    ends = logit_interval(values, voices, tail)
    if ends is None:
        draws = draw_nights(voices, options.resamples, options.seed).astype(np.float64)
        drawn = [figure(counts, times) for times in draws]
        outer = expanded_tail(tail, voices)
        ends = tuple(np.quantile(drawn, [outer, 1 - outer]))
    return about | {"low": float(ends[0]), "high": float(ends[1])}


def _leaving_out(counts: _Counts, figure: Figure) -> Floats:
    """The figure of all voices, then without each of them: (1 + voices,)."""
    voices = len(counts.hits)
    all_times = np.vstack([np.ones(voices), 1 - np.eye(voices)])
    if voices < _FEW_VOICES:
        all_times = all_times[:1]
    return np.array([figure(counts, times) for times in all_times])


def _breakdown(judged: Judged, task: Classification, options: EvaluateOptions) -> dict[str, Any]:
    """Accuracy by class, dataset and length, with intervals over voices."""
    lengths = multiclass.duration_buckets(judged.table["seconds"], (0.0, *options.duration_edges))
    categories = {
        "class": np.asarray(task.classes, dtype=str)[judged.truth],
        "dataset": judged.table["dataset_name"].to_numpy(dtype=str),
        "duration": np.asarray(lengths, dtype=str),
    }
    found: dict[str, Any] = {}
    for what, names in categories.items():
        found[what] = {}
        # By length, so that lengths stand in their order; classes and datasets only need some order.
        for name in dict.fromkeys(names[np.argsort(judged.table["seconds"], kind="stable")]):
            part = judged.where(names == name)
            accuracy = _interval(_counts(part), FIGURES["accuracy"], options)
            found[what][str(name)] = {"samples": len(part.truth), **accuracy}
    return found


def _calibration(judged: Judged, temperature: float, options: EvaluateOptions) -> dict[str, float]:
    """Of the most probable class, as it comes and with the temperature that validation asks for."""
    right = judged.predicted == judged.truth
    found = {}
    for name, factor in (("", 1.0), ("_tempered", temperature)):
        shares = tempered(judged.shares, factor)
        found[f"ece{name}"] = ece(right, shares.max(axis=1), options.ece_bins)
        found[f"log_loss{name}"] = log_loss(shares, judged.truth)
    return found


def _beside(judged: Judged, other: Judged, options: EvaluateOptions) -> dict[str, Any]:
    """The other method's accuracy, and how much more the judged one has, on the same voices."""
    mine, theirs = _counts(judged), _counts(other)
    # The same voice is left out of both, so that what makes it hard for both cancels out.
    difference = _leaving_out(mine, FIGURES["accuracy"]) - _leaving_out(theirs, FIGURES["accuracy"])
    found: dict[str, Any] = {"accuracy": _interval(theirs, FIGURES["accuracy"], options)}
    voices = len(mine.hits)
    if voices < _FEW_VOICES:
        return found | {"more": {"value": float(difference[0])}}
    variance = (voices - 1) * float(np.var(difference[1:]))  # of the jackknife
    low, high, p = student(float(difference[0]), (variance, voices - 1), level=LEVEL)
    return found | {"more": {"value": float(difference[0]), "low": low, "high": high, "p": p}}


def _headline(found: Mapping[str, Any]) -> dict[str, float]:
    """The few numbers that are worth a column in a table of runs."""
    interval = found["accuracy"]
    return {
        **{name: found[name]["value"] for name in FIGURES},
        "accuracy_low": interval["low"],
        "accuracy_high": interval["high"],
        "majority": found["majority"],
        **{
            f"{name}_accuracy": one["accuracy"]["value"] for name, one in found["baselines"].items()
        },
        "speaker_consistency": found["speaker_consistency"]["share"],
        "ece": found["calibration"]["ece"],
    }


def in_words(detail: Mapping[str, Any]) -> str:
    """A line a split: accuracy with its interval, and what plain methods reach."""
    lines = []
    for split, found in detail["by_split"].items():
        accuracy = found["accuracy"]
        beside = [f"majority {found['majority']:.3f}"]
        for name, other in found["baselines"].items():
            beside.append(f"{name} {other['accuracy']['value']:.3f}")
        interval = "no interval from one voice"
        if accuracy["low"] is not None:
            interval = (
                f"{accuracy['low']:.3f} to {accuracy['high']:.3f} over {found['voices']} voices"
            )
        lines.append(
            f"{split:<12} accuracy {accuracy['value']:.3f} ({interval}); {', '.join(beside)}"
        )
    return "\n".join(lines)
