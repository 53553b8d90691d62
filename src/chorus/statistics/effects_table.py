"""The effects of a grid as one table: what metrics/<sweep>/effects.csv holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import pandas as pd

from chorus.statistics.effects import Effect


def effects_table(effects: Mapping[str, Mapping[str, Sequence[Effect]]]) -> pd.DataFrame:
    """One row an effect, the seeds' differences in one field.

    Args:
        effects: metric, as the table names it -> family -> effects.
    """
    parts = [
        _rows(metric, title, family)
        for metric, families in effects.items()
        for title, family in families.items()
    ]
    return pd.concat(parts)


def _rows(metric: str, family: str, effects: Sequence[Effect]) -> pd.DataFrame:
    table = pd.DataFrame([asdict(effect) | {"holds": effect.holds} for effect in effects])
    table["per_seed"] = [
        " ".join(f"{value:.6g}" for value in effect.per_seed) for effect in effects
    ]
    table.insert(0, "metric", metric)
    table.insert(1, "family", family)
    return table
