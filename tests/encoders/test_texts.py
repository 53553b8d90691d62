"""Sentence encoders: each text once, the same vector whatever stands beside it, and nothing unpickled."""

from __future__ import annotations

import json

import numpy as np
import pytest

from chorus.encoders import texts
from chorus.errors import ModelError

LINES = ["Who may vote?", "वोट कौन दे सकता है?", "A much longer line about wedding customs. " * 8]


@pytest.fixture(scope="module")
def model():
    with texts.model_folder(texts.PACKAGED) as folder:
        yield folder


def test_a_vector_depends_neither_on_the_texts_beside_nor_on_the_workers(model):
    many = texts.encode(model, LINES * 6, workers=2)
    alone = np.concatenate([texts.encode(model, [line], workers=1) for line in LINES])
    assert many.dtype == np.float32 and many.shape == (18, 384)
    assert np.array_equal(many, np.tile(alone, (6, 1)))
    assert np.linalg.norm(alone, axis=1) == pytest.approx(1, abs=1e-5)


def test_only_what_is_new_is_computed_and_another_model_knows_nothing(model, tmp_path, monkeypatch):
    asked = []

    def encode(_, lines, **__):
        asked.append(list(lines))
        return np.full((len(lines), 3), float(len(lines)), np.float32)

    monkeypatch.setattr(texts, "encode", encode)
    wanted = {"b": "second", "a": "first"}
    found, computed = texts.update(tmp_path / "store", model, wanted, workers=1)
    assert (found.ids, computed, asked) == (["a", "b"], 2, [["first", "second"]])
    found, computed = texts.update(tmp_path / "store", model, wanted | {"c": "third"}, workers=1)
    assert (computed, asked[-1]) == (1, ["third"])
    assert found.of(["c", "a"]).tolist() == [[1.0] * 3, [2.0] * 3]
    kept = texts.read(tmp_path / "store")
    assert kept.ids == ["a", "b", "c"] and np.array_equal(kept.vectors, found.vectors)
    monkeypatch.setattr(texts, "encoder_id", lambda _: "another")
    assert texts.update(tmp_path / "store", model, wanted, workers=1)[1] == 2


def test_the_name_of_a_model_is_that_of_its_files(tmp_path):
    (tmp_path / "modules.json").write_text("[]")
    first = texts.encoder_id(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(b"1")
    second = texts.encoder_id(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(b"2")
    assert len({first, second, texts.encoder_id(tmp_path)}) == 3


def test_a_folder_without_a_model_or_with_a_pickle_is_refused(tmp_path):
    with (
        pytest.raises(ModelError, match=r"is no folder of a sentence-transformers model"),
        texts.model_folder(str(tmp_path)),
    ):
        pass
    (tmp_path / "modules.json").write_text("[]")
    (tmp_path / "0").mkdir()
    (tmp_path / "0/pytorch_model.bin").write_bytes(b"")
    with (
        pytest.raises(ModelError, match=r"pytorch_model.bin is a pickle: save the model as"),
        texts.model_folder(str(tmp_path)),
    ):
        pass


@pytest.mark.parametrize("fault", ["gone", "cut", "another count", "no JSON"])
def test_a_store_that_is_damaged_is_named(tmp_path, fault):
    store = tmp_path / "store"
    texts.write(store, texts.TextVectors("one", ["a"], np.ones((1, 3), np.float32)))
    vectors, index = store / "vectors.safetensors", store / "index.json"
    if fault == "gone":
        vectors.unlink()
    elif fault == "cut":
        vectors.write_bytes(vectors.read_bytes()[:-4])
    elif fault == "another count":
        index.write_text(json.dumps({"encoder_id": "one", "ids": ["a", "b"]}))
    else:
        index.write_text("{")
    with pytest.raises(
        ModelError, match=r"store holds no vectors of texts: .*: run the stage encode"
    ):
        texts.read(store)


def test_a_text_without_a_vector_is_named():
    known = texts.TextVectors("one", ["a"], np.ones((1, 3), np.float32))
    with pytest.raises(ModelError, match="2 texts have no vector, b among them"):
        known.of(["b", "a", "c"])
