"""Encoders: the tensor we read is the embedding, and results do not depend on threads or on how often we ask."""

from __future__ import annotations

import numpy as np
import pytest

from chorus import encoders
from chorus.clips import WINDOW_SAMPLES
from chorus.encoders import EncodeOptions, birdnet
from chorus.errors import ModelError, ParameterError
from chorus.options import parse


def _windows(n: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    time = np.arange(WINDOW_SAMPLES) / 48_000
    tones = [0.3 * np.sin(2 * np.pi * f * time) * (np.sin(2 * np.pi * 3 * time) > 0) for f in (350, 900, 2500, 6000)]
    return [(tones[k % 4] + rng.normal(0, 0.01, WINDOW_SAMPLES)).astype(np.float32) for k in range(n)]


@pytest.fixture(scope="module")
def model() -> bytes:
    return birdnet.model_file(None).read_bytes()


def test_the_embedding_times_the_final_layer_is_the_models_own_output(model):
    from ai_edge_litert.interpreter import Interpreter

    encoder = encoders.load(EncodeOptions(encoder="birdnet"))
    layer = birdnet.final_layer(model)
    whole = Interpreter(model_content=model, num_threads=1)
    whole.allocate_tensors()
    for window in _windows(4):
        embedding = encoder.embed(window)
        whole.set_tensor(whole.get_input_details()[0]["index"], window[np.newaxis])
        whole.invoke()
        logits = whole.get_tensor(whole.get_output_details()[0]["index"])[0]
        assert embedding.shape == (1024,) and logits.shape == (6522,)
        np.testing.assert_allclose(layer["weights"] @ embedding + layer["bias"], logits, atol=1e-4)
        wrong = np.roll(embedding, 1)  # the check can fail: the same values in another order are no embedding
        assert np.abs(layer["weights"] @ wrong + layer["bias"] - logits).max() > 1


@pytest.mark.parametrize("name", ["birdnet", "logmel"])
def test_different_sounds_differ_and_the_same_sound_is_the_same_to_the_byte(name):
    one, other = (encoders.load(EncodeOptions(encoder=name)) for _ in range(2))
    windows = _windows(4)
    first = [one.embed(window) for window in windows]
    again = [other.embed(window) for window in reversed(windows)][::-1]
    for a, b in zip(first, again, strict=True):
        assert a.dtype == np.float32 and a.shape == (one.dimensions,)
        assert a.tobytes() == b.tobytes()
    assert min(np.abs(first[0] - rest).max() for rest in first[1:]) > 0.1


def test_logmel_stays_finite_in_silence():
    assert np.isfinite(encoders.load(EncodeOptions(encoder="logmel")).embed(np.zeros(WINDOW_SAMPLES, "f4"))).all()


def test_logmel_does_not_hear_the_recording_level():
    encoder = encoders.load(EncodeOptions(encoder="logmel"))
    window = _windows(1)[0]
    np.testing.assert_allclose(encoder.embed(window), encoder.embed(window / 4), atol=0.02)


def test_the_encoders_name_follows_the_weights(tmp_path, model):
    own = tmp_path / "own.tflite"
    own.write_bytes(model[:-1] + bytes([model[-1] ^ 1]))
    names = {encoders.encoder_id(EncodeOptions(encoder="birdnet", model_path=path)) for path in (None, str(own))}
    names.add(encoders.encoder_id(EncodeOptions(encoder="logmel")))
    assert len(names) == 3


def test_wrong_models_are_refused(tmp_path):
    with pytest.raises(ModelError, match="no model file at"):
        encoders.load(EncodeOptions(encoder="birdnet", model_path=str(tmp_path / "none.tflite")))
    text = tmp_path / "text.tflite"
    text.write_text("this is not a model")
    with pytest.raises(ModelError, match=r"text\.tflite is no TFLite model"):
        encoders.load(EncodeOptions(encoder="birdnet", model_path=str(text)))


def test_a_tflite_model_that_is_no_birdnet_is_refused():
    other = birdnet.model_file(None).with_name("BirdNET_GLOBAL_6K_V2.4_MData_Model_V2_FP16.tflite")
    with pytest.raises(ModelError, match=r"is no BirdNET V2\.4"):
        encoders.load(EncodeOptions(encoder="birdnet", model_path=str(other)))


def test_an_unknown_encoder_is_refused():
    with pytest.raises(ParameterError, match=r"encode\.encoder: 'vggish' is not allowed.*'birdnet' or 'logmel'"):
        parse(EncodeOptions, {"encoder": "vggish"}, section="encode")


GOLDEN = {  # mean and largest value of the embedding of one fixed window
    "logmel": ("logmel-1", 4.52057, 45.8671),
    "birdnet": ("birdnet-55f3e4055b1a", 0.346784, 2.43245),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_stored_embeddings_are_still_what_the_encoder_gives(name):
    """Embeddings are kept under the encoder's id: whoever changes what an encoder gives must change its id too."""
    options = EncodeOptions(encoder=name)
    embedding = encoders.load(options).embed(_windows(1)[0])
    expected_id, mean, largest = GOLDEN[name]
    assert encoders.encoder_id(options) == expected_id
    np.testing.assert_allclose([embedding.mean(), embedding.max()], [mean, largest], rtol=1e-3)
