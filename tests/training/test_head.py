"""A head scores without torch exactly as torch would, and comes back from disk as it was or not at all."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save
from toy import toy_examples

from chorus.errors import DataError, ModelError
from chorus.training import Head, HeadOptions, load_head, save_head, train_head
from chorus.training.network import Network

OPTIONS = HeadOptions(hidden_units=8, epochs=2)


@pytest.fixture(scope="module")
def trained():
    return train_head(toy_examples("t"), toy_examples("v"), OPTIONS, seed=1)


@pytest.fixture
def saved(trained, tmp_path):
    save_head(trained, tmp_path / "conf_0.5", encoder_id="toy-1", options=OPTIONS, seed=1)
    return tmp_path / "conf_0.5"


def _rewrite(path, change):
    """Change the weights and let the JSON vouch for them, so that only the check in question can object."""
    weights, config = Path(f"{path}.safetensors"), Path(f"{path}.json")
    arrays = load(weights.read_bytes())
    change(arrays)
    weights.write_bytes(save(arrays))
    about = json.loads(config.read_text()) | {
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest()
    }
    config.write_text(json.dumps(about))


@pytest.mark.parametrize("hidden_units", [0, 16])
def test_scores_are_those_of_torch(hidden_units):
    random = np.random.default_rng(0)
    widths = (10, hidden_units, 1) if hidden_units else (10, 1)
    network = Network(widths, random)
    for tensor in network.tensors():  # a new one says nothing
        tensor.data = torch.from_numpy(random.normal(size=tensor.shape).astype(np.float32))
    mean, std = (
        random.normal(size=10).astype(np.float32),
        random.uniform(0.5, 3, size=10).astype(np.float32),
    )
    features = random.normal(size=(5000, 10)).astype(np.float32)  # more than one block
    head = Head(mean, std, network.layers())
    with torch.no_grad():
        golden = torch.sigmoid(network.logits(torch.from_numpy((features - mean) / std)))[
            :, 0
        ].numpy()
    assert np.ptp(golden) > 0.5
    assert np.abs(head.scores(features) - golden).max() < 1e-5
    assert head.hidden_units == hidden_units


def test_a_row_scores_the_same_alone_and_in_company(trained):
    features = toy_examples("v").features
    alone = np.concatenate([trained.head.scores(row[None]) for row in features])
    assert np.array_equal(alone, trained.head.scores(features))


def test_sure_scores_do_not_tie_nor_overflow():
    zero, one = np.zeros(1, np.float32), np.ones((1, 1), np.float32)
    head = Head(zero, one[0], ((one, zero),))
    scores = head.scores(np.array([[-1000], [20], [21]], np.float32))
    assert scores[0] == 0
    assert scores[1] < scores[2] < 1


def test_no_rows_have_no_scores(trained):
    assert trained.head.scores(np.zeros((0, 6), np.float32)).shape == (0,)


def test_other_embeddings_are_refused(trained):
    with pytest.raises(ModelError, match="width 6, not of shape"):
        trained.head.scores(np.zeros((3, 7), np.float32))
    with pytest.raises(DataError, match="finite"):
        trained.head.scores(np.full((3, 6), np.nan, np.float32))


def test_a_saved_head_comes_back_with_threshold_and_parameters(trained, saved):
    loaded = load_head(saved, encoder_id="toy-1")
    features = toy_examples("x").features
    assert np.array_equal(loaded.head.scores(features), trained.head.scores(features))
    assert loaded.threshold == trained.threshold  # to the last digit: it is the score of a clip
    assert loaded.config["options"]["epochs"] == 2
    assert (loaded.config["task"], loaded.config["classes"]) == (
        "detection",
        ["negative", "positive"],
    )
    assert loaded.config["training"] == trained.summary


def test_saving_returns_the_checksum_of_the_weights(trained, tmp_path):
    checksum = save_head(trained, tmp_path / "head", encoder_id="toy-1", options=OPTIONS, seed=1)
    assert checksum == hashlib.sha256((tmp_path / "head.safetensors").read_bytes()).hexdigest()
    assert {path.name for path in tmp_path.iterdir()} == {"head.safetensors", "head.json"}


def test_a_linear_head_comes_back(tmp_path):
    options = HeadOptions(hidden_units=0, epochs=1)
    linear = train_head(toy_examples("t"), toy_examples("v"), options, seed=1)
    save_head(linear, tmp_path / "head", encoder_id="toy-1", options=options, seed=1)
    assert load_head(tmp_path / "head").head.hidden_units == 0


def test_another_encoder_is_refused(saved):
    with pytest.raises(ModelError, match="encoder 'toy-1', not of 'birdnet'"):
        load_head(saved, encoder_id="birdnet")


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_a_missing_file_is_refused(saved, suffix):
    Path(f"{saved}{suffix}").unlink()
    with pytest.raises(ModelError, match="is missing"):
        load_head(saved)


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_a_truncated_file_is_refused(saved, suffix):
    path = Path(f"{saved}{suffix}")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ModelError, match="damaged"):
        load_head(saved)


def test_a_single_flipped_bit_is_found(saved):
    path = Path(f"{saved}.safetensors")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="damaged, or belongs to another"):
        load_head(saved)


def test_a_file_that_is_no_safetensors_is_refused_even_with_the_right_checksum(saved):
    Path(f"{saved}.safetensors").write_bytes(b"pickle")
    config = Path(f"{saved}.json")
    about = json.loads(config.read_text()) | {
        "weights_sha256": hashlib.sha256(b"pickle").hexdigest()
    }
    config.write_text(json.dumps(about))
    with pytest.raises(ModelError, match="damaged"):
        load_head(saved)


def test_shapes_that_do_not_fit_each_other_are_refused(saved):
    _rewrite(
        saved, lambda arrays: arrays.update({"hidden.weight": arrays["hidden.weight"].T.copy()})
    )
    with pytest.raises(ModelError, match="no head"):
        load_head(saved)


def test_shapes_that_do_not_fit_the_json_are_refused(saved):
    config = Path(f"{saved}.json")
    config.write_text(config.read_text().replace('"dimensions": 6', '"dimensions": 7'))
    with pytest.raises(ModelError, match=r"has dimensions 6, but conf_0\.5\.json says 7"):
        load_head(saved)


def test_a_missing_array_is_refused(saved):
    _rewrite(saved, lambda arrays: arrays.pop("output.bias"))
    with pytest.raises(ModelError, match=r"not .*output\.bias"):
        load_head(saved)


def test_weights_that_are_not_numbers_are_refused(saved):
    _rewrite(saved, lambda arrays: arrays["mean"].fill(np.nan))
    with pytest.raises(ModelError, match="finite"):
        load_head(saved)


def test_a_json_about_something_else_is_refused(saved):
    Path(f"{saved}.json").write_text("{}")
    with pytest.raises(ModelError, match="describes no head: it lacks dimensions"):
        load_head(saved)


@pytest.mark.parametrize("kind", [np.float64, np.float16, np.int64, np.uint8])
def test_weights_of_another_kind_are_refused(saved, kind):
    _rewrite(saved, lambda arrays: arrays.update({"mean": arrays["mean"].astype(kind)}))
    with pytest.raises(ModelError, match=r"has mean as \w+ of shape \(6,\), not float32"):
        load_head(saved)


@pytest.mark.parametrize("shape", [(), (6, 1), (0,)])
def test_weights_of_another_rank_are_refused(saved, shape):
    _rewrite(saved, lambda arrays: arrays.update({"mean": np.zeros(shape, np.float32)}))
    with pytest.raises(ModelError, match=r"not float32 of 1 dimension|no head"):
        load_head(saved)


def test_a_tensor_that_stands_twice_in_the_header_is_refused(saved):
    path = Path(f"{saved}.safetensors")
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = content[8 : 8 + length].rstrip()
    twice = header[:-1] + b"," + header[1:]
    _sign(saved, len(twice).to_bytes(8, "little") + twice + content[8 + length :])
    with pytest.raises(ModelError, match="stands twice"):
        load_head(saved)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"threshold":', '"threshold": 0.9, "threshold":', "'threshold' stands twice"),
        ('"seed": 1', '"seed": NaN', "NaN is no number"),
        ('"hidden_units": ', '"hidden_units": true, "was": ', "hidden_units is True"),
        ('"dimensions": ', '"dimensions": "6", "was": ', "dimensions is '6'"),
        ('"threshold": ', '"threshold": -0.5, "was": ', "threshold is -0.5"),
        ('"threshold": ', '"threshold": "0", "was": ', "threshold is '0'"),
        ('"classes": ', '"classes": [["positive"]], "was": ', "classes is "),
        ('"classes": ', '"classes": "p", "was": ', "classes is 'p'"),
        ('"weights_sha256": ', '"weights_sha256": null, "was": ', "weights_sha256 is None"),
    ],
)
def test_a_description_that_cannot_be_meant_is_refused(saved, old, new, words):
    config = Path(f"{saved}.json")
    assert old in config.read_text()
    config.write_text(config.read_text().replace(old, new, 1))
    with pytest.raises(ModelError, match=words):
        load_head(saved)


@pytest.mark.parametrize("text", ["[]", "1", "null", '"head"', "[" * 100_000])
def test_json_that_is_no_object_is_refused(saved, text):
    Path(f"{saved}.json").write_text(text)
    with pytest.raises(ModelError, match=r"describes no head|damaged"):
        load_head(saved)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 7, b"\xff" * 64, (2).to_bytes(8, "little") + b"{}", b"\5" + b"\0" * 7 + b"[[[[["],
)
def test_whatever_is_in_the_file_of_weights_is_one_sentence(saved, content):
    _sign(saved, content)
    with pytest.raises(ModelError):
        load_head(saved)


def _sign(path, content: bytes) -> None:
    """Weights forged together with their checksum."""
    Path(f"{path}.safetensors").write_bytes(content)
    config = Path(f"{path}.json")
    config.write_text(
        json.dumps(
            json.loads(config.read_text()) | {"weights_sha256": hashlib.sha256(content).hexdigest()}
        )
    )


def test_loading_and_scoring_need_no_torch(saved):
    code = (
        "import sys, numpy as np\n"
        "from chorus.training import load_head\n"
        f"load_head({str(saved)!r}).head.scores(np.zeros((1, 6), np.float32))\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2] / "src")


@pytest.mark.parametrize("widths", [(6, 1), (6, 8, 1), (6, 8, 3)])
def test_a_head_that_has_learned_nothing_says_nothing(widths):
    network = Network(widths, np.random.default_rng(0))
    assert not network.logits(torch.ones(5, 6)).any()
    assert len(widths) == 2 or network.layers()[0][0].any()
