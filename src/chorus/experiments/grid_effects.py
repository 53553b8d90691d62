"""What each factor of a sweep does: its declared contrasts, or each level against the first where it declares none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from chorus.errors import DataError
from chorus.experiments.families import Asked
from chorus.runs.contrasts import estimate, questions
from chorus.runs.factors import Factor, short_names
from chorus.statistics.effects import Effect, Interaction, matched_effects
from chorus.statistics.effects_table import effects_table

MAIN = "main effects"
DEFAULT = (
    "The sweep declares no contrasts: each level of a factor is compared with the first, "
    "in runs alike in all else."
)


@dataclass(frozen=True)
class Effects:
    """What a table of runs says about the questions of a sweep.

    by_metric: metric -> what a family is called -> its effects.
    remarks: that the contrasts are those by default, and which of them these runs cannot show; a sentence each.
    """

    by_metric: Mapping[str, Mapping[str, Sequence[Effect]]]
    remarks: Sequence[str] = ()

    def table(self) -> pd.DataFrame:
        """Of `chorus.statistics.effects_table`: metrics by the last part of their names, where no two share it."""
        names = short_names(list(self.by_metric))
        return effects_table(
            {names[metric]: families for metric, families in self.by_metric.items()}
        )


def effects(
    runs: pd.DataFrame,
    metrics: Sequence[str],
    factors: Sequence[Factor],
    families: Mapping[str, Sequence[Asked]] | None,
) -> Effects:
    """The effects on several metrics.

    Args:
        runs: run, seed, a column for each factor, and the metrics as numbers.
        families: what the sweep declares; None: each level against the first one of its factor.

    Raises:
        DataError: see `chorus.statistics.matched_effects`; or there is nothing that could be compared.
    """
    if not factors:
        raise DataError("only the seed varies: there is no factor to have an effect")
    if families is None:
        return _by_default(runs, metrics, factors)
    names = [factor.name for factor in factors]
    by_metric: dict[str, dict[str, list[Effect]]] = {}
    for metric in metrics:
        by_metric[metric] = {}
        for title, asked in families.items():
            # Holm's adjustment is over a family: its contrasts are judged together, and no others with them
            found = matched_effects(runs, metric, asked, factors=names)
            by_metric[metric][title] = _told_apart(found, asked)
    return Effects(by_metric)


def _told_apart(found: Sequence[Effect], asked: Sequence[Asked]) -> list[Effect]:
    """Contrasts of a family that would have one name also say of which runs they are."""
    times = Counter(effect.name for effect in found)
    named = []
    for effect, question in zip(found, asked, strict=True):
        contrast = question.contrast if isinstance(question, Interaction) else question
        among = ", ".join(f"{factor} {level}" for factor, level in contrast.where.items())
        if times[effect.name] > 1 and among:
            effect = replace(effect, name=f"{effect.name} ({among})")
        named.append(effect)
    return named


def _by_default(runs: pd.DataFrame, metrics: Sequence[str], factors: Sequence[Factor]) -> Effects:
    names = [factor.name for factor in factors]
    references = _references(runs, factors)
    found: dict[str, dict[str, list[Effect]]] = {}
    remarks = {DEFAULT: None}  # each once, in the order in which they came up: no set keeps that
    for metric in metrics:
        frame = _known(runs, metric, names)
        asked = questions(frame, names, references)
        if not asked.contrasts:
            raise DataError(f"{metric}: no two runs of two seeds differ in one factor alone")
        found[metric] = {MAIN: estimate(frame, metric, asked)}
        for lacking in asked.not_estimated:
            remarks[f"{lacking.factor} {lacking.level}: {lacking.reason}."] = None
    return Effects(found, tuple(remarks))


def _references(runs: pd.DataFrame, factors: Sequence[Factor]) -> dict[str, str]:
    """Factor -> its first level that occurs: a grid may be half done."""
    references = {}
    for factor in factors:
        present = set(runs[factor.name].astype(str))
        references[factor.name] = next(level for level in factor.levels if level in present)
    return references


def _known(runs: pd.DataFrame, metric: str, factors: Sequence[str]) -> pd.DataFrame:
    """The runs of which a metric is known: seeds and factors as text, the metric as numbers."""
    if metric not in runs:
        raise DataError(f"the runs lack the columns {metric}")
    figures = pd.to_numeric(runs[metric])
    frame = runs[["seed", *factors]].astype(str).assign(**{metric: figures})
    return frame[np.isfinite(figures)].reset_index(drop=True)
