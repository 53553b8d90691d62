"""What is known of each epoch of a training: the columns of its history, one row a whole epoch.

Validation is the part that early stopping looks at, or would; nan stands for unknown.

epoch: from 1. learning_rate: at its first step.
train_loss: mean over the rows as they are fed: augmented, mixed, smoothed, with dropout.
train_loss_std: sample SD of the losses of its full batches. validation_loss_std: the same over windows of the
    validation part in batches of the same size, dealt once at random. Both are nan with fewer than two batches.
train_accuracy: of the head after the epoch, on (at most 512) training windows as they were before augmentation.
grad_norm, grad_norm_std: mean over the steps, and sample SD over those of full batches, of the L2 norm of the
    gradient before clipping: of all steps where there is clipping, else of every second one and the last.
    clipped_share: of the steps.
validation_loss: mean over windows, with hard targets.
validation_accuracy, validation_balanced_accuracy, validation_top2_accuracy (more than two classes),
    validation_top3_accuracy (more than three), validation_macro_f1, validation_auprc (detection): over clips.
    Of a regression validation_rmse, validation_mae, validation_correlation, and train_rmse.
validation_entropy: mean over clips, in nats. validation_group_consistency: share of the groups with several
    clips whose clips all get the same prediction; validation_group_consistency_chance: what to expect of it by
    chance, for the same predictions and sizes of groups.
improvement_rate: rise of validation_accuracy (fall of validation_rmse) an epoch, over the last five.
"""

from __future__ import annotations

import math

import pandas as pd

from chorus.tasks import Task

History = list[dict[str, float]]


def unjudged(task: Task) -> dict[str, float]:
    """The validation columns of an epoch without a part to judge it by."""
    names = ("loss", "loss_std", *task.signals, "group_consistency", "group_consistency_chance")
    return {f"validation_{name}": math.nan for name in names}


def curves(history: History, task: Task) -> pd.DataFrame:
    """The history as a table, one row an epoch; headings alone where nothing was trained."""
    if history:
        return pd.DataFrame(history)
    learned = ["learning_rate", "train_loss", f"train_{task.quality}", "grad_norm"]
    return pd.DataFrame(columns=["epoch", *learned, *unjudged(task)], dtype=float)
