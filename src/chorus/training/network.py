"""The head as torch sees it while it learns."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray


class Network:
    """[Hidden layer, rectified,] output layer: standardised embeddings (n, d) -> logits (n, classes).

    Weights lie as (inputs, outputs), and the class is no torch Module: both make a step of 32 rows cheaper. Hidden
    weights start uniform after Glorot & Bengio (2010); the output layer and all biases start at 0, so that a head
    which has learned nothing says nothing. With few rows a random start is never unlearned where they do not reach:
    most of the scatter over seeds was that.
    """

    def __init__(self, widths: tuple[int, ...], random: np.random.Generator) -> None:
        """A network of these widths, from embedding to classes, with its initial weights drawn from `random`."""
        self.parameters: list[tuple[torch.Tensor, torch.Tensor]] = []
        *hidden, last = pairwise(widths)
        for inputs, outputs in hidden:
            bound = np.sqrt(6 / (inputs + outputs))
            start = random.uniform(-bound, bound, size=(inputs, outputs)).astype(np.float32)
            self._add(torch.from_numpy(start))
        self._add(torch.zeros(last))

    def _add(self, weight: torch.Tensor) -> None:
        """A layer that starts with this weight (inputs, outputs) and without bias."""
        bias = torch.zeros(weight.shape[1], requires_grad=True)
        self.parameters.append((weight.requires_grad_(), bias))

    def logits(self, features: torch.Tensor, kept: torch.Tensor | None = None) -> torch.Tensor:
        """Logits. `kept` (n, hidden units) multiplies the hidden units: how dropout gets in, from its own stream."""
        *hidden, (output, shift) = self.parameters
        for weight, bias in hidden:
            features = torch.addmm(bias, features, weight).relu()
            if kept is not None:
                features = features * kept
        return torch.addmm(shift, features, output)

    def tensors(self) -> list[torch.Tensor]:
        """All weights and biases, which training changes in place."""
        return [tensor for layer in self.parameters for tensor in layer]

    def layers(self) -> tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]:
        """A copy of the present weights and biases."""
        return tuple(
            (weight.detach().numpy().copy(), bias.detach().numpy().copy())
            for weight, bias in self.parameters
        )
