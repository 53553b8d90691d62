"""The plain head in the place of a network: what a frozen encoder gives, and one hidden layer on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from chorus.options import options
from chorus.voices.sequences import batch


@options
class PlainOptions:
    """hidden: units of the layer. dropout: behind it."""

    hidden: Annotated[int, Field(ge=4, le=2048)] = 128
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.25


class PlainHead(nn.Module):
    """Logits of the classes, (n, classes), from the mean of a sample's embeddings."""

    def __init__(self, classes: int, dimensions: int, options: PlainOptions) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dimensions)
        self.hidden = nn.Linear(dimensions, options.hidden)
        self.dropout = nn.Dropout(options.dropout)
        self.classes = nn.Linear(options.hidden, classes)

    def forward(self, windows: Tensor, lengths: Tensor) -> Tensor:
        """
        Args:
            windows: (n, longest, dimensions). lengths: (n,), in windows; what lies behind does not count.
        """
        heard = torch.arange(windows.shape[1]) < lengths[:, None]
        mean = (windows * heard[:, :, None]).sum(dim=1) / lengths[:, None]
        hidden = torch.relu(self.hidden(self.norm(mean)))
        logits: Tensor = self.classes(self.dropout(hidden))
        return logits


@dataclass(frozen=True)
class Windows:
    """A `Hearing` of embeddings, of which nothing can be varied any more."""

    def plain(self, heard: Tensor) -> Tensor:
        """See `Hearing.plain`."""
        return heard

    def varied(self, heard: Tensor, random: np.random.Generator) -> Tensor:  # noqa: ARG002
        """See `Hearing.varied`."""
        return heard

    def batch(self, heard: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """See `Hearing.batch`."""
        return batch(heard)
