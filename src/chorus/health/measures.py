"""From a training history to the numbers that rules speak of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

DIFFERENCES = {
    "accuracy_gap": ("train_accuracy", "validation_accuracy"),
    "loss_gap": ("validation_loss", "train_loss"),
    "f1_gap": ("validation_accuracy", "validation_macro_f1"),
    "top2_gain": ("validation_top2_accuracy", "validation_accuracy"),
    "top3_gain": ("validation_top3_accuracy", "validation_accuracy"),
}
RATIOS = {"grad_norm_variation": ("grad_norm_std", "grad_norm")}
END = 3  # epochs whose median is the value at the end: one epoch alone is noisy


def measure(
    history: pd.DataFrame,
    phases: Mapping[str, tuple[int, int | None]],
    best_epoch: int | None = None,
) -> dict[str, float]:
    """Every column of a history, and some differences between columns, in a few numbers each.

    Args:
        history: epoch, and any columns of numbers; one row an epoch, in order; maybe none. NaN: not known.
        phases: name -> first and last epoch.
        best_epoch: whose weights are kept.

    Returns:
        <column>.<ending> -> value, only where there is one; the endings are explained in rules.yaml. And `epochs`.
    """
    if history.empty:
        return {"epochs": 0.0}
    table = with_differences(history)
    epochs = table["epoch"].to_numpy(dtype=int)
    measured = {"epochs": float(epochs[-1])}
    for column in table.columns.drop("epoch"):
        values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)
        for how, value in _endings(values, epochs, phases, best_epoch).items():
            measured[f"{column}.{how}"] = value
    return measured


def with_differences(history: pd.DataFrame) -> pd.DataFrame:
    """The history with the columns of `DIFFERENCES` and `RATIOS`, as far as it has what they are made of."""
    table = history.copy()
    for name, (a, b) in DIFFERENCES.items():
        if a in history and b in history:
            table[name] = history[a] - history[b]
    for name, (a, b) in RATIOS.items():
        if a in history and b in history:
            table[name] = history[a] / history[b]
    return table


def _endings(
    values: np.ndarray,
    epochs: np.ndarray,
    phases: Mapping[str, tuple[int, int | None]],
    best_epoch: int | None,
) -> dict[str, float]:
    known = np.isfinite(values)
    if not known.any():
        return {}
    # by number of epochs, not by rows: a figure that is unknown at the end has no end
    parts = {"end": known & (epochs > epochs[-1] - END), "best": known & (epochs == best_epoch)}
    for name, (first, last) in phases.items():
        parts[name] = known & (epochs >= first) & (epochs <= (last or epochs[-1]))
    found = {}
    for how, part in parts.items():
        if part.any():
            found[how] = float(np.median(values[part]))
    found |= {"low": float(values[known].min()), "high": float(values[known].max())}
    if "end" in found:
        # against the lowest and not the first: a loss falls before it rises
        found["rise"] = found["end"] - found["low"]
    if known.sum() > 1:
        steps = np.diff(values[known])
        found |= {"jump": float(steps.max()), "falling": float((steps < 0).mean())}
    return found
