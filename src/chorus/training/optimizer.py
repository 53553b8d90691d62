"""How a step changes the weights: the norm of its gradients, their clipping, its learning rate, and Adam."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch.optim.adamw import adamw


def global_norm(gradients: Sequence[torch.Tensor]) -> float:
    """The L2 norm over all numbers of all gradients."""
    flat = [gradient.reshape(-1) for gradient in gradients]
    return math.sqrt(sum(torch.dot(gradient, gradient).item() for gradient in flat))


def clip(gradients: Sequence[torch.Tensor], norm: float, limit: float) -> None:
    """Scale gradients of a global norm above `limit` down to it, in place (Pascanu et al. 2013, arXiv:1211.5063)."""
    if norm > limit:
        for gradient in gradients:
            gradient.mul_(limit / norm)


def cosine(start: float, step: int, steps: int) -> float:
    """The learning rate at a step (from 0): half a cosine from `start` down to 0 (Loshchilov & Hutter 2017,
    arXiv:1608.03983, without restarts)."""
    return start * (1 + math.cos(math.pi * step / steps)) / 2


class Adam:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101), all parameters in one call.

    torch.optim.AdamW does the same around the same function, but making one imports torch's compiler: a second more
    for every run of a grid.
    """

    def __init__(self, parameters: list[torch.Tensor], weight_decay: float) -> None:
        self.parameters = parameters
        self.weight_decay = weight_decay
        self.means = [torch.zeros_like(parameter) for parameter in parameters]
        self.squares = [torch.zeros_like(parameter) for parameter in parameters]
        # the fused kernel counts in tensors, one a parameter
        self.steps = [torch.zeros(()) for _ in parameters]

    def step(self, gradients: Sequence[torch.Tensor], learning_rate: float) -> None:
        """Change the parameters in place."""
        with torch.no_grad():
            adamw(
                self.parameters,
                list(gradients),
                self.means,
                self.squares,
                [],  # of AMSGrad, which is off
                self.steps,
                fused=True,
                amsgrad=False,
                beta1=0.9,
                beta2=0.999,
                lr=learning_rate,
                weight_decay=self.weight_decay,
                eps=1e-8,
                maximize=False,
            )
