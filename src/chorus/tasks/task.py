"""What every task answers. Shapes: n windows or clips, k columns of predictions, w outputs of a head."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

    from chorus.tasks.losses import Reduction

Floats = NDArray[np.float64]
Labels = NDArray[Any]  # int64 numbers of classes, or float64 scores
Ids = NDArray[Any]


class Focal(NamedTuple):
    """Focal loss (Lin et al. 2017, arXiv:1708.02002) in place of the plain one of a task of classes.

    alpha weighs positives against negatives, and has no meaning for more than two classes.
    """

    gamma: float
    alpha: float


class Task(ABC):
    """One kind of thing to learn.

    name: in the file of a model.
    quality: the figure of train_<quality> and validation_<quality> in the curves of a training.
    merit, lowest_is_best: the column of the curves by which the best epoch is chosen.
    signals: the columns of the curves that `measure` fills, each with validation_ in front.
    must_occur: the classes without which a set of clips cannot be judged.
    """

    name: ClassVar[str]
    quality: ClassVar[str]
    merit: ClassVar[str]
    lowest_is_best: ClassVar[bool] = False
    upsamples: ClassVar[bool] = True
    must_occur: tuple[str, ...] = ()

    # What a head is asked for, and what it puts out

    @property
    @abstractmethod
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, by number; none where a score is sought."""

    @property
    @abstractmethod
    def outputs(self) -> int:
        """How many logits a head has."""

    @property
    @abstractmethod
    def signals(self) -> tuple[str, ...]:
        """See above."""

    @abstractmethod
    def numbers(self, labels: pd.Series) -> Labels:
        """The labels of a table as numbers, (n,).

        Raises:
            DataError: a label that is none; the index names the clips.
        """

    @abstractmethod
    def refuse(self, labels: Labels) -> None:
        """Refuse numbers that are no labels.

        Raises:
            DataError: they are of another type, or out of range.
        """

    def lacking(self, labels: Labels) -> list[str]:
        """The classes without which nothing can be learned and that these labels lack."""
        return [name for number, name in enumerate(self.classes) if not (labels == number).any()]

    def can_judge(self, labels: Labels) -> bool:
        """Whether there is everything without which a set of clips cannot be judged."""
        return not set(self.must_occur) & set(self.lacking(labels))

    @abstractmethod
    def strata(self, labels: Labels) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """The stratum of each label, (n,), of which each side of a hold-out gets its share; and their names."""

    @abstractmethod
    def counts(self, labels: Labels) -> dict[str, Any]:
        """What there is to learn from, for a summary."""

    # Learning

    @abstractmethod
    def targets(self, labels: Labels) -> NDArray[np.float32]:
        """What the outputs should be, (n, w)."""

    @abstractmethod
    def smooth(self, targets: torch.Tensor, amount: float) -> torch.Tensor:
        """Targets with label smoothing by this amount, where that has a meaning."""

    @abstractmethod
    def loss(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        focal: Focal | None,
        reduction: Reduction = "mean",
    ) -> torch.Tensor:
        """The mean loss of (n, w) logits, or that of each row, (n,)."""

    @abstractmethod
    def fit(self, logits: NDArray[np.float32], labels: Labels) -> float:
        """The quality of the predictions that windows with these logits have."""

    # Predicting

    @abstractmethod
    def predictions(self, logits: NDArray[np.floating]) -> Floats:
        """Of windows, (n, k): the probability of each class, or one score, in double precision."""

    @abstractmethod
    def of_clips(self, predictions: Floats, clip_ids: Ids) -> tuple[Ids, Floats]:
        """From windows (n, k) to clips: their ids in the order in which they are first seen, and (clips, k)."""

    @abstractmethod
    def scores(self, predictions: Floats) -> Floats:
        """The one column of predictions that is the score, (n,).

        Raises:
            ModelError: there is no such column.
        """

    @abstractmethod
    def decisions(self, predictions: Floats) -> NDArray[np.intp] | None:
        """The predicted classes, (n,); None where there are no classes."""

    def choose_threshold(
        self,
        labels: Labels,  # noqa: ARG002
        predictions: Floats,  # noqa: ARG002
    ) -> tuple[float | None, str]:
        """From which score on a clip is a detection, and why it could not be chosen ("" where it could).

        Args:
            labels, predictions: of the clips of the validation split, maybe none.
        """
        return None, ""

    # Judging

    @abstractmethod
    def measure(
        self, logits: NDArray[np.float32], clip_ids: Ids, labels: Labels
    ) -> dict[str, float]:
        """The signals of an epoch, from the logits of windows (n, w), their clips, and the clips' labels."""

    @abstractmethod
    def metrics(self, labels: Labels, predictions: Floats) -> dict[str, float]:
        """How good the predictions of clips (n, k) are: the names are those of metrics everywhere.

        Raises:
            DataError: no clips, or predictions that are none.
        """

    @abstractmethod
    def chance(self, labels: Labels) -> dict[str, float]:
        """What the best answer that ignores the sound reaches, of the same metrics."""

    @abstractmethod
    def right(self, labels: Labels, predictions: Floats) -> Floats:
        """How right each prediction is, (n,), for paired tests: 1 or 0, or less its squared error."""

    # On disk

    @abstractmethod
    def probabilities(self, predictions: pd.DataFrame) -> Floats | None:
        """The probability of each class, (n, k), from a table of predictions of clips; None where there are no classes.

        Raises:
            DataError: a class has no column of scores.
        """

    def description(self) -> dict[str, Any]:
        """For the file of a head."""
        return {"task": self.name, "classes": list(self.classes)}

    @classmethod
    @abstractmethod
    def from_description(cls, description: Mapping[str, object]) -> Self:
        """See `chorus.tasks.described`."""
