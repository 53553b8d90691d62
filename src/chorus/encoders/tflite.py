"""TFLite files: an operator list that can be read, and a model that can be built, both by the format's own schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chorus.errors import ModelError

_FLOAT, _INT = 0, 2  # TensorType in the schema
_KEPT_OPTIONS = (
    "padding", "strideW", "strideH", "filterWidth", "filterHeight", "dilationWFactor", "dilationHFactor",
    "depthMultiplier", "fusedActivationFunction", "axis", "keepDims",
)  # fmt: skip
# What the schema calls the options of an operator; the kinds that are missing here have none that matter.
_OPTIONS = {
    "ADD": "AddOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "CONCATENATION": "ConcatenationOptions",
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions",
    "MUL": "MulOptions",
    "RESHAPE": "ReshapeOptions",
}


@dataclass(frozen=True)
class Operator:
    """One step of a model.

    inputs: numbers of tensors, -1 for none. constants: those of the inputs that stand in the file, by number.
    options: strides, padding, fused activation, ..., as the schema's integers.
    """

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    constants: dict[int, np.ndarray]
    options: dict[str, int]

    def floats(self) -> list[np.ndarray]:
        """The constants of type float32, in the order of the inputs."""
        found = [self.constants[number] for number in self.inputs if number in self.constants]
        return [values for values in found if values.dtype == np.float32]


class ModelFile:
    """The first subgraph of a TFLite file."""

    def __init__(self, data: bytes, *, name: str = "model") -> None:
        """
        Raises:
            ModelError: this is no TFLite file, or a damaged one.
        """
        if data[4:8] != b"TFL3":
            raise ModelError(f"{name} is no TFLite model")
        from ai_edge_litert import schema_py_generated as schema

        try:
            self._model: Any = schema.ModelT.InitFromPackedBuf(data, 0)
            self._graph = self._model.subgraphs[0]
            self.operators = list(self._read(schema))
        # The schema's reader has no errors of its own: whatever goes wrong is the file.
        except Exception as error:
            raise ModelError(f"{name} is a damaged TFLite model ({type(error).__name__})") from None

    @property
    def input(self) -> int:
        """The number of the first input's tensor."""
        return int(self._graph.inputs[0])

    @cached_property
    def structure(self) -> str:
        """What the model computes but for its weights, as text: each operator's kind, options and where its inputs
        come from; of integer constants (sizes, steps, axes) their values, of weights their shape."""
        sources = {self.input: "input"}
        lines = []
        for number, operator in enumerate(self.operators):
            inputs = [self._source(operator, tensor, sources) for tensor in operator.inputs]
            lines.append(f"{operator.kind} {sorted(operator.options.items())} {inputs}")
            sources.update(
                {tensor: f"{number}.{place}" for place, tensor in enumerate(operator.outputs)}
            )
        return "\n".join(lines)

    @staticmethod
    def _source(operator: Operator, tensor: int, sources: dict[int, str]) -> str:
        if tensor in operator.constants:
            values = operator.constants[tensor]
            return str(values.shape) if values.dtype == np.float32 else str(values.tolist())
        return sources.get(tensor, "nothing")

    def _read(self, schema: Any) -> Iterator[Operator]:
        kinds = {
            code: name
            for name, code in vars(schema.BuiltinOperator).items()
            if not name.startswith("_")
        }
        for operator in self._graph.operators:
            inputs = tuple(int(number) for number in operator.inputs)
            constants = {
                number: values
                for number in inputs
                if (values := self._constant(number)) is not None
            }
            options = vars(operator.builtinOptions) if operator.builtinOptions else {}
            yield Operator(
                kinds[self._model.operatorCodes[operator.opcodeIndex].builtinCode],
                inputs,
                tuple(int(number) for number in operator.outputs),
                constants,
                {name: int(options[name]) for name in _KEPT_OPTIONS if name in options},
            )

    def _constant(self, number: int) -> np.ndarray | None:
        if number < 0:
            return None
        tensor = self._graph.tensors[number]
        data = self._model.buffers[tensor.buffer].data
        if data is None or tensor.type not in (_FLOAT, _INT):
            return None
        shape = () if tensor.shape is None else tuple(tensor.shape)
        return (
            np.asarray(data).view(np.float32 if tensor.type == _FLOAT else np.int32).reshape(shape)
        )


class Builder:
    """A model under construction: operators in the order in which they run, every shape known beforehand.

    Tensors are numbers. Where shapes are known, XNNPACK takes over the whole model.
    """

    def __init__(self) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema: Any = schema
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._codes: dict[str, int] = {}
        # The first is empty by the format's rule: of tensors that are computed.
        self._buffers = [schema.BufferT()]

    def input(self, shape: Sequence[int]) -> int:
        """A tensor of float32 that the caller fills."""
        return self._tensor(shape, np.dtype(np.float32), buffer=0)

    def constant(self, values: np.ndarray) -> int:
        """float32 or int32 values that stand in the file."""
        buffer = self._schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
        self._buffers.append(buffer)
        return self._tensor(values.shape, values.dtype, buffer=len(self._buffers) - 1)

    def add(self, kind: str, inputs: Sequence[int], shape: Sequence[int], **options: Any) -> int:
        """An operator with one output of this shape, float32.

        Args:
            kind: as in the schema's BuiltinOperator, such as "CONV_2D".
            inputs: tensors; -1 stands for one that is left out.
            options: of the schema's options for this kind, such as strideW.
        """
        operator = self._schema.OperatorT()
        operator.opcodeIndex = self._codes.setdefault(kind, len(self._codes))
        operator.inputs = list(inputs)
        operator.outputs = [self._tensor(shape, np.dtype(np.float32), buffer=0)]
        if kind in _OPTIONS:
            operator.builtinOptionsType = getattr(self._schema.BuiltinOptions, _OPTIONS[kind])
            operator.builtinOptions = getattr(self._schema, f"{_OPTIONS[kind]}T")()
        for key, value in options.items():
            setattr(operator.builtinOptions, key, value)
        self._graph.operators.append(operator)
        return int(operator.outputs[0])

    def shape(self, tensor: int) -> tuple[int, ...]:
        return tuple(self._graph.tensors[tensor].shape)

    def to_bytes(self, inputs: Sequence[int], output: int) -> bytes:
        """The finished model as a TFLite file."""
        import flatbuffers

        self._graph.inputs, self._graph.outputs = list(inputs), [output]
        model = self._schema.ModelT()
        model.version, model.subgraphs, model.buffers = 3, [self._graph], self._buffers
        model.operatorCodes = [self._code(kind) for kind in self._codes]
        packer = flatbuffers.Builder(1 << 25)
        packer.Finish(model.Pack(packer), b"TFL3")
        return bytes(packer.Output())

    def _code(self, kind: str) -> Any:
        code = self._schema.OperatorCodeT()
        code.builtinCode = getattr(self._schema.BuiltinOperator, kind)
        # The field of old readers holds 7 bits; 127 there sends to the other one.
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
        return code

    def _tensor(self, shape: Sequence[int], dtype: np.dtype[Any], *, buffer: int) -> int:
        tensor = self._schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = (
            f"t{len(self._graph.tensors)}",
            [int(n) for n in shape],
            buffer,
        )
        tensor.type = _INT if dtype == np.int32 else _FLOAT
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1
