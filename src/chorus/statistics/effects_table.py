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
    parts = []
    for metric, families in effects.items():
        for title, family in families.items():
            parts.append(_rows(metric, title, family))
    return pd.concat(parts)


def _rows(metric: str, family: str, effects: Sequence[Effect]) -> pd.DataFrame:
    rows = []
    for effect in effects:
        # one field, because another grid has another number of seeds
        per_seed = " ".join(f"{value:.6g}" for value in effect.per_seed)
        about = {"metric": metric, "family": family}
        rows.append(about | asdict(effect) | {"per_seed": per_seed, "holds": effect.holds})
    return pd.DataFrame(rows)
