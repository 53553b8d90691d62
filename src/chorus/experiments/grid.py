"""A grid of runs as data: from a short sweep file to the list of planned runs, checked before any of them runs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field
from itertools import product
from typing import Annotated, Any

from pydantic import Field

from chorus.errors import ParameterError
from chorus.experiments.families import read_families
from chorus.experiments.plan import Comparison, Plan, PlannedRun
from chorus.experiments.sections import Sections, check_changes, value_of
from chorus.experiments.signature import short_hash
from chorus.options import options, parse
from chorus.runs.factors import OTHER, RESERVED, Factor, short_names, spell

SEED = "seed"


@options
class SweepOptions:
    """A sweep file.

    name: pattern of the runs' names, with one place for the number, from 1 on.
    question: what the grid asks, the title of its report.
    target: the last stage of a run; "": see `chorus.experiments.study`.
    rank_by: the metric that orders the leaderboard.
    metrics: those whose effects are judged; none: that which ranks.
    judged_at: the key of params.yaml that names who judges, such as the sites of the test. Where it is an axis, each
        in turn is left out of the choice and judges it.
    axes: key of params.yaml -> its values; the first varies slowest.
    blocks: grids, one after the other, each with values for some axes in place of the general ones.
    words: factor -> level -> what a configuration is called for it; see `chorus.runs.factors.Factor`. Tables have the
        factors in this order, and those without words after them.
    effects: what a family of contrasts is called -> its contrasts; see `chorus.experiments.families`. None: each level
        of each factor against the first one.
    comparisons: pairs of configurations for the table of comparisons.
    """

    name: str
    question: str = ""
    target: str = ""
    rank_by: str = "ood.f1"
    metrics: tuple[str, ...] = ()
    judged_at: str = ""
    axes: Annotated[dict[str, tuple[Any, ...]], Field(min_length=1)]
    blocks: Annotated[tuple[dict[str, tuple[Any, ...]], ...], Field(min_length=1)] = ({},)
    words: dict[str, dict[Any, str]] = field(default_factory=dict)
    effects: dict[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    comparisons: tuple[dict[str, Any], ...] = ()


def load_plan(
    sweep: Mapping[str, Any],
    params: Mapping[str, Any],
    *,
    subsets: Mapping[str, Collection[str]] | None = None,
    sections: Sections | None = None,
) -> Plan:
    """A sweep, checked against the parameters of its study: the plan follows from the sweep alone.

    Args:
        sweep: what `sweeps/*.yaml` holds; see `SweepOptions`.
        params: what params.yaml holds.
        subsets: the names of the mined subsets that exist, by kind ("positive", "negative"); None: not mined yet, so
            their names cannot be checked.
        sections: which options stand behind the sections of `params`; None: values are not checked.

    Raises:
        ParameterError: an unknown key, level, metric or subset, a value that a stage would refuse, or two runs with one
            configuration.
    """
    given = parse(SweepOptions, sweep, section="sweep")
    runs = _planned(given)
    if given.judged_at:
        value_of(params, given.judged_at)
    for run in runs:
        check_changes(sections or {}, params, run.changes)
    _refuse_unknown_subsets(runs, subsets or {})
    factors = _factors(given)
    return Plan(
        question=given.question,
        target=given.target,
        runs=runs,
        axes=tuple(given.axes),
        factors=factors,
        rank_by=given.rank_by,
        metrics=given.metrics or (given.rank_by,),
        judged_at=given.judged_at,
        families=read_families(given.effects, factors) if given.effects else None,
        comparisons=_comparisons(given, runs),
    )


def _planned(given: SweepOptions) -> list[PlannedRun]:
    runs: list[PlannedRun] = []
    seen: dict[str, str] = {}
    for changes in _combinations(given):
        run = PlannedRun(_name(given.name, len(runs) + 1), changes, len(runs))
        # one run under two names would count as two witnesses of its configuration
        same = short_hash(changes, digits=16)
        if same in seen:
            raise ParameterError(
                f"sweep: {seen[same]} and {run.name} are the same configuration: {describe(changes)}"
            )
        seen[same] = run.name
        runs.append(run)
    return runs


def _factors(given: SweepOptions) -> tuple[Factor, ...]:
    """The axes but for the seed, in the order of `words`, then of the axes.

    Raises:
        ParameterError: words for what is no axis or no level; or two values of an axis that tables would spell alike.
    """
    keys = [key for key in given.axes if key != SEED]
    names = short_names(keys, RESERVED)
    words = _words(given, names)
    factors = []
    for key in dict.fromkeys([*words, *keys]):
        factor = Factor(key, names[key], _levels(given, key), words.get(key, {}))
        _refuse_unknown_levels(factor)
        factors.append(factor)
    return tuple(factors)


def _words(given: SweepOptions, names: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Key of an axis -> level -> what it is called. A sweep names an axis by its key or by its column, `names`."""
    keys = {name: key for key, name in names.items()} | {key: key for key in names}
    words = {}
    for name, own in given.words.items():
        if name not in keys:
            known = ", ".join(names.values()) or "none"
            raise ParameterError(
                f"sweep.words: {name!r} is not allowed: one of the axes of this sweep ({known})"
            )
        words[keys[name]] = {spell(level): text for level, text in own.items()}
    return words


