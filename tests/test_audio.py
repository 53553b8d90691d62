"""PCM as it is kept: whole windows, hashes, FLAC and back."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chorus import audio
from chorus.clips import WINDOW_SAMPLES
from chorus.errors import DataError


def _noise(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-20_000, 20_000, n, dtype=np.int16)


def test_beyond_full_scale_is_clipped_and_not_wrapped():
    np.testing.assert_array_equal(
        audio.to_pcm(np.array([-2, -1, 0, 1, 2], "f4")), [-32768, -32768, 0, 32767, 32767]
    )


def test_samples_are_rounded_to_the_nearest():
    np.testing.assert_array_equal(
        audio.to_pcm(np.array([0.4, 0.6, -0.4, -0.6, 7.5]) / 32_768), [0, 1, 0, -1, 8]
    )


@given(arrays(np.int16, st.integers(1, 5_000)))
def test_pcm_survives_the_way_through_floats_and_flac(pcm):
    np.testing.assert_array_equal(audio.to_pcm(pcm.astype(np.float32) / 32_768), pcm)
    data = audio.encode_flac(pcm)
    assert data == audio.encode_flac(pcm.copy())
    decoded = audio.decode_flac(data)
    assert decoded.dtype == np.int16 and audio.sha256(decoded) == audio.sha256(pcm)
    np.testing.assert_array_equal(decoded, pcm)


def test_the_hash_is_of_little_endian_samples():
    expected = "16b8cb1fe734fbc60c6763c94c9e4cc5"  # printf '\x01\x00\xff\xff' | sha256sum
    assert audio.sha256(np.array([1, -1], np.int16)) == audio.sha256(np.array([1, -1], ">i2"))
    assert audio.sha256(np.array([1, -1], np.int16)).startswith(expected)


def _fitted(pcm: np.ndarray, padding: audio.Padding, min_seconds: float) -> np.ndarray:
    windows, sound = zip(*audio.windows([pcm], padding, min_seconds), strict=True)
    assert sum(sound) == min(len(pcm), WINDOW_SAMPLES * len(windows))
    return np.concatenate(windows)


@given(
    cuts=st.lists(st.integers(0, 2 * WINDOW_SAMPLES + 50_000), max_size=6),
    padding=st.sampled_from(["zeros", "repeat"]),
)
def test_how_the_blocks_are_cut_does_not_show(cuts, padding):
    pcm = np.arange(2 * WINDOW_SAMPLES + 50_000).astype(np.int16)
    blocks = np.split(pcm, sorted(cuts))
    cut = np.concatenate([window for window, _ in audio.windows(blocks, padding, 0.5)])
    np.testing.assert_array_equal(cut, _fitted(pcm, padding, 0.5))


def test_flac_written_in_pieces_is_the_same_file():
    pcm = _noise(400_000)
    whole, pieces = io.BytesIO(), io.BytesIO()
    sf.write(whole, pcm, 48_000, format="FLAC", subtype="PCM_16")
    with audio.flac_writer(pieces) as write:
        for part in np.split(pcm, [1, 70_000, 70_001]):
            write(part)
    assert whole.getvalue() == pieces.getvalue() == audio.encode_flac(pcm)


def test_silence_is_a_constant_give_or_take_the_last_bit():
    assert audio.is_silent(np.array([7, 7, 7], np.int16)) and audio.is_silent(
        np.array([-1, 0, 1], np.int16)
    )
    assert not audio.is_silent(np.array([-1, 2], np.int16))
    assert not audio.is_silent(np.array([-32_768, 32_767], np.int16))


@pytest.mark.parametrize("padding", ["zeros", "repeat"])
@given(n=st.integers(1, 3 * WINDOW_SAMPLES + 10), min_seconds=st.floats(0.01, 3))
def test_windows_are_whole_and_begin_with_the_audio(padding, n, min_seconds):
    pcm = np.arange(1, n + 1).astype(np.int16)
    fitted = _fitted(pcm, padding, min_seconds)
    assert len(fitted) and len(fitted) % WINDOW_SAMPLES == 0
    shared = min(n, len(fitted))
    np.testing.assert_array_equal(fitted[:shared], pcm[:shared])
    lost = n - shared
    assert lost < min_seconds * 48_000 and (not lost or n > WINDOW_SAMPLES)
    assert len(fitted) - n < WINDOW_SAMPLES


def test_padding_is_silence_or_repetition():
    pcm = _noise(50_000)
    zeros = _fitted(pcm, "zeros", 0.5)
    assert not zeros[50_000:].any()
    repeated = _fitted(pcm, "repeat", 0.5)
    np.testing.assert_array_equal(repeated, np.concatenate([pcm, pcm, pcm[:44_000]]))


@pytest.mark.parametrize(
    ("seconds", "windows"), [(3.0, 1), (3.49, 1), (3.5, 2), (6.0, 2), (9.6, 4)]
)
def test_a_short_end_is_dropped_and_a_long_one_kept(seconds, windows):
    assert len(_fitted(_noise(int(seconds * 48_000)), "zeros", 0.5)) == windows * WINDOW_SAMPLES


def test_foreign_or_damaged_flac_is_refused():
    data = audio.encode_flac(_noise(100_000))
    with pytest.raises(DataError, match="unreadable"):
        audio.decode_flac(data[: len(data) // 2])
    with pytest.raises(DataError, match="unreadable"):
        audio.decode_flac(b"")
    stereo = io.BytesIO()
    sf.write(stereo, np.zeros((10, 2)), 48_000, format="FLAC")
    with pytest.raises(DataError, match="not 16-bit mono FLAC at 48 kHz"):
        audio.decode_flac(stereo.getvalue())


def test_windows_are_decoded_one_by_one():
    pcm = _noise(3 * WINDOW_SAMPLES)
    windows = list(audio.decode_windows(io.BytesIO(audio.encode_flac(pcm))))
    np.testing.assert_array_equal(windows, pcm.reshape(3, -1))
    with pytest.raises(DataError, match="100 samples are no whole number of windows"):
        next(audio.decode_windows(io.BytesIO(audio.encode_flac(pcm[:100]))))
    with pytest.raises(DataError, match="unreadable"):
        list(audio.decode_windows(io.BytesIO(audio.encode_flac(pcm)[:400_000])))


def test_a_wav_file_holds_the_samples(tmp_path):
    pcm = _noise(1_000)
    audio.write_wav(tmp_path / "out" / "a.wav", pcm)
    read, rate = sf.read(tmp_path / "out" / "a.wav", dtype="int16")
    assert rate == 48_000
    np.testing.assert_array_equal(read, pcm)
