"""The columns of a table of runs: what the stages of a run have written about it, each metric by one name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from chorus.clips import OOD_VALIDATION, TEST_IID, TEST_OOD
from chorus.errors import DataError

# What a detector's metrics begin with -> the split that they are of; the last where a survey has it.
JUDGED_BY = {"ood": TEST_OOD, "iid": TEST_IID, "ood_validation": OOD_VALIDATION}
_OF_A_SPLIT = ("f1", "precision", "recall", "auroc", "auprc", "oracle_best_f1")
METRICS = tuple(f"{split}.{metric}" for split in JUDGED_BY for metric in _OF_A_SPLIT)
COUNTS = ("positives", "negatives")
HEALTH = ("health.verdict", "health.findings")
IDENTITY = ("run", "seed", "signature", "splits", "version")


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


def measured(runs: pd.DataFrame, factors: Sequence[str]) -> list[str]:
    """The metrics in a table of runs: a detector's by name, of other models all columns of numbers.

    Args:
        factors: columns that are none.
    """
    if known := [metric for metric in METRICS if metric in runs]:
        return known
    others = runs.columns.difference([*IDENTITY, *factors], sort=False)
    return [column for column in others if _is_number(runs[column])]


def with_numbers(runs: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """A table of runs as text, as a CSV has it, with numbers for metrics and counts; NaN for an empty cell.

    Raises:
        DataError: a seed, a count or a figure is no number.
    """
    table = runs.copy()
    for column in (*COUNTS, *measured(runs, factors)):
        if column in runs:
            table[column] = _numbers(runs[column].replace("", "nan"), column)
    return table.assign(seed=_numbers(table["seed"], "seed"))


def _numbers(cells: pd.Series, column: str) -> pd.Series:
    try:
        return pd.to_numeric(cells)
    except ValueError as error:
        raise DataError(f"{column}: {error}") from None


def _is_number(values: pd.Series) -> bool:
    """Whether all are numbers or empty, and not all are empty."""
    # pandas takes a truth for 0 or 1, of which a mean and an interval would be shown
    if pd.api.types.is_bool_dtype(values):
        return False
    numbers = pd.to_numeric(values, errors="coerce")
    empty = values.isna() | (values.astype(str) == "")
    return bool(numbers.notna().any() and (numbers.notna() | empty).all())
