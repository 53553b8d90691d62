"""The pipeline of a study as its dvc.yaml has it: which stages a run does anew, and what these take from the others."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import TopologicalSorter
from typing import Any

from chorus.errors import ParameterError

TARGET = "diagnose"  # a run's last stage where a sweep names none and there is it: none may need the audio again
_WRITTEN = ("outs", "metrics", "plots")  # what dvc.yaml says that a stage writes


def last_stage(pipeline: Mapping[str, Any]) -> str:
    """Of a run where the sweep names none: TARGET, or the only stage that no other one follows.

    Raises:
        ParameterError: there are several of these.
    """
    stages = pipeline["stages"]
    if TARGET in stages:
        return TARGET
    followed: set[str] = set()
    for stage in stages:
        followed |= set(upstream(pipeline, [stage]))
    ends: list[str] = [stage for stage in stages if stage not in followed]
    if len(ends) != 1:
        raise ParameterError(
            f"sweep.target: missing; which is the last stage of a run? one of {', '.join(ends)}"
        )
    return ends[0]


def varying_stages(pipeline: Mapping[str, Any], keys: Collection[str], target: str) -> list[str]:
    """The stages between a parameter that varies and the target, in the order in which they run.

    This is all that a run of the grid does anew.

    Args:
        pipeline: what dvc.yaml holds.
        keys: the parameters that vary.
        target: the last stage of a run.

    Raises:
        ParameterError: a key that the target does not depend on.
    """
    stages = pipeline["stages"]
    needed = _upstream(stages, target)
    varying: set[str] = set()
    for key in keys:
        readers = [stage for stage in needed if _reads(stages[stage], key)]
        if not readers:
            raise ParameterError(
                f"{key}: no stage up to {target} depends on it, so all runs would be the same"
            )
        varying |= set(readers)
    # what comes after a stage that varies varies too, until no other one follows
    more = varying
    while more:
        rest = needed - varying
        more = {stage for stage in rest if varying & _makers(stages, stage)}
        varying |= more
    order: TopologicalSorter[str] = TopologicalSorter()
    # sorted: a set of texts has another order in each process, and equals run in the order of their coming
    for stage in sorted(varying):
        order.add(stage, *sorted(_makers(stages, stage) & varying))
    return list(order.static_order())


def _reads(stage: Mapping[str, Any], key: str) -> bool:
    return any(_overlap(key, param) for param in stage.get("params", ()))


def inputs_of(pipeline: Mapping[str, Any], stages: Collection[str]) -> list[str]:
    """The stages outside `stages` that make what these need."""
    makers = set().union(*(_makers(pipeline["stages"], stage) for stage in stages)) - set(stages)
    return [stage for stage in pipeline["stages"] if stage in makers]


def upstream(pipeline: Mapping[str, Any], stages: Collection[str]) -> list[str]:
    """All stages outside `stages` that come before them, directly or not: what the runs of a grid share."""
    before = set().union(*(_upstream(pipeline["stages"], stage) for stage in stages)) - set(stages)
    return [stage for stage in pipeline["stages"] if stage in before]


def kept_by_git(stage: Mapping[str, Any]) -> list[str]:
    """The outputs of a stage that DVC's cache does not keep."""
    entries = [entry for kind in _WRITTEN for entry in stage.get(kind, ())]
    return [path_of(entry) for entry in entries if not is_cached(entry)]


def inputs(pipeline: Mapping[str, Any], stages: Collection[str]) -> list[str]:
    """The paths that `stages` read and other stages make."""
    made: list[str] = []
    deps: set[str] = set()
    for name, stage in pipeline["stages"].items():
        if name in stages:
            deps |= set(stage.get("deps", ()))
        else:
            made += written_by(stage)
    return sorted(dep for dep in deps if first_around(dep, made) is not None)


def first_around(path: str, outputs: Collection[str]) -> str | None:
    """The output that a path is, or lies in; None: no stage makes it."""
    for output in outputs:
        if path == output or path.startswith(f"{output}/"):
            return output
    return None


def _upstream(stages: Mapping[str, Any], target: str) -> set[str]:
    if target not in stages:
        raise ParameterError(f"dvc.yaml has no stage {target!r}")
    found, pending = set(), [target]
    while pending:
        stage = pending.pop()
        if stage not in found:
            found.add(stage)
            pending += _makers(stages, stage)
    return found


def _makers(stages: Mapping[str, Any], stage: str) -> set[str]:
    """The other stages that write what this one reads: a file, a folder around it, or a file inside of a folder."""
    makers = set()
    for other in stages:
        if other == stage:
            continue
        outputs = written_by(stages[other])
        for dep in stages[stage].get("deps", ()):
            inside = any(path.startswith(f"{dep}/") for path in outputs)
            if inside or first_around(dep, outputs) is not None:
                makers.add(other)
    return makers


def path_of(entry: str | Mapping[str, Any]) -> str:
    """An output in dvc.yaml is its path, or a mapping from the path to its settings."""
    return entry if isinstance(entry, str) else next(iter(entry))


def is_cached(entry: str | Mapping[str, Any]) -> bool:
    return isinstance(entry, str) or next(iter(entry.values())).get("cache", True)


def written_by(stage: Mapping[str, Any]) -> list[str]:
    """Paths of outs, metrics and plots."""
    paths: list[str] = []
    for kind in _WRITTEN:
        paths += map(path_of, stage.get(kind, ()))
    return paths


def _overlap(one: str, other: str) -> bool:
    # a stage may name a whole section of which one key varies, or a key of a section
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
