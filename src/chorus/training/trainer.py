"""From examples to a trained head: hold out, standardise, upsample, fit, choose the threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.clips import name_clips
from chorus.errors import DataError, LeakageError
from chorus.metrics import best_f1_threshold
from chorus.seeds import generator
from chorus.training.augment import upsample
from chorus.training.examples import Examples, clip_scores
from chorus.training.head import Head
from chorus.training.holdout import hold_out
from chorus.training.options import HeadOptions

_METRICS = ("best_epoch", "train_loss", "validation_loss", "validation_auprc")


@dataclass(frozen=True)
class TrainedHead:
    """A head and how it came about.

    head: with the weights of the best epoch.
    history: one dict an epoch: epoch (from 1), train_loss (of the augmented rows), validation_loss, validation_auprc
        (over clips), learning_rate (at the epoch's first step).
    best_epoch: the epoch whose weights were kept.
    threshold: the one with the highest F1 over the clips of the validation split.
    summary: counts and best values, for JSON.
    """

    head: Head
    history: list[dict[str, float]]
    best_epoch: int
    threshold: float
    summary: dict[str, Any]

    @property
    def metrics(self) -> dict[str, float]:
        """The few numbers of the best epoch that are worth a column in a table of experiments."""
        return {"epochs": len(self.history), **{name: self.summary[name] for name in _METRICS}}

    @property
    def curves(self) -> pd.DataFrame:
        """The history as a table: one row an epoch."""
        return pd.DataFrame(self.history)


def train_head(training: Examples, validation: Examples, options: HeadOptions, seed: int) -> TrainedHead:
    """Train a head on embeddings.

    The result depends on nothing but the arguments, to the byte on one type of CPU: not on the order of the rows, nor
    on the number of cores. Everything random follows from `seed`, with one stream each for the hold-out, upsampling,
    initial weights, order of the rows, mixup and dropout: switching one off leaves the others as they were.

    Args:
        training: what it learns from. With `validation: internal`, a part of it is held out for early stopping.
        validation: the validation split: chooses the threshold, and with `validation: split` also stops early.

    Raises:
        DataError: a class is missing on either side or lives in too few nights for the hold-out, or the two differ in
            width.
        LeakageError: a clip is on both sides.
        ModelError: training diverged.
    """
    from chorus.training.loop import fit  # brings torch, two seconds that whoever only scores need not pay

    _check(training, validation)
    training, validation = training.ordered(), validation.ordered()
    fitting, judge = training, validation
    if options.validation == "internal":
        held = hold_out(training.labels, training.groups, options.internal_share, seed)
        fitting, judge = training.take(~held), training.take(held)
    mean, std = _moments(fitting.features)
    features, labels = upsample(
        (fitting.features - mean) / std,
        fitting.labels,
        options.upsampling,
        options.upsampling_ratio,
        generator(seed, "train", "upsampling"),
    )
    fitted = fit(features, labels, (judge.features - mean) / std, judge, options, seed)
    head = Head(mean=mean, std=std, layers=fitted.layers)
    threshold = best_f1_threshold(
        validation.clip_labels(), clip_scores(head.scores(validation.features), validation.clip_ids)[1]
    )
    best = fitted.history[fitted.best_epoch - 1]
    summary = {
        "training": _counts(fitting),
        "upsampled_windows": len(labels) - len(fitting),
        "early_stopping": {"on": options.validation, **_counts(judge)},
        "validation": _counts(validation),
        "epochs": len(fitted.history),
        "best_epoch": fitted.best_epoch,
        "validation_auprc": best["validation_auprc"],
        "validation_loss": best["validation_loss"],
        "train_loss": best["train_loss"],
        "threshold": threshold,
    }
    return TrainedHead(head, fitted.history, fitted.best_epoch, threshold, summary)


def _check(training: Examples, validation: Examples) -> None:
    if training.features.shape[1] != validation.features.shape[1]:
        raise DataError(
            f"training and validation embeddings differ in width: {training.features.shape[1]} and "
            f"{validation.features.shape[1]}"
        )
    for name, part in (("training set", training), ("validation split", validation)):
        if part.labels.all() or not part.labels.any():
            raise DataError(f"the {name} has only {'positives' if part.labels.any() else 'negatives'}: add the others")
    shared = np.intersect1d(training.clip_ids, validation.clip_ids).tolist()
    if shared:
        raise LeakageError(f"clips are in both training set and validation split: {name_clips(shared)}")


def _moments(features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each column; 1 for a constant one, which then becomes 0 throughout."""
    mean = features.mean(axis=0, dtype=np.float64)
    std = features.std(axis=0, dtype=np.float64)
    constant = std <= np.maximum(1e-6 * np.abs(mean), 1e-30)
    return mean.astype(np.float32), np.where(constant, 1.0, std).astype(np.float32)


def _counts(part: Examples) -> dict[str, int]:
    labels = part.clip_labels()
    return {
        "clips": len(labels),
        "positives": int(labels.sum()),
        "negatives": int((~labels).sum()),
        "windows": len(part),
        "nights": len(np.unique(part.groups)),
    }
