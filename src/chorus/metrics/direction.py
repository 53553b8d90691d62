"""Which way a metric is better, by its name: names are the same everywhere, so that one rule serves all tables."""

from __future__ import annotations

import re

# Words of which one in a name says that lower is better: folds.rmse_uniform, validation_loss, ood.brier.
LOWER_IS_BETTER = frozenset(
    ("rmse", "mse", "mae", "error", "loss", "nll", "brier", "ece", "eer", "fpr", "fnr")
)


def lower_is_better(metric: str) -> bool:
    """Whether the lowest value of this metric ("folds.rmse", "validation_loss") is the best one."""
    return not LOWER_IS_BETTER.isdisjoint(re.split(r"[._ ]", metric.casefold()))
