"""How good predictions are: pure functions of truth and predictions. Two classes here, several in `multiclass`."""

from chorus.metrics.binary import (
    Confusion,
    auprc,
    auroc,
    best_f1_threshold,
    brier,
    confusion,
    ece,
    threshold_for_precision,
    threshold_table,
)

__all__ = [
    "Confusion",
    "auprc",
    "auroc",
    "best_f1_threshold",
    "brier",
    "confusion",
    "ece",
    "threshold_for_precision",
    "threshold_table",
]
