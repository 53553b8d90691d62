"""BirdNET V2.4 for the CPU: its weights in a TFLite graph of fixed shapes, made in memory.

Why not the published graph: it computes its shapes as it runs, which keeps XNNPACK off most of it (the graph here takes
0.42 of the time), and on CPUs with AVX-512 its embeddings have other last bits than on those with AVX2. Here

* frames are folded by NumPy (only + - /, exact to the bit on any CPU) and multiplied with one matrix an image;
* x^p is exp(p log x), and sigmoid(x) is (1 + tanh(x / 2)) / 2, with the halves in the weights: XNNPACK has several
  kernels for POW and LOGISTIC that round differently, but one formula for LOG, EXP and TANH.

benchmarks/encoding.py measures the first, docs/encoders.md says on which CPUs the second was tried.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chorus.encoders.birdnet_weights import FRAMES, Block, Convolution, Image, Weights
from chorus.encoders.tflite import Builder

_BANDS = 96
_SAME, _VALID = 0, 1  # the schema's Padding
_RELU = 1  # the schema's ActivationFunctionType


def folded(samples: np.ndarray, images: Sequence[Image]) -> list[np.ndarray]:
    """The frames of each image, sample k of a frame added to sample size - k.

    Args:
        samples: float32 (144000,).

    Returns:
        For each image float32 (511, size // 2 + 1).
    """
    above = samples - samples.min()
    level = (above / (above.max() + np.float32(1e-6)) - np.float32(0.5)) * np.float32(2)
    return [_fold(level, image) for image in images]


def _fold(level: np.ndarray, image: Image) -> np.ndarray:
    half = image.size // 2
    frames = np.lib.stride_tricks.sliding_window_view(level, image.size)[:: image.step]
    fold = np.empty((FRAMES, half + 1), np.float32)
    # Sample 0 and the middle one have no partner: their cosines stand once in the transform.
    fold[:, 0], fold[:, half] = frames[:, 0], frames[:, half]
    np.add(frames[:, 1:half], frames[:, :half:-1], out=fold[:, 1:half])
    return fold


def static_model(weights: Weights) -> bytes:
    """A TFLite model with two inputs, the `folded` frames of each image, and the embedding as its output."""
    network = _Network()
    inputs = [network.builder.input((FRAMES, image.size // 2 + 1)) for image in weights.images]
    both = [
        network.image(frames, image) for frames, image in zip(inputs, weights.images, strict=True)
    ]
    x = network.concatenated(both)
    x = network.scaled(x, weights.scale, weights.shift)
    x = network.convolution(x, weights.stem, stride=2, fusedActivationFunction=_RELU)
    x = network.concatenated([network.pool("MAX_POOL_2D", x), network.pool("AVERAGE_POOL_2D", x)])
    x = network.convolution(x, weights.mix)
    for block in weights.blocks:
        x = network.block(x, block)
    x = network.scaled(x, weights.last_scale, weights.last_shift, fusedActivationFunction=_RELU)
    x = network.convolution(x, weights.last, padding=_VALID, fusedActivationFunction=_RELU)
    return network.builder.to_bytes(inputs, network.mean(x))


class _Network:
    """The layers; tensors are (1, height, width, channels)."""

    def __init__(self) -> None:
        self.builder = Builder()
        self._half = self.builder.constant(np.array(0.5, np.float32))

    def image(self, frames: int, image: Image) -> int:
        """Folded frames -> (1, 96, 511, 1)."""
        add, constant = self.builder.add, self.builder.constant
        shape = (FRAMES, _BANDS)
        bands = add(
            "FULLY_CONNECTED", [frames, constant(image.matrix.astype(np.float32)), -1], shape
        )
        logarithm = add("LOG", [add("MUL", [bands, bands], shape)], shape)
        power = add("MUL", [logarithm, constant(np.array(image.power, np.float32))], shape)
        power = add("EXP", [power], shape)
        upright = add("TRANSPOSE", [power, constant(np.array([1, 0], np.int32))], shape[::-1])
        new = (1, _BANDS, FRAMES, 1)
        return add("RESHAPE", [upright, constant(np.array(new, np.int32))], new, newShape=list(new))

    def concatenated(self, tensors: list[int]) -> int:
        shapes = [self.builder.shape(tensor) for tensor in tensors]
        channels = sum(shape[3] for shape in shapes)
        return self.builder.add("CONCATENATION", tensors, (*shapes[0][:3], channels), axis=3)

    def scaled(self, x: int, scale: np.ndarray, shift: np.ndarray, **options: int) -> int:
        shape = self.builder.shape(x)
        product = self.builder.add("MUL", [x, self.builder.constant(scale)], shape)
        return self.builder.add("ADD", [product, self.builder.constant(shift)], shape, **options)

    def pool(self, kind: str, x: int) -> int:
        """Of pairs of frames."""
        _, height, width, channels = self.builder.shape(x)
        options = {
            "padding": _VALID,
            "strideH": 1,
            "strideW": 2,
            "filterHeight": 1,
            "filterWidth": 2,
        }
        return self.builder.add(kind, [x], (1, height, width // 2, channels), **options)

    def mean(self, x: int) -> int:
        """Over the image: (1, 1, 1, channels)."""
        axes = self.builder.constant(np.array([1, 2], np.int32))
        return self.builder.add(
            "MEAN", [x, axes], (1, 1, 1, self.builder.shape(x)[3]), keepDims=True
        )

    def convolution(
        self,
        x: int,
        layer: Convolution,
        *,
        kind: str = "CONV_2D",
        stride: int = 1,
        padding: int = _SAME,
        factor: float = 1.0,
        **options: int,
    ) -> int:
        """factor: multiplies the result, by the weights; a power of two changes no other bit."""
        _, height, width, _ = self.builder.shape(x)
        _, kernel_height, kernel_width, _ = layer.weights.shape
        if padding == _VALID:
            height, width = height - kernel_height + 1, width - kernel_width + 1
        shape = (1, -(-height // stride), -(-width // stride), len(layer.bias))
        constants = [
            self.builder.constant(values * np.float32(factor))
            for values in (layer.weights, layer.bias)
        ]
        options |= {"padding": padding, "strideH": stride, "strideW": stride}
        return self.builder.add(kind, [x, *constants], shape, **options)

    def swish(self, half: int) -> int:
        """x sigmoid(x), of x / 2: that is h + h tanh(h)."""
        shape = self.builder.shape(half)
        tanh = self.builder.add("TANH", [half], shape)
        return self.builder.add("ADD", [half, self.builder.add("MUL", [half, tanh], shape)], shape)

    def sigmoid(self, half: int) -> int:
        """sigmoid(x), of x / 2."""
        shape = self.builder.shape(half)
        tanh = self.builder.add("TANH", [half], shape)
        return self.builder.add(
            "ADD", [self.builder.add("MUL", [tanh, self._half], shape), self._half], shape
        )

    def block(self, x: int, block: Block) -> int:
        y = self.swish(self.convolution(x, block.expand, factor=0.5))
        y = self.swish(self._depthwise(y, block.depthwise, block.stride))
        if block.squeeze is not None and block.excite is not None:
            gate = self.swish(self.convolution(self.mean(y), block.squeeze, factor=0.5))
            gate = self.sigmoid(self.convolution(gate, block.excite, factor=0.5))
            y = self.builder.add("MUL", [y, gate], self.builder.shape(y))
        y = self.convolution(y, block.project)
        if block.stride != 1:
            return y
        return self.builder.add("ADD", [y, x], self.builder.shape(y))

    def _depthwise(self, x: int, layer: Convolution, stride: int) -> int:
        padding = _SAME
        if stride != 1:  # SAME would pad one side only, the model pads both
            x, padding = self._padded(x), _VALID
        kind = "DEPTHWISE_CONV_2D"
        return self.convolution(
            x, layer, kind=kind, stride=stride, padding=padding, factor=0.5, depthMultiplier=1
        )

    def _padded(self, x: int) -> int:
        """One row and column of zeros on each side."""
        _, height, width, channels = self.builder.shape(x)
        margins = self.builder.constant(np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32))
        return self.builder.add("PAD", [x, margins], (1, height + 2, width + 2, channels))
