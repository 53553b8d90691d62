"""The picture of a mining: how its miner scored the pool, and what each subset's cut-off let through."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from chorus.pictures import draw_score_distribution


def draw_pool(pool: pd.DataFrame, record: Mapping[str, Any], kind: str, path: Path) -> None:
    """The scores of all clips that were scored, and the lowest of each subset that holds any.

    Args:
        pool: all scored clips, from `chorus.mining.ranked`. record: of the mining, from `chorus.mining.record`.
        kind: "positive" or "negative".
    """
    picked = {name: subset for name, subset in record["subsets"].items() if subset["clips"]}
    draw_score_distribution(
        pool["score"].astype(float).to_numpy(),
        cutoffs={name: subset["lowest_score"] for name, subset in picked.items()},
        path=path,
        heading=f"{kind.capitalize()} mining: {record['clips_scored']} clips scored",
        xlabel="miner's score of the clip",
    )
