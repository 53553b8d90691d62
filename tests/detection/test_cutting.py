"""Windows of long recordings: as the pipeline's where it has them, and without seams where they are cut apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus import audio
from chorus.clips import SAMPLE_RATE
from chorus.detection import cutting as module
from chorus.detection.cutting import Cutting, Piece, windows
from chorus.encoders import Spec
from chorus.errors import ParameterError
from chorus.reading import examine
from detectors import write_sound

SPEC = Spec(48_000, 3, 1)


@given(st.integers(1, 11 * SAMPLE_RATE), st.sampled_from([0.1, 0.5, 1.7, 3.0]))
def test_without_overlap_there_are_as_many_windows_as_in_the_survey(samples, min_seconds):
    blocks = [np.zeros(samples, np.int16)]
    expected = len(list(audio.windows(blocks, "zeros", min_seconds)))
    assert Cutting(3, 0.0, "zeros", min_seconds).count(samples / SAMPLE_RATE) == expected


@given(st.floats(0.01, 100), st.integers(0, 2999), st.sampled_from([0.1, 0.5, 3.0]))
def test_windows_reach_to_the_end_and_no_further_than_they_must(seconds, overlap, min_seconds):
    cutting = Cutting(3, overlap / 1000, "zeros", min_seconds)
    starts = cutting.starts(cutting.count(seconds))
    assert np.allclose(np.diff(starts), cutting.hop)
    behind = seconds - (starts[-1] + 3)
    assert behind < min_seconds + 1e-4
    if len(starts) > 1:
        assert seconds - (starts[-2] + 3) >= min_seconds - 1e-4


def test_pieces_are_all_windows_each_once(monkeypatch):
    monkeypatch.setattr(module, "PIECE_WINDOWS", 4)
    cutting = Cutting(3, 1.0)
    pieces = cutting.pieces(61.0, divisible=True)
    numbers = [
        number for piece in pieces for number in range(piece.first, piece.first + piece.count)
    ]
    assert numbers == list(range(cutting.count(61.0))) and len(pieces) > 2
    assert [piece.last for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert cutting.pieces(61.0, divisible=False) == [Piece(0, cutting.count(61.0), True)]


@pytest.mark.parametrize("overlap", [3.0, -0.5, 0.00025, float("nan")])
def test_an_overlap_that_cannot_be_is_refused(overlap):
    with pytest.raises(
        ParameterError, match=r"overlap: .* is not allowed: from 0 to less than 3 seconds"
    ):
        Cutting(3, overlap)


@pytest.mark.parametrize("padding", ["zeros", "repeat"])
@pytest.mark.parametrize("seconds", [1.2, 3.0, 7.9, 9.3])
def test_a_short_recording_is_heard_as_in_the_survey(tmp_path, padding, seconds):
    recording = examine(write_sound(tmp_path / "a.wav", seconds))
    cutting = Cutting(3, 0.0, padding)
    (piece,) = cutting.pieces(recording.seconds, divisible=True)
    ours = list(windows(recording, piece, cutting, SPEC))
    survey = [window for window, _ in audio.windows(recording.blocks(), padding, 0.5)]
    assert len(ours) == len(survey) == cutting.count(seconds)
    for one, other in zip(ours, survey, strict=True):
        np.testing.assert_array_equal(one, other.astype(np.float32) / 32768)


@pytest.mark.parametrize(
    ("name", "rate", "heard_at", "overlap"),
    [
        ("a.wav", 48_000, 48_000, 0.0),
        ("b.flac", 44_100, 48_000, 0.5),
        ("c.wav", 16_000, 48_000, 2.25),
        ("d.wav", 22_050, 32_000, 0.0),
    ],
)
def test_pieces_leave_no_seams(tmp_path, monkeypatch, name, rate, heard_at, overlap):
    recording = examine(write_sound(tmp_path / name, 41.3, rate=rate))
    assert recording.can_enter()
    cutting, spec = Cutting(3, overlap), Spec(heard_at, 3, 1)
    (whole,) = cutting.pieces(recording.seconds, divisible=False)
    expected = np.stack(list(windows(recording, whole, cutting, spec)))
    monkeypatch.setattr(module, "PIECE_WINDOWS", 3)
    pieces = cutting.pieces(recording.seconds, divisible=True)
    found = np.stack(
        [window for piece in pieces for window in windows(recording, piece, cutting, spec)]
    )
    assert len(pieces) > 4 and np.abs(found).max() > 0.1
    np.testing.assert_allclose(found, expected, atol=2 / 32768)
    assert (
        np.abs(found - expected) < 1e-6
    ).mean() > 0.995  # the rest: a rounding to 16 bits the other way


def test_what_cannot_be_entered_in_the_middle_is_one_piece(tmp_path):
    recording = examine(write_sound(tmp_path / "a.mp3", 5, format="MP3"))
    assert not recording.can_enter()


def test_windows_of_another_length(tmp_path):
    recording = examine(write_sound(tmp_path / "a.wav", 12))
    cutting = Cutting(5, 0.0)
    (piece,) = cutting.pieces(recording.seconds, divisible=True)
    heard = list(windows(recording, piece, cutting, Spec(32_000, 5, 1)))
    assert [window.shape for window in heard] == [(160_000,)] * 3
    assert np.abs(heard[-1][2 * 32_000 + 100 :]).max() < 1e-6 < np.abs(heard[-1][:60_000]).max()
