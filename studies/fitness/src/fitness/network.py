"""What predicts a score from a pair: [metric, text, their interaction] through a small perceptron."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn


class PairNetwork(nn.Module):
    """Metric (n, m) and text (n, t) -> outputs (n, size).

    The interaction is bilinear of low rank: product of one projection of each. In full, nn.Bilinear(768, 768, 768) as
    in the report has 452,985,600 parameters for 5,000 records; of rank 64 it is 98,432 (`interaction_parameters`).
    Vectors are of length 1, so they are multiplied by the root of their width: values of about 1.
    """

    def __init__(
        self, widths: tuple[int, int], size: int, rank: int, hidden: Sequence[int], dropout: float
    ) -> None:
        """rank: of the interaction; 0: there is none. hidden: units of each layer."""
        super().__init__()
        self.rank = rank
        self.metric = nn.Linear(widths[0], rank) if rank else None
        self.text = nn.Linear(widths[1], rank) if rank else None
        layers: list[nn.Module] = []
        inputs = sum(widths) + rank
        for units in hidden:
            layers += [
                nn.Linear(inputs, units),
                nn.LayerNorm(units),
                nn.ReLU(),
                nn.Dropout(dropout),
            ]
            inputs = units
        self.layers = nn.Sequential(*layers)
        self.output = nn.Linear(inputs, size)

    def features(self, metric: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        """What the output layer sees: (n, last hidden units)."""
        metric, text = (vectors * math.sqrt(vectors.shape[1]) for vectors in (metric, text))
        seen = [metric, text]
        if self.metric is not None and self.text is not None:
            seen.append(self.metric(metric) * self.text(text) / math.sqrt(self.rank))
        found: torch.Tensor = self.layers(torch.cat(seen, dim=1))
        return found

    def forward(self, metric: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        """Outputs (n, size)."""
        found: torch.Tensor = self.output(self.features(metric, text))
        return found


def interaction_parameters(metric: int, text: int, out: int, rank: int | None) -> int:
    """How many parameters an interaction has: of the full bilinear form (rank None), or of one of low rank."""
    return metric * text * out + out if rank is None else (metric + 1) * rank + (text + 1) * rank
