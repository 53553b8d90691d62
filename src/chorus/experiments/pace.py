"""How fast a grid goes and when it will be done, as one line of text."""

from __future__ import annotations

from chorus.experiments.conduct import Progress
from chorus.metrics.direction import lower_is_better


class Pace:
    """Turns reports of progress into one line: counts, speed, time left, the best run so far.

    Args:
        metric: what the best run is best at ("ood.f1").
        now: seconds on some clock, at the start.
    """

    def __init__(self, metric: str, now: float) -> None:
        self._metric, self._start = metric, now
        self._sign = -1 if lower_is_better(metric) else 1
        self._done_before: int | None = None
        self._best: tuple[float, str] | None = None

    def result(self, name: str, value: float | None) -> None:
        """Take note of a finished run's metric; None: it could not be judged."""
        if value is None:
            return
        merit = self._sign * value
        if self._best is None or merit > self._sign * self._best[0]:
            self._best = (value, name)

    def line(self, progress: Progress, now: float) -> str:
        """The line for this moment. What was done before the start does not count for the speed."""
        if self._done_before is None:
            self._done_before = progress.done
        parts = [f"{progress.done}/{progress.total} done"]
        if progress.failed:
            parts.append(f"{progress.failed} failed")
        if progress.running:
            parts.append(f"{progress.running} running")
        minutes = (now - self._start) / 60
        ended = progress.done - self._done_before + progress.failed
        if ended and minutes > 0:
            parts.append(f"{ended / minutes:.1f} runs/min")
            left = (progress.total - progress.done - progress.failed) * minutes / ended
            parts.append(f"{_clock(left)} left" if left else f"took {_clock(minutes)}")
        if self._best:
            parts.append(f"best {self._metric} {self._best[0]:.3f} ({self._best[1]})")
        return ", ".join(parts)


def _clock(minutes: float) -> str:
    seconds = round(minutes * 60)
    return f"{seconds // 60}:{seconds % 60:02d} min"
