"""What can still be done where there are too few clips for more; each with the sentence that says so."""

from __future__ import annotations

import math

import numpy as np

from chorus.errors import DataError
from chorus.tasks import Task
from chorus.training.examples import Examples
from chorus.training.head import Head
from chorus.training.holdout import hold_out
from chorus.training.options import HeadOptions


def unjudged_signals(task: Task) -> dict[str, float]:
    """The validation columns of an epoch without a part to judge it by: nan stands for unknown."""
    names = ("loss", "loss_std", *task.signals, "group_consistency", "group_consistency_chance")
    return {f"validation_{name}": math.nan for name in names}


def choose_threshold(head: Head, validation: Examples | None) -> tuple[float | None, str]:
    """What the task chooses over the clips of the validation split, and why it could not ("" where it could)."""
    if validation is None:
        nothing = np.zeros((0, head.dimensions))
        return head.task.choose_threshold(np.zeros(0), head.predictions(nothing))
    _, predictions = head.task.of_clips(head.predictions(validation.features), validation.clip_ids)
    return head.task.choose_threshold(validation.first_windows().labels, predictions)


def stopping_part(
    training: Examples, validation: Examples | None, options: HeadOptions, seed: int
) -> tuple[Examples, Examples | None, str, str]:
    """What to fit, what early stopping looks at (None: nothing), what that is called, and why it is not as asked."""
    note = ""
    if options.validation == "split":
        if validation is not None and validation.task.can_judge(validation.labels):
            return training, validation, "split", ""
        note = "early stopping cannot look at the validation split, which lacks a class; "
    try:
        strata, names = training.task.strata(training.labels)
        held = hold_out(strata, training.groups, names, options.internal_share, seed)
    except DataError as reason:  # said in the note, and in the verdict on the training
        return (
            training,
            None,
            "none",
            f"{note}all epochs were trained and the last one kept: {reason}",
        )
    return (
        training.take(~held),
        training.take(held),
        "internal",
        note and f"{note}nights were held out instead",
    )


def untrained_head(dimensions: int, task: Task) -> Head:
    """A head that knows nothing: all classes are equally probable, whatever it hears."""
    weight = np.zeros((dimensions, task.outputs), dtype=np.float32)
    bias = np.zeros(task.outputs, dtype=np.float32)
    ones = np.ones(dimensions, dtype=np.float32)
    return Head(mean=np.zeros_like(ones), std=ones, layers=((weight, bias),), task=task)
