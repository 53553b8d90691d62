"""Exports score as the head does: run by the runtimes that other programs use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from chorus.commands import main
from chorus.encoders import birdnet as encoder
from chorus.encoders import encoder_id, load
from chorus.errors import ModelError
from chorus.export import birdnet, onnx
from chorus.export.birdnet import standardised
from detectors import BIRDNET, keep, made_up_head

HEADS = {
    "two classes": made_up_head(),
    "linear": made_up_head(hidden=0),
    "several classes": made_up_head(("coast", "hills", "north")),
}


def _sounds() -> np.ndarray:
    """Windows of silence, a constant, the last bit, noise at many levels, and tones, in 16 bits."""
    random = np.random.default_rng(1)
    time = np.arange(144_000) / 48_000
    noise = [random.normal(0, 10**level, len(time)) for level in (0, 1, 2, 3, 4, 4.5)]
    tones = [np.sin(2 * np.pi * hertz * time) * 3000 for hertz in (300, 440, 2000, 9000)]
    constant = [np.zeros(len(time)), np.full(len(time), 500)]
    sounds = np.stack([*constant, random.integers(-1, 2, len(time)), *noise, *tones])
    return (np.clip(np.rint(sounds), -32768, 32767) / 32768).astype(np.float32)


SOUNDS = _sounds()


@pytest.fixture(scope="module")
def embedded():
    return load(BIRDNET).embed(SOUNDS)


@pytest.mark.parametrize("name", HEADS)
def test_a_classifier_of_birdnet_scores_as_the_head_does(name, embedded):
    head = HEADS[name]
    interpreter = _interpreter(
        birdnet.classifier(encoder.model_file().read_bytes(), head, embedded[0])
    )
    given, (result,) = interpreter.get_input_details()[0], interpreter.get_output_details()
    assert given["shape_signature"].tolist() == [-1, 144_000]
    assert result["shape_signature"].tolist() == [-1, head.task.outputs]
    scores = []
    for sound in SOUNDS:
        interpreter.set_tensor(given["index"], sound[np.newaxis])
        interpreter.invoke()
        scores.append(1 / (1 + np.exp(-interpreter.get_tensor(result["index"])[0])))
    expected = head.predictions(embedded)[:, -head.task.outputs :]
    assert expected.std() > 0.02
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-4)


def test_a_classifier_takes_batches(embedded):
    head = HEADS["two classes"]
    interpreter = _interpreter(
        birdnet.classifier(encoder.model_file().read_bytes(), head, embedded[0])
    )
    given, (result,) = interpreter.get_input_details()[0], interpreter.get_output_details()
    sounding = SOUNDS[2:8]
    interpreter.resize_tensor_input(given["index"], sounding.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], sounding)
    interpreter.invoke()
    scores = 1 / (1 + np.exp(-interpreter.get_tensor(result["index"])[:, 0]))
    np.testing.assert_allclose(scores, head.scores(embedded[2:8]), rtol=0, atol=1e-4)


def test_silence_is_the_same_by_any_kernels(embedded):
    head = HEADS["several classes"]
    model = birdnet.classifier(encoder.model_file().read_bytes(), head, embedded[0])
    without = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = _interpreter(model, experimental_op_resolver_type=without)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], SOUNDS[:1])
    interpreter.invoke()
    logits = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
    np.testing.assert_allclose(
        1 / (1 + np.exp(-logits)), head.predictions(embedded[:1])[0], atol=1e-6
    )


def _interpreter(model: bytes, **settings: object) -> Interpreter:
    interpreter = Interpreter(model_content=model, num_threads=1, **settings)
    interpreter.allocate_tensors()
    return interpreter


@pytest.mark.parametrize("name", HEADS)
def test_standardisation_goes_into_the_first_layer(name, embedded):
    values = embedded.astype(np.float64)
    layers = standardised(HEADS[name])
    for number, (weight, bias) in enumerate(layers):
        values = (np.maximum(values, 0) if number else values) @ weight + bias
    np.testing.assert_allclose(values, HEADS[name].logits(embedded), atol=1e-4)


@pytest.mark.parametrize("name", HEADS)
def test_onnx_scores_as_the_head_does(name, embedded):
    head = HEADS[name]
    content = onnx.head_file(head, encoder_id="birdnet-x", names=["a"])
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"embeddings": embedded})
    np.testing.assert_allclose(
        found, head.predictions(embedded)[:, -head.task.outputs :], rtol=0, atol=1e-5
    )
    assert session.get_modelmeta().custom_metadata_map["encoder_id"] == "birdnet-x"


def test_the_command_writes_what_birdnet_analyzer_opens(tmp_path, monkeypatch, capsys):
    keep(HEADS["two classes"], tmp_path)
    monkeypatch.chdir(tmp_path)
    species = "Rana draytonii_California red-legged frog"
    main(["export", "models", "--format", "birdnet", "--out", "RADR", "--species", species])
    assert Path("RADR_Labels.txt").read_text() == f"{species}\n"
    model = Path("RADR.tflite").read_bytes()
    assert model[4:8] == b"TFL3" and b"CC BY-NC-SA 4.0" in model
    assert "CC BY-NC-SA 4.0" in " ".join(capsys.readouterr().out.split())
    main(["export", "models", "--format", "onnx", "--out", "RADR"])
    assert Path("RADR.onnx").stat().st_size > 1000


def test_another_file_is_refused():
    with pytest.raises(ModelError, match="is no TFLite model"):
        birdnet.classifier(b"another file", HEADS["linear"], np.zeros(1024, np.float32))
    assert encoder_id(BIRDNET).startswith("birdnet-")
