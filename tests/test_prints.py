"""Fingerprints: the same for the same sound, and kept for as long as the audio is."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.signal import resample_poly

from chorus import audio, prints
from chorus.clips import WINDOW_SAMPLES
from chorus.errors import DataError
from chorus.shards import write_shard


def noise(seed: int, windows: int = 1, level: float = 3000.0) -> np.ndarray:
    return np.rint(
        level * np.random.default_rng(seed).standard_normal(windows * WINDOW_SAMPLES)
    ).astype(np.int16)


def words_by_hand(pcm: np.ndarray) -> list[int]:
    """Haitsma & Kalker's rule, frame by frame and band by band."""
    slow = resample_poly(pcm.astype(float), 1, 6)
    edges = [round(200 * 19 ** (k / 33) * 2048 / 8000) for k in range(34)]
    energies = []
    for start in range(0, len(slow) - 2047, 240):
        power = np.abs(np.fft.rfft(slow[start : start + 2048] * np.hanning(2048))) ** 2
        energies.append([power[a:b].sum() for a, b in pairwise(edges)])
    words = [0]
    for before, now in pairwise(energies):
        bits = [(now[b] - now[b + 1]) - (before[b] - before[b + 1]) > 0 for b in range(32)]
        words.append(sum(bit << (31 - b) for b, bit in enumerate(bits)))
    return words


def test_the_words_are_those_of_the_published_rule():
    pcm = noise(1)
    expected = words_by_hand(pcm)
    assert prints.fingerprint(pcm)[: len(expected)].tolist() == expected
    assert len(prints.fingerprint(pcm)) == prints.FRAMES_A_WINDOW == 100


def test_nothing_is_heard_in_silence():
    quiet = np.zeros(WINDOW_SAMPLES, np.int16)
    quiet[::7] = 1  # the last bit
    assert not prints.fingerprint(quiet).any()
    assert not prints.window_contents(np.zeros(2 * WINDOW_SAMPLES, np.int16)).any()


def test_a_minute_does_not_know_what_comes_after_it():
    long = noise(2, windows=45)
    parts = [
        prints.fingerprint(long[start : start + 20 * WINDOW_SAMPLES])
        for start in range(0, len(long), 2_880_000)
    ]
    assert np.array_equal(prints.fingerprint(long), np.concatenate(parts))


def test_windows_of_one_content_have_one_hash():
    one, other = noise(3), noise(4)
    hashes = prints.window_contents(np.concatenate([one, other, one]))
    assert hashes[0] == hashes[2] != hashes[1]


def _survey(folder, clips: dict[str, np.ndarray], shard: str = "R1_20240301.tar") -> pd.DataFrame:
    members = {f"{name}.flac": io.BytesIO(audio.encode_flac(pcm)) for name, pcm in clips.items()}
    write_shard(folder / shard, {name: data.getvalue() for name, data in members.items()})
    return pd.DataFrame({"clip_id": list(clips), "shard": shard})


def test_the_store_holds_each_clips_print(tmp_path):
    audio_of = {"a": noise(1), "b": noise(2, windows=3), "c": noise(3)}
    clips = _survey(tmp_path, audio_of)
    assert prints.update(tmp_path / "prints", clips, tmp_path, workers=1) == 3
    stored = prints.read(tmp_path / "prints").of(pd.Series(["c", "b"]))
    assert stored.clip_ids.tolist() == ["c", "b"] and stored.windows.tolist() == [1, 3]
    assert np.array_equal(
        stored.words,
        np.concatenate([prints.fingerprint(audio_of["c"]), prints.fingerprint(audio_of["b"])]),
    )
    assert np.array_equal(stored.contents[1:], prints.window_contents(audio_of["b"]))


def test_a_new_night_is_read_alone_and_a_night_that_is_gone_is_forgotten(tmp_path):
    first = _survey(tmp_path, {"a": noise(1)})
    second = _survey(tmp_path, {"b": noise(2)}, "R1_20240302.tar")
    store = tmp_path / "prints"
    prints.update(store, first, tmp_path, workers=1)
    before = (store / "R1_20240301.safetensors").stat()
    assert prints.update(store, pd.concat([first, second]), tmp_path, workers=1) == 1
    assert (store / "R1_20240301.safetensors").stat().st_mtime_ns == before.st_mtime_ns
    assert prints.update(store, second, tmp_path, workers=1) == 0
    assert [path.name for path in store.iterdir()] == ["R1_20240302.safetensors"]


def test_a_damaged_file_is_written_anew_and_a_damaged_clip_left_to_the_quarantine(tmp_path):
    clips = _survey(tmp_path, {"a": noise(1), "b": noise(2)})
    store = tmp_path / "prints"
    prints.update(store, clips, tmp_path, workers=1)
    (store / "R1_20240301.safetensors").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"R1_20240301.safetensors holds no fingerprints of ours"):
        prints.read(store)
    write_shard(
        tmp_path / "R1_20240301.tar", {"a.flac": audio.encode_flac(noise(1)), "b.flac": b"damage"}
    )
    assert prints.update(store, clips, tmp_path, workers=1) == 2
    assert prints.read(store).clip_ids.tolist() == ["a"]
    with pytest.raises(DataError, match="clips have no fingerprint: b"):
        prints.read(store).of(clips["clip_id"])


def test_a_clip_that_was_damaged_is_read_when_its_shard_is_whole_again(tmp_path):
    clips = _survey(tmp_path, {"a": noise(1), "b": noise(2)})
    shard, store = tmp_path / "R1_20240301.tar", tmp_path / "prints"
    whole = shard.read_bytes()
    write_shard(shard, {"a.flac": audio.encode_flac(noise(1)), "b.flac": b"damage"})
    prints.update(store, clips, tmp_path, workers=1)
    shard.write_bytes(whole)
    assert prints.update(store, clips, tmp_path, workers=1) == 2
    assert prints.read(store).of(clips["clip_id"]).clip_ids.tolist() == ["a", "b"]
    assert prints.update(store, clips, tmp_path, workers=1) == 0
