"""Encoders whose file the user supplies: their own rate and window, and one sentence for whatever is not there.

The models are made here: the embedding is the norm of the window times 0, 1, 2, ...
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
import soxr
from onnx import TensorProto, helper

from chorus import audio, embeddings, encoders, encoding, shards
from chorus.encoders import EncodeOptions
from chorus.encoders.tflite import Builder
from chorus.errors import ModelError, ParameterError

SIZES = {"perch": (160_000, 1536), "birdnet3": (96_000, 1280)}


def _onnx(path: Path, samples: int | str, dimensions: int, copies: int = 1) -> Path:
    """A model with one output too many, the norm of the window, and the embedding: the norm times 0, 1, 2, ..."""
    factors = helper.make_tensor(
        "factors", TensorProto.FLOAT, [1, dimensions], np.arange(dimensions, dtype=np.float32)
    )
    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [1])
    nodes = [helper.make_node("ReduceL2", ["inputs", "axes"], ["norm"], keepdims=1)]
    outputs = [helper.make_tensor_value_info("norm", TensorProto.FLOAT, ["n", 1])]
    for copy in range(copies):
        nodes.append(helper.make_node("Mul", ["norm", "factors"], [f"embedding{copy}"]))
        outputs.append(
            helper.make_tensor_value_info(f"embedding{copy}", TensorProto.FLOAT, ["n", dimensions])
        )
    inputs = [helper.make_tensor_value_info("inputs", TensorProto.FLOAT, ["n", samples])]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initializer=[factors, axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, path)
    return path


def _tflite(path: Path, samples: int, dimensions: int) -> Path:
    builder = Builder()
    window = builder.input((1, samples))
    mean = builder.add(
        "MEAN", [window, builder.constant(np.array([1], np.int32))], (1, 1), keepDims=True
    )
    factors = builder.constant(np.arange(dimensions, dtype=np.float32)[np.newaxis])
    path.write_bytes(
        builder.to_bytes([window], builder.add("MUL", [mean, factors], (1, dimensions)))
    )
    return path


@pytest.mark.parametrize("name", SIZES)
def test_an_onnx_file_is_an_encoder(tmp_path, name):
    samples, dimensions = SIZES[name]
    options = EncodeOptions(
        encoder=name, model_path=str(_onnx(tmp_path / "m.onnx", samples, dimensions))
    )
    assert encoders.spec(options).window_samples == samples
    windows = np.zeros((2, samples), np.float32)
    windows[0, 3], windows[1, 4] = 0.5, -1.0
    embedding = encoders.load(options).embed(windows)
    assert embedding.shape == (2, dimensions) and embedding.dtype == np.float32
    norms = np.array(
        [0.25, 0.25] if name == "perch" else [0.5, 1.0]
    )  # Perch hears all sounds equally loud
    np.testing.assert_allclose(embedding, norms[:, np.newaxis] * np.arange(dimensions), rtol=1e-4)
    assert encoders.encoder_id(options).startswith(f"{name}-")


def test_a_model_for_windows_of_any_length_is_taken(tmp_path):
    options = EncodeOptions(
        encoder="birdnet3", model_path=str(_onnx(tmp_path / "m.onnx", "any", 1280))
    )
    assert encoders.load(options).embed(np.ones((1, 96_000), np.float32))[0, 1] == pytest.approx(
        96_000**0.5
    )


def test_a_tflite_file_is_an_encoder(tmp_path):
    options = EncodeOptions(
        encoder="perch", model_path=str(_tflite(tmp_path / "m.tflite", 160_000, 1536))
    )
    window = np.zeros((1, 160_000), np.float32)
    assert (encoders.load(options).embed(window) == 0).all()


def test_a_survey_is_heard_at_the_encoders_rate_in_its_windows(tmp_path):
    """9 s of 48 kHz are two windows of 5 s at 32 kHz, the second with a second of zeros at its end."""
    pcm = np.random.default_rng(0).normal(0, 3000, 9 * 48_000).astype(np.int16)
    shards.write_shard(tmp_path / "A.tar", {"a.flac": audio.encode_flac(pcm)})
    clips = _table(pcm)
    options = EncodeOptions(
        encoder="perch", model_path=str(_onnx(tmp_path / "m.onnx", 160_000, 1536))
    )
    encoding.update(tmp_path / "store", clips, tmp_path, options, workers=1)
    store = embeddings.read(tmp_path / "store")
    assert store.clip_ids.tolist() == ["a", "a"]
    heard = soxr.resample(pcm.astype(np.float32) / 32768, 48_000, 32_000)
    for window, row in zip([heard[:160_000], heard[160_000:]], store.features, strict=True):
        centred = np.pad(window, (0, 160_000 - len(window)))
        centred -= centred.mean()
        assert row[1] == pytest.approx(
            np.linalg.norm(centred) * 0.25 / np.abs(centred).max(), rel=1e-3
        )


def _table(pcm: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        [{"clip_id": "a", "sha256": audio.sha256(pcm), "shard": "A.tar", "windows": "3"}]
    )


def test_what_is_not_supplied_is_one_sentence():
    with pytest.raises(
        ModelError, match=r"encode\.model_path: perch needs a model file, .* not shipped: perch_v2"
    ):
        encoders.encoder_id(EncodeOptions(encoder="perch"))
    with pytest.raises(ModelError, match=r"encode\.model_path: no model file at none\.onnx"):
        encoders.load(EncodeOptions(encoder="birdnet3", model_path="none.onnx"))


def test_what_is_not_installed_is_one_sentence(tmp_path, monkeypatch):
    options = EncodeOptions(
        encoder="perch", model_path=str(_onnx(tmp_path / "m.onnx", 160_000, 1536))
    )
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(
        ModelError, match=r"m\.onnx needs the package onnxruntime \(pip install onnxruntime\)"
    ):
        encoders.load(options)


@pytest.mark.parametrize(
    ("samples", "dimensions", "copies", "message"),
    [
        (160_000, 1280, 1, r"is no Perch v2: one of its outputs should have 1536 values"),
        (160_000, 1536, 2, r"is no Perch v2: one of its outputs should have 1536 values"),
        (96_000, 1536, 1, r"does not take Perch v2's windows"),
    ],
)
def test_another_model_is_refused(tmp_path, samples, dimensions, copies, message):
    file = _onnx(tmp_path / "m.onnx", samples, dimensions, copies)
    with pytest.raises(ModelError, match=rf"^encode\.model_path: m\.onnx {message}"):
        encoders.load(EncodeOptions(encoder="perch", model_path=str(file)))


@pytest.mark.parametrize("name", ["m.onnx", "m.tflite"])
def test_a_file_that_is_no_model_is_refused(tmp_path, name):
    (tmp_path / name).write_text("this is not a model", encoding="utf-8")
    with pytest.raises(ModelError, match=rf"{name} is no (ONNX|TFLite) model"):
        encoders.load(EncodeOptions(encoder="perch", model_path=str(tmp_path / name)))


def test_a_gpu_is_for_the_encoder_that_has_a_port_for_it():
    with pytest.raises(
        ParameterError, match=r"encode\.device: cuda is for birdnet, logmel computes on the cpu"
    ):
        encoders.encoder_id(EncodeOptions(encoder="logmel", device="cuda"))
