"""What detection and classification share: labels are names of classes, predictions their probabilities."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.clips import POSITIVE, name_clips
from chorus.errors import DataError, ModelError
from chorus.metrics import multiclass
from chorus.tasks.task import Floats, Labels, Task

if TYPE_CHECKING:
    import torch


class ClassTask(Task):
    """Two tasks of the same classes are equal."""

    quality: ClassVar[str] = "accuracy"

    def __init__(self, classes: tuple[str, ...]) -> None:
        """`classes` are the names, by number."""
        self._classes = classes

    @property
    def classes(self) -> tuple[str, ...]:
        return self._classes

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.classes == getattr(other, "classes", None)

    def __hash__(self) -> int:
        return hash((self.name, self.classes))

    def __repr__(self) -> str:
        return f"{self.name} of {', '.join(self.classes)}"

    def numbers(self, labels: pd.Series) -> Labels:
        strange = labels[~labels.isin(self.classes)]
        if len(strange):
            clips = name_clips(strange.index.tolist())
            raise DataError(f"labels must be {', '.join(self.classes)}, but not so: {clips}")
        # by the order of the classes and not of their names: a head's outputs stand in it
        numbers: Labels = pd.Index(self.classes).get_indexer(labels).astype(np.int64)
        return numbers

    def refuse(self, labels: Labels) -> None:
        highest = len(self.classes) - 1
        if labels.dtype != np.int64 or labels.min() < 0 or labels.max() > highest:
            raise DataError(f"labels must be numbers of classes (int64), from 0 to {highest}")

    def strata(self, labels: Labels) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        return labels, self.classes

    def sizes(self, labels: Labels) -> list[int]:
        """How many labels each class has."""
        counted: list[int] = np.bincount(labels, minlength=len(self.classes)).tolist()
        return counted

    def smooth(self, targets: torch.Tensor, amount: float) -> torch.Tensor:
        from chorus.tasks import losses

        return losses.smooth(targets, amount, len(self.classes))

    def scores(self, predictions: Floats) -> Floats:
        if POSITIVE not in self.classes:
            raise ModelError(
                f"a head of {', '.join(self.classes)} has no class {POSITIVE!r} to score"
            )
        return predictions[:, self.classes.index(POSITIVE)]

    def decisions(self, predictions: Floats) -> NDArray[np.intp] | None:
        decided: NDArray[np.intp] = np.argmax(predictions, axis=1)
        return decided

    def right(self, labels: Labels, predictions: Floats) -> Floats:
        right: Floats = (np.argmax(predictions, axis=1) == labels).astype(np.float64)
        return right

    def shares(self, predictions: Floats, labels: Labels) -> dict[str, float]:
        """How often the true class is among the first, and how sure the predictions are, over clips (n, k)."""
        predicted = np.argmax(predictions, axis=1)
        ranks = multiclass.ranks(predictions, labels)
        return {
            "accuracy": float(np.mean(ranks < 1)),
            "top2_accuracy": float(np.mean(ranks < 2)),
            "top3_accuracy": float(np.mean(ranks < 3)),
            "balanced_accuracy": multiclass.balanced_accuracy(predicted, labels),
            "macro_f1": multiclass.macro_f1(predicted, labels),
            "entropy": float(np.mean(multiclass.entropy(predictions))),
        }


def log_loss(predictions: Floats, labels: Labels) -> float:
    """The mean negative logarithm of the true class's probability, in nats; infinite where one is 0."""
    own = np.take_along_axis(predictions, labels[:, None], axis=1)[:, 0]
    # numpy would warn of the logarithm of 0, and give the same
    return math.inf if not own.all() else float(-np.mean(np.log(own)))
