"""Encoders turn a window of audio into an embedding. One module an encoder; nothing is loaded until it is used."""

from __future__ import annotations

from chorus.encoders import birdnet, logmel
from chorus.encoders.interface import EncodeOptions, Encoder, Entry, Spec

__all__ = ["ENTRIES", "EncodeOptions", "Encoder", "Spec", "encoder_id", "load", "spec"]

ENTRIES: dict[str, Entry] = {"birdnet": birdnet.ENTRY, "logmel": logmel.ENTRY}


def spec(options: EncodeOptions) -> Spec:
    """What the chosen encoder hears and gives."""
    return ENTRIES[options.encoder].spec


def encoder_id(options: EncodeOptions) -> str:
    """The name under which embeddings are kept: two encoders that could differ in any digit have different names.

    Raises:
        ModelError: the model file is missing.
    """
    return ENTRIES[options.encoder].encoder_id(options)


def load(options: EncodeOptions) -> Encoder:
    """Load an encoder into this process, single-threaded so that its results do not depend on the machine's cores.

    Raises:
        ModelError: the model file is missing, or is not the encoder's model.
    """
    return ENTRIES[options.encoder].load(options)
