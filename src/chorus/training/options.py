"""The parameters of a head and its training, with the reference study's values as defaults."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chorus.options import options
from chorus.tasks import Focal

Upsampling = Literal["none", "repeat", "mean", "linear", "smote"]


@options
class HeadOptions:
    """How a head is built and trained.

    hidden_units: 0 is a linear head, which has nothing to drop out.
    dropout: share of the hidden units silenced in each step.
    learning_rate: of Adam at the first step; falls to 0 along half a cosine until the last.
    weight_decay: decoupled (AdamW); 0 is plain Adam.
    epochs: None follows the size of the data (`chorus.training.trainer.epochs_for`).
    early_stopping: none: all epochs, and the last one is kept; patience: ends after `early_stopping_patience` epochs
        without a better validation AUPRC (of several classes macro F1, of scores RMSE: `chorus.tasks`; of two equal
        ones, the lower loss is better); guide: by the rule of the training metrics guide
        (`chorus.training.stopping`). These two keep the best epoch.
    gradient_clip: gradients of a larger norm over all weights are scaled down to it; None: never. Off by default:
        Adam divides by the size of past gradients anyway, and the reference study did not clip.
    mixup, mixup_alpha: blend pairs of rows with shares drawn from Beta(alpha, alpha).
    label_smoothing: this share of each target is spread evenly over all classes.
    focal_loss, focal_gamma, focal_alpha: focal instead of cross-entropy loss; alpha, which weighs positives against
        negatives, has no meaning and is not used for more than two classes.
    std_floor: what is added to the standard deviation by which each column of the embeddings is divided, as the root of
        the sum of squares, in medians over the columns: one that hardly varies among few rows is not blown up by
        chance. 0: plain standardisation.
    upsampling, upsampling_ratio: raise the rarer classes to this share of the largest: repeat their rows, or add
        points halfway (mean), anywhere (linear) between two of them, or between one and a near neighbour (smote).
    validation: what the curves are of and early stopping looks at: whole nights held out of the training rows
        (internal), about `internal_share` of them, or the validation split.
    refit: after a training with held-out nights, train the head anew on all rows, for as many epochs as were kept.
    """

    hidden_units: Annotated[int, Field(ge=0, le=65_536)] = 512
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.25
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.0005
    weight_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    batch_size: Annotated[int, Field(ge=1)] = 32
    epochs: Annotated[int | None, Field(ge=1)] = None
    early_stopping: Literal["none", "patience", "guide"] = "none"
    early_stopping_patience: Annotated[int, Field(ge=1)] = 10
    gradient_clip: Annotated[float | None, Field(gt=0)] = None
    mixup: bool = True
    mixup_alpha: Annotated[float, Field(gt=0, le=100)] = 0.2
    label_smoothing: Annotated[float, Field(ge=0, lt=0.5)] = 0.05
    focal_loss: bool = False
    focal_gamma: Annotated[float, Field(ge=0, le=100)] = 2.0
    focal_alpha: Annotated[float, Field(gt=0, lt=1)] = 0.25
    std_floor: Annotated[float, Field(ge=0, le=100)] = 1.0
    upsampling: Upsampling = "none"
    upsampling_ratio: Annotated[float, Field(gt=0, le=1)] = 1.0
    validation: Literal["internal", "split"] = "internal"
    internal_share: Annotated[float, Field(gt=0, le=0.5)] = 0.2
    refit: bool = True

    @property
    def focal(self) -> Focal | None:
        """The focal loss that is asked for, if one is."""
        return Focal(self.focal_gamma, self.focal_alpha) if self.focal_loss else None
