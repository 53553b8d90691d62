"""From examples to a trained head: hold out, standardise, upsample, fit, choose the threshold."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from chorus.clips import name_clips
from chorus.errors import DataError, LeakageError, ParameterError
from chorus.tasks import Task
from chorus.training import history
from chorus.training.examples import Examples, counts, stopping_part
from chorus.training.head import Head
from chorus.training.history import History
from chorus.training.options import HeadOptions

MOST_EPOCHS, LEAST_EPOCHS, ENOUGH_STEPS = 50, 8, 150  # measured: docs/log.md


@dataclass(frozen=True)
class TrainedHead:
    """A head and how it came about.

    head: with the weights of the kept epoch; after a rehearsal (`HeadOptions.refit`) trained for as many on all rows.
    history: one row a whole epoch (`chorus.training.history`); after a rehearsal, of that.
    best_epoch: the epoch that did best on the validation part. With early stopping it is the one that was kept.
    threshold: of a detection the one with the highest F1 over the clips of the validation split; else None.
    summary: counts, best values and the reason for stopping (`stopped`), for JSON.
    """

    head: Head
    history: History
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
        return history.curves(self.history, self.head.task)


def train_head(
    training: Examples,
    validation: Examples | None,
    options: HeadOptions,
    seed: int,
    on_epoch: Callable[[History], None] | None = None,
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
            `notes`. None: there are no such clips.
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
    # brings torch, two seconds that whoever only scores need not pay
    from chorus.training.loop import fit

    # by all rows: a rehearsal on fewer follows the schedule of the training that it is for
    epochs = epochs_for(options, len(training))
    training, validation = training.ordered(), validation.ordered() if validation else None
    fitting, judge, looked_at, note = stopping_part(training, validation, options, seed)
    rehearsed = options.refit and len(fitting) < len(training)
    parts = {"training": fitting, "early_stopping": judge, "validation": validation}
    if rehearsed:
        parts |= {"rehearsal": fitting, "training": training}
    summary: dict[str, Any] = {name: counts(part) for name, part in parts.items()}
    summary["early_stopping"]["on"] = looked_at
    fitted = final = fit(fitting, judge, options, epochs, seed, on_epoch)
    stopped = fitted.stopped
    if rehearsed:
        final = fit(training, None, options, epochs, seed, until=fitted.kept_epoch)
        # on all rows it may break down where the rehearsal did not
        stopped = stopped if final.kept_epoch == fitted.kept_epoch else final.stopped
    threshold, unchosen = final.head.choose_threshold(validation)
    kept, merit = fitted.history[fitted.kept_epoch - 1], final.head.task.merit
    summary |= {
        "upsampled_windows": final.upsampled,
        "notes": [sentence for sentence in (note, unchosen) if sentence],
        "epochs": len(fitted.history),
        "stopped": stopped,
        "best_epoch": fitted.best_epoch,
        "kept_epoch": fitted.kept_epoch,
        merit: kept[merit],
        "validation_loss": kept["validation_loss"],
        "train_loss": kept["train_loss"],
        "threshold": threshold,
    }
    return TrainedHead(final.head, fitted.history, fitted.best_epoch, threshold, summary)


def epochs_for(options: HeadOptions, rows: int) -> int:
    """How many epochs to train on so many rows: those asked for, or else 50 as in the reference study.

    With many rows fewer do: as many as hold `ENOUGH_STEPS` steps, but never fewer than 8.
    """
    if options.epochs is not None:
        return options.epochs
    steps = math.ceil(rows / options.batch_size)
    return min(MOST_EPOCHS, max(LEAST_EPOCHS, math.ceil(ENOUGH_STEPS / steps)))


def untrained(dimensions: int, task: Task, reason: str) -> TrainedHead:
    """What there is where nothing can be learned: a head that finds all classes equally probable, and why."""
    head = Head.untrained(dimensions, task)
    unknown = ("best_epoch", "kept_epoch", task.merit, "validation_loss", "train_loss")
    summary: dict[str, Any] = dict.fromkeys(unknown)
    threshold, _ = head.choose_threshold(None)
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
