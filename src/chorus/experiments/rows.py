"""A run as a row of the table of runs: what its stages have written about it, each metric by one name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from chorus import paths
from chorus.experiments.columns import HEALTH, IDENTITY, JUDGED_BY, METRICS
from chorus.experiments.history import Snapshot
from chorus.experiments.sections import value_of
from chorus.runs.factors import Factor, spell


def run_row(
    name: str, params: Mapping[str, Any], factors: Sequence[Factor], columns: Mapping[str, Any]
) -> dict[str, Any]:
    """A run as a row of the table of runs: name, seed, factors, and what was measured.

    Args:
        params: all of its parameters.
        factors: that vary in its grid.
        columns: what was measured, of `run_columns`.
    """
    row: dict[str, Any] = {"run": name, "seed": params["seed"]}
    for factor in factors:
        row[factor.name] = spell(value_of(params, factor.key))
    return row | dict(columns)


def run_columns(run: Snapshot, written: Collection[str], factors: Sequence[str]) -> dict[str, Any]:
    """What was measured: a detector's columns, or the figures that the stages of another study declare.

    Args:
        run: a finished one.
        written: what the stages of a run write, by its paths: other files are what it started from.
        factors: columns that there are beside.
    """
    if detail := _detection(run, written):
        beside = (paths.COMPOSITION, paths.HEALTH, paths.HEALTH_DETAIL)
        composition, health, health_detail = (run.json(str(path)) for path in beside)
        return detector_columns(detail, composition, health, health_detail)
    return metric_columns(_figures(run, written), [*IDENTITY, *factors])


def known_metrics(start: Snapshot, written: Collection[str]) -> list[str] | None:
    """The metrics of the commit that runs start from, by which a sweep may rank; None: nothing was measured in it.

    Args:
        written: as for `run_columns`.
    """
    if _detection(start, written):
        return list(METRICS)
    return list(metric_columns(_figures(start, written), IDENTITY)) or None


def _detection(run: Snapshot, written: Collection[str]) -> dict[str, Any] | None:
    """How a detector was judged; None where the runs judge no detector."""
    path = paths.EVALUATION_DETAIL.as_posix()
    if path not in written:
        return None
    detail = run.json(path)
    # another study may call a file so, and write other figures into it
    if isinstance(detail, dict) and "splits" in detail:
        return detail
    return None


def _figures(run: Snapshot, written: Collection[str]) -> dict[str, Any]:
    """What the metrics files that a run writes hold, by their names without the ending."""
    files = [path for path in run.metrics_files if path in written]
    return {Path(path).stem: run.json(path) for path in files}


def detector_columns(
    detail: Mapping[str, Any],
    composition: Mapping[str, Any],
    health: Mapping[str, Any] | None = None,
    health_detail: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A detector's metrics, those of its trivial baselines, what was found of its training, and counts of clips.

    Args:
        detail: of metrics/evaluation_detail.json.
        composition: of metrics/composition.json.
        health, health_detail: of metrics/health.json and metrics/health_detail.json, if the run has them.
    """
    found: dict[str, Any] = {}
    for split, name in JUDGED_BY.items():
        if name in detail["splits"]:
            found |= _of_split(split, detail["splits"][name] or {})
    if health:
        found |= {key: health[key.removeprefix("health.")] for key in HEALTH}
    for check in (health_detail or {}).get("checks", ()):
        found[f"signal.{check['signal']}"] = check["value"]
    found["threshold"] = detail["thresholds"]["headline"]
    found["positives"] = composition["positives"]
    for quality, count in composition["positives_by_quality"].items():
        found[f"positives.{quality}"] = count
    # where training is balanced, not all that a subset offers gets in: what entered is what was learnt from
    subsets = composition.get("negative_subsets", {}).values()
    found["negatives"] = composition["negatives"]
    found["negatives.mined"] = sum(subset["entered"] for subset in subsets)
    return found


def _of_split(split: str, judged: Mapping[str, Any]) -> dict[str, Any]:
    # a split of one class is judged by nothing: its figures are there and empty, so that all runs have all columns
    at = judged.get("at") or {}
    headline, oracle = at.get("headline") or {}, at.get("oracle_best_f1") or {}
    found = {}
    for metric in ("f1", "precision", "recall"):
        found[f"{split}.{metric}"] = headline.get(metric)
    for metric in ("auroc", "auprc"):
        found[f"{split}.{metric}"] = judged.get(metric)
    found[f"{split}.oracle_best_f1"] = oracle.get("f1")
    for baseline, figures in (judged.get("baselines") or {}).items():
        for metric in ("f1", "auprc"):
            found[f"{split}.{baseline}.{metric}"] = figures.get(metric)
    return found


def metric_columns(files: Mapping[str, Any], taken: Sequence[str]) -> dict[str, Any]:
    """The figures and words of metrics files, named as DVC names them: "test.f1" for {"test": {"f1": 1}}.

    Args:
        files: name of a file without its ending -> what it holds.
        taken: columns that there are. What has the name of one, or of a figure in another file, gets its file's before
            it: "evaluation.loss".
    """
    times: Counter[str] = Counter()
    for content in files.values():
        times.update(name for name, _ in _leaves(content))
    figures: dict[str, Any] = {}
    for file, content in files.items():
        for name, value in _leaves(content):
            is_unclear = times[name] > 1 or name in taken
            figures[f"{file}.{name}" if is_unclear else name] = value
    return figures


def _leaves(content: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted name and value of all numbers, truths and texts; lists are no figures of a run."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from _leaves(value, f"{before}.{key}" if before else str(key))
    elif before and not isinstance(content, list):
        yield before, content
