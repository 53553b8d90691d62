"""What training minimises, on logits and soft targets: (n, 1) of the positive class, or (n, k) of more than two."""

from __future__ import annotations

from typing import Literal

import torch
from torch.nn import functional

from chorus.training.options import HeadOptions

_LEAST = 1e-7  # at 0, a power below 1 has no finite gradient


def smooth(targets: torch.Tensor, amount: float) -> torch.Tensor:
    """Label smoothing: this share of each target is spread evenly over all classes (Szegedy et al. 2016,
    arXiv:1512.00567). With two, 0 becomes amount/2, and 1 becomes 1 - amount/2."""
    return targets * (1 - amount) + amount / max(2, targets.shape[-1])


def loss(logits: torch.Tensor, targets: torch.Tensor, options: HeadOptions) -> torch.Tensor:
    """The mean loss that the options ask for."""
    if options.focal_loss:
        return focal(logits, targets, options.focal_gamma, options.focal_alpha).mean()
    return cross_entropy(logits, targets, "mean")


def losses(logits: torch.Tensor, targets: torch.Tensor, options: HeadOptions) -> torch.Tensor:
    """The same loss of each row, (n,)."""
    if options.focal_loss:
        return focal(logits, targets, options.focal_gamma, options.focal_alpha)
    return cross_entropy(logits, targets, "none")


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor, reduction: Literal["none", "mean"]) -> torch.Tensor:
    """Cross-entropy of each row, (n,), or its mean."""
    if logits.shape[1] == 1:
        return functional.binary_cross_entropy_with_logits(logits[:, 0], targets[:, 0], reduction=reduction)
    return functional.cross_entropy(logits, targets, reduction=reduction)


def focal(logits: torch.Tensor, targets: torch.Tensor, gamma: float, alpha: float) -> torch.Tensor:
    """Focal loss of each row, (n,) (Lin et al. 2017, arXiv:1708.02002): what is right already counts less, the more
    so the larger gamma. Of two classes, alpha weighs positives and 1 - alpha negatives. Soft targets interpolate."""
    if logits.shape[1] > 1:
        log_chances = functional.log_softmax(logits, dim=1)
        wrongness = (1 - log_chances.exp()).clamp(min=_LEAST)
        return -(targets * wrongness**gamma * log_chances).sum(dim=1)
    logits, targets = logits[:, 0], targets[:, 0]
    chance = torch.sigmoid(logits)
    wrongness = (chance + targets - 2 * chance * targets).clamp(min=_LEAST)  # 1 - p of the true class
    weight = alpha * targets + (1 - alpha) * (1 - targets)
    return weight * wrongness**gamma * functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
