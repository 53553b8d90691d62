"""Encoders turn a window of audio into an embedding. One module an encoder; nothing is loaded until it is used."""

from __future__ import annotations

from chorus.encoders import birdnet, logmel, supplied
from chorus.encoders.interface import EncodeOptions, Encoder, Entry, Spec
from chorus.errors import ParameterError

__all__ = ["ENTRIES", "EncodeOptions", "Encoder", "Spec", "encoder_id", "load", "spec"]

ENTRIES: dict[str, Entry] = {
    "birdnet": birdnet.ENTRY,
    "logmel": logmel.ENTRY,
    "perch": supplied.PERCH,
    "birdnet3": supplied.BIRDNET3,
}


def spec(options: EncodeOptions) -> Spec:
    """What the chosen encoder hears and gives."""
    return ENTRIES[options.encoder].spec


def encoder_id(options: EncodeOptions) -> str:
    """The name under which embeddings are kept: two encoders that could differ in any digit have different names.

    Raises:
        ParameterError: this encoder has no GPU port.
        ModelError: the model file is missing, or a GPU is asked for that is not there.
    """
    return _entry(options).encoder_id(options)


def load(options: EncodeOptions) -> Encoder:
    """Load an encoder into this process, single-threaded so that its results do not depend on the machine's cores.

    Raises:
        ParameterError: this encoder has no GPU port.
        ModelError: the model file is missing, or is not the encoder's model.
    """
    return _entry(options).load(options)


def _entry(options: EncodeOptions) -> Entry:
    if options.device == "cuda" and options.encoder != "birdnet":
        raise ParameterError(
            f"encode.device: cuda is for birdnet, {options.encoder} computes on the cpu: cpu or auto"
        )
    return ENTRIES[options.encoder]
