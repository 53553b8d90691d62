"""A forest plot: every effect as a dot with its interval, and the single seeds beneath it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chorus.errors import DataError
from chorus.pictures.look import BLUE, GREY, INK, ORANGE, clipped, grid, picture
from chorus.statistics.effects import Effect

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW_INCHES = 0.34
_ABOUT = (
    "dot and line: mean over the seeds and its 95 % interval (t) · small circles: single seeds · "
)
_HOLDS = "orange: holds (Holm p and run p below 0.05)"


def draw_forest(
    families: Sequence[tuple[str, Sequence[Effect]]], path: Path | str, heading: str, xlabel: str
) -> None:
    """Draw effects as PNG, from top to bottom.

    Args:
        families: heading of a group of rows, and its effects (say, main effects and interactions).

    Raises:
        DataError: there is no effect to draw.
    """
    effects = [effect for _, family in families for effect in family]
    if not effects:
        raise DataError("there are no effects to draw")
    rows = len(effects) + len(families)
    with picture(path, 1.5 + _ROW_INCHES * rows, clipped(heading, 95), _ABOUT + _HOLDS) as figure:
        axes = figure.subplots()
        axes.axvline(0, color=INK, linewidth=1)
        names: list[str] = []
        titles: set[int] = set()  # which rows are headings
        for title, family in families:
            titles.add(len(names))
            names.append(title)
            for effect in family:
                _draw(axes, len(names), effect)
                names.append(effect.name)
        # from high to low: the first row stands on top
        axes.set_ylim(rows - 0.4, -0.6)
        axes.set_yticks(range(rows), [clipped(name, 70) for name in names])
        for row, label in enumerate(axes.get_yticklabels()):
            label.set_fontweight("bold" if row in titles else "normal")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(xlabel)
        grid(axes)
        axes.grid(visible=False, axis="y")


def _draw(axes: Axes, y: float, effect: Effect) -> None:
    colour = ORANGE if effect.holds else BLUE
    ends = [effect.low, effect.high]
    axes.plot(ends, [y, y], color=colour, linewidth=2.2, solid_capstyle="butt", zorder=2)
    # marked, to stay visible where the dot covers the line
    axes.plot(ends, [y, y], "|", color=colour, markersize=9, markeredgewidth=1.5, zorder=5)
    below = [y + 0.24] * len(effect.per_seed)
    axes.plot(
        effect.per_seed, below, "o", markersize=3.5, zorder=3, color="white", markeredgecolor=GREY
    )
    axes.plot(
        effect.difference, y, "o", color=colour, markersize=5.5, zorder=4, markeredgecolor="white"
    )
    words = f"{effect.difference:+.3f}  [{effect.low:+.3f}, {effect.high:+.3f}]   Holm p {effect.p_holm:.2f}"
    beside = axes.get_yaxis_transform()
    axes.text(1.015, y, words, transform=beside, va="center", size=7.5, family="monospace")
