"""The learning rate that is halved where nothing gets better, as torch's ReduceLROnPlateau does.

That one wants torch's Optimizer; `chorus.training.optimizer` says why ours is none.
"""

from __future__ import annotations

import math

FACTOR = 0.5
THRESHOLD = 1e-4  # relative; a smaller improvement is none


class Plateau:
    """rate: of the coming epoch."""

    def __init__(self, rate: float, patience: int, least: float) -> None:
        """patience: epochs without improvement that are let pass. least: the lowest rate."""
        self.rate, self.patience, self.least = rate, patience, least
        self._best, self._bad = math.inf, 0

    def step(self, value: float) -> None:
        """Take in the figure of an epoch, of which less is better."""
        if value < self._best * (1 - THRESHOLD):
            self._best, self._bad = value, 0
        else:
            self._bad += 1
        if self._bad > self.patience:
            self.rate, self._bad = max(self.rate * FACTOR, self.least), 0
