"""Which of several classes: three or more names, a logit each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.clips import BINARY
from chorus.errors import DataError
from chorus.tasks.classes import ClassTask, log_loss
from chorus.tasks.task import Floats, Focal, Ids, Labels
from chorus.tasks.windows import clip_means

if TYPE_CHECKING:
    import torch

    from chorus.tasks.losses import Reduction

LEAST = 3  # classes; two are a detection


class Classification(ClassTask):
    """A class is a property of the whole clip: each gets its mean probability over the windows."""

    name: ClassVar[str] = "classification"
    merit: ClassVar[str] = "validation_macro_f1"

    def __init__(self, classes: tuple[str, ...]) -> None:
        """Raises DataError: fewer than three, or one stands twice."""
        if len(set(classes)) < max(LEAST, len(classes)):
            raise DataError(
                f"classes must be {' and '.join(BINARY)}, or three and more names, not {classes}"
            )
        super().__init__(classes)

    @property
    def outputs(self) -> int:
        return len(self.classes)

    @property
    def signals(self) -> tuple[str, ...]:
        # of three classes the true one is always among the first three
        third = ("top3_accuracy",) if len(self.classes) > LEAST else ()
        return ("accuracy", "balanced_accuracy", "top2_accuracy", *third, "macro_f1", "entropy")

    def counts(self, labels: Labels) -> dict[str, Any]:
        return {"by_class": dict(zip(self.classes, self.sizes(labels), strict=True))}

    def targets(self, labels: Labels) -> NDArray[np.float32]:
        # shares and not numbers of classes, because mixup and smoothing spread them
        return np.eye(len(self.classes), dtype=np.float32)[labels]

    def loss(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        focal: Focal | None,
        reduction: Reduction = "mean",
    ) -> torch.Tensor:
        from chorus.tasks import losses

        if focal:
            return losses.focal(logits, targets, focal.gamma, reduction)
        return losses.cross_entropy(logits, targets, reduction)

    def fit(self, logits: NDArray[np.float32], labels: Labels) -> float:
        return float(np.mean(np.argmax(logits, axis=1) == labels))

    def predictions(self, logits: NDArray[np.floating]) -> Floats:
        exact = logits.astype(np.float64)
        # the largest becomes exp(0), so that no logit is too large to raise
        powers = np.exp(exact - exact.max(axis=1, keepdims=True))
        shares: Floats = powers / powers.sum(axis=1, keepdims=True)
        return shares

    def of_clips(self, predictions: Floats, clip_ids: Ids) -> tuple[Ids, Floats]:
        return clip_means(predictions, clip_ids)

    def measure(
        self, logits: NDArray[np.float32], clip_ids: Ids, labels: Labels
    ) -> dict[str, float]:
        _, predictions = self.of_clips(self.predictions(logits), clip_ids)
        shares = self.shares(predictions, labels)
        return {name: shares[name] for name in self.signals}

    def metrics(self, labels: Labels, predictions: Floats) -> dict[str, float]:
        shares = self.shares(predictions, labels)
        figures = {name: shares[name] for name in self.signals if name != "entropy"}
        return figures | {"log_loss": log_loss(predictions, labels)}

    def chance(self, labels: Labels) -> dict[str, float]:
        """Of an answer that orders the classes by how often they occur, and is as sure as they are frequent."""
        sizes = np.array(self.sizes(labels))
        frequent = np.tile(sizes / sizes.sum(), (len(labels), 1))
        return self.metrics(labels, frequent)

    def probabilities(self, predictions: pd.DataFrame) -> Floats | None:
        columns = [f"score_{name}" for name in self.classes]
        if missing := [column for column in columns if column not in predictions]:
            raise DataError(
                f"the predictions lack {', '.join(missing)}: each class of the model needs its scores"
            )
        return np.asarray(predictions[columns], dtype=np.float64)

    @classmethod
    def from_description(cls, description: Mapping[str, object]) -> Self:
        names = description.get("classes")
        if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
            raise DataError(f"classes is {names!r:.80}, no list of names")
        return cls(tuple(names))
