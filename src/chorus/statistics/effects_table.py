"""The effects of a grid as one table: what metrics/stage6/effects.csv holds, from metrics/stage6/runs.csv alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import pandas as pd

from chorus.statistics.effects import (
    STAGE6_INTERACTIONS,
    STAGE6_MAIN,
    Contrast,
    Effect,
    Interaction,
    matched_effects,
)

# What a metric is called in our runs, and in the published ones (whose thresholds were tuned on the test set).
COLUMNS = {
    "f1": ("ood.f1", "ood.best_f1.f1"),
    "precision": ("ood.precision", "ood.best_f1.precision"),
    "recall": ("ood.recall", "ood.best_f1.recall"),
    "auprc": ("ood.auprc", "ood.auprc"),
}
FAMILIES: dict[str, Sequence[Contrast | Interaction]] = {
    "main effects": STAGE6_MAIN,
    "interactions": STAGE6_INTERACTIONS,
}


def column_of(runs: pd.DataFrame, metric: str) -> str:
    """The column of the table of runs that holds a metric of COLUMNS; the usual one where there is none."""
    return next((name for name in COLUMNS[metric] if name in runs), COLUMNS[metric][0])


def family_effects(runs: pd.DataFrame, metric: str) -> dict[str, list[Effect]]:
    """The effects on one metric of COLUMNS, by family; see `matched_effects` for what it raises."""
    return {title: matched_effects(runs, column_of(runs, metric), family) for title, family in FAMILIES.items()}


def effects_table(effects: Mapping[str, Mapping[str, Sequence[Effect]]]) -> pd.DataFrame:
    """One row an effect, the seeds' differences in one field.

    Args:
        effects: metric -> family -> effects.
    """
    return pd.concat(
        [_rows(metric, title, family) for metric, families in effects.items() for title, family in families.items()]
    )


def _rows(metric: str, family: str, effects: Sequence[Effect]) -> pd.DataFrame:
    table = pd.DataFrame([asdict(effect) | {"holds": effect.holds} for effect in effects])
    table["per_seed"] = [" ".join(f"{value:.6g}" for value in effect.per_seed) for effect in effects]
    table.insert(0, "metric", metric)
    table.insert(1, "family", family)
    return table
