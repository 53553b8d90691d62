"""The tables that the page shows, from the table of runs: everything that needs arithmetic and no words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from chorus.errors import DataError
from chorus.experiments.columns import HEALTH, IDENTITY, JUDGED_BY
from chorus.experiments.grid_tables import measured
from chorus.runs.factors import Factor
from chorus.statistics import holm

VERDICTS = ("healthy", "unknown", "watch", "trouble")  # of a run's training, the best first
COMPANION = "auprc"  # needs no threshold: told beside the metric that ranks, wherever a run has it
_MOST_PANELS = 3  # of a heat map that a phone shows side by side
_COUNTED = ("positives", "negatives")


def typed(runs: pd.DataFrame, metrics: Sequence[str], factors: Sequence[Factor]) -> pd.DataFrame:
    """The table of runs with numbers for numbers.

    Args:
        runs: all text, as `chorus.files.read_csv` gives it: run, seed, signature, the factors, metrics and counts.
        metrics: must be there and finite.

    Raises:
        DataError: a column is missing, or a metric of a run is no finite number.
    """
    names = [factor.name for factor in factors]
    needed = dict.fromkeys(("run", "seed", "signature", *names, *metrics))
    if missing := needed.keys() - set(runs):
        listed = ", ".join(name for name in needed if name in missing)
        raise DataError(f"the table of runs lacks the columns {listed}: run the leaderboard again")
    table = runs.copy()
    # a level such as "0.5" is a name, however much it looks like a number
    text = {*IDENTITY, *names, *HEALTH} - {"seed"}
    for column in table.columns.difference(list(text)):
        numbers = pd.to_numeric(table[column], errors="coerce")
        # A column with one word in it is a column of words; an empty cell is a number that a run lacks.
        if numbers.notna().any() and (numbers.notna() | (table[column] == "")).all():
            table[column] = numbers
    for metric in metrics:
        numbers = pd.to_numeric(table[metric], errors="coerce")
        if numbers.isna().any():
            raise DataError(
                f"{metric} of {table.loc[numbers.isna(), 'run'].iloc[0]} is no number: nothing to report"
            )
    return table


@dataclass(frozen=True)
class Told:
    """Which metrics a report speaks of.

    first: in pictures and headlines: the one that ranks, and one that needs no threshold or the next that is judged.
    beside: in tables beside the one that ranks: those whose effects are judged, and its namesakes of other splits.
    all: of the split that ranks, and those namesakes.
    """

    first: tuple[str, ...]
    beside: tuple[str, ...]
    all: tuple[str, ...]


def told(
    runs: pd.DataFrame, rank_by: str, judged: Sequence[str], factors: Sequence[Factor]
) -> Told:
    """Choose the metrics that a report speaks of, of those for which each run has a figure."""
    split, _, name = rank_by.rpartition(".")
    every = measured(runs, [factor.name for factor in factors])
    # Of all runs or not at all: a mean over those that happen to have a figure would compare other runs.
    known = [metric for metric in every if runs[metric].notna().all()]
    others = [metric for metric in known if metric != rank_by]
    # dictionaries without values: each metric once, in the order in which it was named first
    beside = dict.fromkeys(judged)
    of_split = {} if split else {rank_by: None}
    for metric in known:
        if split and metric.rpartition(".")[0] == split:
            of_split[metric] = None
    for judge in JUDGED_BY:
        if (namesake := f"{judge}.{name}") in known:
            beside[namesake] = None
            of_split[namesake] = None
    companions = [f"{split}.{COMPANION}", *judged]
    second = [metric for metric in companions if metric in others][:1]
    return Told(
        first=(rank_by, *second),
        beside=tuple(metric for metric in beside if metric in others),
        all=tuple(of_split),
    )


def baselines(runs: pd.DataFrame, rank_by: str) -> dict[str, str]:
    """The trivial baselines that were judged by the metric that ranks: what they are called -> their column."""
    split, _, name = rank_by.rpartition(".")
    found = {}
    for column in map(str, runs):
        parts = column.split(".")
        # SPLIT.BASELINE.METRIC, where a metric of the model itself is SPLIT.METRIC.
        if len(parts) != 3 or (parts[0], parts[2]) != (split, name):
            continue
        if runs[column].notna().all():
            found[parts[1].replace("_", " ")] = column
    return found


@dataclass(frozen=True)
class HeatMap:
    """Where the factors of a grid stand in a heat map. table: rows by (panel, row), a column for each level."""

    table: pd.DataFrame
    rows: str
    columns: str
    panels: str


def heat_map(runs: pd.DataFrame, metric: str, factors: Sequence[Factor]) -> HeatMap:
    """The mean of a metric over all runs with the same levels; NaN where there is no run.

    Args:
        factors: one at least, in the order of the sweep's axes. The last one stands in the columns, the first one in
            panels if it has few levels and others are left for the rows.
    """
    first, *others = factors
    beside = others[-1:]
    middle = others[:-1]
    panels, rows = [], [first, *middle]
    if middle and len(first.levels) <= _MOST_PANELS:
        panels, rows = [first], middle
    placed = {"panel": panels, "row": rows, "column": beside}
    labelled = runs.assign(**{place: _labels(runs, group) for place, group in placed.items()})
    means = labelled.groupby(list(placed))[metric].mean().unstack("column")
    # all that could be, so that what has no run is seen to be empty
    index = pd.MultiIndex.from_product(
        [_options(runs, panels), _options(runs, rows)], names=["panel", "row"]
    )
    said = [", ".join(factor.spoken for factor in group) for group in (rows, beside, panels)]
    return HeatMap(means.reindex(index=index, columns=_options(runs, beside)), *said)


def _labels(runs: pd.DataFrame, factors: Sequence[Factor]) -> list[str]:
    """What each run's levels are called together."""
    levels = runs[[factor.name for factor in factors]].astype(str)
    return [_label(row, factors) for row in levels.itertuples(index=False)]


