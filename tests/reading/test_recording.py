"""Audio files to PCM: nothing is changed that need not be, and what is unusable is named."""

from __future__ import annotations

import errno
import io
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile as sf
import soxr

from chorus.audio import to_pcm
from chorus.errors import DataError
from chorus.reading import examine, recording
from chorus.spans import Spans


def _read(path: Path, min_seconds: float = 0.0) -> np.ndarray:
    return examine(path, min_seconds=min_seconds).read()


def _noise(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-20_000, 20_000, n, dtype=np.int16)


def _tone(rate: int, seconds: float = 2.0, hz: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)


@pytest.mark.parametrize("extension", ["wav", "flac"])
def test_16_bit_mono_at_48_khz_is_unchanged(tmp_path, extension):
    pcm = _noise(600_000)  # more than a block
    pcm[:2] = -32_768, 32_767
    sf.write(tmp_path / f"a.{extension}", pcm, 48_000, subtype="PCM_16")
    read = _read(tmp_path / f"a.{extension}")
    assert read.dtype == np.int16
    np.testing.assert_array_equal(read, pcm)


def test_another_rate_may_be_asked_for(tmp_path):
    sf.write(tmp_path / "a.wav", pcm := _noise(40_000), 16_000, subtype="PCM_16")
    sf.write(tmp_path / "b.wav", _tone(48_000), 48_000, subtype="PCM_16")
    unchanged = np.concatenate(list(examine(tmp_path / "a.wav").blocks(0.5, 1.5, rate=16_000)))
    np.testing.assert_array_equal(unchanged, pcm[8_000:24_000])
    slower = np.concatenate(list(examine(tmp_path / "b.wav").blocks(rate=16_000))) / 32_768
    np.testing.assert_allclose(slower[1_000:-1_000], _tone(16_000)[1_000:-1_000], atol=1e-3)


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_any_format_and_rate_gives_the_same_tone(tmp_path, extension, rate):
    sf.write(tmp_path / f"a.{extension}", _tone(rate), rate)
    pcm = _read(tmp_path / f"a.{extension}")
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
    pcm = _read(tmp_path / "a.wav")
    expected = scipy.signal.resample(slow, 800_000)
    inner = slice(2_000, -2_000)
    np.testing.assert_allclose(pcm[inner] / 32_768, expected[inner], atol=2e-4)


def test_channels_are_averaged(tmp_path):
    left, right = _noise(48_000, 1).astype(float) / 32_768, _noise(48_000, 2).astype(float) / 32_768
    sf.write(tmp_path / "a.wav", np.stack([left, right], axis=1), 48_000, subtype="FLOAT")
    expected = np.rint((left + right) / 2 * 32_768)
    assert np.abs(_read(tmp_path / "a.wav") - expected).max() <= 1


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
        ("text", "^no audio: a text$"),
        ("header only", "^too short: 0 s of at least 0.5 s$"),
        ("cut", r"^cut off: \d\.\d+ s of 10\.000 s are in the file"),
        ("nan", "^NaN or infinite samples$"),
        ("inf", "^NaN or infinite samples$"),
        ("silent", "^silent$"),
        ("constant", "^silent$"),
        ("last bit", "^silent$"),
        ("one sample", "^too short: 2.08e-05 s of at least 0.5 s$"),
        ("rate", "^unreadable: a sample rate of 1 Hz, outside 1,000 to 1,000,000$"),
        ("missing", "^unreadable: No such file or directory$"),
        ("folder", "^unreadable: "),
    ],
)
def test_unusable_audio_is_refused_with_its_reason(tmp_path, kind, reason):
    _write(kind, tmp_path / "a.wav")
    with pytest.raises(DataError, match=reason) as error:
        _read(tmp_path / "a.wav", min_seconds=0.5)
    assert str(tmp_path) not in str(error.value)


