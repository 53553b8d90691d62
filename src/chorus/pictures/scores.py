"""How a miner's scores are distributed, and what its cut-offs let through."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chorus.errors import DataError
from chorus.pictures.look import BLUE, INK, ORANGE, clipped, grid, picture

_BINS = 50
_LABEL_INCHES = 0.22
_WHAT = "each line: a cut-off, and how many of the clips score at least as much"


def draw_score_distribution(
    scores: NDArray[np.floating],
    cutoffs: Mapping[str, float],
    path: Path | str,
    heading: str,
    xlabel: str,
) -> None:
    """Draw a histogram of scores as PNG, each cut-off a line that says how many clips score at least as much.

    Args:
        scores: (n,), from 0 to 1. cutoffs: name -> score; may be empty.

    Raises:
        DataError: a score or a cut-off is not from 0 to 1.
    """
    values = np.asarray(scores, dtype=np.float64)
    for what, numbers in (
        ("scores", values),
        ("cut-offs", np.array(list(cutoffs.values()), dtype=np.float64)),
    ):
        if not ((numbers >= 0) & (numbers <= 1)).all():
            raise DataError(f"{what} to draw must be from 0 to 1")
    with picture(path, 4.8 + _LABEL_INCHES * len(cutoffs), clipped(heading, 95), _WHAT) as figure:
        axes = figure.subplots()
        axes.hist(
            values, bins=np.linspace(0, 1, _BINS + 1).tolist(), color=BLUE, alpha=0.85, rwidth=0.94
        )
        if len(values):
            # A pool holds far more clips without the call than with it.
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter("{x:,.0f}")
            axes.yaxis.set_minor_formatter("")  # its own would be a formula
        # Below 1, so that a bar of a single clip can be seen.
        axes.set_ylim(bottom=0.7)
        axes.set_xlim(-0.005, 1.005)
        axes.set_xlabel(xlabel)
        axes.set_ylabel("clips (logarithmic)")
        grid(axes)
        heights = axes.get_xaxis_transform()  # x in scores, y in heights of the histogram
        for level, (name, cutoff) in enumerate(_stacked(cutoffs)):
            label = f"{clipped(name, 40)}: {int(np.sum(values >= cutoff)):,} clips ≥ {cutoff:.3g}"
            # Towards the middle, where there is room, whichever side the line is on.
            side, shift = ("left", 0.006) if cutoff <= 0.5 else ("right", -0.006)
            y = 1.03 + level * _LABEL_INCHES / 4
            axes.plot(
                [cutoff, cutoff],
                [0, y],
                color=ORANGE,
                linewidth=1.1,
                transform=heights,
                clip_on=False,
            )
            axes.text(cutoff + shift, y, label, ha=side, va="center", color=INK, transform=heights)


def _stacked(cutoffs: Mapping[str, float]) -> list[tuple[str, float]]:
    """The labels from the lowest level up, so that no line has to cross another label.

    Those right of the middle are written to the left of their line, so a lower cut-off must end below them; on the
    left it is the other way round.
    """
    right = sorted(
        (item for item in cutoffs.items() if item[1] > 0.5), key=lambda item: (item[1], item[0])
    )
    left = sorted(
        (item for item in cutoffs.items() if item[1] <= 0.5), key=lambda item: (-item[1], item[0])
    )
    return right + left
