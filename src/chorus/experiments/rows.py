"""A run as a row of the table of runs: what its stages have written about it, each metric by one name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from chorus.errors import ParameterError
from chorus.experiments.columns import HEALTH, JUDGED_BY
from chorus.experiments.plan import Plan
from chorus.experiments.sections import value_of
from chorus.runs.factors import Factor, spell


def run_row(
    name: str, params: Mapping[str, Any], factors: Sequence[Factor], columns: Mapping[str, Any]
) -> dict[str, Any]:
    """A run as a row of the table of runs: name, seed, factors, and what was measured.

    Args:
        params: all of its parameters.
        factors: that vary in its grid.
        columns: what was measured, of `chorus.experiments.snapshot.Snapshot.columns`.
    """
    row: dict[str, Any] = {"run": name, "seed": params["seed"]}
    for factor in factors:
        row[factor.name] = spell(value_of(params, factor.key))
    return row | dict(columns)


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


def check_metrics(plan: Plan, known: Collection[str] | None) -> None:
    """Refuse metrics that no run of the plan has.

    Args:
        known: the metrics that a run has; None: nobody knows yet, so that nothing can be checked.

    Raises:
        ParameterError: names the key, the metric and those that there are.
    """
    if known is None:
        return
    asked = [("rank_by", plan.rank_by), *(("metrics", metric) for metric in plan.metrics)]
    for key, metric in asked:
        if metric not in known:
            raise ParameterError(
                f"sweep.{key}: {metric!r} is not allowed: one of {', '.join(known)}"
            )
