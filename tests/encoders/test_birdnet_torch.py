"""The port for GPUs, on the CPU: in float64 it is what BirdNET's weights really say, and no digit is mixed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from chorus import encoders
from chorus.demo import DemoOptions, plan
from chorus.encoders import EncodeOptions, birdnet, birdnet_torch, birdnet_weights
from chorus.errors import ModelError
from exact_sounds import sounds

BIRDNET = EncodeOptions(encoder="birdnet")


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """On a busy machine two threads wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def weights() -> birdnet_weights.Weights:
    return birdnet_weights.read(birdnet.model_file(None).read_bytes())


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    clips = plan(DemoOptions())[::1000]
    return np.concatenate(
        [np.stack([clip.samples() for clip in clips]).astype(np.float32) / 32768, sounds(4)]
    )


def _relative(found: np.ndarray, expected: np.ndarray) -> float:
    return float(
        (np.linalg.norm(found - expected, axis=1) / np.linalg.norm(expected, axis=1)).max()
    )


def test_the_static_graph_is_within_rounding_of_the_weights_in_double_precision(weights, windows):
    network = birdnet_torch.Network(weights).double()
    with torch.inference_mode():
        exact = np.concatenate(
            [network(torch.from_numpy(window[None]).double()).numpy() for window in windows]
        )
    assert _relative(encoders.load(BIRDNET).embed(windows), exact) < 1e-5


def test_the_port_agrees_with_the_static_graph(weights, windows):
    port = birdnet_torch.TorchBirdNet(weights, "cpu").embed(windows)
    assert port.dtype == np.float32 and port.shape == (len(windows), 1024)
    assert _relative(port, encoders.load(BIRDNET).embed(windows)) < 2e-5
    assert not torch.backends.cuda.matmul.allow_tf32 and not torch.backends.cudnn.allow_tf32


def test_a_gpu_has_an_id_of_its_own_and_each_kind_of_gpu_too(monkeypatch):
    names = [encoders.encoder_id(BIRDNET)]
    for kind in ("sm80", "sm90"):
        monkeypatch.setattr("chorus.encoders.birdnet_torch.gpu", lambda kind=kind: kind)
        names += [
            encoders.encoder_id(EncodeOptions(encoder="birdnet", device=device))
            for device in ("cuda", "auto")
        ]
    assert (
        names[1:]
        == ["birdnet-torch1-sm80-55f3e4055b1a"] * 2 + ["birdnet-torch1-sm90-55f3e4055b1a"] * 2
    )
    assert names[0] == "birdnet-static1-55f3e4055b1a"


def test_without_a_gpu_cuda_is_one_sentence_and_auto_is_the_cpu(monkeypatch):
    monkeypatch.setattr("chorus.encoders.birdnet_torch.gpu", lambda: None)
    with pytest.raises(ModelError, match=r"encode\.device: cuda needs a GPU"):
        encoders.encoder_id(EncodeOptions(encoder="birdnet", device="cuda"))
    auto = EncodeOptions(encoder="birdnet", device="auto")
    assert encoders.encoder_id(auto) == encoders.encoder_id(BIRDNET)
    assert isinstance(encoders.load(auto), birdnet.BirdNet)
