"""Pictures of a grid, narrow enough to be read on a phone: PNG files 5.2 inches wide."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import cycle, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from chorus.metrics.direction import lower_is_better
from chorus.pictures.look import AMBER, BLUE, GREEN, GREY, INK, ORANGE, grid, picture
from chorus.reports.headline import spoken
from chorus.reports.tables import (
    VERDICTS,
    Association,
    associations,
    baselines,
    configuration_means,
    health_of,
    heat_map,
)
from chorus.runs.factors import Factor, configuration

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _DPI = 5.2, 200
_MAP = "viridis"
_COLOUR_OF = dict(zip(VERDICTS, (GREEN, GREY, AMBER, ORANGE), strict=True))
_BOX = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.0}  # of words on lines


def _narrow(
    path: Path, height: float, heading: str, subheading: str
) -> AbstractContextManager[Figure]:
    return picture(path, height, heading, subheading, width=_WIDTH, dpi=_DPI)


def draw_all(
    runs: pd.DataFrame,
    order: Sequence[str],
    metrics: Sequence[str],
    factors: Sequence[Factor],
    by_axis: Sequence[Factor],
    folder: Path,
) -> dict[str, bytes]:
    """Draw all pictures of a grid into a folder.

    Args:
        runs: of `chorus.reports.tables.typed`.
        order: signatures, the best first.
        metrics: the first ranks; see `chorus.reports.tables.Told`.
        factors, by_axis: what runs differ in, as configurations are described, and as the sweep varies it.

    Returns:
        Name without ending -> PNG.
    """
    rank_by = metrics[0]
    lines = {}
    for name, column in baselines(runs, rank_by).items():
        mean = " (mean)" if runs[column].nunique() > 1 else ""
        lines[f"{name}{mean}"] = runs[column].mean()
    draw_leaderboard(runs, order, rank_by, factors, folder / "leaderboard.png", lines)
    names = ["leaderboard"]
    if factors:
        names.append("parallel")
        draw_parallel(runs, metrics[::-1], by_axis, folder / "parallel.png")
        for metric in metrics:
            names.append(f"heat_{metric.rpartition('.')[2]}")
            draw_heat_map(runs, metric, by_axis, folder / f"{names[-1]}.png")
    if "health.verdict" in runs:
        names.append("health")
        draw_health(runs, metrics, folder / "health.png")
        if found := associations(runs, metrics[-1]):
            names.append("signals")
            draw_signals(runs, metrics[-1], found, folder / "signals.png")
    return {name: (folder / f"{name}.png").read_bytes() for name in names}


def draw_leaderboard(
    runs: pd.DataFrame,
    order: Sequence[str],
    metric: str,
    factors: Sequence[Factor],
    path: Path,
    lines: Mapping[str, float],
) -> None:
    """The configurations in rank order, each with its seeds, their mean and the t interval of the mean.

    Args:
        runs: of `chorus.reports.tables.typed`.
        order: signatures, the best first.
        factors: in the order in which a configuration is described.
        lines: what to compare with, such as trivial baselines: name -> value.
    """
    groups = dict(iter(runs.groupby("signature")))
    values = [*runs[metric], *lines.values()]
    # A single configuration of one seed has no range, and an axis needs some.
    reach = 0.12 * (max(values) - min(values)) or 0.01
    heading = f"{spoken(metric)} of every configuration"
    about = "small circles: seeds · dot, line: mean, 95 % interval"
    with _narrow(path, 1.45 + 0.31 * len(order), heading, about) as figure:
        axes = figure.subplots()
        for (name, value), style in zip(lines.items(), cycle(("--", ":", "-."))):
            axes.axvline(value, color=INK, linewidth=1, linestyle=style, label=name, zorder=1)
        for place, signature in enumerate(order):
            group = groups[signature]
            _draw_configuration(axes, place, group[metric].to_numpy(dtype=float))
            words = f"{place + 1}  {configuration(group.iloc[0], factors)}"
            # beside the axis, a phone would have no room left for the figure
            across = axes.get_yaxis_transform()
            at: dict[str, Any] = {"x": 0.005, "y": place - 0.45, "transform": across}
            axes.text(s=words, **at, size=7.5, va="center", bbox=_BOX | {"alpha": 1}, zorder=5)
        # Downwards, as a list is read; with room above the first, whose words stand over its line.
        axes.set_ylim(len(order) - 0.5, -0.85)
        # wide intervals, of few seeds, end at the frame
        axes.set_xlim(min(values) - reach, max(values) + reach)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(spoken(metric))
        grid(axes)
        if lines:
            figure.legend(loc="outside lower left", ncols=len(lines), fontsize=8.5)


def _draw_configuration(axes: Axes, place: int, seeds: np.ndarray) -> None:
    from chorus.statistics import seed_summary

    summary = seed_summary(seeds)
    ends = [summary.ci_low, summary.ci_high]
    axes.plot(ends, [place] * 2, color=BLUE, linewidth=1.4, zorder=2)
    small: dict[str, Any] = {"color": "white", "markeredgecolor": ORANGE, "markersize": 4}
    axes.plot(seeds, [place] * len(seeds), "o", **small, zorder=3)
    dot: dict[str, Any] = {"color": BLUE, "markeredgecolor": "white", "markersize": 5}
    axes.plot(summary.mean, place, "o", **dot, zorder=4)


def draw_heat_map(runs: pd.DataFrame, metric: str, factors: Sequence[Factor], path: Path) -> None:
    """The mean of a metric for all levels of the factors; see `chorus.reports.tables.heat_map`."""
    found = heat_map(runs, metric, factors)
    table = found.table
    panel_names, rows = (list(table.index.unique(level)) for level in (0, 1))
    values = table.to_numpy(dtype=float)
    ends = float(np.nanmin(values)), float(np.nanmax(values))
    best = ends[0] if lower_is_better(metric) else ends[1]
    by = {"rows": found.rows, "columns": found.columns, "panels": found.panels}
    about = " · ".join(f"{place}: {names}" for place, names in by.items() if names)
    with _narrow(path, 1.75 + 0.42 * len(rows), f"Mean {spoken(metric)}", about) as figure:
        panels = figure.subplots(1, len(panel_names), sharey=True, squeeze=False)[0]
        for axes, name in zip(panels, panel_names, strict=True):
            part = table.loc[name]
            _draw_panel(axes, part.to_numpy(dtype=float), ends, best)
            axes.set_title(name, size=9)
            columns = [_wrapped(level, 9) for level in table.columns]
            axes.set_xticks(range(len(columns)), columns, size=8)
            axes.set_yticks(range(len(rows)), [_wrapped(row, 12) for row in rows], size=8)
            axes.tick_params(length=0)
            for spine in axes.spines.values():
                spine.set_visible(False)


def _draw_panel(axes: Axes, part: np.ndarray, ends: tuple[float, float], best: float) -> None:
    """One colour scale for all panels, from the lowest mean of all to the highest; the best one has a frame."""
    import matplotlib

    low, high = ends
    colours = matplotlib.colormaps[_MAP]
    axes.imshow(part, cmap=_MAP, vmin=low, vmax=high, aspect="auto")
    for (row, column), value in np.ndenumerate(part):
        written: dict[str, Any] = {"ha": "center", "va": "center", "size": 8}
        if np.isnan(value):
            axes.text(column, row, "–", **written, color=GREY)
            continue
        # white on what is dark to the eye, by the luma of ITU-R BT.601
        red, green, blue, _ = colours((value - low) / ((high - low) or 1))
        is_dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
        written["color"] = "white" if is_dark else INK
        if value == best:
            written["weight"] = "bold"
            corner = (column - 0.48, row - 0.47)
            frame: dict[str, Any] = {"fill": False, "edgecolor": ORANGE, "linewidth": 2}
            axes.add_patch(matplotlib.patches.Rectangle(corner, 0.96, 0.94, **frame))
        axes.text(column, row, f"{value:.3f}", **written)


def draw_parallel(
    runs: pd.DataFrame, metrics: Sequence[str], factors: Sequence[Factor], path: Path
) -> None:
    """Parallel coordinates from top to bottom: the factors, then the means of the metrics; a line a configuration.

    Args:
        runs: of `chorus.reports.tables.typed`.
        metrics: the last one gives the lines their colours.
    """
    import matplotlib
    from matplotlib.colors import Normalize

    last = metrics[-1]
    # A signature stands for its factors already; they are named to be kept as columns.
    by = ["signature", *(factor.name for factor in factors)]
    board = runs.groupby(by, as_index=False)[list(metrics)].mean()
    best_last = [not lower_is_better(last), True]
    ordered = board.sort_values(
        [last, "signature"], ascending=best_last, kind="stable", ignore_index=True
    )
    places = [_category_places(ordered, factor) for factor in factors]
    scaled = [_scaled(ordered[metric].to_numpy(dtype=float)) for metric in metrics]
    x = np.column_stack([*(place for place, _ in places), *scaled])
    norm, colours = Normalize(ordered[last].min(), ordered[last].max()), matplotlib.colormaps[_MAP]
    # The page says that yellow lines are the best ones.
    if lower_is_better(last):
        colours = colours.reversed()
    names = [factor.spoken for factor in factors]
    names += [f"mean {spoken(metric)}" for metric in metrics]
    height = 1.2 + 1.24 * len(names)
    about = f"a line each, coloured by its mean {spoken(last)}"
    with _narrow(path, height, "Every configuration", about) as figure:
        axes = figure.subplots()
        # the best are drawn last, and lie on top
        for row, value in zip(x, ordered[last], strict=True):
            across, down = _curve(row)
            axes.plot(across, down, color=colours(norm(value)), linewidth=1.3, alpha=0.9)
        for level, name in enumerate(names):
            axes.axhline(level, color=GREY, linewidth=0.8, zorder=1)
            written: dict[str, Any] = {
                "size": 9,
                "weight": "bold",
                "va": "bottom",
                "bbox": _BOX,
                "zorder": 6,
            }
            axes.text(-0.03, level - 0.3, name, **written)
        for level, (_, labels) in enumerate(places):
            for label, centre in labels.items():
                _note(axes, centre, level - 0.13, _wrapped(label, 12))
        for level, metric in enumerate(metrics, start=len(places)):
            low, high = ordered[metric].min(), ordered[metric].max()
            for place, value in ((0, low), (0.5, (low + high) / 2), (1, high)):
                _note(axes, place, level + 0.15, f"{value:.3f}")
        axes.set_xlim(-0.04, 1.04)
        axes.set_ylim(len(names) - 0.65, -0.45)
        axes.axis("off")


def draw_health(runs: pd.DataFrame, metrics: Sequence[str], path: Path) -> None:
    """Metrics of single runs by the verdict on the health of their training; a bar at each mean."""
    rng = np.random.default_rng(1)  # the same scatter sideways each time
    counts = runs["health.verdict"].value_counts()
    shown = [verdict for verdict in VERDICTS if verdict in counts]
    labels = [f"{verdict}\n{counts[verdict]} runs" for verdict in shown]
    with _narrow(path, 3.4, "Health and performance", "a dot a run · bar: mean") as figure:
        panels = figure.subplots(1, len(metrics), squeeze=False)[0]
        for axes, metric in zip(panels, metrics, strict=True):
            for place, verdict in enumerate(shown):
                values = runs.loc[runs["health.verdict"] == verdict, metric].to_numpy(dtype=float)
                aside = place + rng.uniform(-0.25, 0.25, len(values))
                dots: dict[str, Any] = {
                    "color": _COLOUR_OF[verdict],
                    "markersize": 4,
                    "markeredgewidth": 0,
                }
                axes.plot(aside, values, "o", **dots, alpha=0.7)
                ends = [place - 0.32, place + 0.32]
                axes.plot(ends, [values.mean()] * 2, color=INK, linewidth=1.6)
            axes.set_xticks(range(len(shown)), labels)
            axes.set_xlim(-0.6, len(shown) - 0.4)
            axes.set_title(spoken(metric))
            grid(axes)
            axes.grid(visible=False, axis="x")


def draw_signals(runs: pd.DataFrame, metric: str, found: Sequence[Association], path: Path) -> None:
    """A metric against each health signal: a dot a configuration, in the colour of its worst verdict."""
    columns = [f"signal.{each.signal}" for each in found]
    table = configuration_means(runs, [metric, *columns])
    worst = health_of(runs)
    colours = [_COLOUR_OF[str(worst[str(signature)]["worst"])] for signature in table.index]
    rows = math.ceil(len(found) / 2)
    heading = f"Health signals and {spoken(metric)}"
    with _narrow(path, 1.9 * rows + 0.7, heading, "a dot a configuration") as figure:
        panels = figure.subplots(rows, 2, squeeze=False, sharey=True).ravel()
        # An odd number of signals leaves the last panel without one.
        for axes, each, column in zip(panels, found, columns, strict=False):
            axes.scatter(table[column], table[metric], c=colours, s=16, linewidths=0, alpha=0.85)
            axes.set_title(f"{each.signal.replace('_', ' ')}: rho {each.rho:+.2f}", size=9)
            grid(axes)
        for axes in panels[len(found) :]:
            axes.axis("off")


def _category_places(board: pd.DataFrame, factor: Factor) -> tuple[np.ndarray, dict[str, float]]:
    """Where each line crosses the axis of a factor: those of one level side by side, in the order of the table."""
    own_levels = board[factor.name].astype(str)
    present = set(own_levels)
    levels = [level for level in factor.levels if level in present]
    width = 1 / len(levels)
    places, centres = np.zeros(len(board)), {}
    for number, level in enumerate(levels):
        own = np.flatnonzero((own_levels == level).to_numpy())
        centre = (number + 0.5) * width
        centres[factor.label(level)] = centre
        places[own] = centre
        if len(own) > 1:  # a single line goes through the middle
            places[own] += width * np.linspace(-0.36, 0.36, len(own))
    return places, centres


def _scaled(values: np.ndarray) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    scaled: np.ndarray = (values - low) / ((high - low) or 1)
    return scaled


def _curve(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A smooth line through one point a level: easier to follow than straight ones where many cross."""
    step = np.linspace(0, 1, 30)
    ease = step * step * (3 - 2 * step)
    across, down = [], []
    for level, (start, end) in enumerate(pairwise(x)):
        across.append(start + (end - start) * ease)
        down.append(level + step)
    return np.concatenate(across), np.concatenate(down)


def _note(axes: Axes, x: float, y: float, words: str) -> None:
    axes.text(x, y, words, size=8, ha="center", va="center", bbox=_BOX, zorder=5, linespacing=1.0)


def _wrapped(name: str, width: int) -> str:
    """A long name over several lines, broken after + and _ and at spaces."""
    lines = [""]
    for piece in re.findall(r" ?[^+_ ]*[+_]?", name):
        if lines[-1].strip(" +") and len(lines[-1] + piece) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.strip() for line in lines)
