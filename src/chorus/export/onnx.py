"""A head as an ONNX file: from embeddings to the probabilities of the classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from chorus.errors import ModelError
from chorus.export.birdnet import refuse_scores, standardised
from chorus.training import Head

_OPSET = 17
_IR_VERSION = 8  # what onnxruntime reads since 2022


def head_file(head: Head, *, encoder_id: str, names: list[str]) -> bytes:
    """The ONNX file: input `embeddings` float32 (n, dimensions), output `probabilities` float32 (n, classes).

    Args:
        encoder_id: of the embeddings; kept in the file's metadata, as are the names of the classes.

    Raises:
        ModelError: the package onnx is not installed, or the head puts out no probabilities.
    """
    # Here and not above: only who exports to ONNX needs the package, which is none of the requirements.
    try:
        import onnx
        from onnx import helper
    except ImportError:
        raise ModelError(
            "--format: onnx needs the package onnx (pip install onnx==1.23.2)"
        ) from None
    refuse_scores(head)
    layers = standardised(head)
    nodes, constants = [], []
    value = "embeddings"
    for number, (weight, bias) in enumerate(layers):
        constants += [_constant(f"weight{number}", weight), _constant(f"bias{number}", bias)]
        nodes.append(
            helper.make_node(
                "Gemm", [value, f"weight{number}", f"bias{number}"], [f"layer{number}"]
            )
        )
        value = f"layer{number}"
        if number < len(layers) - 1:
            nodes.append(helper.make_node("Relu", [value], [f"rectified{number}"]))
            value = f"rectified{number}"
    last = "Sigmoid" if head.task.outputs == 1 else "Softmax"
    nodes.append(helper.make_node(last, [value], ["probabilities"]))
    graph = helper.make_graph(
        nodes,
        "head",
        [
            helper.make_tensor_value_info(
                "embeddings", onnx.TensorProto.FLOAT, ["n", head.dimensions]
            )
        ],
        [
            helper.make_tensor_value_info(
                "probabilities", onnx.TensorProto.FLOAT, ["n", head.task.outputs]
            )
        ],
        constants,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
    )
    helper.set_model_props(model, {"encoder_id": encoder_id, "classes": "\n".join(names)})
    # Nothing here runs the file: what is wrong with it is to show here, and not in another program.
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _constant(name: str, values: np.ndarray) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(values, name)
