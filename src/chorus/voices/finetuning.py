"""A network that goes on learning from published weights: the last layers of wav2vec 2.0, all or by low-rank changes.

LoRA (Hu et al. 2021, arXiv:2106.09685) is of peft.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from chorus.cpu_torchaudio import torchaudio
from chorus.errors import ParameterError
from chorus.options import options
from chorus.voices import wav2vec2
from chorus.voices.augment import AugmentOptions, masked, piece
from chorus.voices.sequences import batch
from chorus.voices.tdnn import AttentiveStatistics

_FRAMES_A_SECOND = 50
_PROJECTIONS = ("q_proj", "k_proj", "v_proj", "out_proj")


@options
class LoraOptions:
    """rank: of what is added to the projections of attention; 0: none. alpha: what is added counts alpha / rank times.
    dropout: before it."""

    rank: Annotated[int, Field(ge=0, le=512)] = 0
    alpha: Annotated[int, Field(ge=1, le=1024)] = 16
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.05


@options
class Wav2Vec2Options:
    """path: a folder in Hugging Face form. unfrozen: layers of the transformer that learn, from the last on.
    lora: with a rank, these layers stay as they are, and what is added to them learns.
    attention: hidden units of the pooling. hidden: units of the layer behind it. dropout: behind that."""

    path: str = ""
    unfrozen: Annotated[int, Field(ge=0, le=48)] = 2
    lora: LoraOptions = field(default_factory=LoraOptions)
    attention: Annotated[int, Field(ge=4, le=1024)] = 64
    hidden: Annotated[int, Field(ge=4, le=2048)] = 256
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.25


class Classifier(nn.Module):
    """Logits of the classes, (n, classes), from a batch of what the convolutions heard."""

    def __init__(self, classes: int, options: Wav2Vec2Options) -> None:
        """Raises ModelError: see `chorus.voices.wav2vec2.read`. ParameterError: it has fewer layers than that."""
        super().__init__()
        self.encoder = wav2vec2.read(Path(options.path)).encoder
        self.encoder.requires_grad_(False)
        layers = list(self.encoder.transformer.layers)
        if options.unfrozen > len(layers):
            raise ParameterError(
                f"model.wav2vec2.unfrozen: {options.unfrozen} is not allowed: it has {len(layers)} layers"
            )
        for layer in layers[len(layers) - options.unfrozen :]:
            if options.lora.rank:
                add_low_rank(layer.attention, options.lora)
            else:
                layer.requires_grad_(True)
        width = self.encoder.transformer.pos_conv_embed.embed_dim
        self.pooling = AttentiveStatistics(width, options.attention)
        self.hidden = nn.Linear(2 * width, options.hidden)
        self.dropout = nn.Dropout(options.dropout)
        self.classes = nn.Linear(options.hidden, classes)

    def forward(self, heard: Tensor, lengths: Tensor) -> Tensor:
        """
        Args:
            heard: (n, longest, channels). lengths: (n,), in frames; what lies behind does not count.
        """
        mask = (torch.arange(heard.shape[1]) < lengths[:, None])[:, None]
        hidden = self.encoder(heard, lengths).transpose(1, 2) * mask
        pooled = self.pooling(hidden, mask)
        logits: Tensor = self.classes(self.dropout(torch.relu(self.hidden(pooled))))
        return logits


def add_low_rank(attention: nn.Module, options: LoraOptions) -> None:
    """Give the projections of an attention a low-rank change that learns; they stay as they are, and so does, at first,
    what they give."""
    torchaudio()  # peft imports transformers, which would import it and die on a machine without CUDA
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(
        r=options.rank,
        lora_alpha=options.alpha,
        lora_dropout=options.dropout,
        target_modules=list(_PROJECTIONS),
    )
    inject_adapter_in_model(config, attention)


@dataclass(frozen=True)
class Features:
    """A `Hearing` of what the convolutions heard: pieces and masks are all that can still be varied."""

    augmenting: AugmentOptions

    def plain(self, heard: Tensor) -> Tensor:
        """See `Hearing.plain`."""
        return heard

    def varied(self, heard: Tensor, random: np.random.Generator) -> Tensor:
        """See `Hearing.varied`."""
        length = self.augmenting.seconds * _FRAMES_A_SECOND
        place, share = random.uniform(0, 1, 2)
        part = piece(heard, length, place)
        if share >= self.augmenting.varied:
            return part
        # The parameter counts steps of 10 ms; the convolutions give one every 20.
        return masked(part, self.augmenting.frames * _FRAMES_A_SECOND // 100, axis=0)

    def batch(self, heard: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """See `Hearing.batch`."""
        return batch(heard)
