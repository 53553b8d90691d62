"""The sweep of Stage 6 as its file says it, and the published table of its runs in our columns."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from chorus.experiments.grid import load_plan
from chorus.experiments.signature import short_hash
from chorus.files import read_csv, read_yaml

ROOT = Path(__file__).parents[1]
PLAN = load_plan(read_yaml(ROOT / "sweeps/stage6.yaml"), read_yaml(ROOT / "params.yaml"))
FACTORS, NAMES = PLAN.factors, PLAN.names
assert PLAN.families is not None
MAIN, INTERACTIONS = PLAN.families["main effects"], PLAN.families["interactions"]


def published_runs() -> pd.DataFrame:
    """Its figures are at the threshold with the best F1 of the very split."""
    table = read_csv(ROOT / "data/reference/stage6_runs.csv")
    at_threshold = ("f1", "precision", "recall")
    names = {
        f"{split}.best_f1.{metric}": f"{split}.{metric}"
        for split in ("ood", "iid")
        for metric in at_threshold
    }
    runs = table.rename(columns=names)
    known = [
        column
        for column in runs
        if column in (*names.values(), "ood.auprc", "ood.auroc", "iid.auprc", "iid.auroc")
    ]
    runs[known] = runs[known].astype("float64")
    return runs.assign(
        signature=[short_hash(list(row)) for row in runs[NAMES].itertuples(index=False)]
    )
