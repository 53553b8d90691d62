"""Small charts as SVG text, to stand inside a page: they need no library, no script and no other file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 380, 210
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 10, 26
Points = Sequence[tuple[float, float]]


def line_chart(series: Mapping[str, Points], *, marked: float | None = None) -> str:
    """Lines over epochs.

    Args:
        series: name -> (epoch, value); the first is the strongest.
        marked: an epoch to mark, the one whose weights were kept.
    """
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    ticks = nice_ticks(min(ys), max(ys))
    last = max(max(xs), min(xs) + 1)

    def at(x: float, y: float) -> tuple[float, float]:
        across = (x - min(xs)) / (last - min(xs))
        up = (y - ticks[0]) / (ticks[-1] - ticks[0])
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (
            HEIGHT - TOP - BOTTOM
        )

    parts = []
    for tick in ticks:
        _, y = at(min(xs), tick)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for epoch, anchor in ((min(xs), "start"), (max(xs), "end")):
        x, _ = at(epoch, ticks[0])
        parts.append(
            f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">epoch {epoch:g}</text>'
        )
    if marked is not None:
        x, _ = at(marked, ticks[0])
        parts.append(
            f'<line class="marked" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        )
    for number, points in reversed(list(enumerate(series.values()))):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in points))
        parts.append(f'<polyline class="line{number}" points="{path}"/>')
        x, y = at(*points[-1])
        parts.append(f'<circle class="dot{number}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>')
    return _svg(parts, HEIGHT, ", ".join(series))


def bar_chart(bars: Sequence[tuple[str, float, float, float, str]], what: str) -> str:
    """Shares from 0 to 1 as bars, each with its interval.

    Args:
        bars: name, share, lower and upper end of the interval, a note.
        what: the chart shows, for those who cannot see it.
    """
    row = 34
    parts = []
    for number, (name, share, low, high, note) in enumerate(bars):
        y = number * row
        length = WIDTH - 2

        def at(value: float, length: float = length) -> float:
            return 1 + value * length

        parts.append(f'<text x="1" y="{y + 12}">{escape(name)}</text>')
        parts.append(
            f'<text class="quiet" x="{WIDTH - 1}" y="{y + 12}" text-anchor="end">{escape(note)}</text>'
        )
        parts.append(f'<rect class="empty" x="1" y="{y + 17}" width="{length}" height="10"/>')
        parts.append(
            f'<rect class="bar" x="1" y="{y + 17}" width="{max(share * length, 0.5):.1f}" height="10"/>'
        )
        parts.append(
            f'<line class="ends" x1="{at(low):.1f}" x2="{at(high):.1f}" y1="{y + 22}" y2="{y + 22}"/>'
        )
    return _svg(parts, max(row * len(bars), 1), what)


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers at equal steps that enclose both; at least two."""
    size = max(abs(low), abs(high), 1e-9)
    span = (
        high - low if high - low > 1e-9 * size else size
    )  # what hardly differs is drawn as one level
    raw = span / (most - 1)
    exponent = math.floor(math.log10(raw))
    power = 10.0**exponent
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    return [round(number * step, 1 - exponent) for number in range(first, last + 1)]


def _svg(parts: Sequence[str], height: float, what: str) -> str:
    head = f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(what)}">'
    return "\n".join([head, *parts, "</svg>"])
