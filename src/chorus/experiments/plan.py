"""What a sweep plans, as data: its runs, what they differ in, and what is asked of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chorus.experiments.families import Asked
from chorus.options import options
from chorus.runs.factors import Factor


@options
class Comparison:
    """Two configurations side by side: a and b are runs of theirs; all seeds of each configuration count."""

    name: str
    a: str
    b: str
    shows: str = ""


@dataclass(frozen=True)
class PlannedRun:
    """One run of a grid: its name, the parameters in which it differs from params.yaml, and its place from 0 on."""

    name: str
    changes: Mapping[str, Any]
    order: int


@dataclass(frozen=True)
class Plan:
    """What a sweep file says, checked: all that others need to know of it. See `chorus.experiments.grid.SweepOptions`.

    axes: the parameters that vary, the slowest first. factors: the same without the seed, in the order of the tables.
    metrics: whose effects are judged. families: None where the sweep declares none.
    """

    question: str
    target: str
    runs: Sequence[PlannedRun]
    axes: Sequence[str]
    factors: Sequence[Factor]
    rank_by: str
    metrics: Sequence[str]
    judged_at: str
    families: Mapping[str, Sequence[Asked]] | None
    comparisons: Sequence[Comparison]

    @property
    def names(self) -> list[str]:
        """The columns of the factors."""
        return [factor.name for factor in self.factors]

    def by_axis(self) -> list[Factor]:
        """The factors in the order of the axes."""
        return sorted(self.factors, key=lambda factor: list(self.axes).index(factor.key))
