"""BirdNET in a graph of our own: the published model's embeddings, the same bytes everywhere, and no other model."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from chorus import encoders
from chorus.demo import DemoOptions, plan
from chorus.encoders import EncodeOptions, birdnet, birdnet_weights
from chorus.errors import ModelError
from exact_sounds import sounds
from published_birdnet import Published

BIRDNET = EncodeOptions(encoder="birdnet")
# of the embeddings of sounds(3); seen on AVX-512 and, simulated, on Haswell, Skylake, Rome and Milan
GOLDEN = "f5c78da3ff86bcd7362bd68f6fe0bd9af21507b384d0e5d6792260dbc58e3574"


@pytest.fixture(scope="module")
def file() -> Path:
    return birdnet.model_file(None)


@pytest.fixture(scope="module")
def encoder() -> encoders.Encoder:
    return encoders.load(BIRDNET)


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="other processors round differently"
)
def test_the_bytes_are_those_of_every_x86_64_v3_processor(encoder):
    """Embeddings are kept under the encoder's id: whoever changes what it gives must change its id too."""
    assert encoders.encoder_id(BIRDNET) == "birdnet-static1-55f3e4055b1a"
    assert hashlib.sha256(encoder.embed(sounds(3)).tobytes()).hexdigest() == GOLDEN


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("qemu-x86_64-static") is None, reason="needs qemu-user-static")
@pytest.mark.parametrize("processor", ["Haswell", "Skylake-Client", "EPYC-Rome"])
def test_simulated_processors_give_the_same_bytes(processor):
    code = (
        "import hashlib, chorus\n"
        "from chorus import encoders\n"
        "from exact_sounds import sounds\n"
        "encoder = encoders.load(encoders.EncodeOptions(encoder='birdnet'))\n"
        "print(hashlib.sha256(encoder.embed(sounds(3)).tobytes()).hexdigest())"
    )
    command = ["qemu-x86_64-static", "-cpu", processor, sys.executable, "-c", code]
    path = os.pathsep.join(entry for entry in sys.path if entry)
    run = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == GOLDEN


def test_embeddings_and_the_order_of_species_are_those_of_the_published_model(encoder, file):
    clips = plan(DemoOptions())[::250]
    windows = (
        np.stack([clip.samples() for clip in clips] + list(sounds(4) * 32768)).astype(np.float32)
        / 32768
    )
    ours = encoder.embed(windows)
    theirs, logits = Published(file).embed(windows)
    difference = np.linalg.norm(ours - theirs, axis=1) / np.linalg.norm(theirs, axis=1)
    # Where a band is nearly empty its power amplifies rounding, in the published model's Fourier transform most.
    assert len(windows) >= 20 and np.quantile(difference, 0.9) < 1e-5 and difference.max() < 2e-5
    layer = birdnet.final_layer(file)
    own_logits = ours @ layer.weights.T + layer.bias
    assert logits.shape == (len(windows), 6522)
    np.testing.assert_array_equal(_best_species(own_logits), _best_species(logits))
    wrong = np.roll(ours, 1, axis=1) @ layer.weights.T + layer.bias  # the test can fail
    assert not (_best_species(wrong) == _best_species(logits)).all(axis=1).any()


def _best_species(logits: np.ndarray) -> np.ndarray:
    return np.argsort(-logits, axis=1)[:, :10]


def test_the_encoders_name_follows_the_weights(tmp_path, file):
    own = tmp_path / "own.tflite"
    own.write_bytes(_with_other_weights(file.read_bytes()))
    options = EncodeOptions(encoder="birdnet", model_path=str(own))
    assert encoders.encoder_id(options) != encoders.encoder_id(BIRDNET)
    windows = sounds(1)
    assert (
        np.abs(encoders.load(options).embed(windows) - encoders.load(BIRDNET).embed(windows)).max()
        > 1e-3
    )


def _with_other_weights(data: bytes) -> bytes:
    """The same graph, its last bias moved."""
    bias = birdnet_weights.read(data).last.bias
    place = data.index(bias.tobytes())
    return data[:place] + (bias + np.float32(0.5)).tobytes() + data[place + bias.nbytes :]


def test_wrong_files_are_refused(tmp_path):
    with pytest.raises(ModelError, match="no model file at"):
        encoders.load(EncodeOptions(encoder="birdnet", model_path=str(tmp_path / "none.tflite")))
    text = tmp_path / "text.tflite"
    text.write_text("this is not a model")
    with pytest.raises(ModelError, match=r"text\.tflite is no TFLite model"):
        encoders.load(EncodeOptions(encoder="birdnet", model_path=str(text)))


def test_a_cut_off_file_is_refused(tmp_path, file):
    half = tmp_path / "half.tflite"
    half.write_bytes(file.read_bytes()[:1_000_000])
    with pytest.raises(
        ModelError, match=r"half\.tflite is (a damaged TFLite model|no BirdNET V2\.4)"
    ):
        encoders.load(EncodeOptions(encoder="birdnet", model_path=str(half)))


def test_another_tflite_model_is_refused(file):
    other = file.with_name("BirdNET_GLOBAL_6K_V2.4_MData_Model_V2_FP16.tflite")
    with pytest.raises(ModelError, match=r"^encode\.model_path: .*MData.* is no BirdNET V2\.4: "):
        encoders.load(EncodeOptions(encoder="birdnet", model_path=str(other)))


def test_the_same_weights_in_another_graph_are_refused(tmp_path, file):
    other = tmp_path / "other.tflite"
    other.write_bytes(_with_another_stride(file.read_bytes()))
    with pytest.raises(ModelError, match=r"other\.tflite is no BirdNET V2\.4"):
        encoders.load(EncodeOptions(encoder="birdnet", model_path=str(other)))


def _with_another_stride(data: bytes) -> bytes:
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(data, 0)
    depthwise = model.subgraphs[0].operators[111]
    depthwise.builtinOptions.strideW = 2
    packer = flatbuffers.Builder(1 << 26)
    packer.Finish(model.Pack(packer), b"TFL3")
    return bytes(packer.Output())
