"""A grid of runs as data: from a short sweep file to the list of planned runs, checked before any of them runs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Annotated, Any

from pydantic import Field

from chorus.clips import OOD_VALIDATION, TEST_IID, TEST_OOD
from chorus.errors import ParameterError
from chorus.experiments.sections import changed, check_sections, value_of
from chorus.experiments.signature import signature
from chorus.options import options, parse

JUDGED_BY = {"ood": TEST_OOD, "iid": TEST_IID, "ood_validation": OOD_VALIDATION}  # the last where a survey has it
METRICS = tuple(
    f"{split}.{metric}"
    for split in JUDGED_BY
    for metric in ("f1", "precision", "recall", "auroc", "auprc", "oracle_best_f1")
)


@options
class Comparison:
    """Two configurations side by side: a and b are runs of theirs; all seeds of each configuration count."""

    name: str
    a: str
    b: str
    shows: str = ""


@options
class SweepOptions:
    """A sweep file.

    name: pattern of the runs' names, with one place for the number, from 1 on.
    rank_by: the metric that orders the leaderboard.
    axes: key of params.yaml -> its values; the first varies slowest.
    blocks: grids, one after the other, each with values for some axes in place of the general ones.
    comparisons: pairs of configurations for the table of comparisons.
    """

    name: str
    rank_by: str = "ood.f1"
    axes: Annotated[dict[str, tuple[Any, ...]], Field(min_length=1)]
    blocks: Annotated[tuple[dict[str, tuple[Any, ...]], ...], Field(min_length=1)] = ({},)
    comparisons: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class PlannedRun:
    """One run of a grid: its name, the parameters in which it differs from params.yaml, and its place from 0 on."""

    name: str
    changes: Mapping[str, Any]
    order: int


def load_grid(
    sweep: Mapping[str, Any],
    params: Mapping[str, Any],
    *,
    subsets: Mapping[str, Collection[str]] | None = None,
) -> list[PlannedRun]:
    """The runs of a sweep, in order.

    Args:
        sweep: what `sweeps/*.yaml` holds; see `SweepOptions`.
        params: what params.yaml holds.
        subsets: the names of the mined subsets that exist, by kind ("positive", "negative"); None: not mined yet, so
            their names cannot be checked.

    Raises:
        ParameterError: an unknown key or subset, a value that a stage would refuse, or two runs with one configuration.
    """
    plan = parse(SweepOptions, sweep, section="sweep")
    if plan.rank_by not in METRICS:
        raise ParameterError(f"sweep.rank_by: {plan.rank_by!r} is not allowed: one of {', '.join(METRICS)}")
    for key in plan.axes:
        value_of(params, key)
    runs: list[PlannedRun] = []
    seen: dict[str, str] = {}
    for changes in _combinations(plan):
        run = PlannedRun(_name(plan.name, len(runs) + 1), changes, len(runs))
        resolved = changed(params, changes)
        check_sections(resolved, changes)
        _check_subsets(resolved, changes, subsets)
        same = f"{signature(resolved)} {resolved.get('seed')}"
        if same in seen:
            raise ParameterError(f"sweep: {seen[same]} and {run.name} are the same configuration: {describe(changes)}")
        seen[same] = run.name
        runs.append(run)
    load_comparisons(sweep, runs)
    return runs


def load_comparisons(sweep: Mapping[str, Any], runs: Sequence[PlannedRun]) -> list[Comparison]:
    """The comparisons of a sweep.

    Raises:
        ParameterError: one of them names a run that is not in the grid.
    """
    names = {run.name for run in runs}
    comparisons = []
    for number, values in enumerate(parse(SweepOptions, sweep, section="sweep").comparisons):
        comparison = parse(Comparison, values, section=f"sweep.comparisons.{number}")
        for name in (comparison.a, comparison.b):
            if name not in names:
                raise ParameterError(f"sweep.comparisons.{number}: there is no run {name!r} in this grid")
        comparisons.append(comparison)
    return comparisons


def rank_metric(sweep: Mapping[str, Any]) -> str:
    """The metric that orders the leaderboard of a sweep."""
    return parse(SweepOptions, sweep, section="sweep").rank_by


def describe(changes: Mapping[str, Any]) -> str:
    """Changes in one line: "seed=123 balance=True quality=high+medium"."""
    return " ".join(f"{key.rpartition('.')[2]}={spell(value)}" for key, value in changes.items())


def spell(value: Any) -> str:
    """A parameter as the tables spell it: lists joined by "+", an empty one "none"."""
    if isinstance(value, list | tuple):
        return "+".join(str(item) for item in value) or "none"
    return str(value)


def _combinations(plan: SweepOptions) -> Iterator[dict[str, Any]]:
    for number, block in enumerate(plan.blocks):
        for key in block:
            if key not in plan.axes:
                known = ", ".join(plan.axes)
                raise ParameterError(f"sweep.blocks.{number}: {key} is no axis of this sweep; there are: {known}")
        axes = {key: block.get(key, values) for key, values in plan.axes.items()}
        for key, values in axes.items():
            if not values:
                raise ParameterError(f"sweep.blocks.{number}: the axis {key} has no values")
        for values in product(*axes.values()):
            yield {key: _listed(value) for key, value in zip(axes, values, strict=True)}


def _listed(value: Any) -> Any:
    return [_listed(item) for item in value] if isinstance(value, tuple) else value


def _name(pattern: str, number: int) -> str:
    try:
        name, other = pattern.format(number), pattern.format(number + 1)
    except (IndexError, KeyError, ValueError):
        name = other = ""
    if name == other or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        allowed = "letters, digits, - and _ around one number, as in stage6_{:03d}"
        raise ParameterError(f"sweep.name: {pattern!r} is not allowed: {allowed}")
    return name


def _check_subsets(
    params: Mapping[str, Any], keys: Collection[str], subsets: Mapping[str, Collection[str]] | None
) -> None:
    for kind, known in (subsets or {}).items():
        key = f"compose.{kind}_subsets"
        for name in value_of(params, key) if key in keys else ():
            if name not in known:
                raise ParameterError(f"{key}: no subset {name!r}; there are: {', '.join(sorted(known)) or 'none'}")
