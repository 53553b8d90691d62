"""When to stop training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

RISING_EPOCHS = 3
FLAT_EPOCHS = 5
FLAT_CHANGE = 0.005
STEADY_TRAIN_STD = 0.1
UNSTEADY_VALIDATION_STD = 0.5


class NotFiniteError(Exception):
    """A loss or a gradient is no longer a finite number: says where, and names the clips."""


def reason_to_stop(
    history: Sequence[Mapping[str, float]], best_epoch: int, rule: str, patience: int
) -> str | None:
    """Why there is to be no further epoch, in words; None to go on.

    Args:
        rule: patience: as many epochs as `patience` without a better one; guide: see `guide_says_stop`; none: never.
    """
    if rule == "patience" and len(history) - best_epoch >= patience:
        return f"patience: no better epoch than {best_epoch} in {patience} epochs"
    if rule == "guide" and guide_says_stop(history):
        return "guide: validation loss rises, accuracy is flat, training losses agree and validation losses do not"
    return None


def guide_says_stop(history: Sequence[Mapping[str, float]]) -> bool:
    """The rule of the training metrics guide ("When to Stop Training"), all of which must hold at the last epoch:

    1. validation_loss rose in each of the last 3 epochs;
    2. validation_accuracy changed by less than 0.5 points of a percent over the last 5 epochs (highest minus lowest of
       the six values that bound them);
    3. train_loss_std < 0.1 while validation_loss_std > 0.5.

    A signal that is unknown (nan) fulfils no condition.
    """
    # five changes lie between six values
    if len(history) <= FLAT_EPOCHS:
        return False
    losses = [row["validation_loss"] for row in history[-RISING_EPOCHS - 1 :]]
    accuracies = [row.get("validation_accuracy", math.nan) for row in history[-FLAT_EPOCHS - 1 :]]
    last = history[-1]
    return bool(
        (np.diff(losses) > 0).all()
        and np.ptp(accuracies) < FLAT_CHANGE
        and last["train_loss_std"] < STEADY_TRAIN_STD
        and last["validation_loss_std"] > UNSTEADY_VALIDATION_STD
    )
