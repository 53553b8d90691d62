"""The tables that the page shows, from the table of runs: everything that needs arithmetic and no words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from chorus.clips import QUALITIES
from chorus.errors import DataError
from chorus.statistics import holm

FACTORS = ("quality", "balance", "positive_subsets", "negative_subsets")
VERDICTS = ("healthy", "unknown", "watch", "trouble")  # of a run's training, the best first
_TEXT = ("run", *FACTORS, "signature", "version", "splits", "health.verdict", "health.findings")


def typed(runs: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """The table of runs with numbers for numbers, and the options of each run as the page names them.

    Args:
        runs: all text, as `chorus.files.read_csv` gives it: run, seed, signature, the factors, metrics and counts.
        metrics: must be there and finite.

    Returns:
        The same, with the columns positives_option ("high+medium +small"), negatives_option ("none",
        "hardneg_conf_min_50") and balance_option ("balanced", "all negatives").

    Raises:
        DataError: a column is missing, or a metric of a run is no finite number.
    """
    if missing := [name for name in ("run", "seed", "signature", *FACTORS, *metrics) if name not in runs]:
        raise DataError(f"the table of runs lacks the columns {', '.join(missing)}: run the leaderboard again")
    table = runs.copy()
    for column in table.columns.difference(_TEXT):
        numbers = pd.to_numeric(table[column], errors="coerce")
        if numbers.notna().any() and (numbers.notna() | (table[column] == "")).all():
            table[column] = numbers
    for metric in metrics:
        numbers = pd.to_numeric(table[metric], errors="coerce")
        if numbers.isna().any():
            raise DataError(f"{metric} of {table.loc[numbers.isna(), 'run'].iloc[0]} is no number: nothing to report")
    added = "+" + table["positive_subsets"].str.replace("+", " +")
    table["positives_option"] = table["quality"].where(
        table["positive_subsets"] == "none", table["quality"] + " " + added
    )
    table["negatives_option"] = table["negative_subsets"]
    table["balance_option"] = table["balance"].map({"True": "balanced", "False": "all negatives"})
    return table


def options(runs: pd.DataFrame, factor: str) -> list[str]:
    """The options of a factor in the order in which the page shows them: the smallest training set first.

    Args:
        runs: of `typed`.
        factor: positives_option, negatives_option or balance_option.
    """
    if factor == "positives_option" and "positives" in runs:
        sizes = runs.groupby(factor, sort=True)["positives"].mean()
        return list(sizes.sort_values(kind="stable").index)
    first = {"none": "", "balanced": ""}  # before all others
    return sorted(runs[factor].unique(), key=lambda option: first.get(option, option))


def cells(runs: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The mean of a metric over all runs with the same options: a row a pair of positives and balance option.

    Returns:
        Indexed by (balance_option, positives_option), a column for each negatives_option; NaN where there is no run.
    """
    factors = ["balance_option", "positives_option", "negatives_option"]
    table = runs.groupby(factors)[metric].mean().unstack("negatives_option")
    index = pd.MultiIndex.from_product(
        [options(runs, "balance_option"), options(runs, "positives_option")], names=factors[:2]
    )
    return table.reindex(index=index, columns=options(runs, "negatives_option"))


def training_sets(runs: pd.DataFrame) -> list[dict[str, object]]:
    """What each positives option trains on.

    Returns:
        One entry an option: its name as "option", "counts" of positives by quality and in all, and "negatives", one
        for each pair of `negative_columns`, and how many of them are mined. Counts are text: "201", "200–203" where the
        runs differ, "" where there is none.
    """
    named = [column for column in (*(f"positives.{quality}" for quality in QUALITIES), "positives") if column in runs]
    rows: list[dict[str, object]] = []
    for option in options(runs, "positives_option"):
        own = runs[runs["positives_option"] == option]
        negatives = [
            _negatives(own[(own["balance_option"] == balance) & (own["negatives_option"] == name)])
            for balance, name in negative_columns(runs)
        ]
        counts = {column.removeprefix("positives."): _spread(own[column]) for column in named}
        rows.append({"option": option, "counts": counts, "negatives": negatives})
    return rows


def negative_columns(runs: pd.DataFrame) -> list[tuple[str, str]]:
    """All pairs of balance and negatives option, in the order of the table of training sets."""
    pairs = runs[["balance_option", "negatives_option"]].drop_duplicates().itertuples(index=False)
    known = {tuple(pair) for pair in pairs}
    every = [(b, n) for b in options(runs, "balance_option") for n in options(runs, "negatives_option")]
    return [pair for pair in every if pair in known]


