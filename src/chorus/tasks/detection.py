"""Is it heard or not: two classes, negative and positive, that share one logit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.clips import BINARY
from chorus.errors import DataError
from chorus.metrics import auprc, auroc, best_f1_threshold, brier
from chorus.tasks.classes import ClassTask
from chorus.tasks.task import Floats, Focal, Ids, Labels
from chorus.tasks.windows import clip_scores

if TYPE_CHECKING:
    import torch

    from chorus.tasks.losses import Reduction

HALF = 0.5  # the threshold where none can be chosen


class Detection(ClassTask):
    """A clip's score is the probability of the positive class, the highest of its windows'."""

    name: ClassVar[str] = "detection"
    merit: ClassVar[str] = "validation_auprc"
    must_occur = BINARY
    outputs = 1

    def __init__(self) -> None:
        """The classes are always called the same."""
        super().__init__(BINARY)

    @property
    def signals(self) -> tuple[str, ...]:
        return ("accuracy", "balanced_accuracy", "macro_f1", "auprc", "entropy")

    def counts(self, labels: Labels) -> dict[str, Any]:
        negatives, positives = self.sizes(labels)
        return {"positives": positives, "negatives": negatives}

    def targets(self, labels: Labels) -> NDArray[np.float32]:
        return labels[:, None].astype(np.float32)

    def loss(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        focal: Focal | None,
        reduction: Reduction = "mean",
    ) -> torch.Tensor:
        from chorus.tasks import losses

        if focal:
            return losses.binary_focal(logits, targets, *focal, reduction)
        return losses.binary_cross_entropy(logits, targets, reduction)

    def fit(self, logits: NDArray[np.float32], labels: Labels) -> float:
        # a logit above 0 is a probability above a half: no exp for each epoch
        return float(np.mean((logits[:, 0] > 0) == labels))

    def predictions(self, logits: NDArray[np.floating]) -> Floats:
        """In double precision, because in single precision all sure detections would tie at 1."""
        exact = logits.astype(np.float64)
        exact = np.concatenate([-exact, exact], axis=1)
        # by the logarithm, because exp overflows where a logit is far from 0
        return np.exp(-np.logaddexp(0.0, -exact))

    def of_clips(self, predictions: Floats, clip_ids: Ids) -> tuple[Ids, Floats]:
        # of the positive class alone: the highest of both columns would not sum to 1
        ids, positive = clip_scores(predictions[:, 1], clip_ids)
        return ids, np.stack([1 - positive, positive], axis=1)

    def choose_threshold(self, labels: Labels, predictions: Floats) -> tuple[float | None, str]:
        """The threshold with the highest F1."""
        heard = np.unique(labels).tolist()
        if len(heard) < 2:
            what = f"only {BINARY[int(heard[0])]} clips" if heard else "no clips"
            return HALF, f"the threshold is {HALF}, not chosen: the validation split has {what}"
        return best_f1_threshold(labels == 1, predictions[:, 1]), ""

    def measure(
        self, logits: NDArray[np.float32], clip_ids: Ids, labels: Labels
    ) -> dict[str, float]:
        _, predictions = self.of_clips(self.predictions(logits), clip_ids)
        shares = self.shares(predictions, labels)
        # by logits, because the highest probabilities tie
        shares["auprc"] = auprc(labels == 1, clip_scores(logits[:, 0], clip_ids)[1])
        return {name: shares[name] for name in self.signals}

    def metrics(self, labels: Labels, predictions: Floats) -> dict[str, float]:
        positive, scores = labels == 1, predictions[:, 1]
        return {
            "auprc": auprc(positive, scores),
            "auroc": auroc(positive, scores),
            "brier": brier(positive, scores),
            "accuracy": float(np.mean(self.right(labels, predictions))),
        }

    def chance(self, labels: Labels) -> dict[str, float]:
        """Of scores that know the share of positives, and nothing of a clip."""
        # one score for all clips: the only threshold that detects anything detects them all
        share = float(np.mean(labels == 1))
        return {
            "auprc": share,
            "auroc": 0.5,
            "brier": share * (1 - share),
            "accuracy": max(share, 1 - share),
        }

    def probabilities(self, predictions: pd.DataFrame) -> Floats | None:
        positive = predictions["score"].to_numpy(dtype=np.float64)
        return np.column_stack([1 - positive, positive])

    @classmethod
    def from_description(cls, description: Mapping[str, object]) -> Self:
        if description.get("classes") != list(BINARY):
            raise DataError(f"classes is {description.get('classes')!r:.80}, not {list(BINARY)}")
        return cls()


DETECTION = Detection()
