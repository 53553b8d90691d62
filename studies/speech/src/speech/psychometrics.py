"""How much sound is enough: a fitted curve and thresholds over duration and ratio, of each configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.statistics.psychometric import (
    Logistic,
    Threshold,
    band,
    fitted_curves,
    thresholds,
    thresholds_of_curves,
)
from speech.answers import Answers, EvaluateOptions

TARGETS = {"duration": (0.5, 0.75, 0.9), "snr": (0.75,)}
NAMES = {"duration": ("DT", "ms"), "snr": ("SNR", "dB")}  # of a threshold, and its unit
FEWEST_LEVELS = 3  # between two, every curve fits
_DRAWN = 50  # points of a curve in a picture

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fit:
    """One configuration along one dimension.

    levels: (n,), in ms or dB. rows, right: (sources, classes, n), the right ones as means over seeds.
    curves: on the scale of the fit; the first of the answers as they are, the others of sources drawn again.
    """

    dimension: str
    levels: Floats
    rows: Floats
    right: Floats
    curves: Sequence[Logistic]

    @property
    def scale(self) -> Floats:
        """Of the fit: hearing goes by ratios of durations, and decibels are such already."""
        return np.log10(self.levels) if self.dimension == "duration" else self.levels


Fits = Mapping[tuple[str, str], Fit]


def fit(answers: Mapping[str, Answers], given: EvaluateOptions) -> Fits:
    """By configuration and dimension; a dimension of fewer than three levels has none."""
    found = {}
    for name, each in answers.items():
        for dimension in TARGETS:
            part = each.take((each.rows["dimension"] == dimension).to_numpy())
            levels = np.unique(part.rows["level"].to_numpy(np.float64))
            if len(levels) < FEWEST_LEVELS:
                continue
            rows, right = _counted(part, levels)
            plain = Fit(dimension, levels, rows, right, ())
            # A fit takes a thousand times as long as an interpolation.
            fewer = max(20, given.resamples // 5)
            curves = fitted_curves(plain.scale, rows, right, resamples=fewer, seed=given.seed)
            found[name, dimension] = replace(plain, curves=curves)
    return found


def thresholds_of(name: str, fits: Fits, given: EvaluateOptions) -> dict[str, str]:
    """Where balanced accuracy, mean over the seeds, reaches each target: "DT75 logistic" -> "87 ms (60 to 110)"."""
    found = {}
    for dimension, targets in TARGETS.items():
        if (name, dimension) not in fits:
            continue
        each = fits[name, dimension]
        interpolated = thresholds(
            each.scale, each.rows, each.right, targets,
            resamples=given.resamples, seed=given.seed,
        )  # fmt: skip
        logistic = thresholds_of_curves(each.curves, each.scale, targets)
        letters, unit = NAMES[dimension]
        for way, reached in (("interpolated", interpolated), ("logistic", logistic)):
            for one in reached:
                said = _in_units(one, dimension).in_words(unit, each.levels[0], each.levels[-1])
                found[f"{letters}{one.target * 100:.0f} {way}"] = said
    return found


def curves(fits: Fits) -> pd.DataFrame:
    """configuration, dimension, level, fitted, low, high: the curves of a picture."""
    tables = [
        pd.DataFrame(columns=["configuration", "dimension", "level", "fitted", "low", "high"])
    ]
    for (name, dimension), each in fits.items():
        scale = np.linspace(each.scale[0], each.scale[-1], _DRAWN)
        level = 10**scale if dimension == "duration" else scale
        fitted, low, high = band(each.curves, scale)
        about = {"configuration": name, "dimension": dimension, "level": level}
        tables.append(pd.DataFrame({**about, "fitted": fitted, "low": low, "high": high}))
    return pd.concat(tables[1:] or tables, ignore_index=True)


def _in_units(one: Threshold, dimension: str) -> Threshold:
    """From the scale of the fit to ms; outside of the range it is no number, and stays so."""
    if dimension != "duration":
        return one
    ends = np.array([one.level, one.low, one.high])
    inside = np.isfinite(ends)
    ends[inside] = 10 ** ends[inside]
    return Threshold(one.target, *ends.tolist())


def _counted(part: Answers, levels: Floats) -> tuple[Floats, Floats]:
    """Rows and right ones of each source, class and level: (sources, 2, levels), the right ones as means over seeds."""
    sources, source_of = np.unique(part.rows["source"], return_inverse=True)
    places = (
        source_of,
        part.speech.astype(int),
        np.searchsorted(levels, part.rows["level"].to_numpy(np.float64)),
    )
    rows, right = (np.zeros((len(sources), 2, len(levels))) for _ in range(2))
    # Several clips of a source share a cell, which plain indexing would count once.
    np.add.at(rows, places, 1)
    np.add.at(right, places, part.right.mean(axis=0))
    return rows, right