def findings(runs: pd.DataFrame, metrics: Sequence[str]) -> list[dict[str, object]]:
    """For each health finding: in how many runs, and the mean of the metrics with it and without it.

    Args:
        runs: of `typed`, with health.findings: names joined by "+", or "none".

    Returns:
        The most frequent first: finding, runs, and "with" and "without", each metric -> mean (NaN without runs).
    """
    sets = runs["health.findings"].map(lambda text: set(text.split("+")) - {"none"})
    names = sorted({name for found in sets for name in found})
    rows: list[dict[str, object]] = []
    for name in names:
        has = sets.map(lambda found, name=name: name in found)
        means = {
            key: runs.loc[where, list(metrics)].mean().to_dict() for key, where in (("with", has), ("without", ~has))
        }
        rows.append({"finding": name, "runs": int(has.sum()), **means})
    return sorted(rows, key=lambda row: (-int(str(row["runs"])), str(row["finding"])))


@dataclass(frozen=True)
class Association:
    """A health signal beside a metric, over configurations. signal: as in rules.yaml. rho: Spearman's. p: adjusted."""

    signal: str
    rho: float
    p: float


def configuration_means(runs: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The means of columns over the seeds of each configuration: one row a signature, in the order of the runs."""
    return runs.groupby("signature", sort=False)[list(columns)].mean()


def signals_of(runs: pd.DataFrame) -> list[str]:
    """The health signals of which there is a value for each run, and enough different ones to rank."""
    known = [column for column in runs if column.startswith("signal.") and pd.api.types.is_numeric_dtype(runs[column])]
    return [column for column in known if runs[column].notna().all() and runs[column].nunique() >= 5]


def associations(runs: pd.DataFrame, metric: str) -> list[Association]:
    """How far a metric goes with each health signal, over configurations, whose seeds are averaged first.

    The rank correlation of Spearman (1904), with p-values for no association, adjusted together by Holm's method.
    Configurations are what is compared, not runs: seeds of one configuration are not independent.

    Args:
        runs: of `typed`.

    Returns:
        One a signal, the strongest first; none with fewer than five configurations.
    """
    from scipy.stats import spearmanr

    signals = signals_of(runs)
    table = configuration_means(runs, [metric, *signals])
    if len(table) < 5 or table[metric].nunique() < 2:
        return []
    found = [spearmanr(table[signal], table[metric]) for signal in signals]
    adjusted = holm([float(each.pvalue) for each in found])
    rows = [
        Association(signal.removeprefix("signal."), float(each.statistic), float(p))
        for signal, each, p in zip(signals, found, adjusted, strict=True)
    ]
    return sorted(rows, key=lambda row: -abs(row.rho))


def health_of(runs: pd.DataFrame) -> dict[str, dict[str, object]]:
    """Signature -> the verdicts on its runs in words ("healthy", "2 healthy, 1 watch") and the worst of them.

    Raises:
        DataError: an unknown verdict.
    """
    if unknown := sorted(set(runs["health.verdict"]) - set(VERDICTS)):
        raise DataError(f"health.verdict: {unknown[0]!r} is not allowed: {', '.join(VERDICTS)}")
    found: dict[str, dict[str, object]] = {}
    for signature, group in runs.groupby("signature", sort=False):
        counts = {verdict: int((group["health.verdict"] == verdict).sum()) for verdict in VERDICTS}
        some = [verdict for verdict in VERDICTS if counts[verdict]]
        words = some[0] if len(some) == 1 else ", ".join(f"{counts[verdict]} {verdict}" for verdict in some)
        found[str(signature)] = {"words": words, "worst": some[-1]}
    return found


def _negatives(runs: pd.DataFrame) -> str:
    """All of them, and how many come from subsets of hard negatives: balancing leaves few of these in."""
    counts = _spread(runs["negatives"])
    mined = runs["negatives.mined"] if "negatives.mined" in runs else pd.Series(dtype=float)
    return f"{counts} ({_spread(mined)} mined)" if counts and (mined > 0).any() else counts


def _spread(counts: pd.Series) -> str:
    if counts.empty or counts.isna().all():
        return ""
    low, high = int(counts.min()), int(counts.max())
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"