def _refuse_unknown_levels(factor: Factor) -> None:
    allowed = (*factor.levels, OTHER)
    for level in factor.words:
        if level not in allowed:
            raise ParameterError(
                f"sweep.words.{factor.name}: {level!r} is not allowed: one of {', '.join(allowed)}"
            )


def _levels(given: SweepOptions, key: str) -> tuple[str, ...]:
    general = given.axes[key]
    # what an axis lists and every block replaces is in no run, and no level
    values, used = list(general), list[Any]()
    for block in given.blocks:
        values += block.get(key, ())
        used += block.get(key, general)
    levels: dict[str, Any] = {}
    # in the order of the axis, then of the blocks: the first level is what others are compared with
    for value in values:
        if value not in used:
            continue
        text = spell(value)
        first = levels.setdefault(text, value)
        if first != value:
            raise ParameterError(
                f"sweep.axes.{key}: {_listed(first)!r} and {_listed(value)!r} are not allowed together:"
                f" tables spell both {text!r}"
            )
    return tuple(levels)


def _comparisons(given: SweepOptions, runs: Sequence[PlannedRun]) -> list[Comparison]:
    names = {run.name for run in runs}
    comparisons = []
    for number, values in enumerate(given.comparisons):
        comparison = parse(Comparison, values, section=f"sweep.comparisons.{number}")
        for name in (comparison.a, comparison.b):
            if name not in names:
                raise ParameterError(
                    f"sweep.comparisons.{number}: there is no run {name!r} in this grid"
                )
        comparisons.append(comparison)
    return comparisons


def describe(changes: Mapping[str, Any]) -> str:
    """Changes in one line: "seed=123 balance=True quality=high+medium"."""
    return " ".join(f"{key.rpartition('.')[2]}={spell(value)}" for key, value in changes.items())


def _combinations(plan: SweepOptions) -> Iterator[dict[str, Any]]:
    for number, block in enumerate(plan.blocks):
        for key in block:
            if key not in plan.axes:
                known = ", ".join(plan.axes)
                raise ParameterError(
                    f"sweep.blocks.{number}: {key} is no axis of this sweep; there are: {known}"
                )
        axes = {key: block.get(key, values) for key, values in plan.axes.items()}
        for key, values in axes.items():
            if not values:
                raise ParameterError(f"sweep.blocks.{number}: the axis {key} has no values")
        for values in product(*axes.values()):
            yield {key: _listed(value) for key, value in zip(axes, values, strict=True)}


def _listed(value: Any) -> Any:
    """Options hold tuples, YAML and params.yaml lists."""
    if not isinstance(value, tuple):
        return value
    return [_listed(item) for item in value]


def _name(pattern: str, number: int) -> str:
    # a pattern without a place for the number gives all runs one name, and git keeps one experiment of a name
    try:
        name, other = pattern.format(number), pattern.format(number + 1)
    except (IndexError, KeyError, ValueError):
        name = other = ""
    if name == other or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        allowed = "letters, digits, - and _ around one number, as in run_{:03d}"
        raise ParameterError(f"sweep.name: {pattern!r} is not allowed: {allowed}")
    return name


def _refuse_unknown_subsets(
    runs: Sequence[PlannedRun], subsets: Mapping[str, Collection[str]]
) -> None:
    for kind, known in subsets.items():
        key = f"compose.{kind}_subsets"
        for run in runs:
            for name in run.changes.get(key, ()):
                if name not in known:
                    raise ParameterError(
                        f"{key}: no subset {name!r}; there are: {', '.join(sorted(known)) or 'none'}"
                    )
