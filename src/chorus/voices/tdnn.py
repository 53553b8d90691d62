"""A small network that hears who speaks how: log-mel frames, a time-delay network, attentive statistics pooling.

Frames of padding are masked everywhere, so that what a sample gives does not depend on what it is batched with.

TDNN: Waibel et al. 1989, doi:10.1109/29.21701, as in x-vectors (Snyder et al. 2018, doi:10.1109/ICASSP.2018.8461375).
Pooling: Okabe et al. 2018, arXiv:1803.10963.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from chorus.options import options
from chorus.roots import root
from chorus.voices.frames import MELS

_KERNELS = ((5, 1), (3, 2), (3, 3), (1, 1))  # of the layers: frames, and the distance between them


@options
class TdnnOptions:
    """channels: of each layer. attention: hidden units of the pooling. embedding: units of the layer behind it."""

    channels: Annotated[int, Field(ge=8, le=2048)] = 128
    attention: Annotated[int, Field(ge=4, le=1024)] = 64
    embedding: Annotated[int, Field(ge=4, le=2048)] = 128
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2


class Tdnn(nn.Module):
    """Logits of the classes, (n, classes), from a batch of frames."""

    def __init__(self, classes: int, options: TdnnOptions) -> None:
        super().__init__()
        sizes = [MELS, *[options.channels] * len(_KERNELS)]
        self.layers = nn.ModuleList(
            _Layer(before, after, *kernel)
            for before, after, kernel in zip(sizes[:-1], sizes[1:], _KERNELS, strict=True)
        )
        self.pooling = AttentiveStatistics(options.channels, options.attention)
        self.embedding = nn.Linear(2 * options.channels, options.embedding)
        self.dropout = nn.Dropout(options.dropout)
        self.classes = nn.Linear(options.embedding, classes)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """
        Args:
            frames: (n, longest, 40). lengths: (n,), in frames; what lies behind does not count.
        """
        heard = torch.arange(frames.shape[1], device=frames.device) < lengths[:, None]
        mask = heard[:, None]  # (n, 1, longest)
        hidden = frames.transpose(1, 2) * mask
        for layer in self.layers:
            hidden = layer(hidden, mask)
        pooled = self.pooling(hidden, mask)
        logits: Tensor = self.classes(self.dropout(torch.relu(self.embedding(pooled))))
        return logits


class _Layer(nn.Module):
    """A convolution over time that keeps the length, then each frame normalised by itself: no batch statistics."""

    def __init__(self, before: int, after: int, width: int, dilation: int) -> None:
        super().__init__()
        padding = dilation * (width - 1) // 2
        self.convolution = nn.Conv1d(before, after, width, dilation=dilation, padding=padding)
        self.norm = nn.LayerNorm(after)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        convolved = torch.relu(self.convolution(hidden))
        normed: Tensor = self.norm(convolved.transpose(1, 2)).transpose(1, 2) * mask
        return normed


class AttentiveStatistics(nn.Module):
    """Mean and standard deviation over time, (n, 2 channels), where frames count as the network finds them worth."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.score = nn.Sequential(
            nn.Conv1d(channels, hidden, 1), nn.Tanh(), nn.Conv1d(hidden, 1, 1)
        )

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """
        Args:
            hidden: (n, channels, frames). mask: (n, 1, frames), True where something is heard.
        """
        weights = torch.softmax(self.score(hidden).masked_fill(~mask, float("-inf")), dim=2)
        mean = (weights * hidden).sum(dim=2)
        # Clamped below, as the slope of a root is infinite at 0, where a single frame would be.
        variance = (weights * (hidden - mean[:, :, None]) ** 2).sum(dim=2)
        return torch.cat([mean, root(variance.clamp(min=1e-6))], dim=1)
