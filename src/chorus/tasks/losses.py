"""What training minimises. The only part of the tasks that needs torch: tasks import it late.

Logits and soft targets: (n, 1) of the positive class of two, or (n, k) of all classes.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch.nn import functional

_LEAST = 1e-7  # at 0, a power below 1 has no finite gradient
Reduction = Literal["none", "mean"]


def smooth(targets: torch.Tensor, amount: float, classes: int) -> torch.Tensor:
    """Label smoothing: this share of each target is spread evenly over all classes (Szegedy et al. 2016,
    arXiv:1512.00567). With two, 0 becomes amount/2, and 1 becomes 1 - amount/2."""
    return targets * (1 - amount) + amount / classes


def binary_cross_entropy(
    logits: torch.Tensor, targets: torch.Tensor, reduction: Reduction
) -> torch.Tensor:
    """Cross-entropy of two classes: of each row, (n,), or its mean."""
    return functional.binary_cross_entropy_with_logits(
        logits[:, 0], targets[:, 0], reduction=reduction
    )


def cross_entropy(
    logits: torch.Tensor, targets: torch.Tensor, reduction: Reduction
) -> torch.Tensor:
    """Cross-entropy of several classes: of each row, (n,), or its mean."""
    return functional.cross_entropy(logits, targets, reduction=reduction)


def squared_error(
    outputs: torch.Tensor, targets: torch.Tensor, reduction: Reduction
) -> torch.Tensor:
    """Squared error of each row, (n,), or its mean."""
    return functional.mse_loss(outputs[:, 0], targets[:, 0], reduction=reduction)


def binary_focal(
    logits: torch.Tensor, targets: torch.Tensor, gamma: float, alpha: float, reduction: Reduction
) -> torch.Tensor:
    """Focal loss of each row, (n,), or its mean (Lin et al. 2017, arXiv:1708.02002): what is right
    already counts less, the more so the larger gamma. alpha weighs positives and 1 - alpha negatives.
    Soft targets interpolate."""
    logits, targets = logits[:, 0], targets[:, 0]
    chance = torch.sigmoid(logits)
    # 1 - p of the true class
    wrongness = (chance + targets - 2 * chance * targets).clamp(min=_LEAST)
    weight = alpha * targets + (1 - alpha) * (1 - targets)
    # from logits: the logarithm of a chance that was rounded to 0 or 1 would be infinite
    entropy = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    each = weight * wrongness**gamma * entropy
    return each.mean() if reduction == "mean" else each


def focal(
    logits: torch.Tensor, targets: torch.Tensor, gamma: float, reduction: Reduction
) -> torch.Tensor:
    """The same of several classes, where nothing weighs them."""
    log_chances = functional.log_softmax(logits, dim=1)
    wrongness = (1 - log_chances.exp()).clamp(min=_LEAST)
    each = -(targets * wrongness**gamma * log_chances).sum(dim=1)
    return each.mean() if reduction == "mean" else each
