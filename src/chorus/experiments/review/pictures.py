"""Before and after side by side, from `dvc plots diff`: curves in one picture, pictures as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvc.render.match import match_defs_renderers

from chorus.clips import POSITIVE
from chorus.experiments.review.facts import Facts
from chorus.files import replacing
from chorus.pictures.look import BLUE, COLOUR_OF, GREEN, GREY, NAME_OF, ORANGE, clipped, grid, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVES = "curves.png"
_ROW = 2.3  # inches
_COLOURS = (BLUE, ORANGE, GREEN, GREY)
Row = dict[str, Any]


@dataclass(frozen=True)
class Pictures:
    """What was drawn, as paths relative to the folder of the pictures.

    curves: one picture with all curves that differ; None: none does.
    pairs: of each picture of the pipeline that differs: its path in the repository, the one before, the one after.
    unchanged: plots that do not differ.
    """

    curves: str | None
    pairs: list[tuple[str, str | None, str | None]]
    unchanged: list[str]


@dataclass(frozen=True)
class _Curve:
    title: str
    x: str
    before: list[Row]
    after: list[Row]


def draw(facts: Facts, folder: Path) -> Pictures:
    """Write the pictures of a review into a folder: curves.png, and those of the pipeline in before/ and after/."""
    pairs = []
    before, after = _images(facts.plots[0]), _images(facts.plots[1])
    for path in sorted({**before, **after}):
        if before.get(path) != after.get(path):
            pairs.append((path, _copy(folder, "before", path, before), _copy(folder, "after", path, after)))
    curves = _curves(facts)
    differing = [curve for curve in curves if curve.before != curve.after]
    if differing:
        _draw_curves(differing, folder / CURVES, facts)
    same = [curve.title for curve in curves if curve.before == curve.after]
    changed = {path for path, _, _ in pairs}
    return Pictures(
        curves=CURVES if differing else None,
        pairs=pairs,
        unchanged=same + [path for path in sorted(after) if path not in changed],
    )


def _images(plots: Any) -> dict[str, bytes]:
    sources = plots.get("sources", {}).get("data", {})
    return {path: source["data"] for path, source in sources.items() if isinstance(source.get("data"), bytes)}


def _copy(folder: Path, side: str, path: str, images: dict[str, bytes]) -> str | None:
    if path not in images:
        return None
    with replacing(folder / side / path) as beside:
        beside.write_bytes(images[path])
    return f"{side}/{path}"


def _curves(facts: Facts) -> list[_Curve]:
    """The plots of dvc.yaml, their points by revision, in its order."""
    plots = {side: data for side, data in zip(("before", "after"), facts.plots, strict=True) if data}
    found = []
    for match in match_defs_renderers(plots, templates_dir=facts.templates):
        about, points = match.renderer.properties, match.renderer.datapoints
        if "x" not in about or not points:
            continue
        sides = {side: [_point(point, about) for point in points if point["rev"] == side] for side in plots}
        found.append(_Curve(about["title"], about["x"], sides.get("before", []), sides.get("after", [])))
    return found


def _point(point: Row, about: Row) -> Row:
    """x, y, and which line of the plot it belongs to."""
    lines = [point[column] for column in ("split", "label") if column in point]
    return {"x": float(point[about["x"]]), "y": float(point[about["y"]]), "line": (*lines, point["field"])}


def _draw_curves(curves: list[_Curve], path: Path, facts: Facts) -> None:
    height = _ROW * len(curves) + 0.6
    heading = clipped(f"{facts.base} (left) and {facts.head} (right)", 95)
    with picture(path, height, heading, "The plots that differ") as figure:
        axes = figure.subplots(len(curves), 2, squeeze=False, sharex="row", sharey="row")
        for (left, right), curve in zip(axes, curves, strict=True):
            for side, points in ((left, curve.before), (right, curve.after)):
                _draw_lines(side, points)
                side.set_xlabel(curve.x)
                grid(side)
            left.set_title(clipped(curve.title, 60))
            legend = right if curve.after else left
            legend.legend(loc="best", fontsize=7)


def _draw_lines(axes: Axes, points: list[Row]) -> None:
    if not points:
        axes.text(0.5, 0.5, "no such plot", ha="center", va="center", color=GREY, transform=axes.transAxes)
    by_line: Callable[[Row], tuple[str, ...]] = lambda point: point["line"]  # noqa: E731
    lines = [(line, list(of_line)) for line, of_line in groupby(sorted(points, key=by_line), key=by_line)]
    for number, (line, of_line) in enumerate(lines):
        axes.plot(
            [point["x"] for point in of_line],
            [point["y"] for point in of_line],
            color=COLOUR_OF.get(line[0], _COLOURS[number % len(_COLOURS)]),
            linestyle="-" if POSITIVE in line or len(line) < 3 else ":",
            linewidth=1.2,
            label=", ".join(NAME_OF.get(part, part) for part in (line[:-1] or line)),
        )
