"""What training minimises, on logits and soft targets of any shape."""

from __future__ import annotations

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from chorus.training.options import HeadOptions

_LEAST = 1e-7  # at 0, a power below 1 has no finite gradient


def smooth(targets: torch.Tensor, amount: float) -> torch.Tensor:
    """Label smoothing: 0 becomes amount/2, and 1 becomes 1 - amount/2."""
    return targets * (1 - amount) + amount / 2


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean binary cross-entropy."""
    return binary_cross_entropy_with_logits(logits, targets)


def focal(logits: torch.Tensor, targets: torch.Tensor, gamma: float, alpha: float) -> torch.Tensor:
    """Mean focal loss (Lin et al. 2017, arXiv:1708.02002): alpha weighs positives, 1 - alpha negatives, and what is
    right already counts less, the more so the larger gamma. Soft targets interpolate both factors."""
    entropy = binary_cross_entropy_with_logits(logits, targets, reduction="none")
    chance = torch.sigmoid(logits)
    wrongness = (chance + targets - 2 * chance * targets).clamp(min=_LEAST)  # 1 - p of the true class
    weight = alpha * targets + (1 - alpha) * (1 - targets)
    return (weight * wrongness**gamma * entropy).mean()


def loss(logits: torch.Tensor, targets: torch.Tensor, options: HeadOptions) -> torch.Tensor:
    """The loss that the options ask for."""
    if options.focal_loss:
        return focal(logits, targets, options.focal_gamma, options.focal_alpha)
    return cross_entropy(logits, targets)
