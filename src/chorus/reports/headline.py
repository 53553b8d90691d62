"""What the grid shows, in plain sentences that a figure stands behind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from chorus.experiments.columns import JUDGED_BY
from chorus.metrics.direction import lower_is_better
from chorus.reports.tables import baselines
from chorus.runs.factors import Factor
from chorus.statistics import Best, Effect


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
    factors: Sequence[Factor],
) -> Headline:
    """
    Args:
        runs: of `chorus.reports.tables.typed`.
        board: of `chorus.experiments.grid_tables.rank`, by the metric.
        best: how much of being first is luck; None where it cannot be said.
        detectable: the difference that two configurations need to be told apart in 80 % of cases.
        effects: metric -> its effects, of all families.
        factors: that vary in the grid.
    """
    return Headline(
        _first(board.iloc[0], metric),
        _certainty(best, detectable, int(runs["seed"].nunique())),
        tuple(_holding(effects, factors)),
        tuple(_against_baselines(runs, board, metric)),
    )


def spoken(metric: str) -> str:
    """A metric as people write it: "ood.f1" -> "OOD F1"."""
    split, _, name = metric.rpartition(".")
    if split in JUDGED_BY:
        split = spoken_split(split)
    if name in ("f1", "auprc", "auroc"):
        name = name.upper()
    return f"{split} {name}".strip()


def spoken_split(split: str) -> str:
    """A detector's split as people write it: "ood_validation" -> "OOD validation"."""
    where, _, what_for = split.partition("_")
    return f"{where.upper()} {what_for}".strip()


def spoken_effect(effect: Effect, factors: Sequence[Factor]) -> str:
    """What is compared with what: "hardneg_conf_min_50 instead of none (negative subsets)"."""
    by_name = {factor.name: factor for factor in factors}
    # an interaction has two of each, see `chorus.statistics.effects.Effect`
    name, _, other_name = effect.factor.partition(" x ")
    level, _, at = effect.level.partition(" x ")
    reference, _, at_reference = effect.reference.partition(" x ")
    factor = by_name[name]
    said = f"{factor.label(level)} instead of {factor.label(reference)}"
    if other_name:
        other = by_name[other_name]
        return f"{said}: with {other.label(at)} − with {other.label(at_reference)}"
    # Levels that the sweep's words name say themselves which factor they are of.
    if {level, reference} <= set(factor.words):
        return said
    return f"{said} ({factor.spoken})"


def signed(value: float) -> str:
    """Three digits with a sign, the minus as typographers write it."""
    text = f"{value:+.3f}"
    # Nothing is neither above nor below nothing: no "+0.000", and no "−0.000" of what was rounded.
    if not float(text):
        return "0.000"
    return minus(text)


def minus(text: str) -> str:
    """A text with a minus in place of the hyphen before numbers."""
    # Not within words: "top-2", "2024-03-12" and ranges keep their hyphens.
    return re.sub(r"(?<![\w-])-(?=\d)", "−", text)


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
    # Two digits, and not as "1e+02".
    often = f"in {float(f'{100 * best.p:.2g}'):g} %"
    if best.p < 0.001:
        often = "in fewer than 0.1 %"
    luck = (
        f" (paired t over {seeds} seeds, Holm). If luck alone dealt each seed's runs to the configurations, the"
        f" best would have {best.shuffled:.3f} (median), and be as good as this one {often} of the deals."
    )
    if detectable is None:
        return told + luck
    apart = f"two must truly differ by {detectable:.3f} to be told apart in 80 % of cases."
    return f"{told}{luck} With {seeds} seeds, {apart}"


def _holding(
    effects: Iterable[tuple[str, Sequence[Effect]]], factors: Sequence[Factor]
) -> Iterable[str]:
    for metric, found in effects:
        for effect in found:
            if effect.holds:
                yield (
                    f"{spoken_effect(effect, factors)}: {spoken(metric)} {signed(effect.difference)} (95 % interval"
                    f" {signed(effect.low)} to {signed(effect.high)}, Holm {_p(effect.p_holm)})"
                )


def _p(value: float) -> str:
    if value < 0.001:
        return "p < 0.001"
    return f"p = {value:.3f}"


def _against_baselines(runs: pd.DataFrame, board: pd.DataFrame, metric: str) -> Iterable[str]:
    """The trivial baselines, trained on the very training sets of the runs."""
    first = runs["signature"] == board["signature"].iloc[0]
    for words, column in baselines(runs, metric).items():
        words = f"The baseline “{words}”"
        means = runs.groupby("signature")[[metric, column]].mean()
        better = means[metric] > means[column]
        if lower_is_better(metric):
            better = means[metric] < means[column]
        ahead = f"{int(better.sum())} of {len(means)} configurations"
        if runs[column].nunique() == 1:
            yield f"{words} gives {runs[column].iloc[0]:.3f}; the model is better in {ahead}."
        else:
            yield (
                f"{words} on the same embeddings and training sets gives {runs[column].mean():.3f} on average, and"
                f" {runs.loc[first, column].mean():.3f} with the best configuration's training sets; the model is"
                f" better than it in {ahead}."
            )