def test_raw_files_are_refused(tmp_path):
    (tmp_path / "a.raw").write_bytes(_noise(100).tobytes())
    with pytest.raises(DataError, match="does not say its sample rate"):
        _read(tmp_path / "a.raw")


def test_a_quiet_sound_is_no_silence(tmp_path):
    pcm = np.resize(np.array([-2, 0, 2], np.int16), 96_000)
    sf.write(tmp_path / "a.wav", pcm, 48_000)
    np.testing.assert_array_equal(_read(tmp_path / "a.wav"), pcm)


@pytest.mark.parametrize("sound", [slice(0, 1_000), slice(-1_000, None)])
def test_a_sound_in_a_long_silence_is_no_silence(tmp_path, sound):
    pcm = np.zeros(700_000, np.int16)
    pcm[sound] = _noise(1_000)
    sf.write(tmp_path / "a.wav", pcm, 48_000)
    np.testing.assert_array_equal(_read(tmp_path / "a.wav"), pcm)


def _channels(*columns: np.ndarray) -> np.ndarray:
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 384_000])
def test_the_length_of_blocks_does_not_show(tmp_path, monkeypatch, rate):
    """Nor in the last bit: the resampler is fed in pieces."""
    sf.write(tmp_path / "a.wav", _channels(_noise(400_000), _noise(400_000, 1)), rate)
    whole = _read(tmp_path / "a.wav")
    assert len(whole) == pytest.approx(400_000 * 48_000 / rate, abs=1)
    for length in (1_000, 77_777):
        monkeypatch.setattr(recording, "_BLOCK_SAMPLES", length)
        np.testing.assert_array_equal(_read(tmp_path / "a.wav"), whole)


@pytest.mark.parametrize(
    ("other", "remark"),
    [
        (np.zeros(96_000), "dead channel: 2 of 2, left out"),
        (np.full(96_000, -0.999), "dead channel: 2 of 2, left out"),
        (np.resize([-1.0, 1.0, 1.0], 96_000), "dead channel: 2 of 2, left out"),  # at the rails
        (
            1e-4 * _noise(96_000, 9) / 32_768,
            "dead channel: 2 of 2, left out",
        ),  # the noise of an open input
        (-_noise(96_000) / 32_768, "channels cancel: of 2 only the loudest, 1, is heard"),
        (-0.8 * _noise(96_000) / 32_768, "channels cancel: of 2 only the loudest, 1, is heard"),
    ],
)
def test_a_channel_that_would_spoil_the_mean_is_left_out(tmp_path, other, remark):
    sf.write(tmp_path / "a.wav", _channels(_noise(96_000) / 32_768, other), 48_000, subtype="FLOAT")
    found = examine(tmp_path / "a.wav")
    assert found.remarks == (remark,)
    np.testing.assert_array_equal(found.read(), _noise(96_000))


