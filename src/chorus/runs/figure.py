"""All effects of all blocks of a table of runs in one picture, grey where they could be luck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chorus.errors import DataError
from chorus.pictures.look import BLUE, GREY, INK, ORANGE, clipped, grid, picture
from chorus.runs.block_effects import BlockEffects
from chorus.statistics.effects import Effect

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW_INCHES = 0.185
_LEGEND = (
    "line: 95 % interval over seeds · orange: holds among all contrasts · blue: in its block · "
    "grey: could be luck · dark dot: holds by single runs"
)
_BEYOND = 1.6  # of the largest effect: intervals are cut there, so that wide ones do not squeeze the others


def draw_blocks(
    blocks: Sequence[BlockEffects], path: Path, heading: str, xlabel: str, labels: Mapping[str, str]
) -> None:
    """Draw the effects of every block as PNG, from top to bottom; intervals that are far wider than effects are cut.

    Args:
        labels: block -> a few words on it.

    Raises:
        DataError: there is no effect to draw.
    """
    drawn = [block for block in blocks if block.effects]
    if not drawn:
        raise DataError("there are no effects to draw")
    every = [effect for block in drawn for effect in block.effects]
    reach = _BEYOND * max(abs(effect.difference) for effect in every)
    rows = len(every) + len(drawn)
    with picture(path, 1.5 + _ROW_INCHES * rows, clipped(heading, 95), _LEGEND) as figure:
        axes = figure.subplots()
        axes.axvline(0, color=INK, linewidth=1)
        titles: list[str] = []
        names: list[str] = []
        for block in drawn:
            titles.append(_title(block, labels))
            names.append(titles[-1])
            for effect, holds, by_runs in zip(
                block.effects, block.hold(), block.runs_hold(), strict=True
            ):
                colour = _colour(effect, holds)
                interval = (effect.low, effect.difference, effect.high)
                _draw(axes, len(names), interval, reach, (colour, INK if by_runs else colour))
                names.append(effect.name)
        # downwards, as a list is read
        axes.set_ylim(rows - 0.4, -0.8)
        axes.set_xlim(-reach, reach)
        axes.set_yticks(range(rows), [clipped(name, 60) for name in names])
        for label, name in zip(axes.get_yticklabels(), names, strict=True):
            label.set_fontweight("bold" if name in titles else "normal")
            label.set_fontsize(7.5)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(xlabel)
        grid(axes)
        axes.grid(visible=False, axis="y")


def _title(block: BlockEffects, labels: Mapping[str, str]) -> str:
    about = block.block
    if block.block in labels:
        about += f": {labels[block.block]}"
    return f"{about} ({block.runs} runs, {block.seeds} seeds)"


def _colour(effect: Effect, holds: bool) -> str:
    if holds:
        return ORANGE
    return BLUE if effect.holds else GREY


def _draw(
    axes: Axes,
    y: float,
    interval: tuple[float, float, float],
    reach: float,
    colours: tuple[str, str],
) -> None:
    low, middle, high = interval
    colour, of_dot = colours
    axes.plot(
        [max(low, -reach), min(high, reach)],
        [y, y],
        color=colour,
        linewidth=2,
        solid_capstyle="butt",
        zorder=2,
    )
    for end, beyond, marker in ((-reach, low < -reach, "<"), (reach, high > reach, ">")):
        if beyond:
            axes.plot(end, y, marker, color=colour, markersize=4, zorder=3, clip_on=False)
    axes.plot(middle, y, "o", color=of_dot, markersize=4.5, zorder=4, markeredgecolor="white")
