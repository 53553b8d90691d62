"""The embedding store: content is encoded once, and how the store came about does not show."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chorus import audio, embeddings, encoding, shards
from chorus.clips import WINDOW_SAMPLES
from chorus.encoders import EncodeOptions
from chorus.errors import DataError, ModelError

LOGMEL = EncodeOptions(encoder="logmel")


def _pcm(seed: int, windows: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 2000, windows * WINDOW_SAMPLES).astype(np.int16)


def _survey(folder: Path, nights: dict[str, list[tuple[str, np.ndarray]]]) -> pd.DataFrame:
    """Shards and table: shard -> (clip id, samples)."""
    rows = []
    for shard, members in nights.items():
        shards.write_shard(folder / shard, {f"{clip}.flac": audio.encode_flac(pcm) for clip, pcm in members})
        rows += [{"clip_id": clip, "sha256": audio.sha256(pcm), "shard": shard} for clip, pcm in members]
    return pd.DataFrame(rows)


@pytest.fixture
def nights() -> dict[str, list[tuple[str, np.ndarray]]]:
    return {
        "A_1.tar": [("a1", _pcm(1)), ("a2", _pcm(2, windows=3))],
        "A_2.tar": [("a3", _pcm(3))],
        "B_1.tar": [("b1", _pcm(4))],
    }


def _update(folder: Path, clips: pd.DataFrame, workers: int = 1) -> encoding.EncodingResult:
    return encoding.update(folder / "store", clips, folder, LOGMEL, workers=workers)


def _bytes(store: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(store.iterdir())}


def test_one_embedding_a_window(tmp_path, nights):
    seen: list[int] = []
    result = encoding.update(
        tmp_path / "store", _survey(tmp_path, nights), tmp_path, LOGMEL, workers=1, progress=seen.append
    )
    assert (result.computed, result.reused, result.failed) == (4, 0, {})
    assert sum(seen) == 4
    store = embeddings.read(tmp_path / "store")
    assert store.features.shape == (6, 256) and store.features.dtype == np.float32
    assert store.clip_ids.tolist() == ["a1", "a2", "a2", "a2", "a3", "b1"]
    second_window = _pcm(2, windows=3)[WINDOW_SAMPLES : 2 * WINDOW_SAMPLES].astype(np.float32) / 32768
    np.testing.assert_array_equal(store.features[2], encoding.load(LOGMEL).embed(second_window[np.newaxis])[0])


def test_a_new_night_is_encoded_alone_and_the_result_is_that_of_a_fresh_run(tmp_path, nights):
    clips = _survey(tmp_path, {"A_1.tar": nights["A_1.tar"], "A_2.tar": nights["A_2.tar"]})
    assert _update(tmp_path, clips).computed == 3
    before = _bytes(tmp_path / "store")
    clips = _survey(tmp_path, nights)
    result = _update(tmp_path, clips)
    assert (result.computed, result.reused) == (1, 3)
    after = _bytes(tmp_path / "store")
    assert before.items() <= after.items()
    fresh = tmp_path / "fresh"
    encoding.update(fresh, clips, tmp_path, LOGMEL, workers=2)
    assert _bytes(fresh) == after


def test_a_clip_that_moved_is_not_encoded_again(tmp_path, nights):
    assert _update(tmp_path, _survey(tmp_path, nights)).computed == 4
    moved = {"C_9.tar": [(f"new_{clip}", pcm) for members in nights.values() for clip, pcm in members]}
    result = _update(tmp_path, _survey(tmp_path, moved))
    assert (result.computed, result.reused) == (0, 4)
    assert list(_bytes(tmp_path / "store")) == ["C_9.safetensors"]


def test_a_killed_run_goes_on_where_it_was(tmp_path, nights):
    clips = _survey(tmp_path, nights)
    _update(tmp_path, clips)
    complete = _bytes(tmp_path / "store")
    (tmp_path / "store" / "B_1.safetensors").unlink()
    damaged = tmp_path / "store" / "A_2.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:100])
    (tmp_path / "store" / ".B_1.safetensors.xyz.safetensors").write_bytes(b"half")
    assert _update(tmp_path, clips).computed == 2
    assert _bytes(tmp_path / "store") == complete


def test_another_encoders_embeddings_are_not_taken(tmp_path, nights, monkeypatch):
    clips = _survey(tmp_path, nights)
    _update(tmp_path, clips)
    monkeypatch.setattr("chorus.encoders.logmel.ENCODER_ID", "logmel-x")
    assert _update(tmp_path, clips).computed == 4
    assert embeddings.read(tmp_path / "store").encoder_id == "logmel-x"


def test_a_damaged_clip_is_named_and_the_others_are_kept(tmp_path, nights):
    clips = _survey(tmp_path, nights)
    flac = {f"{clip}.flac": audio.encode_flac(pcm) for clip, pcm in nights["A_1.tar"]}
    shards.write_shard(tmp_path / "A_1.tar", flac | {"a1.flac": flac["a1.flac"][:2000]})
    shards.write_shard(tmp_path / "A_2.tar", {"a3.flac": audio.encode_flac(_pcm(99))})
    shards.write_shard(tmp_path / "B_1.tar", {})
    result = _update(tmp_path, clips)
    assert set(result.failed) == {"a1", "a3", "b1"}
    assert "sha256 differs" in result.failed["a3"] and "not in its shard" in result.failed["b1"]
    assert set(embeddings.read(tmp_path / "store").clip_ids) == {"a2"}


def test_a_missing_embedding_is_an_error_and_no_gap(tmp_path, nights):
    _update(tmp_path, _survey(tmp_path, nights))
    store = embeddings.read(tmp_path / "store")
    assert store.of(["b1", "a2"]).clip_ids.tolist() == ["a2", "a2", "a2", "b1"]
    with pytest.raises(DataError, match="1 clips have no embedding: zz"):
        store.of(["a1", "zz"])


def test_a_store_of_two_encoders_is_refused(tmp_path, nights, monkeypatch):
    clips = _survey(tmp_path, nights)
    _update(tmp_path, clips)
    monkeypatch.setattr("chorus.encoders.logmel.ENCODER_ID", "logmel-x")
    encoding.update(tmp_path / "other", clips, tmp_path, LOGMEL, workers=1)
    (tmp_path / "other" / "A_1.safetensors").rename(tmp_path / "store" / "Z.safetensors")
    with pytest.raises(DataError, match="logmel-2, logmel-x"):
        embeddings.read(tmp_path / "store")


def test_an_encoder_that_hears_nothing_is_noticed(tmp_path, nights, monkeypatch):
    monkeypatch.setattr(
        "chorus.encoders.logmel.LogMel.embed", lambda _self, windows: np.ones((len(windows), 256), np.float32)
    )
    for _ in range(2):  # what it made is not taken for known the second time
        with pytest.raises(ModelError, match="same embedding for every clip"):
            _update(tmp_path, _survey(tmp_path, nights))
