"""Does 80 % mean 80 %? Calibration before and after temperature scaling, of all variants and of each condition.

Temperatures are those of holdout variants, figures those of test variants, intervals over whole sources.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.metrics.temperature import probability
from chorus.statistics.clusters import cluster_draws
from speech.answers import Answers, EvaluateOptions

Floats = NDArray[np.float64]

ALL = "all"
METRICS = ("ece", "brier", "nll")
BINS = 10  # of the ECE: equal widths, as in chorus.metrics.ece
_ENDS = (0.025, 0.975)


def table(answers: Mapping[str, Answers], given: EvaluateOptions) -> pd.DataFrame:
    """configuration, condition ("all": every variant), metric, and before, after and their difference, each with
    _low and _high: means over the seeds. The ECE of few clips is too high by chance, before and after alike."""
    rows = []
    for name, each in answers.items():
        for condition, part in _parts(each):
            figures = _figures(part, given)
            for metric in METRICS:
                before, after = figures[metric]
                row = {"configuration": name, "condition": condition, "metric": metric}
                for what, values in (
                    ("before", before),
                    ("after", after),
                    ("difference", after - before),
                ):
                    low, high = np.quantile(values[1:], _ENDS)
                    row |= {what: values[0], f"{what}_low": low, f"{what}_high": high}
                rows.append(row)
    return pd.DataFrame(rows)


def _parts(answers: Answers) -> Iterator[tuple[str, Answers]]:
    yield ALL, answers
    for condition in dict.fromkeys(answers.rows["condition"]):
        yield condition, answers.take((answers.rows["condition"] == condition).to_numpy())


def _figures(answers: Answers, given: EvaluateOptions) -> dict[str, Floats]:
    """metric -> (2, 1 + resamples): before and after; first of the answers as they are, then of sources drawn again."""
    sources, source_of = np.unique(answers.rows["source"], return_inverse=True)
    speech = answers.speech
    classes = np.zeros((len(sources), 2), np.bool_)
    classes[source_of, speech.astype(int)] = True
    # The same sources are drawn for every condition and seed, so that before and after are paired.
    draws = cluster_draws(classes, given.resamples, given.seed)
    weights = np.vstack([np.ones(len(sources)), draws])
    figures = {metric: np.zeros((2, len(weights))) for metric in METRICS}
    for margins, temperature in zip(answers.margins, answers.temperatures, strict=True):
        for when, used in enumerate((1.0, temperature)):
            sums = _sums(speech, margins, used, source_of)
            for metric, values in _of_sums(sums, weights).items():
                figures[metric][when] += values / len(answers.seeds)
    return figures


def _sums(
    speech: NDArray[np.bool_], margins: Floats, temperature: float, source_of: NDArray[np.intp]
) -> dict[str, Floats]:
    """What each source adds to the figures: (sources,) or, of the gaps in the bins of the ECE, (sources, bins)."""
    count = int(source_of.max()) + 1
    p = probability(margins, temperature)
    losses = np.logaddexp(0, -np.where(speech, margins, -margins) / temperature)
    # The gap of a bin is a sum over sources, so that redrawn sources are a product of matrices.
    bin_of = np.minimum((p * BINS).astype(np.intp), BINS - 1)
    gaps = _summed(speech - p, source_of * BINS + bin_of, count * BINS)
    return {
        "rows": _summed(np.ones(len(p)), source_of, count),
        "ece": gaps.reshape(count, BINS),
        "brier": _summed((p - speech) ** 2, source_of, count),
        "nll": _summed(losses, source_of, count),
    }


def _summed(values: Floats, place: NDArray[np.intp], places: int) -> Floats:
    return np.asarray(np.bincount(place, weights=values, minlength=places), np.float64)


def _of_sums(sums: Mapping[str, Floats], weights: Floats) -> dict[str, Floats]:
    """The figures where sources count as often as `weights` (draws, sources) says: (draws,)."""
    rows = weights @ sums["rows"]
    return {
        "ece": np.abs(weights @ sums["ece"]).sum(axis=1) / rows,
        "brier": weights @ sums["brier"] / rows,
        "nll": weights @ sums["nll"] / rows,
    }
