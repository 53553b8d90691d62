"""Runs that differ in their seed only, grouped and ranked: plain tables in, plain tables out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from chorus.errors import DataError, ParameterError
from chorus.experiments.grid import JUDGED_BY, METRICS, Comparison, spell
from chorus.experiments.sections import SECTIONS, value_of
from chorus.experiments.signature import short_hash
from chorus.statistics.summary import summary_columns

FACTORS = ("quality", "balance", "positive_subsets", "negative_subsets")  # of compose; in every table
_HEALTH = ("health.verdict", "health.findings")
_AT_THRESHOLD = ("f1", "precision", "recall")


def run_row(
    name: str,
    params: Mapping[str, Any],
    detail: Mapping[str, Any],
    composition: Mapping[str, Any],
    axes: Sequence[str],
    health: Mapping[str, Any] | None = None,
    health_detail: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A run as a row of the table of runs: seed, factors, metrics, those of the trivial baselines, counts.

    Args:
        params: all of its parameters.
        detail: its metrics/evaluation_detail.json.
        composition: its metrics/composition.json.
        axes: the parameters that vary in its grid; those beside seed and the factors become columns too.
        health, health_detail: its metrics/health.json and metrics/health_detail.json, if it has them.
    """
    row: dict[str, Any] = {"run": name, "seed": params["seed"]}
    chosen = {key: composition[key] for key in ("quality", "balance") if key in composition}  # what "auto" came to
    row |= {factor: spell((params["compose"] | chosen)[factor]) for factor in FACTORS}
    row |= {key: spell(value_of(params, key)) for key in axes if key != "seed" and key.rpartition(".")[2] not in row}
    for split, name_of_split in JUDGED_BY.items():
        if name_of_split not in detail["splits"]:
            continue
        judged = detail["splits"][name_of_split] or {}
        at = judged.get("at") or {}
        headline, oracle = at.get("headline") or {}, at.get("oracle_best_f1") or {}
        row |= {f"{split}.{metric}": headline.get(metric) for metric in ("f1", "precision", "recall")}
        row |= {f"{split}.{metric}": judged.get(metric) for metric in ("auroc", "auprc")}
        row[f"{split}.oracle_best_f1"] = oracle.get("f1")
        for baseline, figures in (judged.get("baselines") or {}).items():
            row |= {f"{split}.{baseline}.{metric}": figures.get(metric) for metric in ("f1", "auprc")}
    row |= {key: health[key.removeprefix("health.")] for key in _HEALTH} if health else {}
    row |= {f"signal.{check['signal']}": check["value"] for check in (health_detail or {}).get("checks", ())}
    return row | {
        "threshold": detail["thresholds"]["headline"],
        "positives": composition["positives"],
        **{f"positives.{quality}": n for quality, n in composition["positives_by_quality"].items()},
        "negatives": composition["negatives"],
        "negatives.mined": sum(subset["entered"] for subset in composition.get("negative_subsets", {}).values()),
    }


def published_runs(table: pd.DataFrame) -> pd.DataFrame:
    """The published table of runs in our columns: its figures are at the threshold with the best F1 of the very split.

    Args:
        table: run, seed, the factors, and columns such as ood.best_f1.f1 and ood.auroc; all as text.
    """
    names = {f"{split}.best_f1.{metric}": f"{split}.{metric}" for split in ("ood", "iid") for metric in _AT_THRESHOLD}
    runs = table.rename(columns=names)
    for metric in _metrics(runs):
        runs[metric] = runs[metric].astype("float64")
    runs["signature"] = [short_hash(list(row)) for row in runs[list(FACTORS)].itertuples(index=False)]
    return runs


