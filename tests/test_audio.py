"""Audio files to PCM: nothing is changed that need not be, and what is unusable is named."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chorus import audio
from chorus.clips import WINDOW_SAMPLES
from chorus.errors import DataError


def _noise(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-20_000, 20_000, n, dtype=np.int16)


def _tone(rate: int, seconds: float = 2.0, hz: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)


@pytest.mark.parametrize("extension", ["wav", "flac"])
def test_16_bit_mono_at_48_khz_is_unchanged(tmp_path, extension):
    pcm = _noise(600_000)  # more than a block
    pcm[:2] = -32_768, 32_767
    sf.write(tmp_path / f"a.{extension}", pcm, 48_000, subtype="PCM_16")
    read = audio.read_audio(tmp_path / f"a.{extension}")
    assert read.dtype == np.int16
    np.testing.assert_array_equal(read, pcm)


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_any_format_and_rate_gives_the_same_tone(tmp_path, extension, rate):
    sf.write(tmp_path / f"a.{extension}", _tone(rate), rate)
    pcm = audio.read_audio(tmp_path / f"a.{extension}")
    assert len(pcm) == 96_000
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm))))
    assert np.argmax(spectrum) / 2 == pytest.approx(440, abs=1)  # bins are 0.5 Hz apart
    middle = pcm[24_000:72_000] / 32_768
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(0.5, rel=0.03)


def test_resampling_agrees_with_an_independent_one(tmp_path):
    """Blocks leave no seams: the file is longer than a block, and the other method sees it whole."""
    rng = np.random.default_rng(0)
    band = scipy.signal.butter(6, 5_000, fs=24_000, output="sos")
    slow = 0.1 * scipy.signal.sosfiltfilt(band, rng.normal(size=400_000))
    sf.write(tmp_path / "a.wav", slow, 24_000, subtype="FLOAT")
    pcm = audio.read_audio(tmp_path / "a.wav")
    expected = scipy.signal.resample(slow, 800_000)
    inner = slice(2_000, -2_000)
    np.testing.assert_allclose(pcm[inner] / 32_768, expected[inner], atol=2e-4)


def test_channels_are_averaged(tmp_path):
    left, right = _noise(48_000, 1).astype(float) / 32_768, _noise(48_000, 2).astype(float) / 32_768
    sf.write(tmp_path / "a.wav", np.stack([left, right], axis=1), 48_000, subtype="FLOAT")
    expected = np.rint((left + right) / 2 * 32_768)
    assert np.abs(audio.read_audio(tmp_path / "a.wav") - expected).max() <= 1


def test_beyond_full_scale_is_clipped_and_not_wrapped():
    np.testing.assert_array_equal(audio.to_pcm(np.array([-2, -1, 0, 1, 2], "f4")), [-32768, -32768, 0, 32767, 32767])


def test_samples_are_rounded_to_the_nearest():
    np.testing.assert_array_equal(audio.to_pcm(np.array([0.4, 0.6, -0.4, -0.6, 7.5]) / 32_768), [0, 1, 0, -1, 8])


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


@pytest.mark.parametrize("padding", ["zeros", "repeat"])
@given(n=st.integers(1, 3 * WINDOW_SAMPLES + 10), min_seconds=st.floats(0.01, 3))
def test_windows_are_whole_and_begin_with_the_audio(padding, n, min_seconds):
    pcm = np.arange(1, n + 1).astype(np.int16)
    fitted = audio.fit_windows(pcm, padding, min_seconds)
    assert len(fitted) and len(fitted) % WINDOW_SAMPLES == 0
    shared = min(n, len(fitted))
    np.testing.assert_array_equal(fitted[:shared], pcm[:shared])
    lost = n - shared
    assert lost < min_seconds * 48_000 and (not lost or n > WINDOW_SAMPLES)
    assert len(fitted) - n < WINDOW_SAMPLES


def test_padding_is_silence_or_repetition():
    pcm = _noise(50_000)
    zeros = audio.fit_windows(pcm, "zeros", 0.5)
    assert not zeros[50_000:].any()
    repeated = audio.fit_windows(pcm, "repeat", 0.5)
    np.testing.assert_array_equal(repeated, np.concatenate([pcm, pcm, pcm[:44_000]]))


@pytest.mark.parametrize(("seconds", "windows"), [(3.0, 1), (3.49, 1), (3.5, 2), (6.0, 2), (9.6, 4)])
def test_a_short_end_is_dropped_and_a_long_one_kept(seconds, windows):
    assert len(audio.fit_windows(_noise(int(seconds * 48_000)), "zeros", 0.5)) == windows * WINDOW_SAMPLES


def _write(kind: str, path: Path) -> None:
    if kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("not a sound " * 100)
    elif kind == "header only":
        sf.write(path, np.zeros(0), 48_000, format="WAV")
    elif kind == "cut":
        sf.write(path, _noise(480_000), 48_000, format="FLAC")
        path.write_bytes(path.read_bytes()[:400_000])
    elif kind in ("nan", "inf"):
        samples = _tone(48_000)
        samples[70_000] = float(kind)
        sf.write(path, samples, 48_000, format="WAV", subtype="FLOAT")
    elif kind == "silent":
        sf.write(path, np.zeros(96_000), 44_100, format="WAV")
    elif kind == "constant":
        sf.write(path, np.full(96_000, 0.25), 44_100, format="WAV")
    elif kind == "last bit":
        sf.write(path, np.resize(np.array([-1, 0, 1], np.int16), 96_000), 48_000, format="WAV")
    elif kind == "one sample":
        sf.write(path, np.array([0.5]), 48_000, format="WAV")
    elif kind == "rate":
        data = io.BytesIO()
        sf.write(data, _noise(4_000), 8_000, format="WAV")
        header = bytearray(data.getvalue())
        header[24:28] = (1).to_bytes(4, "little")
        path.write_bytes(header)
    elif kind == "folder":
        path.mkdir()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("empty", "^empty file$"),
        ("text", "^unreadable: Format not recognised$"),
        ("header only", "^too short: 0 s of at least 0.5 s$"),
        ("cut", "^unreadable: flac decoder lost sync$"),
        ("nan", "^NaN or infinite samples$"),
        ("inf", "^NaN or infinite samples$"),
        ("silent", "^silent$"),
        ("constant", "^silent$"),
        ("last bit", "^silent$"),
        ("one sample", "^too short: 2.08e-05 s of at least 0.5 s$"),
        ("rate", "^unreadable: a sample rate of 1 Hz$"),
        ("missing", "^unreadable: No such file or directory$"),
        ("folder", "^unreadable: "),
    ],
)
def test_unusable_audio_is_refused_with_its_reason(tmp_path, kind, reason):
    _write(kind, tmp_path / "a.wav")
    with pytest.raises(DataError, match=reason) as error:
        audio.read_audio(tmp_path / "a.wav", min_seconds=0.5)
    assert str(tmp_path) not in str(error.value)


def test_raw_files_are_refused(tmp_path):
    (tmp_path / "a.raw").write_bytes(_noise(100).tobytes())
    with pytest.raises(DataError, match="does not say its sample rate"):
        audio.read_audio(tmp_path / "a.raw")


def test_a_quiet_sound_is_no_silence(tmp_path):
    pcm = np.resize(np.array([-2, 0, 2], np.int16), 96_000)
    sf.write(tmp_path / "a.wav", pcm, 48_000)
    np.testing.assert_array_equal(audio.read_audio(tmp_path / "a.wav"), pcm)


@pytest.mark.parametrize("sound", [slice(0, 1_000), slice(-1_000, None)])
def test_a_sound_in_a_long_silence_is_no_silence(tmp_path, sound):
    pcm = np.zeros(700_000, np.int16)
    pcm[sound] = _noise(1_000)
    sf.write(tmp_path / "a.wav", pcm, 48_000)
    np.testing.assert_array_equal(audio.read_audio(tmp_path / "a.wav"), pcm)


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