@pytest.mark.parametrize("other", [_noise(96_000), _noise(96_000, 1), _noise(96_000) // 4])
def test_channels_that_are_alike_or_unrelated_are_averaged(tmp_path, other):
    sf.write(tmp_path / "a.wav", _channels(_noise(96_000), other), 48_000, subtype="PCM_16")
    found = examine(tmp_path / "a.wav")
    assert found.remarks == ()
    mean = (_noise(96_000).astype(int) + other) / 2
    assert np.abs(found.read() - mean).max() <= 0.5


def test_floats_beyond_full_scale_are_scaled_and_a_few_peaks_are_not(tmp_path):
    loud = np.float32(20 * _tone(48_000))
    sf.write(tmp_path / "a.wav", loud, 48_000, subtype="FLOAT")
    found = examine(tmp_path / "a.wav")
    np.testing.assert_allclose(found.read(), loud / np.abs(loud).max() * 32_768, atol=1)
    share = np.mean(np.abs(loud) > 1)
    assert found.remarks == (
        f"beyond full scale: {share:.1%} of the samples, scaled down by 20.0 dB",
    )
    peaks = np.float32(_tone(48_000))
    peaks[::5_000] = 1.5
    sf.write(tmp_path / "b.wav", peaks, 48_000, subtype="FLOAT")
    found = examine(tmp_path / "b.wav")
    assert found.remarks == () and found.read().max() == 32_767
    np.testing.assert_allclose(found.read()[1:5_000], peaks[1:5_000] * 32_768, atol=0.5)


def test_clipping_and_an_offset_are_noticed(tmp_path):
    clipped = np.clip(_noise(96_000).astype(int) * 2, -32_768, 32_767).astype(np.int16)
    sf.write(tmp_path / "a.wav", clipped, 48_000)
    share = np.mean(np.abs(clipped.astype(int)) >= 32_767)
    assert examine(tmp_path / "a.wav").remarks == (
        f"clipped: {share:.1%} of the samples are at full scale",
    )
    sf.write(tmp_path / "b.wav", _noise(96_000) // 4 + 3_277, 48_000)
    (remark,) = examine(tmp_path / "b.wav").remarks
    assert remark == "offset: the mean is 10.0% of full scale, not 0"


@pytest.mark.parametrize(
    ("channels", "rate", "claimed", "reason"),
    [
        (65, 48_000, None, "^unreadable: 65 channels, of 64 at the most$"),
        (1, 2_000_000, None, "^unreadable: a sample rate of 2000000 Hz, outside"),
        (1, 1_000, 49 * 3600 * 1_000, "^too long: more than 48 h"),
    ],
)
def test_absurd_claims_are_refused(tmp_path, channels, rate, claimed, reason):
    path = tmp_path / "a.wav"
    sf.write(path, np.zeros((100, channels)), rate, subtype="PCM_U8")
    if claimed:
        header = bytearray(path.read_bytes()[:44])
        header[40:44] = claimed.to_bytes(4, "little")
        with path.open("wb") as file:
            file.write(header)
            file.truncate(44 + claimed)  # a file with a hole takes no room on the disk
    with pytest.raises(DataError, match=reason):
        examine(path)


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg"])
@pytest.mark.parametrize("good", [0, 100_000])
def test_a_disk_that_fails_is_no_end_of_the_sound(tmp_path, monkeypatch, capfd, suffix, good):
    """libsndfile reads by callbacks, which can raise nothing: the rest would be missing without a word."""
    path = tmp_path / f"a.{suffix}"
    # a second at a time: libsndfile's encoder of Vorbis crashes of more
    with sf.SoundFile(path, "w", 48_000, 1) as file:
        for second in _noise(60 * 48_000).reshape(60, -1):
            file.write(second)
    whole = examine(path)
    read = Spans.readinto

    def fail(spans, buffer):
        if spans.tell() >= good:
            raise OSError(errno.EIO, "Input/output error")
        return read(spans, buffer)

    monkeypatch.setattr(Spans, "readinto", fail)
    for use in (lambda: examine(path), whole.read):
        with pytest.raises(DataError, match=r"^unreadable: Input/output error$"):
            use()
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("rate", [1_000, 8_000, 44_100, 96_000])
def test_blocks_of_any_rate_are_of_a_size_and_without_seams(tmp_path, rate):
    """A block of a file of 1 kHz would be of minutes when it is resampled, and need hundreds of megabytes."""
    sf.write(tmp_path / "a.wav", pcm := _noise(300_000), rate, subtype="PCM_16")
    blocks = list(examine(tmp_path / "a.wav").blocks())
    assert max(map(len, blocks)) < 1.1 * recording._BLOCK_SAMPLES
    stream = soxr.ResampleStream(rate, 48_000, 1, dtype="float32", quality="HQ")
    whole = stream.resample_chunk(pcm / np.float32(32_768), last=True)
    np.testing.assert_array_equal(np.concatenate(blocks), to_pcm(whole))
