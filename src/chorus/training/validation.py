"""What early stopping looks at, and what it shows after each epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from chorus.clips import name_clips
from chorus.metrics import multiclass
from chorus.seeds import generator
from chorus.training.examples import Examples
from chorus.training.network import Network
from chorus.training.options import HeadOptions
from chorus.training.stopping import NotFiniteError


class Validation:
    """The validation part. Losses are over its windows, everything else is over its clips."""

    def __init__(
        self, features: NDArray[np.float32], part: Examples, options: HeadOptions, seed: int
    ) -> None:
        """`features` are those of `part`, standardised."""
        self.features = torch.from_numpy(features)
        self.targets = torch.from_numpy(part.task.targets(part.labels))
        self.part, self.task, self.options = part, part.task, options
        clips = part.first_windows()
        self.truth = clips.labels
        # numbers, which sort faster than names in each epoch
        _, self.clip_of = np.unique(part.clip_ids, return_inverse=True)
        self.grouped = clips.consistency_of != ""
        _, self.group_of = np.unique(clips.consistency_of[self.grouped], return_inverse=True)
        # In the order of clip ids a batch would be one night; those of training are of all nights.
        self.order = generator(seed, "train", "validation batches").permutation(len(part))

    def measure(self, network: Network, epoch: int) -> dict[str, float]:
        """The validation columns of the history.

        Raises:
            NotFiniteError: the network no longer gives finite numbers.
        """
        with torch.no_grad():
            logits = network.logits(self.features)
            each = self.task.loss(logits, self.targets, self.options.focal, "none")
            # one pass: the mean and the spread over batches are of the same losses
            loss = each.mean().item()
        if not math.isfinite(loss):
            wrong = self.part.clip_ids[~np.isfinite(each.numpy())]
            clips = name_clips(np.unique(wrong).tolist()) or "none alone"
            raise NotFiniteError(f"validation loss not finite in epoch {epoch}: clips {clips}")
        return {"validation_loss": loss, **self.signals(logits.numpy(), each.numpy())}

    def signals(self, logits: NDArray[np.float32], each: NDArray[np.float32]) -> dict[str, float]:
        """All but the loss, from the logits (n, outputs) and the losses (n,) of the windows."""
        measured = self.task.measure(logits, self.clip_of, self.truth)
        share, chance = self.consistency(logits)
        return {
            "validation_loss_std": spread(batch_means(each[self.order], self.options.batch_size)),
            **{f"validation_{name}": value for name, value in measured.items()},
            "validation_group_consistency": share,
            "validation_group_consistency_chance": chance,
        }

    def consistency(self, logits: NDArray[np.float32]) -> tuple[float, float]:
        """Group consistency and its chance level; nan without classes or groups."""
        if not self.grouped.any():
            return math.nan, math.nan
        # once more than `Task.measure` did: 0.06 ms an epoch, for which no task has to know of groups
        _, predictions = self.task.of_clips(self.task.predictions(logits), self.clip_of)
        decisions = self.task.decisions(predictions)
        if decisions is None:
            return math.nan, math.nan
        found = multiclass.group_consistency(decisions[self.grouped], self.group_of)
        return found.share, found.chance


def batch_means(values: NDArray[np.floating], batch_size: int) -> list[float]:
    """The means of the full batches of these values."""
    full = len(values) // batch_size
    means: list[float] = (
        values[: full * batch_size]
        .astype(np.float64)
        .reshape(full, batch_size)
        .mean(axis=1)
        .tolist()
    )
    return means


def spread(values: Sequence[float]) -> float:
    """The sample standard deviation; nan, which stands for unknown, for fewer than two values."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
