"""Small tables of runs, as somebody might have written them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from chorus.runs.options import TableOptions, read_options
from chorus.runs.table import Runs, read_runs

REFERENCE = Path(__file__).parents[1] / "data" / "reference"


def published() -> Runs:
    """The 811 published runs."""
    return read_runs(read_options(REFERENCE / "published_runs.yaml"), REFERENCE)


def grid(
    factors: Mapping[str, Sequence[str]],
    seeds: Sequence[int] = (1, 2, 3),
    block: str = "one",
    sd: float = 0.05,
) -> pd.DataFrame:
    """Every combination of levels with every seed, and a random metric "score"."""
    rows = [
        dict(zip(("seed", *factors), cell, strict=True))
        for cell in product(seeds, *factors.values())
    ]
    table = pd.DataFrame(rows).astype(str)
    noise = np.random.default_rng(len(rows)).normal(0.7, sd, len(rows))
    return table.assign(
        score=noise, block=block, name=[f"{block}_{i:03}" for i in range(len(rows))]
    )


def as_runs(table: pd.DataFrame, folder: Path, factors: Sequence[str], **given: object) -> Runs:
    """A table written to a CSV and read again."""
    table.to_csv(folder / "runs.csv", index=False)
    options = TableOptions(
        runs="runs.csv",
        run="name",
        block="block",
        factors={factor: factor for factor in factors},
        metrics={"score": "score"},
        **given,  # type: ignore[arg-type]
    )
    return read_runs(options, folder)
