"""What can still be done where there are too few clips for more; each with the sentence that says so."""

from __future__ import annotations

import math

import numpy as np

from chorus.clips import BINARY
from chorus.errors import DataError
from chorus.metrics import best_f1_threshold
from chorus.training.examples import Examples, clip_scores
from chorus.training.head import Head
from chorus.training.holdout import hold_out
from chorus.training.options import HeadOptions

HALF = 0.5  # the threshold where none can be chosen
VALIDATION_COLUMNS = (
    "loss", "loss_std", "accuracy", "balanced_accuracy", "macro_f1", "auprc", "entropy", "group_consistency",
    "group_consistency_chance",
)  # fmt: skip
UNJUDGED = {f"validation_{name}": math.nan for name in VALIDATION_COLUMNS}  # an epoch without a part to judge it by


def choose_threshold(head: Head, validation: Examples | None) -> tuple[float, str]:
    """The threshold with the highest F1 over the clips of the validation split, and ""; else 0.5, and why."""
    labels = np.zeros(0) if validation is None else validation.first_windows().labels
    if validation is None or len(np.unique(labels)) < 2:
        return HALF, f"the threshold is {HALF}, not chosen: the validation split has {_what(labels)}"
    scores = clip_scores(head.scores(validation.features), validation.clip_ids)[1]
    return best_f1_threshold(labels == 1, scores), ""


def stopping_part(
    training: Examples, validation: Examples | None, options: HeadOptions, seed: int
) -> tuple[Examples, Examples | None, str, str]:
    """What to fit, what early stopping looks at (None: nothing), what that is called, and why it is not as asked."""
    note = ""
    if options.validation == "split":
        if validation is not None and (len(validation.classes) > 2 or len(np.unique(validation.labels)) == 2):
            return training, validation, "split", ""
        note = "early stopping cannot look at the validation split, which lacks a class; "
    try:
        held = hold_out(training.labels, training.groups, training.classes, options.internal_share, seed)
    except DataError as reason:  # said in the note, and in the verdict on the training
        return training, None, "none", f"{note}all epochs were trained and the last one kept: {reason}"
    return training.take(~held), training.take(held), "internal", note and f"{note}nights were held out instead"


def untrained_head(dimensions: int, classes: tuple[str, ...] = BINARY) -> Head:
    """A head that knows nothing: all classes are equally probable, whatever it hears."""
    outputs = classes[1:] if len(classes) == 2 else classes
    weight = np.zeros((dimensions, len(outputs)), dtype=np.float32)
    bias = np.zeros(len(outputs), dtype=np.float32)
    ones = np.ones(dimensions, dtype=np.float32)
    return Head(mean=np.zeros_like(ones), std=ones, layers=((weight, bias),), classes=outputs)


def _what(labels: np.ndarray) -> str:
    return f"only {BINARY[int(labels[0])]} clips" if len(labels) else "no clips"
