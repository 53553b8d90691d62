"""Before and after side by side, from `dvc plots diff`: plots over CSV files are drawn, pictures are copied."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from chorus.experiments.review.curves import Plot, draw_plots, read_plots
from chorus.experiments.review.facts import Facts
from chorus.files import replacing

FIRST = "evaluation"  # the topic that a reviewer sees unfolded


@dataclass(frozen=True)
class Pictures:
    """What was drawn, as paths relative to the folder of the pictures.

    drawn: topic ("evaluation") -> the picture of all its plots that differ, before and after.
    pairs: of each picture of the pipeline that differs: its path in the repository, the one before, the one after.
    unchanged: plots and pictures that do not differ.
    """

    drawn: dict[str, str]
    pairs: list[tuple[str, str | None, str | None]]
    unchanged: list[str]


def draw(facts: Facts, folder: Path) -> Pictures:
    """Write the pictures of a review into a folder: one a topic, and those of the pipeline in before/ and after/."""
    before, after = _images(facts.plots[0]), _images(facts.plots[1])
    pairs, unchanged = [], []
    for path in sorted({**before, **after}):
        if before.get(path) == after.get(path):
            unchanged.append(path)
            continue
        sides = _copy(folder, "before", path, before), _copy(folder, "after", path, after)
        pairs.append((path, *sides))
    plots = read_plots(facts.plots, facts.templates)
    same = [plot.title for plot in plots if not plot.differs]
    drawn = {}
    # groupby joins neighbours alone
    differing = sorted((plot for plot in plots if plot.differs), key=_in_order)
    for topic, of_topic in groupby(differing, key=lambda plot: plot.topic):
        drawn[topic] = f"{topic}.png"
        draw_plots(list(of_topic), folder / drawn[topic], (facts.base, facts.head))
    return Pictures(drawn, pairs, same + unchanged)


def _in_order(plot: Plot) -> tuple[bool, str]:
    return plot.topic != FIRST, plot.topic


def _images(plots: Any) -> dict[str, bytes]:
    images = {}
    for path, source in plots.get("sources", {}).get("data", {}).items():
        content = source.get("data")
        if isinstance(content, bytes):  # the others are tables, parsed
            images[path] = content
    return images


def _copy(folder: Path, side: str, path: str, images: dict[str, bytes]) -> str | None:
    if path not in images:
        return None
    with replacing(folder / side / path) as beside:
        beside.write_bytes(images[path])
    return f"{side}/{path}"
