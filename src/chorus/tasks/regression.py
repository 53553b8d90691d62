"""How much: a score between two bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.clips import name_clips
from chorus.errors import DataError
from chorus.metrics import regression
from chorus.tasks.task import Floats, Focal, Ids, Labels, Task
from chorus.tasks.windows import clip_means

if TYPE_CHECKING:
    import torch

    from chorus.tasks.losses import Reduction

STRATA = 5  # fifths of the scores, of which each side of a hold-out gets its share


class Regression(Task):
    """A clip's score is the mean over its windows; what is minimised is the squared error.

    A head puts out where between the bounds the score lies, from -1 to 1, so that it starts in the middle and learns at
    the same rate whatever the bounds are; what is beyond them is cut off. Label smoothing and focal loss have no
    meaning here, and do nothing.
    """

    name: ClassVar[str] = "regression"
    quality: ClassVar[str] = "rmse"
    merit: ClassVar[str] = "validation_rmse"
    lowest_is_best: ClassVar[bool] = True
    upsamples: ClassVar[bool] = False
    classes = ()
    outputs = 1
    signals = ("rmse", "mae", "correlation")

    def __init__(self, lowest: float, highest: float) -> None:
        """Raises DataError: bounds that are not finite, or do not rise."""
        if not (math.isfinite(lowest) and math.isfinite(highest) and lowest < highest):
            raise DataError(f"the bounds of a score must rise, but they are {lowest} and {highest}")
        self.lowest, self.highest = float(lowest), float(highest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Regression) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"{self.name} of scores from {self.lowest:g} to {self.highest:g}"

    @property
    def middle(self) -> float:
        """Of the bounds: where a head starts."""
        return (self.lowest + self.highest) / 2

    @property
    def reach(self) -> float:
        """From the middle to a bound."""
        return (self.highest - self.lowest) / 2

    def numbers(self, labels: pd.Series) -> Labels:
        scores = pd.to_numeric(labels, errors="coerce").astype(np.float64)
        strange = labels[~scores.between(self.lowest, self.highest)]
        if len(strange):
            clips = name_clips(strange.index.tolist())
            raise DataError(
                f"scores must be from {self.lowest:g} to {self.highest:g}, but not so: {clips}"
            )
        numbers: Labels = scores.to_numpy()
        return numbers

    def refuse(self, labels: Labels) -> None:
        inside = (labels >= self.lowest) & (labels <= self.highest)
        if labels.dtype != np.float64 or not inside.all():
            raise DataError(f"scores must be float64 from {self.lowest:g} to {self.highest:g}")

    def strata(self, labels: Labels) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """Fifths of the scores; fewer where many are equal."""
        inner = np.quantile(labels, np.arange(1, STRATA) / STRATA)
        # equal scores fall into one fifth, however many they are: some fifths may then be empty
        fifths = np.searchsorted(inner, labels, side="right")
        present, stratum = np.unique(fifths, return_inverse=True)
        bounds = [labels[stratum == number] for number in range(len(present))]
        names = tuple(f"scores from {part.min():g} to {part.max():g}" for part in bounds)
        return stratum.astype(np.int64), names

    def counts(self, labels: Labels) -> dict[str, Any]:
        return {"mean": float(np.mean(labels)), "sd": float(np.std(labels))}

    def targets(self, labels: Labels) -> NDArray[np.float32]:
        return ((labels[:, None] - self.middle) / self.reach).astype(np.float32)

    def smooth(self, targets: torch.Tensor, amount: float) -> torch.Tensor:  # noqa: ARG002
        return targets

    def loss(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        focal: Focal | None,  # noqa: ARG002
        reduction: Reduction = "mean",
    ) -> torch.Tensor:
        from chorus.tasks import losses

        return losses.squared_error(logits, targets, reduction)

    def fit(self, logits: NDArray[np.float32], labels: Labels) -> float:
        return regression.rmse(labels, self.predictions(logits)[:, 0])

    def predictions(self, logits: NDArray[np.floating]) -> Floats:
        scores = self.middle + self.reach * logits.astype(np.float64)
        # nothing keeps a linear output within the bounds, and beyond them no score is right
        return np.clip(scores, self.lowest, self.highest)

    def of_clips(self, predictions: Floats, clip_ids: Ids) -> tuple[Ids, Floats]:
        return clip_means(predictions, clip_ids)

    def scores(self, predictions: Floats) -> Floats:
        return predictions[:, 0]

    def decisions(self, predictions: Floats) -> NDArray[np.intp] | None:  # noqa: ARG002
        return None

    def measure(
        self, logits: NDArray[np.float32], clip_ids: Ids, labels: Labels
    ) -> dict[str, float]:
        _, predictions = self.of_clips(self.predictions(logits), clip_ids)
        return self.metrics(labels, predictions)

    def metrics(self, labels: Labels, predictions: Floats) -> dict[str, float]:
        scores = predictions[:, 0]
        return {
            "rmse": regression.rmse(labels, scores),
            "mae": regression.mae(labels, scores),
            "correlation": regression.correlation(labels, scores),
        }

    def chance(self, labels: Labels) -> dict[str, float]:
        """Of the mean score, whatever is heard; it correlates with nothing."""
        always = np.full((len(labels), 1), np.mean(labels))
        return self.metrics(labels, always)

    def right(self, labels: Labels, predictions: Floats) -> Floats:
        # less is worse, so that more is better as of right and wrong
        return -((predictions[:, 0] - labels) ** 2)

    def description(self) -> dict[str, Any]:
        return super().description() | {"lowest": self.lowest, "highest": self.highest}

    def probabilities(self, predictions: pd.DataFrame) -> Floats | None:  # noqa: ARG002
        return None

    @classmethod
    def from_description(cls, description: Mapping[str, object]) -> Self:
        bounds = description.get("lowest"), description.get("highest")
        # not isinstance, for which true and false are whole numbers
        if not all(type(bound) in (int, float) for bound in bounds):
            raise DataError(f"the bounds of the score are {bounds!r:.80}, no numbers")
        return cls(*bounds)  # type: ignore[arg-type]  # just checked
