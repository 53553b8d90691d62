"""Pictures of the study: psychometric curves, calibration before and after, and differences in a forest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chorus.metrics.temperature import probability
from chorus.pictures.look import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    GUIDE,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    grid,
    picture,
)
from chorus.statistics.clusters import balanced_accuracy
from speech.answers import Answers
from speech.psychometrics import TARGETS

COLOURS = {
    "base": GREY,
    "base_opro": AMBER,
    "lora": BLUE,
    "lora_opro": SKY,
    "lora_mlp": GREEN,
    "lora_mlp_opro": PURPLE,
}
_UNITS = {"duration": "duration, ms", "snr": "signal-to-noise ratio, dB", "reverb": "T60, s"}
_BINS = np.linspace(0, 1, 11)


def draw_psychometric(answers: Mapping[str, Answers], curves: pd.DataFrame, path: Path) -> None:
    """Balanced accuracy against duration, ratio and reverberation; over the first two, the fitted curves.

    Args:
        curves: of `psychometrics.curves`.
    """
    about = "points: mean over seeds · curves: fitted logistic · both with 95 %: sources drawn again · dotted: chance"
    with picture(path, 4.2, "How much sound is enough?", about) as figure:
        for axes, (dimension, unit) in zip(
            figure.subplots(1, 3, sharey=True), _UNITS.items(), strict=True
        ):
            for name, each in answers.items():
                _points(axes, each, dimension)
                own = curves[curves["configuration"] == name]
                _fitted(axes, own[own["dimension"] == dimension], COLOURS[name])
            if dimension == "duration":
                _logarithmic(axes, sorted(_levels(answers)))
            axes.axhline(0.5, color=GUIDE, linestyle=":")
            axes.set_xlabel(unit)
            grid(axes)
        figure.axes[0].set_ylabel("balanced accuracy")
        figure.axes[0].legend(loc="lower right")


def _points(axes: Any, answers: Answers, dimension: str) -> None:
    """What was measured, joined by a line only where no curve is fitted."""
    part = answers.take((answers.rows["dimension"] == dimension).to_numpy())
    levels = sorted(set(part.rows["level"]))
    values = []
    for level in levels:
        here = part.take((part.rows["level"] == level).to_numpy())
        # A hundred points are drawn: fewer draws than for a table will do.
        found = balanced_accuracy(
            here.stacked("label"), here.right.ravel(), here.stacked("source"), resamples=500
        )
        values.append((found.value, found.low, found.high))
    if not values:
        return
    middle, low, high = np.array(values).T
    colour, line = COLOURS[answers.name], "" if dimension in TARGETS else "-"
    axes.plot(
        levels, middle, color=colour, marker="o", markersize=3, linestyle=line, label=answers.name
    )
    axes.vlines(levels, low, high, color=colour, alpha=0.5, linewidth=1)


def _fitted(axes: Any, curve: pd.DataFrame, colour: str) -> None:
    axes.plot(curve["level"], curve["fitted"], color=colour, linewidth=1.2)
    axes.fill_between(
        curve["level"], curve["low"], curve["high"], color=colour, alpha=0.12, linewidth=0
    )


def _levels(answers: Mapping[str, Answers]) -> set[float]:
    """The durations that were tried."""
    rows = next(iter(answers.values())).rows
    return set(rows.loc[rows["dimension"] == "duration", "level"])


def _logarithmic(axes: Any, levels: Sequence[float]) -> None:
    """A logarithmic axis with a plain number at every level but those that would touch."""
    axes.set_xscale("log")
    shown = sorted(set(levels) - {60, 80})
    axes.set_xticks(shown, list(map("{:g}".format, shown)))
    axes.set_xticks([], minor=True)


def draw_reliability(answers: Mapping[str, Answers], path: Path) -> None:
    """The share of speech against the probability of speech, all seeds, before and after."""
    about = "test variants · temperatures chosen on holdout variants · line: perfect"
    with picture(path, 4.4, "Does 80 % mean 80 %?", about) as figure:
        for axes, when in zip(figure.subplots(1, 2, sharey=True), ("before", "after"), strict=True):
            axes.plot([0, 1], [0, 1], color=GUIDE)
            for each in answers.values():
                _reliability(axes, each, scaled=when == "after")
            axes.set_title(f"{when} temperature scaling")
            axes.set_xlabel("probability of speech")
            grid(axes)
        figure.axes[0].set_ylabel("share that is speech")
        figure.axes[0].legend(loc="upper left")


def _reliability(axes: Any, answers: Answers, *, scaled: bool) -> None:
    """One line, over the bins with ten answers and more."""
    said = []
    for margins, temperature in zip(answers.margins, answers.temperatures, strict=True):
        said.append(probability(margins, temperature if scaled else 1.0))
    p, truth = np.concatenate(said), np.tile(answers.speech, len(answers.seeds))
    # A probability of 1 is of the last bin, not of one behind it.
    place = np.clip(np.digitize(p, _BINS) - 1, 0, 9)
    points = []
    for number in range(10):
        inside = place == number
        if inside.sum() >= 10:
            points.append((p[inside].mean(), truth[inside].mean()))
    if not points:
        return
    x, y = np.array(points).T
    axes.plot(x, y, color=COLOURS[answers.name], marker="o", markersize=3, label=answers.name)


def draw_calibration(calibrated: pd.DataFrame, name: str, path: Path) -> None:
    """The ECE of one configuration under each condition, before and after.

    Args:
        calibrated: of `calibration.table`.
    """
    own = calibrated[(calibrated["configuration"] == name) & (calibrated["metric"] == "ece")]
    about = f"{name} · mean over seeds · lines: 95 %: sources drawn again · 0 is perfect"
    with picture(path, 1.4 + 0.2 * len(own), "Calibration by condition", about) as figure:
        axes = figure.subplots()
        place = np.arange(len(own))
        for when, colour, shift in (("before", GREY, -0.15), ("after", GREEN, 0.15)):
            axes.plot(own[when], place + shift, "o", color=colour, markersize=4, label=when)
            ends = (own[f"{when}_low"], own[f"{when}_high"])
            axes.hlines(place + shift, *ends, color=colour, linewidth=1)
        axes.set_yticks(place, list(own["condition"]))
        axes.set_ylim(len(own) - 0.5, -0.5)
        axes.set_xlim(left=0)
        axes.set_xlabel("expected calibration error")
        axes.legend(loc="lower right")
        grid(axes)


def draw_forest(detail: Mapping[str, Any], path: Path) -> None:
    """Differences from the baseline with their intervals: by the argmax, and with thresholds of both."""
    rows = {}
    for name, one in detail.items():
        if "against_baseline" in one:
            rows[name] = one["against_baseline"]
    about = (
        "difference in balanced accuracy, 95 %: sources drawn again · filled: by the argmax, orange: Holm p below 0.05"
        " · hollow: both with a threshold of their own"
    )
    with picture(
        path, 1.6 + 0.5 * len(rows), "Against the base with the baseline prompt", about
    ) as figure:
        axes = figure.subplots()
        axes.axvline(0, color=INK, linewidth=1)
        for place, one in enumerate(rows.values()):
            colour = ORANGE if one["p_holm"] < 0.05 else BLUE
            argmax = (one["difference"], *one["interval_over_sources"])
            _difference(axes, place - 0.12, argmax, colour, filled=True)
            # Below it, what remains where the base may choose a threshold, too.
            chosen = (one["difference_at_thresholds"], *one["interval_at_thresholds"])
            _difference(axes, place + 0.16, chosen, GREY, filled=False)
        axes.set_yticks(range(len(rows)), list(rows))
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlabel("points of balanced accuracy")
        grid(axes)


def _difference(
    axes: Any, place: float, ends: tuple[float, float, float], colour: str, *, filled: bool
) -> None:
    """A point and its interval, in points of a hundred."""
    value, low, high = np.multiply(ends, 100)
    axes.plot([low, high], [place, place], color=colour, linewidth=1.5)
    axes.plot(value, place, "o", color=colour, fillstyle="full" if filled else "none")
