"""What predicts a score from a pair: [metric, text, their interaction] through a small perceptron."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

EVENED = 0.3  # power of an axis's variance that is taken away: 0: as it is, 1: all axes count alike
_NO_VARIANCE = 1e-6  # of the first axis's; an axis with less is rounding


class Axes(nn.Module):
    """Vectors (n, d) -> values (n, k) of about 1, on the principal axes of those that a model learns from.

    An encoder puts the texts of a language that it hardly knows close together, where a few large axes hide what they
    speak of. So axes are evened out, though not wholly, as whitening does (Su et al. 2021, arXiv:2103.15316). Fewer
    axes are also faster.
    """

    def __init__(self, mean: NDArray[np.floating], axes: NDArray[np.floating]) -> None:
        """mean: (d,), taken away. axes: (d, k), each with its scale."""
        super().__init__()
        self.mean: torch.Tensor
        self.axes: torch.Tensor
        self.register_buffer("mean", torch.from_numpy(mean.astype(np.float32)))
        self.register_buffer("axes", torch.from_numpy(axes.astype(np.float32)))

    @classmethod
    def fit(cls, vectors: NDArray[np.floating], components: int) -> Axes:
        """The axes of vectors (n, d), so many at most; 0: the vectors as they are, times the root of their width."""
        width = vectors.shape[1]
        if components == 0:
            return cls(np.zeros(width), math.sqrt(width) * np.eye(width))
        rows = vectors.astype(np.float64)
        variances, axes = np.linalg.eigh(np.cov(rows, rowvar=False))
        largest = np.argsort(-variances)[:components]
        largest = largest[variances[largest] > _NO_VARIANCE * variances.max()]
        variances, axes = variances[largest], axes[:, largest]
        left = variances ** (1 - EVENED)
        return cls(rows.mean(axis=0), axes * np.sqrt(len(left) / left.sum() / variances**EVENED))

    @property
    def count(self) -> int:
        return self.axes.shape[1]

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = (vectors - self.mean) @ self.axes
        return found


class PairNetwork(nn.Module):
    """Metric and text on their axes (`on_axes`), (n, m) and (n, t) -> outputs (n, size).

    The interaction is bilinear of low rank: product of one projection of each. In full, nn.Bilinear(768, 768, 768) as
    in the report has 452,985,600 parameters for 5,000 records; of rank 64 it is 98,432 (`interaction_parameters`).
    """

    def __init__(
        self,
        axes: tuple[Axes, Axes],
        size: int,
        rank: int,
        hidden: Sequence[int],
        dropout: float,
    ) -> None:
        """axes: of metrics and of texts. rank: of the interaction; 0: there is none. hidden: units of each layer."""
        super().__init__()
        self.metric_axes, self.text_axes = axes
        widths = (self.metric_axes.count, self.text_axes.count)
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

    def on_axes(
        self, metric: torch.Tensor, text: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Vectors of metrics and texts as the other methods want them: they are the same in each epoch."""
        return self.metric_axes(metric), self.text_axes(text)

    def features(self, metric: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        """What the output layer sees: (n, last hidden units)."""
        seen = [metric, text]
        if self.metric is not None and self.text is not None:
            seen.append(self.metric(metric) * self.text(text))
        found: torch.Tensor = self.layers(torch.cat(seen, dim=1))
        return found

    def forward(self, metric: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        """Outputs (n, size)."""
        found: torch.Tensor = self.output(self.features(metric, text))
        return found


def interaction_parameters(metric: int, text: int, out: int, rank: int | None) -> int:
    """How many parameters an interaction has: of the full bilinear form (rank None), or of one of low rank."""
    return metric * text * out + out if rank is None else (metric + 1) * rank + (text + 1) * rank
