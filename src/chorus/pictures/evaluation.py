"""One picture of an evaluation: how well it ranks, what it decides, and whether its scores mean what they say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from chorus.clips import NEGATIVE, OOD_VALIDATION, POSITIVE, TEST_IID, TEST_OOD, VALIDATION
from chorus.pictures.look import COLOUR_OF, GREY, GUIDE, INK, NAME_OF, clipped, grid, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

_SPLITS = (VALIDATION, OOD_VALIDATION, TEST_IID, TEST_OOD)  # the second only where a survey has it
_BASELINE_MARKS = "sD^vP*X"


def draw_evaluation(
    curves: Mapping[str, pd.DataFrame],
    detail: Mapping[str, Any],
    path: Path | str,
    heading: str = "Evaluation",
) -> None:
    """Draw an evaluation as PNG: precision-recall with lines of equal F1, ROC, scores by label, and reliability.

    Dots mark the headline threshold, hollow marks the baselines on the OOD test at their own thresholds.

    Args:
        curves: the tables pr, roc, score_histogram and reliability of `chorus.evaluation.curves`.
        detail: `chorus.evaluation.Evaluation.detail`.
    """
    # A split that could not be judged has no figures at thresholds, and no curve.
    shown = [split for split in _SPLITS if (detail["splits"].get(split) or {}).get("at")]
    with picture(path, 8.6, clipped(heading, 95), _summary(detail)) as figure:
        cells = figure.add_gridspec(2, 2, hspace=0.02, wspace=0.02)
        quarters = [figure.add_subfigure(cells[quarter]) for quarter in range(4)]
        _draw_pr(quarters[0].subplots(), curves["pr"], detail, shown)
        _draw_roc(quarters[1].subplots(), curves["roc"], detail, shown)
        _draw_scores(quarters[2], curves["score_histogram"], detail, shown)
        _draw_reliability(quarters[3].subplots(), curves["reliability"], detail, shown)


def _summary(detail: Mapping[str, Any]) -> str:
    """The headline in one line, with its interval."""
    words = []
    for split in (TEST_OOD, TEST_IID):
        judged = detail["splits"].get(split) or {}
        if judged.get("at"):
            low, high = judged["intervals"]["f1"]
            doubt = "" if judged["intervals"]["reliable"] else ": too few"
            words.append(
                f"{NAME_OF[split]} {judged['at']['headline']['f1']:.3f} "
                f"({low:.3f}–{high:.3f}, {judged['intervals']['nights']} nights{doubt})"
            )
    threshold = f"threshold {detail['thresholds']['headline']:.3f}"
    return " · ".join(
        [threshold, f"F1 with 95 % interval: {', '.join(words)}" if words else "nothing to judge"]
    )


def _draw_pr(axes: Axes, pr: pd.DataFrame, detail: Mapping[str, Any], shown: list[str]) -> None:
    _iso_f1(axes)
    for split in shown:
        of_split, judged = pr[pr["split"] == split], detail["splits"][split]
        axes.plot(
            of_split["recall"],
            of_split["precision"],
            color=COLOUR_OF[split],
            label=f"{NAME_OF[split]}: AUPRC {judged['auprc']:.3f}",
        )
        _dot(axes, judged["at"]["headline"]["recall"], judged["at"]["headline"]["precision"], split)
    for name, mark, figures in _baselines(detail):
        label = f"{name.replace('_', ' ')}, OOD: F1 {figures['f1']:.3f}"
        _hollow(axes, figures["recall"], figures["precision"], mark, label)
    _unit_square(axes, "recall", "precision", "Precision and recall")
    _legend(axes, "lower left", frameon=True, framealpha=0.92, edgecolor="none")


def _iso_f1(axes: Axes) -> None:
    # From where the precision is 1, to the right edge, where the line's name stands.
    for f1 in (0.2, 0.4, 0.6, 0.8, 0.9):
        recall = np.linspace(f1 / (2 - f1), 1, 80)
        axes.plot(recall, f1 * recall / (2 * recall - f1), color=GUIDE, linewidth=0.8, zorder=1)
        axes.text(1.012, f1 / (2 - f1), f"F1 {f1:g}", size=7, color=GREY, va="center")


def _draw_roc(axes: Axes, roc: pd.DataFrame, detail: Mapping[str, Any], shown: list[str]) -> None:
    axes.plot([0, 1], [0, 1], color=GUIDE, linewidth=0.8)
    for split in shown:
        of_split, judged = roc[roc["split"] == split], detail["splits"][split]
        label = f"{NAME_OF[split]}: AUROC {judged['auroc']:.3f}"
        axes.plot(of_split["fpr"], of_split["tpr"], color=COLOUR_OF[split], label=label)
        _dot(axes, _fpr(judged["at"]["headline"]), judged["at"]["headline"]["recall"], split)
    for _, mark, figures in _baselines(detail):
        _hollow(axes, _fpr(figures), figures["recall"], mark)
    _unit_square(axes, "false positive rate", "recall", "ROC")
    _legend(axes, "lower right")


def _draw_scores(
    part: SubFigure, histogram: pd.DataFrame, detail: Mapping[str, Any], shown: list[str]
) -> None:
    rows = part.subplots(max(1, len(shown)), 1, sharex=True, squeeze=False).ravel()
    for axes, split in zip(rows, shown, strict=False):
        judged = detail["splits"][split]
        for label in (NEGATIVE, POSITIVE):
            bars = histogram[(histogram["split"] == split) & (histogram["label"] == label)]
            axes.bar(
                bars["bin"],
                bars["share"],
                width=0.05,
                align="edge",
                color=COLOUR_OF[label],
                alpha=0.6,
            )
        axes.axvline(
            detail["thresholds"]["headline"], color=INK, linewidth=1, linestyle=(0, (4, 2))
        )
        title = f"{NAME_OF[split]}: {judged['negatives']:,} negatives, {judged['positives']:,} positives"
        axes.set_title(
            title,
            size=8.5,
            weight="normal",
            color=INK if split == VALIDATION else COLOUR_OF[split],
            pad=3,
        )
        axes.set_xlim(0, 1)
        grid(axes)
    part.suptitle(
        "Scores of negatives (grey) and positives (green)",
        x=0.01,
        ha="left",
        size=10,
        weight="bold",
    )
    rows[-1].set_xlabel("score; dashed: the threshold")


def _draw_reliability(
    axes: Axes, reliability: pd.DataFrame, detail: Mapping[str, Any], shown: list[str]
) -> None:
    axes.plot([0, 1], [0, 1], color=GUIDE, linewidth=0.8)
    for split in shown:
        bins, judged = reliability[reliability["split"] == split], detail["splits"][split]
        colour, label = COLOUR_OF[split], f"{NAME_OF[split]}: ECE {judged['ece']:.3f}"
        axes.plot(bins["mean_score"], bins["observed"], color=colour, linewidth=1, label=label)
        sizes = 12 + 240 * bins["n"] / reliability["n"].max()
        axes.scatter(
            bins["mean_score"],
            bins["observed"],
            sizes,
            colour,
            alpha=0.75,
            linewidth=0,
            clip_on=False,
        )
    _unit_square(
        axes,
        "mean score of a bin",
        "share of positives in it",
        "Reliability (size of a dot: clips)",
    )
    _legend(axes, "upper left")


def _baselines(detail: Mapping[str, Any]) -> list[tuple[str, str, dict[str, float]]]:
    """Name, mark and figures of each baseline on the OOD test."""
    judged = detail["splits"].get(TEST_OOD) or {}
    found = [
        (name, figures) for name, figures in (judged.get("baselines") or {}).items() if figures
    ]
    return [
        (name, _BASELINE_MARKS[i % len(_BASELINE_MARKS)], figures)
        for i, (name, figures) in enumerate(found)
    ]


def _fpr(figures: Mapping[str, Any]) -> float:
    # A baseline without counts is the one that calls everything positive.
    if "confusion" not in figures:
        return 1.0
    counts = figures["confusion"]
    return float(counts["fp"] / (counts["fp"] + counts["tn"]))


def _dot(axes: Axes, x: float, y: float, split: str) -> None:
    axes.plot(
        x,
        y,
        "o",
        color=COLOUR_OF[split],
        markersize=8,
        markeredgecolor="white",
        zorder=5,
        clip_on=False,
    )


def _hollow(axes: Axes, x: float, y: float, mark: str, label: str | None = None) -> None:
    look: dict[str, Any] = {
        "color": COLOUR_OF[TEST_OOD],
        "markerfacecolor": "white",
        "markersize": 6.5,
    }
    axes.plot(x, y, mark, **look, clip_on=False, zorder=4, label=label)


def _legend(
    axes: Axes, where: Literal["lower left", "lower right", "upper left"], **look: Any
) -> None:
    # matplotlib warns of an empty legend.
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc=where, **look)


def _unit_square(axes: Axes, xlabel: str, ylabel: str, title: str) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1.0), xlabel=xlabel, ylabel=ylabel)
    axes.set_title(title)
    grid(axes)
