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
    points_of = list(series.values())
    every = [point for points in points_of for point in points]
    xs, ys = [x for x, _ in every], [y for _, y in every]
    first, last = min(xs), max(xs)
    ticks = nice_ticks(min(ys), max(ys))
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def across(x: float) -> float:
        # A single epoch has no length to divide by.
        share = (x - first) / max(last - first, 1)
        return LEFT + share * (right - LEFT)

    def down(y: float) -> float:
        share = (y - ticks[0]) / (ticks[-1] - ticks[0])
        return bottom - share * (bottom - TOP)

    parts = []
    for tick in ticks:
        y = down(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for epoch, anchor in ((first, "start"), (last, "end")):
        place = f'x="{across(epoch):.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}"'
        parts.append(f"<text {place}>epoch {epoch:g}</text>")
    if marked is not None:
        x = across(marked)
        parts.append(f'<line class="marked" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}"/>')
    # the first line, which is the strongest, is drawn last and lies on top
    for number, points in reversed(list(enumerate(points_of))):
        path = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in points)
        parts.append(f'<polyline class="line{number}" points="{path}"/>')
        x, y = points[-1]
        dot = f'cx="{across(x):.1f}" cy="{down(y):.1f}" r="3"'
        parts.append(f'<circle class="dot{number}" {dot}/>')
    return _svg(parts, HEIGHT, ", ".join(series))


def bar_chart(bars: Sequence[tuple[str, float, float, float, str]], what: str) -> str:
    """Shares from 0 to 1 as bars, each with its interval.

    Args:
        bars: name, share, lower and upper end of the interval, a note.
        what: the chart shows, for those who cannot see it.
    """
    row, length = 34, WIDTH - 2
    parts = []
    for number, (name, share, low, high, note) in enumerate(bars):
        y = number * row
        width = max(share * length, 0.5)  # a share of nothing shows a trace
        start, end = 1 + low * length, 1 + high * length
        parts.append(f'<text x="1" y="{y + 12}">{escape(name)}</text>')
        at_the_end = f'x="{WIDTH - 1}" y="{y + 12}" text-anchor="end"'
        parts.append(f'<text class="quiet" {at_the_end}>{escape(note)}</text>')
        corner = f'x="1" y="{y + 17}"'
        parts.append(f'<rect class="empty" {corner} width="{length}" height="10"/>')
        parts.append(f'<rect class="bar" {corner} width="{width:.1f}" height="10"/>')
        ends = f'x1="{start:.1f}" x2="{end:.1f}" y1="{y + 22}" y2="{y + 22}"'
        parts.append(f'<line class="ends" {ends}/>')
    return _svg(parts, max(row * len(bars), 1), what)


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers at equal steps that enclose both; at least two.

    1, 2 or 5 times a power of ten is what people read at a glance (Heckbert 1990, Nice numbers for graph labels).
    """
    size = max(abs(low), abs(high), 1e-9)
    span = high - low
    # What differs by rounding alone is drawn as one level, and not blown up over the whole chart.
    if span <= 1e-9 * size:
        span = size
    raw = span / (most - 1)
    exponent = math.floor(math.log10(raw))
    power = 10.0**exponent
    # Less a thousandth: a raw step that is one of them, but for rounding, is not to become the next.
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    # Rounded to one digit more than the step has, so that 0.30000000000000004 is no label.
    return [round(number * step, 1 - exponent) for number in range(first, last + 1)]


def _svg(parts: Sequence[str], height: float, what: str) -> str:
    head = f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(what)}">'
    return "\n".join([head, *parts, "</svg>"])
