"""What the models said, read back; and what it amounts to, in a table and in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fitness.evaluation import Predicted


def read(folder: Path) -> Predicted:
    """The predictions of models and baselines in data/."""
    judged = pd.read_parquet(folder / "predictions/folds.parquet")
    of_baselines = pd.read_parquet(folder / "baselines/folds.parquet")
    said = pd.read_parquet(folder / "predictions/test.parquet")
    baselines = pd.read_parquet(folder / "baselines/test.parquet")
    hidden = pd.read_csv(folder / "records/hidden.csv")
    # Members first: what a fold says is their mean, and the forecast asks how folds disagree.
    folds = [said[columns].to_numpy().mean(axis=1) for columns in member_columns(said)]
    test = pd.read_parquet(folder / "records/test.parquet")
    return Predicted(
        judged=judged.merge(of_baselines, on="id", validate="one_to_one"),
        members=np.stack(folds),
        baselines={name: baselines[name].to_numpy() for name in baselines.columns if name != "id"},
        test=test,
        hidden=hidden.set_index("id")["score"].loc[test["id"]].to_numpy(np.float64)
        if len(hidden)
        else None,
    )


def member_columns(test: pd.DataFrame) -> list[list[str]]:
    """The columns of predictions in data/predictions/test.parquet, a list a fold."""
    columns = [name for name in test.columns if name.endswith(".prediction")]
    folds = sorted({name.partition("_")[0] for name in columns})
    return [[name for name in columns if name.startswith(f"{fold}_")] for fold in folds]


def by_score(detail: dict[str, Any]) -> pd.DataFrame:
    """RMSE and bias of each score, on the folds and, where it is known, on the test set."""
    rows = [
        {"part": "folds", "score": int(score), **row} for score, row in detail["by_score"].items()
    ]
    hidden = detail.get("test", {}).get("by_score", {})
    rows += [{"part": "test", "score": int(score), **row} for score, row in hidden.items()]
    return pd.DataFrame(rows).sort_values(["part", "score"])


def in_words(detail: dict[str, Any]) -> str:
    """The headline, a line a distribution of scores."""
    lines = [
        f"RMSE {row['value']:.2f} ({row['low']:.2f} to {row['high']:.2f}) with scores as in {name}; "
        f"less that of LightGBM: {less['value']:+.2f} ({less['low']:+.2f} to {less['high']:+.2f})"
        for name, row in detail["rmse"].items()
        for less in [detail["less_than"]["lightgbm"][name]]
    ]
    if "test" in detail:
        reached, foreseen = detail["test"]["rmse"], detail["test"]["forecast_for_its_scores"]
        lines.append(
            f"test set: {reached['value']:.2f}; with its distribution of scores "
            f"{foreseen['low']:.2f} to {foreseen['high']:.2f} was to be expected"
        )
        less = detail["test"]["less_than_lightgbm"]["uniform"]
        lines.append(
            f"test set, every score alike: {detail['test']['uniform']['value']:.2f}; "
            f"less that of LightGBM: {less['value']:+.2f} ({less['low']:+.2f} to {less['high']:+.2f})"
        )
    return "\n".join(lines)
