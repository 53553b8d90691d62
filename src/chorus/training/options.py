"""The parameters of a head and its training, with the reference study's values as defaults."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chorus.options import options

Upsampling = Literal["none", "repeat", "mean", "linear", "smote"]


@options
class HeadOptions:
    """How a head is built and trained.

    hidden_units: 0 is a linear head, which has nothing to drop out.
    dropout: share of the hidden units silenced in each step.
    learning_rate: of Adam at the first step; falls to 0 along half a cosine until the last.
    weight_decay: decoupled (AdamW); 0 is plain Adam.
    early_stopping_patience: epochs without a better validation AUPRC (of two equal ones, the lower loss is better)
        after which training ends; None: never. The best epoch's weights are kept in any case.
    mixup, mixup_alpha: blend pairs of rows with shares drawn from Beta(alpha, alpha).
    label_smoothing: targets become amount/2 and 1 - amount/2.
    focal_loss, focal_gamma, focal_alpha: focal instead of cross-entropy loss.
    upsampling, upsampling_ratio: raise the rarer class to this share of the other: repeat its rows, or add points
        halfway (mean), anywhere (linear) between two of them, or between one and a near neighbour (smote).
    validation: what early stopping looks at: whole nights held out of the training rows (internal), about
        `internal_share` of them, or the validation split.
    """

    hidden_units: Annotated[int, Field(ge=0, le=65_536)] = 512
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.25
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.0005
    weight_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    batch_size: Annotated[int, Field(ge=1)] = 32
    epochs: Annotated[int, Field(ge=1)] = 50
    early_stopping_patience: Annotated[int | None, Field(ge=1)] = 10
    mixup: bool = True
    mixup_alpha: Annotated[float, Field(gt=0, le=100)] = 0.2
    label_smoothing: Annotated[float, Field(ge=0, lt=0.5)] = 0.05
    focal_loss: bool = False
    focal_gamma: Annotated[float, Field(ge=0, le=100)] = 2.0
    focal_alpha: Annotated[float, Field(gt=0, lt=1)] = 0.25
    upsampling: Upsampling = "none"
    upsampling_ratio: Annotated[float, Field(gt=0, le=1)] = 1.0
    validation: Literal["internal", "split"] = "internal"
    internal_share: Annotated[float, Field(gt=0, le=0.5)] = 0.2
