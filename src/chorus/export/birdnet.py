"""A head as a custom classifier of BirdNET-Analyzer: one TFLite file from 144,000 samples to the logits of the classes.

Made from the published BirdNET file by editing its flatbuffer, without TensorFlow:

* In place of the species' layer stand the head's own, with its standardisation multiplied into their weights.
* The two spectrograms are computed as the encoder here computes them (`chorus.encoders.birdnet_static`): in bands where
  nothing sounds the published Fourier transform leaves rounding errors, which its power of about 0.2 makes large, so
  that silence and pure tones scored otherwise than in training (by up to 0.03). Shapes are fixed but for the batch, so
  that XNNPACK takes over what follows.
* A window without any sound gets the logits that it has here: of rounding errors alone, kernels make what they will.

BirdNET-Analyzer and the package birdnet apply a sigmoid to each output. Of a head of two classes that gives its score;
of several classes the logits are put out of which a sigmoid makes the softmax's probabilities: log p - log(1 - p).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chorus.encoders import birdnet_weights
from chorus.encoders.birdnet_weights import FRAMES, SAMPLES, Image
from chorus.errors import ModelError
from chorus.training import Head

LICENCE = (
    "made from BirdNET V2.4 (Kahl et al. 2021, doi:10.1016/j.ecoinf.2021.101236) and licensed as it is, "
    "CC BY-NC-SA 4.0: name the source, no commercial use, share alike (creativecommons.org/licenses/by-nc-sa/4.0)"
)
_BANDS = 96
_RELU = 1  # the schema's ActivationFunctionType
_FLOAT = 0  # the schema's TensorType
_INT = 2
_BOOL = 6
_RANGE = 2  # the number of the operator that takes the samples' largest less their smallest
_NORMALISED = 7  # operators that bring the samples to [-1, 1]
_JOINED = 92  # the number of the operator that puts the two images together
_LEAST = 1e-7  # of a probability: BirdNET cuts logits off at 15, which is 3e-7


def classifier(
    model: bytes, head: Head, silence: NDArray[np.float32], *, name: str = "model"
) -> bytes:
    """The TFLite file.

    Args:
        model: BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite, the file whose embeddings the head learned on.
        silence: the embedding of a window of zeros, float32 (1024,).
        name: of that file, for errors.

    Raises:
        ModelError: the file is another one, or the head scores embeddings of another width, or puts out no
            probabilities.
    """
    refuse_scores(head)
    weights = birdnet_weights.read(model, name=name)
    if head.dimensions != birdnet_weights.DIMENSIONS:
        raise ModelError(
            f"a head of {head.dimensions} values is none of BirdNET's, which has {birdnet_weights.DIMENSIONS}"
        )
    return _Edited(model).with_images(weights.images).with_head(head, silence)


def refuse_scores(head: Head) -> None:
    """Refuse what has no classes: other programs make probabilities of outputs.

    Raises:
        ModelError: it is so.
    """
    if not head.task.classes:
        raise ModelError(
            f"a head for a {head.task} puts out no probabilities of classes, which is what is exported"
        )


def standardised(head: Head) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """The layers, weight (inputs, outputs) and bias, with the standardisation in the first of them."""
    (weight, bias), *others = head.layers
    # In float64, rounded once at the end: the exported head then differs from ours by no more than its last bits.
    scaled = weight.astype(np.float64) / head.std[:, np.newaxis].astype(np.float64)
    shifted = bias - head.mean.astype(np.float64) @ scaled
    return [(scaled.astype(np.float32), shifted.astype(np.float32)), *others]


def _outputs(head: Head, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the file puts out for an embedding, float32 (1, classes)."""
    if head.task.outputs == 1:
        return head.logits(embedding[np.newaxis])
    shares = head.predictions(embedding[np.newaxis])
    return (np.log(np.maximum(shares, _LEAST)) - np.log(np.maximum(1 - shares, _LEAST))).astype(
        np.float32
    )


