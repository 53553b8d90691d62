"""The embedding store: content is encoded once, and how the store came about does not show."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

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
        shards.write_shard(
            folder / shard, {f"{clip}.flac": audio.encode_flac(pcm) for clip, pcm in members}
        )
        rows += [
            {"clip_id": clip, "sha256": audio.sha256(pcm), "shard": shard} for clip, pcm in members
        ]
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
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(store.iterdir())
    }


def test_one_embedding_a_window(tmp_path, nights):
    seen: list[int] = []
    result = encoding.update(
        tmp_path / "store",
        _survey(tmp_path, nights),
        tmp_path,
        LOGMEL,
        workers=1,
        progress=seen.append,
    )
    assert (result.computed, result.reused, result.failed) == (4, 0, {})
    assert sum(seen) == 4
    store = embeddings.read(tmp_path / "store")
    assert store.features.shape == (6, 256) and store.features.dtype == np.float32
    assert store.clip_ids.tolist() == ["a1", "a2", "a2", "a2", "a3", "b1"]
    second_window = (
        _pcm(2, windows=3)[WINDOW_SAMPLES : 2 * WINDOW_SAMPLES].astype(np.float32) / 32768
    )
    np.testing.assert_array_equal(
        store.features[2], encoding.load(LOGMEL).embed(second_window[np.newaxis])[0]
    )


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
    moved = {
        "C_9.tar": [(f"new_{clip}", pcm) for members in nights.values() for clip, pcm in members]
    }
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
    result = _update(tmp_path, clips)
    assert (result.computed, result.damaged) == (2, ["A_2.safetensors"])
    assert _bytes(tmp_path / "store") == complete


def test_any_flipped_byte_is_noticed_and_what_it_damaged_is_encoded_anew(tmp_path, nights):
    clips = _survey(tmp_path, nights)
    _update(tmp_path, clips)
    complete = _bytes(tmp_path / "store")
    file = tmp_path / "store" / "A_1.safetensors"
    whole = file.read_bytes()
    header = 8 + int.from_bytes(whole[:8], "little")
    places = [*range(8, header, 37), *range(header, len(whole), 211)]
    for place in places:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(
            DataError, match=r"A_1\.safetensors|should hold the embeddings of one encoder"
        ):
            embeddings.read(tmp_path / "store")
    result = _update(tmp_path, clips)
    assert (result.computed, result.reused, result.damaged) == (2, 2, ["A_1.safetensors"])
    assert _bytes(tmp_path / "store") == complete


def test_values_that_are_not_finite_name_their_file_and_are_encoded_anew(tmp_path, nights):
    clips = _survey(tmp_path, nights)
    _update(tmp_path, clips)
    complete = _bytes(tmp_path / "store")
    name = embeddings.read(tmp_path / "store").encoder_id
    nan = {sha256: np.full((1, 256), np.nan, np.float32) for sha256 in clips["sha256"]}
    part = clips[clips["shard"] == "B_1.tar"]
    embeddings.write_shard(tmp_path / "store" / "B_1.safetensors", name, part, nan)
    with pytest.raises(DataError, match=r"B_1\.safetensors holds values that are not finite"):
        embeddings.read(tmp_path / "store")
    assert _update(tmp_path, clips).damaged == ["B_1.safetensors"]
    assert _bytes(tmp_path / "store") == complete


def test_embeddings_of_another_width_are_not_taken(tmp_path, nights):
    clips = _survey(tmp_path, nights)
    _update(tmp_path, clips)
    complete = _bytes(tmp_path / "store")
    name = embeddings.read(tmp_path / "store").encoder_id
    narrow = {sha256: np.ones((1, 8), np.float32) for sha256 in clips["sha256"]}
    part = clips[clips["shard"] == "B_1.tar"]
    embeddings.write_shard(tmp_path / "store" / "B_1.safetensors", name, part, narrow)
    assert _update(tmp_path, clips).computed == 1
    assert _bytes(tmp_path / "store") == complete


def test_the_files_of_another_version_are_encoded_anew_without_calling_them_damaged(
    tmp_path, nights
):
    clips = _survey(tmp_path, nights)
    old = {
        "chorus": json.dumps(
            {"encoder_id": "logmel-1", "clip_ids": ["b1"], "sha256": ["x"], "windows": [1]}
        )
    }
    (tmp_path / "store").mkdir()
    save_file(
        {"features": np.ones((1, 256), np.float32)},
        tmp_path / "store" / "B_1.safetensors",
        metadata=old,
    )
    with pytest.raises(DataError, match=r"B_1\.safetensors was written by another version"):
        embeddings.read(tmp_path / "store")
    result = _update(tmp_path, clips)
    assert (result.computed, result.damaged) == (4, [])


def test_pieces_of_a_long_night_make_the_same_file(tmp_path, monkeypatch):
    night = {"A_1.tar": [(f"a{number}", _pcm(number)) for number in range(5)]}
    clips = _survey(tmp_path, night)
    _update(tmp_path, clips)
    whole = _bytes(tmp_path / "store")
    monkeypatch.setattr("chorus.encoding._PIECE_WINDOWS", 2)
    seen: list[int] = []
    encoding.update(tmp_path / "pieces", clips, tmp_path, LOGMEL, workers=2, progress=seen.append)
    assert _bytes(tmp_path / "pieces") == whole
    assert sorted(seen) == [0, 1, 2, 2]


class _Losing(ThreadPoolExecutor):
    """Loses every other unit, as a cluster whose scheduler dies, and does some twice."""

    given = 0

    def submit(self, work, /, *arguments):
        self.given += 1
        done = super().submit(work, *arguments)
        if self.given % 2:
            return done
        lost: Future = Future()
        lost.cancel(), lost.set_running_or_notify_cancel()
        return lost


def test_any_executor_makes_the_same_files_also_one_that_loses_work(tmp_path, nights, monkeypatch):
    monkeypatch.setattr(encoding, "_PIECE_WINDOWS", 1)
    clips = _survey(tmp_path, nights)
    _update(tmp_path, clips)
    with _Losing(2) as executor:
        result = encoding.update(
            tmp_path / "other", clips, tmp_path, LOGMEL, workers=2, executor=executor
        )
    assert result.computed == 4 and executor.given > 4
    assert _bytes(tmp_path / "other") == _bytes(tmp_path / "store")


def test_a_clip_of_hours_takes_little_memory(tmp_path, monkeypatch):
    """Twenty minutes here; what matters is that memory does not hold the audio: 230 MB as floats."""
    monkeypatch.setattr(
        "chorus.encoders.logmel.LogMel.embed", lambda _self, windows: windows[:, :256].copy()
    )
    clips = _survey(tmp_path, {"A_1.tar": [("a1", _pcm(1, windows=400))]})
    tracemalloc.start()
    _update(tmp_path, clips)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert embeddings.read(tmp_path / "store").features.shape == (400, 256)
    assert peak < 100e6


def test_reading_the_store_takes_little_more_than_its_size(tmp_path):
    rows = 20_000
    clips = pd.DataFrame(
        {"clip_id": [f"c{row}" for row in range(rows)], "sha256": [str(row) for row in range(rows)]}
    )
    features = np.random.default_rng(0).normal(size=(rows, 1, 1024)).astype(np.float32)
    for part in range(8):
        chosen = clips.iloc[part::8]
        embeddings.write_shard(
            tmp_path / f"{part}.safetensors",
            "e",
            chosen,
            dict(zip(clips["sha256"], features, strict=True)),
        )
    tracemalloc.start()
    store = embeddings.read(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert store.features.shape == (rows, 1024)
    assert peak < 1.3 * store.features.nbytes


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
    with pytest.raises(DataError, match="logmel-3, logmel-x"):
        embeddings.read(tmp_path / "store")


def test_an_encoder_that_hears_nothing_is_noticed(tmp_path, nights, monkeypatch):
    monkeypatch.setattr(
        "chorus.encoders.logmel.LogMel.embed",
        lambda _self, windows: np.ones((len(windows), 256), np.float32),
    )
    for _ in range(2):  # what it made is not taken for known the second time
        with pytest.raises(ModelError, match="same embedding for every clip"):
            _update(tmp_path, _survey(tmp_path, nights))
