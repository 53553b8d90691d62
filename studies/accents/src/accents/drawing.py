"""One picture of how well accents are told: by dataset, length and class, and what is taken for what."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from accents.said import likely, task_of_predictions
from chorus.clips import TEST_IID, TEST_OOD
from chorus.pictures.look import COLOUR_OF, GREY, INK, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMES = {TEST_IID: "unheard voices", TEST_OOD: "unheard voices and sentences"}
_APART = 0.19  # of two intervals of one row


def draw(detail: Mapping[str, Any], predictions: pd.DataFrame, path: Path) -> None:
    """Write the picture as PNG.

    Args:
        detail: metrics/evaluation_detail.json. predictions: data/predictions.parquet.
    """
    shown = [split for split in (TEST_IID, TEST_OOD) if split in detail["by_split"]]
    with picture(path, 5.0, "Which accent is it?", _summary(detail, shown)) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(1, 1))
        _draw_accuracies(left, detail, shown)
        _draw_confusions(right, predictions[predictions["split"] == TEST_IID])


def _summary(detail: Mapping[str, Any], shown: list[str]) -> str:
    words = []
    for split in shown:
        accuracy = detail["by_split"][split]["accuracy"]
        ends = "of one voice"
        if accuracy["low"] is not None:
            ends = f"{accuracy['low']:.3f}–{accuracy['high']:.3f}"
        words.append(f"{NAMES[split]} {accuracy['value']:.3f} ({ends})")
    return f"accuracy, 95 % over voices: {', '.join(words)}"


def _draw_accuracies(axes: Axes, detail: Mapping[str, Any], shown: list[str]) -> None:
    by = detail["by_split"][TEST_IID]["by"]
    rows = [(what, name) for what in ("dataset", "duration") for name in by[what]]
    rows += [("class", name) for name in sorted(by["class"])]
    for number, split in enumerate(shown):
        by = detail["by_split"][split]["by"]
        there = [
            (place, by[what][name]) for place, (what, name) in enumerate(rows) if name in by[what]
        ]
        # A little above and below the row, so that the intervals of two splits do not lie on each other.
        places = np.array([place for place, _ in there]) + _APART * (2 * number - 1)
        values = np.array([one["value"] for _, one in there])
        ends = np.array([_ends(one) for _, one in there])
        reach = np.abs(ends - values[:, None]).T
        axes.errorbar(
            values,
            places,
            xerr=reach,
            fmt="o",
            color=COLOUR_OF[split],
            ms=4,
            lw=1.2,
            label=NAMES[split],
        )
    axes.axvline(
        detail["by_split"][TEST_IID]["majority"], color=GREY, lw=0.8, ls=":", label="majority"
    )
    axes.set_yticks(range(len(rows)), [name for _, name in rows])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_title("Accuracy by dataset, length and class")
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.07), ncols=3, columnspacing=1.0)


def _ends(one: Mapping[str, Any]) -> tuple[float, float]:
    """Of an interval; its value where one voice gives none."""
    low, high = one["low"], one["high"]
    return (one["value"], one["value"]) if low is None else (low, high)


def _draw_confusions(axes: Axes, said: pd.DataFrame) -> None:
    task = task_of_predictions(said)
    table = pd.crosstab(said["label"].to_numpy(), likely(said), normalize="index")
    table = table.reindex(index=task.classes, columns=task.classes, fill_value=0.0)
    axes.imshow(table, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(table.to_numpy()):
        # Less would be written as .00.
        if share >= 0.005:
            # Ink cannot be read on the darker blues.
            colour = "white" if share > 0.6 else INK
            said = f"{share:.2f}".removeprefix("0")
            axes.text(column, row, said, ha="center", va="center", color=colour)
    places = range(len(task.classes))
    axes.set_yticks(places, task.classes)
    axes.set_xticks(places, task.classes, rotation=45, ha="right")
    axes.set_title("Unheard voices: said (column) of true (row)")