def _label(levels: Sequence[str], factors: Sequence[Factor]) -> str:
    if not factors:
        return ""
    if len(factors) == 1:
        return factors[0].label(levels[0])
    parts = [factor.in_words(level) for factor, level in zip(factors, levels, strict=True)]
    return " ".join(filter(None, parts)) or "none"


def _options(runs: pd.DataFrame, factors: Sequence[Factor]) -> list[str]:
    """The levels that occur together, as they are called, in the order of the sweep."""
    names = [factor.name for factor in factors]
    if not names:
        return [""]
    known = runs[names].astype(str).drop_duplicates()
    places = [known[factor.name].map(factor.levels.index) for factor in factors]
    ordered = known.loc[pd.concat(places, axis=1).sort_values(names).index]
    return list(dict.fromkeys(_labels(ordered, factors)))


def training_sets(
    runs: pd.DataFrame, order: Sequence[str], factors: Sequence[str] = ()
) -> list[dict[str, str]]:
    """How many clips each configuration trains on, where that was counted.

    Args:
        order: signatures.
        factors: columns that are no counts, whatever they are called ("negatives.kind").

    Returns:
        One entry a configuration: "signature", and each column of counts as text: "201", "200–203" where seeds differ,
        "" where there is none.
    """
    columns = []
    for name in map(str, runs):
        if name.partition(".")[0] in _COUNTED and name not in factors:
            columns.append(name)
    if not columns:
        return []
    groups = dict(iter(runs.groupby("signature")))
    rows = []
    for signature in order:
        counts = {column: _spread(groups[signature][column]) for column in columns}
        rows.append({"signature": signature, **counts})
    return rows


def findings(runs: pd.DataFrame, metrics: Sequence[str]) -> list[dict[str, object]]:
    """For each health finding: in how many runs, and the mean of the metrics with it and without it.

    Args:
        runs: of `typed`, with health.findings: names joined by "+", or "none".

    Returns:
        The most frequent first: finding, runs, and "with" and "without", each metric -> mean (NaN without runs).
    """
    sets = runs["health.findings"].map(lambda text: set(text.split("+")) - {"none"})
    figures = runs[list(metrics)]
    rows: list[dict[str, object]] = []
    for name in sorted(set().union(*sets)):
        has = sets.map(lambda found, name=name: name in found)
        rows.append(
            {
                "finding": name,
                "runs": int(has.sum()),
                "with": figures[has].mean().to_dict(),
                "without": figures[~has].mean().to_dict(),
            }
        )
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
    signals = runs.filter(regex=r"^signal\.").select_dtypes("number")
    # a run without the value would leave its configuration with another mean than the rest
    whole = signals.dropna(axis="columns")
    return [column for column in whole if whole[column].nunique() >= 5]


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
    # With four configurations even a perfect order of ranks has p = 0.08 by chance (2 of 24 orders).
    if len(table) < 5 or table[metric].nunique() < 2:
        return []
    found = [spearmanr(table[signal], table[metric]) for signal in signals]
    adjusted = holm([float(each.pvalue) for each in found])
    rows = []
    for signal, each, p in zip(signals, found, adjusted, strict=True):
        rows.append(Association(signal.removeprefix("signal."), float(each.statistic), float(p)))
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
        counts = group["health.verdict"].value_counts()
        some = [verdict for verdict in VERDICTS if verdict in counts]
        words = ", ".join(f"{counts[verdict]} {verdict}" for verdict in some)
        # All seeds agree, so that their number says nothing.
        if len(some) == 1:
            words = some[0]
        found[str(signature)] = {"words": words, "worst": some[-1]}
    return found


def _spread(counts: pd.Series) -> str:
    if counts.empty or counts.isna().all():
        return ""
    low, high = int(counts.min()), int(counts.max())
    if low == high:
        return f"{low:,}"
    return f"{low:,}–{high:,}"
