"""What early stopping looks at, and what it shows after each epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from chorus.clips import name_clips
from chorus.metrics import auprc, multiclass
from chorus.seeds import generator
from chorus.training.batches import one_hot
from chorus.training.examples import Examples, clip_probabilities, clip_scores
from chorus.training.head import probabilities_of
from chorus.training.losses import losses
from chorus.training.network import Network
from chorus.training.options import HeadOptions
from chorus.training.stopping import NotFiniteError


class Validation:
    """The validation part. Losses are over its windows, everything else is over its clips."""

    def __init__(self, features: NDArray[np.float32], part: Examples, options: HeadOptions, seed: int) -> None:
        """`features` are those of `part`, standardised."""
        self.features = torch.from_numpy(features)
        self.targets = torch.from_numpy(one_hot(part.labels, len(part.classes)))
        self.part, self.options = part, options
        clips = part.first_windows()
        self.truth, self.classes = clips.labels, len(part.classes)
        _, self.clip_of = np.unique(part.clip_ids, return_inverse=True)  # numbers, which sort faster than names
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
            each = losses(logits, self.targets, self.options)
            loss = each.mean().item()
        if not math.isfinite(loss):
            wrong = self.part.clip_ids[~np.isfinite(each.numpy())]
            clips = name_clips(np.unique(wrong).tolist()) or "none alone"
            raise NotFiniteError(f"validation loss not finite in epoch {epoch}: clips {clips}")
        return {"validation_loss": loss, **self.signals(logits.numpy(), each.numpy())}

    def signals(self, logits: NDArray[np.float32], each: NDArray[np.float32]) -> dict[str, float]:
        """All but the loss, from the logits (n, 1 or k) and the losses (n,) of the windows."""
        _, probabilities = clip_probabilities(probabilities_of(logits), self.clip_of)
        predicted, ranks = np.argmax(probabilities, axis=1), multiclass.ranks(probabilities, self.truth)
        figures = {
            "validation_loss_std": spread(batch_means(each[self.order], self.options.batch_size)),
            "validation_accuracy": float(np.mean(ranks < 1)),
        }
        figures["validation_balanced_accuracy"] = multiclass.balanced_accuracy(predicted, self.truth)
        if self.classes > 2:
            figures["validation_top2_accuracy"] = float(np.mean(ranks < 2))
        if self.classes > 3:
            figures["validation_top3_accuracy"] = float(np.mean(ranks < 3))
        figures["validation_macro_f1"] = multiclass.macro_f1(predicted, self.truth)
        if self.classes == 2:
            scores = clip_scores(logits[:, 0], self.clip_of)[1]
            figures["validation_auprc"] = auprc(self.truth == 1, scores)
        figures["validation_entropy"] = float(np.mean(multiclass.entropy(probabilities)))
        consistency = math.nan, math.nan
        if self.grouped.any():
            found = multiclass.group_consistency(predicted[self.grouped], self.group_of)
            consistency = found.share, found.chance
        figures["validation_group_consistency"], figures["validation_group_consistency_chance"] = consistency
        return figures


def batch_means(values: NDArray[np.floating], batch_size: int) -> list[float]:
    """The means of the full batches of these values."""
    full = len(values) // batch_size
    means: list[float] = values[: full * batch_size].astype(np.float64).reshape(full, batch_size).mean(axis=1).tolist()
    return means


def spread(values: Sequence[float]) -> float:
    """The sample standard deviation; nan, which stands for unknown, for fewer than two values."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
