"""Which way a metric is better, by its name: names are the same everywhere, so that one rule serves all tables."""

from __future__ import annotations

import re

# Words of which one in a name says that lower is better: folds.rmse_uniform, validation_loss, false_positive_rate.
LOWER_IS_BETTER = frozenset(
    ("rmse", "mse", "mae", "error", "loss", "nll", "brier", "ece", "eer", "fpr", "fnr", "false")
)


def lower_is_better(metric: str) -> bool:
    """Whether the lowest value of this metric ("folds.rmse", "val/loss") is the best one."""
    # at any sign, not only at ours: other people's tables of runs have columns such as val/loss and test-rmse
    words = re.split(r"[\W_]+", metric.casefold())
    return not LOWER_IS_BETTER.isdisjoint(words)
