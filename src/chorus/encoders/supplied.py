"""Encoders whose model file the user supplies, run as it is: ONNX (with the package onnxruntime) or TFLite.

Of a model's outputs the embedding is the one with as many values as the encoder has dimensions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from chorus.encoders.interface import EncodeOptions, Encoder, Entry, Spec
from chorus.errors import ModelError

Run = Callable[[np.ndarray], list[np.ndarray]]  # one window, (1, samples), to the model's outputs


def _unchanged(window: np.ndarray) -> np.ndarray:
    return window


def _to_quarter_peak(window: np.ndarray) -> np.ndarray:
    """Without its mean, and with a largest sample of 0.25: what Perch was trained on and its own tools feed it."""
    centred = window - window.mean()
    peak = np.abs(centred).max()
    return np.asarray(centred * (np.float32(0.25) / peak) if peak > 0 else centred)


@dataclass(frozen=True)
class _Kind:
    """prepare: what is done to a window, float32 (samples,), before the model hears it."""

    name: str
    title: str
    spec: Spec
    source: str
    prepare: Callable[[np.ndarray], np.ndarray] = _unchanged

    def entry(self) -> Entry:
        return Entry(self.title, self.spec, self._id, self._load)

    def _id(self, options: EncodeOptions) -> str:
        return f"{self.name}-{_digest(self._file(options))}"

    def _load(self, options: EncodeOptions) -> Encoder:
        return _Supplied(self, self._file(options))

    def _file(self, options: EncodeOptions) -> Path:
        file = options.own_model
        if file is None:
            raise ModelError(
                f"encode.model_path: {self.name} needs a model file, which is not shipped: {self.source}"
            )
        if not file.is_file():
            raise ModelError(f"encode.model_path: no model file at {file}")
        return file


class _Supplied:
    def __init__(self, kind: _Kind, file: Path) -> None:
        self._kind = kind
        self._run = _tflite(file) if file.suffix.lower() == ".tflite" else _onnx(file)
        silence = np.zeros(kind.spec.window_samples, np.float32)
        # A model of another window fails here, before hours of encoding; both runtimes explain that over many lines.
        try:
            outputs = self._run(silence[np.newaxis])
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise ModelError(
                f"encode.model_path: {file.name} does not take {kind.title}'s windows: {reason}"
            ) from None
        fitting = [
            number for number, output in enumerate(outputs) if output.size == kind.spec.dimensions
        ]
        if len(fitting) != 1:
            shapes = ", ".join(str(output.shape) for output in outputs)
            raise ModelError(
                f"encode.model_path: {file.name} is no {kind.title}: one of its outputs should have "
                f"{kind.spec.dimensions} values a window, but they have the shapes {shapes}"
            )
        self._output = fitting[0]

    def embed(self, windows: np.ndarray) -> np.ndarray:
        """float32 samples in [-1, 1], (n, window_samples) -> float32 embeddings (n, dimensions)."""
        heard = [self._kind.prepare(window)[np.newaxis] for window in windows]
        return np.stack([self._run(window)[self._output].reshape(-1) for window in heard]).astype(
            np.float32
        )


def _onnx(file: Path) -> Run:
    try:
        import onnxruntime
    except ImportError:
        raise ModelError(
            f"encode.model_path: {file.name} needs the package onnxruntime (pip install onnxruntime)"
        ) from None
    settings = onnxruntime.SessionOptions()
    # One thread, as of all encoders: more would add in another order.
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(
            str(file), settings, providers=["CPUExecutionProvider"]
        )
    # onnxruntime's errors have no class of their own in common.
    except Exception as error:
        raise ModelError(
            f"encode.model_path: {file.name} is no ONNX model ({type(error).__name__})"
        ) from None
    heard = session.get_inputs()[0]
    dtype = np.float16 if heard.type == "tensor(float16)" else np.float32

    def run(window: np.ndarray) -> list[np.ndarray]:
        try:
            return [
                np.asarray(output)
                for output in session.run(None, {heard.name: window.astype(dtype)})
            ]
        # Its own class, told as the TFLite runtime tells the same.
        except onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument as error:
            raise ValueError(str(error)) from None

    return run


def _tflite(file: Path) -> Run:
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter: Any = Interpreter(str(file), num_threads=1)
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise ModelError(
            f"encode.model_path: {file.name} is no TFLite model ({type(error).__name__})"
        ) from None
    heard = interpreter.get_input_details()[0]["index"]
    outputs = [output["index"] for output in interpreter.get_output_details()]

    def run(window: np.ndarray) -> list[np.ndarray]:
        interpreter.set_tensor(heard, window)
        interpreter.invoke()
        # Copied: the next window is computed in the same memory.
        return [interpreter.get_tensor(output).copy() for output in outputs]

    return run


@cache
def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()[:12]


PERCH = _Kind(
    "perch",
    "Perch v2",
    Spec(32_000, 5, 1536, "Perch v2 (Google): weights under the Apache License 2.0"),
    "perch_v2.onnx or perch_v2.tflite, converted from Google's model (docs/encoders.md says where it is)",
    _to_quarter_peak,
).entry()
BIRDNET3 = _Kind(
    "birdnet3",
    "BirdNET+ V3.0",
    Spec(32_000, 3, 1280, "BirdNET+ V3.0 developer preview: weights under CC BY-SA 4.0"),
    "BirdNET+_V3.0-preview3_Global_11K_FP32.onnx from doi.org/10.5281/zenodo.18247420",
).entry()
