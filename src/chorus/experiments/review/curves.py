"""The plots that dvc.yaml declares over CSV files, before and after side by side: lines, or bars of named values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvc.render.match import match_defs_renderers

from chorus.clips import NEGATIVE
from chorus.pictures.look import (
    BLUE,
    COLOUR_OF,
    GREEN,
    GREY,
    NAME_OF,
    ORANGE,
    clipped,
    grid,
    picture,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 2.3  # inches
MOST_BARS = 12
_COLOURS = (BLUE, ORANGE, GREEN, GREY)
Line = tuple[str, ...]  # what tells it from the others of its plot: split, label, column


@dataclass(frozen=True)
class Plot:
    """A plot of dvc.yaml in two revisions.

    topic: what its data is about, the folder inside plots/ ("evaluation").
    before, after: (line, x, y) as the file has them, text; empty: there is no such plot.
    """

    title: str
    topic: str
    x: str
    before: list[tuple[Line, str, str]]
    after: list[tuple[Line, str, str]]

    @property
    def differs(self) -> bool:
        return self.before != self.after

    @property
    def bars(self) -> bool:
        """Whether x or y are names, so that there is no line to draw."""
        return any(
            not _is_number(value) for _, x, y in (*self.before, *self.after) for value in (x, y)
        )


def read_plots(plots: Sequence[dict[str, Any]], templates: str) -> list[Plot]:
    """The plots of two revisions over CSV files, in the order of dvc.yaml.

    Args:
        plots: what `dvc plots diff` gives for the revision before and the one after.
        templates: the folder of the plots' templates.
    """
    sides = {side: data for side, data in zip(("before", "after"), plots, strict=True) if data}
    found = []
    for match in match_defs_renderers(sides, templates_dir=templates):
        about, rows = match.renderer.properties, match.renderer.datapoints
        if "x" in about and rows:
            points: dict[str, list[tuple[Line, str, str]]] = {"before": [], "after": []}
            for row in rows:
                points[row["rev"]].append(
                    (_line_of(row, about), str(row[about["x"]]), str(row[about["y"]]))
                )
            topic = _topic(Path(rows[0]["filename"]))
            found.append(Plot(about["title"], topic, about["x"], points["before"], points["after"]))
    return found


def _topic(file: Path) -> str:
    """plots/evaluation/curves/pr.csv -> evaluation; of a file less deep, its folder."""
    folders = file.parts[:-1]
    return folders[1] if len(folders) > 1 else file.parent.name


def draw_plots(plots: Sequence[Plot], path: Path, names: tuple[str, str]) -> None:
    """Draw plots as one PNG, a row each: before on the left, after on the right."""
    height = ROW * len(plots) + 0.6
    heading = clipped(f"{names[0]} (left) and {names[1]} (right)", 95)
    with picture(path, height, heading, "The plots that differ") as figure:
        axes = figure.subplots(len(plots), 2, squeeze=False, sharex="row", sharey="row")
        for (left, right), plot in zip(axes, plots, strict=True):
            labels = _labels(plot) if plot.bars else []
            for side, points in ((left, plot.before), (right, plot.after)):
                grid(side)
                if not points:
                    side.text(
                        0.5, 0.5, "no such plot", ha="center", color=GREY, transform=side.transAxes
                    )
                elif plot.bars:
                    _draw_bars(side, _values(points), labels)
                else:
                    _draw_lines(side, points)
                    side.set_xlabel(plot.x)
            left.set_title(clipped(plot.title, 60))
            if not plot.bars:
                (right if plot.after else left).legend(loc="best", fontsize=7)


def _line_of(row: dict[str, Any], about: dict[str, Any]) -> Line:
    used = (about["x"], about["y"])
    return (
        *(row[column] for column in ("split", "label") if column in row and column not in used),
        row["field"],
    )


def _draw_lines(axes: Axes, points: Sequence[tuple[Line, str, str]]) -> None:
    for number, line in enumerate(sorted({line for line, _, _ in points})):
        axes.plot(
            [_float(x) for other, x, _ in points if other == line],
            [_float(y) for other, _, y in points if other == line],  # an empty field is a gap
            color=COLOUR_OF.get(line[0], _COLOURS[number % len(_COLOURS)]),
            linestyle=":" if NEGATIVE in line else "-",
            linewidth=1.2,
            label=", ".join(NAME_OF.get(part, part) for part in (line[:-1] or line)),
        )


def _draw_bars(axes: Axes, values: dict[str, float], labels: list[str]) -> None:
    axes.barh(
        range(len(labels)), [values.get(label, 0.0) for label in labels], color=BLUE, height=0.7
    )
    axes.set_yticks(range(len(labels)), labels, fontsize=6.5)
    axes.set_ylim(len(labels) - 0.5, -0.5)


def _labels(plot: Plot) -> list[str]:
    """What has a bar on either side; of many, those that differ most."""
    before, after = _values(plot.before), _values(plot.after)
    moved = {
        label: abs(after.get(label, 0.0) - before.get(label, 0.0)) for label in {**before, **after}
    }
    return sorted(sorted(moved, key=lambda label: (-moved[label], label))[:MOST_BARS])


def _values(points: Sequence[tuple[Line, str, str]]) -> dict[str, float]:
    """Name -> value; where both are names, pair of names -> how often it occurs."""
    if all(_is_number(x) for _, x, _ in points):
        return {y: _float(x) for _, x, y in points}
    if all(_is_number(y) for _, _, y in points):
        return {x: _float(y) for _, x, y in points}
    return {
        f"{x} as {y}": float(count)
        for (x, y), count in Counter((x, y) for _, x, y in points).items()
    }


def _is_number(text: str) -> bool:
    try:
        _float(text)
    except ValueError:
        return False
    return True


def _float(text: str) -> float:
    return float(text) if text else math.nan
