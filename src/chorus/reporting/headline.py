"""What the grid shows, in plain sentences that a figure stands behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from chorus.statistics import Best, Effect

BASELINES = {"all_positive": "calling every clip positive", "logistic_regression": "a logistic regression"}


@dataclass(frozen=True)
class Headline:
    """Sentences, by the question that they answer; `holds` may be empty."""

    best: str
    certainty: str
    holds: tuple[str, ...]
    baselines: tuple[str, ...]


def headline(
    runs: pd.DataFrame,
    board: pd.DataFrame,
    metric: str,
    best: Best | None,
    detectable: float | None,
    effects: Sequence[tuple[str, Sequence[Effect]]],
) -> Headline:
    """
    Args:
        runs: of `chorus.reporting.tables.typed`.
        board: of `chorus.experiments.leaderboard.rank`, by the metric.
        best: how much of being first is luck; None where it cannot be said.
        detectable: the difference that two configurations need to be told apart in 80 % of cases.
        effects: metric -> its effects, of all families.
    """
    return Headline(
        _first(board.iloc[0], metric),
        _certainty(best, detectable, int(runs["seed"].nunique())),
        tuple(_holding(effects)),
        tuple(_against_baselines(runs, board, metric)),
    )


def spoken(metric: str) -> str:
    """A metric as people write it: "ood.f1" -> "OOD F1"."""
    split, _, name = metric.partition(".")
    return f"{split.upper()} {name.upper() if name in ('f1', 'auprc', 'auroc') else name}"


def spoken_effect(effect: Effect) -> str:
    """What is compared with what: "hardneg_conf_min_50 instead of none (negative subsets)"."""
    if " x " in effect.factor:
        return effect.name
    if effect.factor == "balance":
        return "balanced instead of all negatives" if effect.level == "True" else "all negatives instead of balanced"
    return f"{effect.level} instead of {effect.reference} ({effect.factor.replace('_', ' ')})"


def signed(value: float) -> str:
    """Three digits with a sign, the minus as typographers write it."""
    return f"{value:+.3f}".replace("-", "−")


def _first(row: pd.Series, metric: str) -> str:
    mean, sd, low, high = (row[f"{metric}__{name}"] for name in ("mean", "std", "low", "high"))
    if row["n"] < 2:
        return f"{row['configuration']}: {spoken(metric)} {mean:.3f}, one seed."
    return (
        f"{row['configuration']}: {spoken(metric)} {mean:.3f} on average over {row['n']} seeds"
        f" (SD {sd:.3f}; 95 % interval {low:.3f} to {high:.3f})."
    )


def _certainty(best: Best | None, detectable: float | None, seeds: int) -> str:
    if best is None:
        return "Whether it differs from the others cannot be said: this takes two configurations with two seeds each."
    if best.behind == best.others:
        told = f"It is told apart from all {best.others} others"
    elif best.behind:
        told = f"It is told apart from {best.behind} of the {best.others} others only"
    else:
        told = f"It cannot be told apart from any of the {best.others} others"
    luck = (
        f" (paired t over {seeds} seeds, Holm). Luck alone, each seed's runs dealt to the configurations at random, gives"
        f" a best of {best.shuffled:.3f} (median), and one as good as this with p = {best.p:.2g}."
    )
    needed = "" if detectable is None else f" To be found in four of five cases, two must differ by {detectable:.3f}."
    return told + luck + needed


def _holding(effects: Iterable[tuple[str, Sequence[Effect]]]) -> Iterable[str]:
    for metric, found in effects:
        for effect in found:
            if effect.holds:
                yield (
                    f"{spoken_effect(effect)}: {spoken(metric)} {signed(effect.difference)} (95 % interval"
                    f" {signed(effect.low)} to {signed(effect.high)}, Holm p {effect.p_holm:.2g})"
                )


def _against_baselines(runs: pd.DataFrame, board: pd.DataFrame, metric: str) -> Iterable[str]:
    """The trivial baselines, trained on the very training sets of the runs."""
    split, _, name = metric.partition(".")
    best = runs[runs["signature"] == board["signature"].iloc[0]]
    for baseline, words in BASELINES.items():
        column = f"{split}.{baseline}.{name}"
        said = f"{words[0].upper()}{words[1:]}"
        if column in runs and runs[column].notna().all():
            means = runs.groupby("signature")[[metric, column]].mean()
            ahead = int((means[metric] > means[column]).sum())
            if runs[column].nunique() == 1:
                yield f"{said} gives {runs[column].iloc[0]:.3f}: {ahead} of {len(means)} do better."
            else:
                yield (
                    f"{said} on the same embeddings and training sets gives {runs[column].mean():.3f} on average, and"
                    f" {best[column].mean():.3f} with the best configuration's: {ahead} of {len(means)} heads do better than their own."
                )