def aggregate(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a configuration: mean, sample SD and 95 % interval of every metric over its seeds.

    The interval is Student's t over n seeds: it says how well the mean over seeds is known for this one test set, not
    what another pond would give.

    Args:
        runs: run, seed, signature, FACTORS, and metrics as numbers; one row a run.

    Returns:
        signature, configuration, runs, n, versions (where the runs have one), and for every metric <metric>__mean,
        __std, __low and __high, in the order of the first run of each configuration. Of a single run, SD and interval
        are NaN.

    Raises:
        DataError: a seed twice in one configuration.
    """
    metrics = _metrics(runs)
    rows = []
    for signature, group in runs.groupby("signature", sort=False):
        twice = group["seed"].duplicated(keep=False)
        if twice.any():
            raise DataError(f"the same configuration and seed twice: {', '.join(group.loc[twice, 'run'])}")
        row: dict[str, Any] = {
            "signature": signature,
            "configuration": configuration(group.iloc[0]),
            "runs": ", ".join(group["run"]),
            "n": len(group),
        }
        if "version" in runs:
            row["versions"] = ", ".join(sorted(set(group["version"])))
        for metric in metrics:
            row |= summary_columns(metric, group[metric].to_numpy(dtype=np.float64))
        rows.append(row)
    return pd.DataFrame(rows)


def rank(
    leaderboard: pd.DataFrame, metric: str, *, min_precision: float | None = None, stability_weight: float = 0.0
) -> pd.DataFrame:
    """The leaderboard, best first.

    Args:
        leaderboard: of `aggregate`.
        metric: a column of it, without its ending ("ood.f1").
        min_precision: configurations with a lower mean OOD precision are left out.
        stability_weight: order by mean - weight x SD, so that luck with one seed counts less. Configurations of a
            single run, whose SD nobody knows, then come last.

    Raises:
        ParameterError: an unknown metric, or a negative weight.
    """
    known = [column.removesuffix("__mean") for column in leaderboard if column.endswith("__mean")]
    if metric not in known:
        raise ParameterError(f"metric: {metric!r} is not allowed: one of {', '.join(known)}")
    if not stability_weight >= 0:
        raise ParameterError(f"stability weight: {stability_weight} is not allowed: 0 or more")
    table = leaderboard
    if min_precision is not None:
        table = table[table["ood.precision__mean"] >= min_precision]
    score = table[f"{metric}__mean"]
    if stability_weight:
        score = score - stability_weight * table[f"{metric}__std"]
    order = score.sort_values(ascending=False, kind="stable", na_position="last").index
    return table.loc[order].reset_index(drop=True)


def comparable(runs: pd.DataFrame, comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Those whose two runs are both in the table of runs: a grid may be half done."""
    known = set(runs["run"])
    return [pair for pair in comparisons if {pair.a, pair.b} <= known]


def compare(runs: pd.DataFrame, comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Configurations side by side: means over seeds, and their difference over the seeds that both have.

    Args:
        runs: as for `aggregate`, with positives and negatives where they are known.
        comparisons: each names one run of either configuration.

    Returns:
        Two rows (a, b) and a third (b - a, the mean of the differences seed by seed) for each comparison; without
        comparisons the columns alone.

    Raises:
        DataError: a run that is not in the table.
    """
    metrics = [column for column in ("positives", "negatives", *METRICS) if column in runs]
    rows = []
    for comparison in comparisons:
        a, b = (_configuration_of(runs, name) for name in (comparison.a, comparison.b))
        difference = (b.set_index("seed")[metrics] - a.set_index("seed")[metrics]).dropna(how="all")
        about = {"comparison": comparison.name, "shows": comparison.shows}
        for side, group in (("a", a), ("b", b)):
            what = {"side": side, "configuration": configuration(group.iloc[0]), "seeds": len(group)}
            rows.append(about | what | group[metrics].mean().to_dict())
        what = {"side": "b - a", "configuration": "", "seeds": len(difference)}
        rows.append(about | what | difference.mean().to_dict())
    return pd.DataFrame(rows, columns=["comparison", "shows", "side", "configuration", "seeds", *metrics])


def configuration(run: Mapping[str, Any]) -> str:
    """The factors of a run in a few words: "high+medium, balanced, +small, +hardneg_conf_min_50".

    Other parameters that vary in its grid follow by name: "..., encoder logmel".
    """
    balance = {"True": "balanced", "False": "all negatives"}[str(run["balance"])]
    subsets = [str(run[f"{kind}_subsets"]) for kind in ("positive", "negative")]
    others = [f"{key.rpartition('.')[2]} {run[key]}" for key in varied(run.keys())]
    return ", ".join([str(run["quality"]), balance, *(f"+{names}" for names in subsets if names != "none"), *others])


def varied(columns: Iterable[str]) -> list[str]:
    """The columns of the table of runs that are parameters beside the factors."""
    sections = tuple(f"{section}." for section in SECTIONS)
    return [key for key in columns if key.startswith(sections) and key not in _HEALTH]


def one_version(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs, if all share one version of code and data.

    Raises:
        DataError: they do not: they cannot be compared.
    """
    counts = runs["version"].value_counts()
    if len(counts) > 1:
        listed = ", ".join(f"{version} ({count} runs)" for version, count in counts.items())
        raise DataError(f"the runs come from several versions of code or data: {listed}; sweep again, or use --mixed")
    return runs


def _configuration_of(runs: pd.DataFrame, name: str) -> pd.DataFrame:
    found = runs.loc[runs["run"] == name, "signature"]
    if found.empty:
        raise DataError(f"there is no run {name!r} to compare")
    return runs[runs["signature"] == found.iloc[0]]


def _metrics(runs: pd.DataFrame) -> list[str]:
    return [metric for metric in METRICS if metric in runs]