class _Edited:
    """A model whose spectrograms and last operator, the species' layer, are replaced."""

    def __init__(self, model: bytes) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema: Any = schema
        self._model = schema.ModelT.InitFromPackedBuf(model, 0)
        self._graph = self._model.subgraphs[0]
        self._species = self._graph.operators.pop()

    def with_head(self, head: Head, silence: NDArray[np.float32]) -> bytes:
        """The finished file."""
        value = int(self._species.inputs[0])
        self._forget(self._species.inputs[1:])
        layers = standardised(head)
        for number, (weight, bias) in enumerate(layers):
            activation = _RELU if number < len(layers) - 1 else 0
            value = self._connected(value, weight.T, bias, activation)
        if head.task.outputs > 1:
            value = self._log_odds(value, head.task.outputs)
        self._graph.outputs = [self._unless_silent(value, head, silence)]
        self._model.description = LICENCE
        return self._packed()

    def with_images(self, images: Sequence[Image]) -> _Edited:
        """The spectrograms computed as by `birdnet_static`, of frames that are folded in the graph."""
        before, behind = self._graph.operators[:_NORMALISED], self._graph.operators[_JOINED:]
        self._graph.operators = before
        level = int(before[-1].outputs[0])
        self._range = int(before[_RANGE].outputs[0])
        behind[0].inputs = [self._image(level, image) for image in images]
        self._graph.operators += behind
        return self

    def _image(self, level: int, image: Image) -> int:
        """Samples (batch, 144000) -> (batch, 96, 511, 1)."""
        width = image.size // 2 + 1
        folded = self._reshaped(
            self._folded(self._frames(level, image), image.size // 2), (-1, width)
        )
        bands = self._connected(folded, image.matrix.astype(np.float32), None, 0)
        squares = self._step("MUL", [bands, bands], (-1, _BANDS), "MulOptions")
        logarithm = self._step("LOG", [squares], (-1, _BANDS))
        power = self._constant(np.array(image.power, np.float32))
        powers = self._step("MUL", [logarithm, power], (-1, _BANDS), "MulOptions")
        values = self._reshaped(
            self._step("EXP", [powers], (-1, _BANDS), "ExpOptions"), (-1, FRAMES, _BANDS)
        )
        order = self._constant(np.array([0, 2, 1], np.int32))
        upright = self._step("TRANSPOSE", [values, order], (-1, _BANDS, FRAMES), "TransposeOptions")
        return self._reshaped(upright, (-1, _BANDS, FRAMES, 1))

    def _frames(self, level: int, image: Image) -> int:
        """(batch, 511, size): gathered in units of as many samples as frames and steps have in common."""
        # Frames overlap, which no reshaping gives. Gathered by samples the indices would be 1.6 million, so 0.6.
        unit = math.gcd(image.size, image.step)
        units = self._reshaped(level, (-1, SAMPLES // unit, unit))
        starts = np.arange(FRAMES)[:, np.newaxis] * (image.step // unit)
        which = self._constant((starts + np.arange(image.size // unit)).astype(np.int32))
        shape = (-1, FRAMES, image.size // unit, unit)
        gathered = self._step("GATHER", [units, which], shape, "GatherOptions", axis=1)
        return self._reshaped(gathered, (-1, FRAMES, image.size))

    def _folded(self, frames: int, half: int) -> int:
        """Sample k of a frame added to sample size - k: (batch, 511, half + 1)."""
        first, low, middle, high = (
            self._slice(frames, begin, width)
            for begin, width in ((0, 1), (1, half - 1), (half, 1), (half + 1, half - 1))
        )
        shape = (-1, FRAMES, half - 1)
        axis = self._constant(np.array([2], np.int32))
        turned = self._step("REVERSE_V2", [high, axis], shape, "ReverseV2Options")
        both = self._step("ADD", [low, turned], shape, "AddOptions")
        parts = [first, both, middle]
        return self._step(
            "CONCATENATION", parts, (-1, FRAMES, half + 1), "ConcatenationOptions", axis=2
        )

    def _slice(self, frames: int, begin: int, width: int) -> int:
        where = [
            self._constant(np.array(numbers, np.int32))
            for numbers in ((0, 0, begin), (-1, -1, width))
        ]
        return self._step("SLICE", [frames, *where], (-1, FRAMES, width), "SliceOptions")

    def _reshaped(self, value: int, shape: tuple[int, ...]) -> int:
        new = self._constant(np.array(shape, np.int32))
        return self._step("RESHAPE", [value, new], shape, "ReshapeOptions", newShape=list(shape))

    def _forget(self, tensors: Any) -> None:
        """The species' weights, half of the file: their tensors stay, for all others go by their numbers."""
        for number in tensors:
            tensor = self._graph.tensors[number]
            # Four bytes, one float32, for the shape that the tensor now has: an interpreter compares the two.
            self._model.buffers[tensor.buffer].data = np.zeros(4, np.uint8)
            tensor.shape = [1]

    def _connected(
        self, value: int, weight: np.ndarray, bias: np.ndarray | None, activation: int
    ) -> int:
        """Weight (outputs, inputs)."""
        shift = -1 if bias is None else self._constant(bias)
        inputs = [value, self._constant(weight), shift]
        return self._step(
            "FULLY_CONNECTED",
            inputs,
            (-1, len(weight)),
            "FullyConnectedOptions",
            fusedActivationFunction=activation,
        )

    def _unless_silent(self, logits: int, head: Head, silence: NDArray[np.float32]) -> int:
        """The logits, but those of silence where the samples have no range."""
        shape = (-1, head.task.outputs)
        nothing, quiet = (
            self._constant(np.zeros(1, np.float32)),
            self._constant(_outputs(head, silence)),
        )
        sounds = self._step(
            "GREATER", [self._range, nothing], (-1, 1), "GreaterOptions", kind_of_output=_BOOL
        )
        return self._step("SELECT_V2", [sounds, logits, quiet], shape, "SelectV2Options")

    def _log_odds(self, logits: int, classes: int) -> int:
        """log p - log(1 - p) of each class's share p of the softmax."""
        shape = (-1, classes)
        one, least = (self._constant(np.array([value], np.float32)) for value in (1.0, _LEAST))
        shares = self._step("SOFTMAX", [logits], shape, "SoftmaxOptions", beta=1.0)
        others = self._step("SUB", [one, shares], shape, "SubOptions")
        # A share of 0 or 1 has no log odds.
        kept = [
            self._step("MAXIMUM", [part, least], shape, "MaximumMinimumOptions")
            for part in (shares, others)
        ]
        logs = [self._step("LOG", [part], shape) for part in kept]
        return self._step("SUB", logs, shape, "SubOptions")

    def _step(
        self,
        kind: str,
        inputs: list[int],
        shape: tuple[int, ...],
        options: str | None = None,
        *,
        kind_of_output: int = _FLOAT,
        **values: Any,
    ) -> int:
        """An operator with one output of this shape, -1 standing for the batch (or what is in proportion to it)."""
        operator = self._schema.OperatorT()
        operator.opcodeIndex = self._code(kind)
        operator.inputs = inputs
        if options is not None:
            operator.builtinOptionsType = getattr(self._schema.BuiltinOptions, options)
            operator.builtinOptions = getattr(self._schema, f"{options}T")()
        for key, value in values.items():
            setattr(operator.builtinOptions, key, value)
        # A shape has no -1, and is that of a batch of one; where the batch may vary stands in the signature.
        single = [1 if length == -1 else length for length in shape]
        operator.outputs = [self._tensor(single, self._buffer(None), list(shape), kind_of_output)]
        self._graph.operators.append(operator)
        return int(operator.outputs[0])

    def _code(self, kind: str) -> int:
        wanted = getattr(self._schema.BuiltinOperator, kind)
        # Older files give a code in the narrow field alone, newer ones in both: the larger one is the code.
        for number, code in enumerate(self._model.operatorCodes):
            if max(code.builtinCode, code.deprecatedBuiltinCode) == wanted:
                return number
        code = self._schema.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = wanted, min(wanted, 127), 1
        self._model.operatorCodes.append(code)
        return len(self._model.operatorCodes) - 1

    def _constant(self, values: np.ndarray) -> int:
        """float32 or int32 values that stand in the file."""
        data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
        kind = _INT if values.dtype == np.int32 else _FLOAT
        return self._tensor(list(values.shape), self._buffer(data), kind=kind)

    def _buffer(self, data: Any) -> int:
        buffer = self._schema.BufferT()
        buffer.data = data
        self._model.buffers.append(buffer)
        return len(self._model.buffers) - 1

    def _tensor(
        self, shape: list[int], buffer: int, signature: list[int] | None = None, kind: int = _FLOAT
    ) -> int:
        tensor = self._schema.TensorT()
        tensor.name = f"chorus/{len(self._graph.tensors)}"
        tensor.type, tensor.shape, tensor.shapeSignature, tensor.buffer = (
            kind,
            shape,
            signature,
            buffer,
        )
        tensor.hasRank = True
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def _packed(self) -> bytes:
        import flatbuffers

        # 32 MB to begin with: it doubles, and copies, whenever they are full.
        packer = flatbuffers.Builder(1 << 25)
        packer.Finish(self._model.Pack(packer), b"TFL3")
        return bytes(packer.Output())
