"""Pictures of the study: psychometric curves, reliability before and after calibration, and differences in a forest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chorus.metrics.temperature import probability
from chorus.pictures.look import AMBER, BLUE, GREEN, GREY, GUIDE, INK, ORANGE, PURPLE, grid, picture
from chorus.statistics.clusters import balanced_accuracy
from speech.results import Answers

COLOURS = {
    "base": GREY,
    "base_opro": AMBER,
    "lora": BLUE,
    "lora_mlp": GREEN,
    "lora_mlp_opro": PURPLE,
}
_UNITS = {"duration": "duration, ms", "snr": "signal-to-noise ratio, dB", "reverb": "T60, s"}
_BINS = np.linspace(0, 1, 11)


def draw_psychometric(answers: Mapping[str, Answers], path: Path) -> None:
    """Balanced accuracy against duration, ratio and reverberation."""
    about = "mean over seeds · lines: 95 %: sources drawn again · dotted: chance"
    with picture(path, 4.2, "How much sound is enough?", about) as figure:
        for axes, (dimension, unit) in zip(
            figure.subplots(1, 3, sharey=True), _UNITS.items(), strict=True
        ):
            for name, each in answers.items():
                _curve(axes, each, dimension, COLOURS[name])
            if dimension == "duration":
                _logarithmic(axes, sorted(_levels(answers)))
            axes.axhline(0.5, color=GUIDE, linestyle=":")
            axes.set_xlabel(unit)
            grid(axes)
        figure.axes[0].set_ylabel("balanced accuracy")
        figure.axes[0].legend(loc="lower right")


def _curve(axes: Any, answers: Answers, dimension: str, colour: str) -> None:
    part = answers.take((answers.rows["dimension"] == dimension).to_numpy())
    levels = sorted(set(part.rows["level"]))
    values = []
    for level in levels:
        here = part.take((part.rows["level"] == level).to_numpy())
        found = balanced_accuracy(
            here.stacked("label"), here.right.ravel(), here.stacked("source"), resamples=500
        )
        values.append((found.value, found.low, found.high))
    if not values:
        return
    middle, low, high = np.array(values).T
    axes.plot(levels, middle, color=colour, marker="o", markersize=3, label=answers.name)
    axes.vlines(levels, low, high, color=colour, alpha=0.5, linewidth=1)


def _levels(answers: Mapping[str, Answers]) -> set[float]:
    """The durations that were tried."""
    rows = next(iter(answers.values())).rows
    return set(rows.loc[rows["dimension"] == "duration", "level"])


def _logarithmic(axes: Any, levels: Sequence[float]) -> None:
    """A logarithmic axis with a plain number at every level but those that would touch."""
    axes.set_xscale("log")
    shown = [level for level in levels if level not in (60, 80)]
    axes.set_xticks(shown, [f"{level:g}" for level in shown])
    axes.set_xticks([], minor=True)


def draw_reliability(answers: Mapping[str, Answers], path: Path) -> None:
    """The share of speech against the probability of speech, all seeds, before and after."""
    about = "test variants · temperatures chosen on holdout variants · line: perfect"
    with picture(path, 4.4, "Does 80 % mean 80 %?", about) as figure:
        for axes, when in zip(figure.subplots(1, 2, sharey=True), ("before", "after"), strict=True):
            axes.plot([0, 1], [0, 1], color=GUIDE)
            for name, each in answers.items():
                scaled = []
                for margins, temperature in zip(each.margins, each.temperatures, strict=True):
                    scaled.append(probability(margins, temperature if when == "after" else 1.0))
                p, truth = np.concatenate(scaled), np.tile(each.speech, len(each.seeds))
                place = np.clip(np.digitize(p, _BINS) - 1, 0, 9)
                used = [number for number in range(10) if (place == number).sum() >= 10]
                axes.plot(
                    [p[place == number].mean() for number in used],
                    [truth[place == number].mean() for number in used],
                    color=COLOURS[name], marker="o", markersize=3, label=name,
                )  # fmt: skip
            axes.set_title(f"{when} temperature scaling")
            axes.set_xlabel("probability of speech")
            grid(axes)
        figure.axes[0].set_ylabel("share that is speech")
        figure.axes[0].legend(loc="upper left")


def draw_forest(detail: Mapping[str, Any], path: Path) -> None:
    """Differences from the baseline with their intervals, the longest list of evidence first."""
    rows = [
        (name, one["against_baseline"]) for name, one in detail.items() if "against_baseline" in one
    ]
    about = "difference in balanced accuracy and 95 % interval, sources drawn again · orange: Holm p below 0.05"
    with picture(
        path, 1.6 + 0.4 * len(rows), "Against the base with the baseline prompt", about
    ) as figure:
        axes = figure.subplots()
        axes.axvline(0, color=INK, linewidth=1)
        for place, (_, one) in enumerate(rows):
            colour = ORANGE if one["p_holm"] < 0.05 else BLUE
            low, high = one["interval_over_sources"]
            axes.plot([100 * low, 100 * high], [place, place], color=colour, linewidth=1.5)
            axes.plot(100 * one["difference"], place, "o", color=colour)
        axes.set_yticks(range(len(rows)), [name for name, _ in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlabel("points of balanced accuracy")
        grid(axes)
