"""From examples to a trained head: hold out, standardise, upsample, fit, choose the threshold."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.clips import name_clips
from chorus.errors import DataError, LeakageError, ParameterError
from chorus.seeds import generator
from chorus.tasks import Task
from chorus.training.augment import upsample
from chorus.training.examples import Examples
from chorus.training.head import Head
from chorus.training.options import HeadOptions, epochs_for
from chorus.training.small import choose_threshold, stopping_part, unjudged_signals, untrained_head

if TYPE_CHECKING:
    from chorus.training.loop import Fitted


_COLUMNS_AT_ONCE = 64


@dataclass(frozen=True)
class TrainedHead:
    """A head and how it came about.

    head: with the weights of the kept epoch; after a rehearsal (`HeadOptions.refit`) trained for as many on all rows.
    history: one dict a whole epoch; after a rehearsal, of that. Validation is the part that early stopping looks at, or
        would; nan stands for unknown.
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
    best_epoch: the epoch that did best on the validation part. With early stopping it is the one that was kept.
    threshold: of a detection the one with the highest F1 over the clips of the validation split; else None.
    summary: counts, best values and the reason for stopping (`stopped`), for JSON.
    """

    head: Head
    history: list[dict[str, float]]
    best_epoch: int
    threshold: float | None
    summary: dict[str, Any]

    @property
    def metrics(self) -> dict[str, float]:
        """The few numbers of the kept epoch that are worth a column in a table of experiments."""
        names = (
            "epochs",
            "kept_epoch",
            "best_epoch",
            "train_loss",
            "validation_loss",
            self.head.task.merit,
        )
        return {name: self.summary[name] for name in names}

    @property
    def curves(self) -> pd.DataFrame:
        """The history as a table: one row an epoch; headings alone where nothing was trained."""
        task = self.head.task
        learned = ["learning_rate", "train_loss", f"train_{task.quality}", "grad_norm"]
        columns = ["epoch", *learned, *unjudged_signals(task)]
        return (
            pd.DataFrame(self.history)
            if self.history
            else pd.DataFrame(columns=columns, dtype=float)
        )


def train_head(
    training: Examples,
    validation: Examples | None,
    options: HeadOptions,
    seed: int,
    on_epoch: Callable[[list[dict[str, float]]], None] | None = None,
) -> TrainedHead:
    """Train a head on embeddings.

    The result depends on nothing but the arguments, to the byte on one type of CPU: not on the order of the rows, nor
    on the number of cores. Everything random follows from `seed`, with one stream each for the hold-out, upsampling,
    initial weights, order of the rows, mixup and dropout: switching one off leaves the others as they were.

    A training that breaks down after its first epoch ends
    there, with what it has learned so far; `summary` says where, and names the clips.

    Args:
        training: what it learns from. With `validation: internal`, a part of it is held out: for a rehearsal that shows
            how training goes, or with `refit: false` for good.
        validation: the validation split: chooses the threshold, and with `validation: split` also stops early. Where
            that, or the hold-out, lacks what it needs, the head is trained all the same, and `summary` says so under
            `notes` (`chorus.training.small`). None: there are no such clips.
        on_epoch: called with the history so far after each epoch, for those who watch.

    Raises:
        DataError: a class is missing in the training rows, or the two sides differ in width or classes.
        LeakageError: a clip is on both sides.
        ParameterError: upsampling of a task without classes.
        ModelError: training broke down in its first epoch.
    """
    _check(training, validation)
    if options.upsampling != "none" and not training.task.upsamples:
        raise ParameterError(
            f"upsampling: {options.upsampling!r} is not allowed: a {training.task} has no rarer class"
        )
    training, validation = training.ordered(), validation.ordered() if validation else None
    # by all rows: a rehearsal on fewer follows the schedule of the training that it is for
    options = replace(options, epochs=epochs_for(options, len(training)))
    fitting, judge, looked_at, note = stopping_part(training, validation, options, seed)
    head, fitted, added = _fitted(fitting, judge, options, seed, on_epoch)
    rehearsed = options.refit and len(fitting) < len(training)
    summary: dict[str, Any] = {"rehearsal": _counts(fitting)} if rehearsed else {}
    stopped = fitted.stopped
    if rehearsed:
        head, final, added = _fitted(training, None, options, seed, until=fitted.kept_epoch)
        fitting = training
        # on all rows it may break down where the rehearsal did not
        stopped = stopped if final.kept_epoch == fitted.kept_epoch else final.stopped
    threshold, unchosen = choose_threshold(head, validation)
    kept = fitted.history[fitted.kept_epoch - 1]
    summary |= {
        "training": _counts(fitting),
        "upsampled_windows": added,
        "early_stopping": {"on": looked_at, **_counts(judge)},
        "validation": _counts(validation),
        "notes": [sentence for sentence in (note, unchosen) if sentence],
        "epochs": len(fitted.history),
        "stopped": stopped,
        "best_epoch": fitted.best_epoch,
        "kept_epoch": fitted.kept_epoch,
        head.task.merit: kept[head.task.merit],
        "validation_loss": kept["validation_loss"],
        "train_loss": kept["train_loss"],
        "threshold": threshold,
    }
    return TrainedHead(head, fitted.history, fitted.best_epoch, threshold, summary)


def _fitted(
    part: Examples,
    judge: Examples | None,
    options: HeadOptions,
    seed: int,
    on_epoch: Callable[[list[dict[str, float]]], None] | None = None,
    until: int | None = None,
) -> tuple[Head, Fitted, int]:
    """A head that learned from this part, how that went, and how many windows upsampling added."""
    # brings torch, two seconds that whoever only scores need not pay
    from chorus.training.loop import Rows, fit

    mean, std = _moments(part, options.std_floor)
    features, labels, origin = upsample(
        _standardised(part, mean, std),
        part.labels,
        options.upsampling,
        options.upsampling_ratio,
        generator(seed, "train", "upsampling"),
    )
    rows = Rows(features, labels, part.clip_ids[origin], own=len(part))
    judge_features = _standardised(judge, mean, std) if judge else None
    fitted = fit(rows, judge_features, judge, part.task, options, seed, on_epoch, until)
    head = Head(mean=mean, std=std, layers=fitted.layers, task=part.task)
    return head, fitted, len(labels) - len(part)


def untrained(dimensions: int, task: Task, reason: str) -> TrainedHead:
    """What there is where nothing can be learned: a head that finds all classes equally probable, and why."""
    head = untrained_head(dimensions, task)
    unknown = ("best_epoch", "kept_epoch", task.merit, "validation_loss", "train_loss")
    summary: dict[str, Any] = dict.fromkeys(unknown)
    threshold, _ = choose_threshold(head, None)
    summary |= {
        "epochs": 0,
        "stopped": f"nothing was trained: {reason}",
        "threshold": threshold,
        "notes": [reason],
    }
    return TrainedHead(head, [], 0, threshold, summary)


def _check(training: Examples, validation: Examples | None) -> None:
    if missing := training.task.lacking(training.labels):
        raise DataError(f"the training set has no examples of: {', '.join(missing)}")
    if validation is None:
        return
    if training.dimensions != validation.dimensions:
        raise DataError(
            f"training and validation embeddings differ in width: {training.dimensions} and "
            f"{validation.dimensions}"
        )
    if training.task != validation.task:
        raise DataError(
            f"training and validation differ in task: {training.task} and {validation.task}"
        )
    shared = np.intersect1d(training.clip_ids, validation.clip_ids).tolist()
    if shared:
        raise LeakageError(
            f"clips are in both training set and validation split: {name_clips(shared)}"
        )


def _moments(part: Examples, floor: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean of each column, and what its deviations are divided by: the root of its variance and of the floor's square.

    A constant column is divided by 1, and becomes 0 throughout.

    Args:
        floor: in medians of the standard deviations of all columns that vary.
    """
    mean, std = np.empty(part.dimensions), np.empty(part.dimensions)
    # in double precision, and so a few columns at a time: all of them would be twice the embeddings
    blocks = math.ceil(part.dimensions / _COLUMNS_AT_ONCE)
    for columns in np.array_split(np.arange(part.dimensions), blocks):
        features = part.columns(columns)
        mean[columns] = features.mean(axis=0, dtype=np.float64)
        std[columns] = features.std(axis=0, dtype=np.float64)
    # rounding leaves a constant column of large numbers a little spread, which is not to be blown up
    constant = std <= np.maximum(1e-6 * np.abs(mean), 1e-30)
    least = 0.0 if constant.all() else floor * float(np.median(std[~constant]))
    return mean.astype(np.float32), np.where(constant, 1.0, np.hypot(std, least)).astype(np.float32)


def _standardised(
    part: Examples, mean: NDArray[np.float32], std: NDArray[np.float32]
) -> NDArray[np.float32]:
    features = part.features
    features -= mean  # in place: they may be gigabytes
    features /= std
    return features


def _counts(part: Examples | None) -> dict[str, Any]:
    if part is None:
        return {"clips": 0}
    labels = part.first_windows().labels
    return {
        "clips": len(labels),
        **part.task.counts(labels),
        "windows": len(part),
        "nights": len(np.unique(part.groups)),
    }
