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
        points = (*self.before, *self.after)
        return not all(_is_number(x) and _is_number(y) for _, x, y in points)


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
        if "x" not in about or not rows:  # a picture, or nothing to draw
            continue
        points: dict[str, list[tuple[Line, str, str]]] = {"before": [], "after": []}
        for row in rows:
            x, y = str(row[about["x"]]), str(row[about["y"]])
            points[row["rev"]].append((_line_of(row, about), x, y))
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
            left.set_title(clipped(plot.title, 60))
            if plot.bars:
                _draw_bars(left, right, plot)
                continue
            for side, points in ((left, plot.before), (right, plot.after)):
                _draw_lines(side, points, plot.x)
            # matplotlib warns of a legend without lines
            with_lines = right if plot.after else left
            with_lines.legend(loc="best", fontsize=7)


def _line_of(row: dict[str, Any], about: dict[str, Any]) -> Line:
    used = (about["x"], about["y"])
    parts = [row[column] for column in ("split", "label") if column in row and column not in used]
    return (*parts, row["field"])


def _draw_lines(axes: Axes, points: Sequence[tuple[Line, str, str]], what: str) -> None:
    """`what`: is on the axis below."""
    grid(axes)
    if not points:
        _say_none(axes)
        return
    lines: dict[Line, tuple[list[float], list[float]]] = {}
    for line, x, y in points:
        across, up = lines.setdefault(line, ([], []))
        across.append(_float(x))
        up.append(_float(y))  # an empty field is a gap
    for number, line in enumerate(sorted(lines)):
        axes.plot(
            *lines[line],
            color=COLOUR_OF.get(line[0], _COLOURS[number % len(_COLOURS)]),
            linestyle=":" if NEGATIVE in line else "-",
            linewidth=1.2,
            label=", ".join(NAME_OF.get(part, part) for part in (line[:-1] or line)),
        )
    axes.set_xlabel(what)


def _draw_bars(left: Axes, right: Axes, plot: Plot) -> None:
    labels = _labels(plot)
    for axes, points in ((left, plot.before), (right, plot.after)):
        grid(axes)
        if not points:
            _say_none(axes)
            continue
        values = _values(points)
        lengths = [values.get(label, 0.0) for label in labels]
        axes.barh(range(len(labels)), lengths, color=BLUE, height=0.7)
        axes.set_yticks(range(len(labels)), labels, fontsize=6.5)
        # downwards, as a list is read
        axes.set_ylim(len(labels) - 0.5, -0.5)


def _say_none(axes: Axes) -> None:
    axes.text(0.5, 0.5, "no such plot", ha="center", color=GREY, transform=axes.transAxes)


def _labels(plot: Plot) -> list[str]:
    """What has a bar on either side; of many, those that differ most."""
    before, after = _values(plot.before), _values(plot.after)
    moved = {}
    for label in {**before, **after}:
        moved[label] = abs(after.get(label, 0.0) - before.get(label, 0.0))
    # chosen by how far they moved, and shown by name, by which a reader looks for them
    by_difference = sorted(moved, key=lambda label: (-moved[label], label))
    return sorted(by_difference[:MOST_BARS])


def _values(points: Sequence[tuple[Line, str, str]]) -> dict[str, float]:
    """Name -> value; where both are names, pair of names -> how often it occurs."""
    if all(_is_number(x) for _, x, _ in points):
        return {y: _float(x) for _, x, y in points}
    if all(_is_number(y) for _, _, y in points):
        return {x: _float(y) for _, x, y in points}
    times = Counter(f"{x} as {y}" for _, x, y in points)
    return {pair: float(count) for pair, count in times.items()}


def _is_number(text: str) -> bool:
    try:
        _float(text)
    except ValueError:
        return False
    return True


def _float(text: str) -> float:
    return float(text) if text else math.nan
