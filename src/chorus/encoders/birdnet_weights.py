"""The weights of BirdNET V2.4, taken out of a TFLite file that holds exactly that model.

What is computed with them (`birdnet_static.py`, `birdnet_torch.py`), x being 144,000 samples:

* x - min, divided by its maximum (+ 1e-6), to [-1, 1]; then two images of it, 96 mel bands by 511 frames: frames of
  2,048 samples every 278 (0 - 3 kHz) and of 1,024 every 280 (0.5 - 15 kHz), window, *real part* of the Fourier
  transform, mel filters, square, a power of about 0.2; high bands first.
* an EfficientNet-like stack (stem, 16 inverted bottlenecks, a last 3x3 convolution), and the mean over the image.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from chorus.encoders.tflite import ModelFile, Operator
from chorus.errors import ModelError

SAMPLES = 144_000
FRAMES = 511
DIMENSIONS = 1024
# The first operators, up to the embedding; what follows are the species, of which the encoder needs nothing.
_OPERATORS = 375
_STRUCTURE = "434d8709aa4ee62d6f7e1c5b553176b093bbe7a5bf1d771e35305e33f674d23c"
_FRAMES = ((2048, 278), (1024, 280))  # window and step, in samples, of the two images
# (blocks, squeeze-and-excitation) a stage; its first block halves height and width, the others add their input
_STAGES = ((3, False), (4, True), (5, True), (4, True))


@dataclass(frozen=True)
class Image:
    """How one of the two images comes from samples.

    matrix: (96, size // 2 + 1) float64: window, real part of the Fourier transform and mel filters at once. All three
        are linear, and a cosine is even: sample k of a frame and sample size - k share a weight, so frames come folded.
    """

    size: int
    step: int
    matrix: np.ndarray
    power: np.float32


@dataclass(frozen=True)
class Convolution:
    """weights: (out, height, width, in), of a depthwise one (1, height, width, channels); bias: (out,)."""

    weights: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class Block:
    """An inverted bottleneck (Sandler et al. 2018); some with squeeze-and-excitation (Hu et al. 2018)."""

    expand: Convolution
    depthwise: Convolution
    squeeze: Convolution | None
    excite: Convolution | None
    project: Convolution
    stride: int


@dataclass(frozen=True)
class Weights:
    """scale, shift: (2,), of the two images; last_scale, last_shift: (192,), after the blocks. All float32."""

    images: tuple[Image, ...]
    scale: np.ndarray
    shift: np.ndarray
    stem: Convolution
    mix: Convolution
    blocks: tuple[Block, ...]
    last_scale: np.ndarray
    last_shift: np.ndarray
    last: Convolution


def read(data: bytes, *, name: str = "model") -> Weights:
    """
    Args:
        data: a TFLite file, such as BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite.
        name: of the file, for the error.

    Raises:
        ModelError: it computes anything but BirdNET V2.4's embedding (other weights may be in it).
    """
    operators = _checked(ModelFile(data, name=name), name)
    filters = [o.floats()[0] for o in operators if o.kind == "FULLY_CONNECTED"]
    powers = [o.floats()[0] for o in operators if o.kind == "POW"]
    windows = [
        w for o in operators if o.kind == "MUL" for w in o.floats() if w.shape in ((2048,), (1024,))
    ]
    affine = [
        v
        for o in operators
        if o.kind in ("MUL", "ADD")
        for v in o.floats()
        if v.shape in ((2,), (192,))
    ]
    convolutions = _convolutions(operators)
    images = [
        Image(size, step, _matrix(mel, _symmetric(window, name)), np.float32(power))
        for (size, step), mel, window, power in zip(_FRAMES, filters, windows, powers, strict=True)
    ]
    return Weights(
        images=tuple(images),
        scale=affine[0],
        shift=affine[1],
        stem=next(convolutions),
        mix=next(convolutions),
        blocks=tuple(_blocks(convolutions)),
        last_scale=affine[2],
        last_shift=affine[3],
        last=next(convolutions),
    )


def _checked(file: ModelFile, name: str) -> list[Operator]:
    structure = "\n".join(file.structure.splitlines()[:_OPERATORS])
    if hashlib.sha256(structure.encode()).hexdigest() != _STRUCTURE:
        raise ModelError(
            f"encode.model_path: {name} is no BirdNET V2.4: its graph is not that of "
            "BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite, the only one that the encoder birdnet knows"
        )
    return file.operators[:_OPERATORS]


def _convolutions(operators: list[Operator]) -> Iterator[Convolution]:
    for operator in operators:
        if operator.kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            yield Convolution(*operator.floats())


def _blocks(convolutions: Iterator[Convolution]) -> Iterator[Block]:
    for count, squeezed in _STAGES:
        for number in range(count):
            yield Block(
                expand=next(convolutions),
                depthwise=next(convolutions),
                squeeze=next(convolutions) if squeezed else None,
                excite=next(convolutions) if squeezed else None,
                project=next(convolutions),
                stride=1 if number else 2,
            )


def _symmetric(window: np.ndarray, name: str) -> np.ndarray:
    # Folding is right only for a symmetric window; that its values are weights, the structure does not check.
    if not np.allclose(window[1:], window[1:][::-1], atol=1e-6):
        raise ModelError(
            f"encode.model_path: {name} is no BirdNET V2.4: its window is not symmetric"
        )
    return window


def _matrix(mel: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Window, real part of the Fourier transform and mel filters as one matrix on folded frames, high bands first.

    Args:
        mel: (96, size // 2 + 1).
        window: (size,), symmetric but for its first value.
    """
    size = len(window)
    bins = np.arange(size // 2 + 1)
    # Modulo the size before the cosine: an angle of hundreds of turns would cost it three digits.
    cosines = np.cos(2 * np.pi * (np.outer(bins, bins) % size) / size)
    folded_window = window[: size // 2 + 1].astype(np.float64)
    return np.asarray((mel.astype(np.float64) @ cosines * folded_window)[::-1])
