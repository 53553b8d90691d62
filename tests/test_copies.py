"""The same sound under another name is found, and no other is taken for it."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile as sf

from chorus import audio, prints
from chorus.clips import SAMPLE_RATE, WINDOW_SAMPLES
from chorus.copies import SIMILARITY, copies


def night(seed: int, seconds: float = 3.0) -> np.ndarray:
    """A call over noise, int16: the call is the same in every night, the noise and its place are not."""
    random = np.random.default_rng(seed)
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    call = 6000 * np.sin(2 * np.pi * 900 * t) * (np.sin(2 * np.pi * 4 * (t + random.random())) > 0)
    return np.rint(call + 600 * random.standard_normal(len(t))).astype(np.int16)


def printed(**clips: np.ndarray) -> prints.Prints:
    fitted = [
        np.concatenate([window for window, _ in audio.windows([pcm], "zeros", 0.5)])
        for pcm in clips.values()
    ]
    contents = [prints.window_contents(pcm) for pcm in fitted]
    words = np.concatenate([prints.fingerprint(pcm) for pcm in fitted])
    lengths = np.array([len(of_clip) for of_clip in contents])
    return prints.Prints(np.array(list(clips)), lengths, words, np.concatenate(contents))


def through(pcm: np.ndarray, **how: object) -> np.ndarray:
    file = io.BytesIO()
    sf.write(file, pcm, SAMPLE_RATE, **how)
    file.seek(0)
    return sf.read(file, dtype="int16")[0][: len(pcm)]


OTHERS = {f"other{n}": night(100 + n) for n in range(30)}


def _found(original: np.ndarray, copy: np.ndarray) -> tuple[str, str, float, bool]:
    pairs = copies(printed(copy=copy, original=original, **OTHERS))
    assert len(pairs) == 1, pairs
    row = pairs.iloc[0]
    return row["a"], row["b"], float(row["similarity"]), bool(row["exact"])


def _changed(pcm: np.ndarray) -> np.ndarray:
    changed = pcm.copy()
    changed[70_000] += 1
    return changed


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda pcm: np.rint(pcm * 10 ** (0.1 / 20)).astype(np.int16), id="+0.1 dB"),
        pytest.param(lambda pcm: np.rint(pcm / 8).astype(np.int16), id="-18 dB"),
        pytest.param(_changed, id="one sample"),
        pytest.param(lambda pcm: -pcm, id="turned over"),
        pytest.param(lambda pcm: through(pcm, format="MP3", compression_level=0.3), id="MP3"),
        pytest.param(lambda pcm: through(pcm, format="OGG", subtype="VORBIS"), id="OGG"),
        pytest.param(lambda pcm: pcm[SAMPLE_RATE // 2 + 7 :], id="begins later"),
        pytest.param(
            lambda pcm: np.concatenate([night(999, 1.2), pcm[: round(1.8 * SAMPLE_RATE)]]),
            id="begins earlier",
        ),
    ],
)
def test_a_near_copy_is_found(change):
    original = night(1)
    a, b, similarity, exact = _found(original, change(original))
    assert (a, b, exact) == ("copy", "original", False)
    assert SIMILARITY <= similarity <= 1


def test_overlapping_cuts_of_one_recording_are_found():
    recording = night(5, seconds=9)
    one, other = recording[: 6 * SAMPLE_RATE], recording[round(4.4 * SAMPLE_RATE) :]
    assert _found(one, other)[:2] == ("copy", "original")


def test_a_window_that_is_the_same_byte_for_byte_is_found_in_a_longer_clip():
    original = night(6)
    assert _found(original, np.concatenate([original, night(7)])) == ("copy", "original", 1.0, True)


def test_short_sounds_are_found_by_more_likeness():
    original = night(8, seconds=0.6)
    assert _found(original, np.rint(original * 0.9).astype(np.int16))[:2] == ("copy", "original")


def test_different_nights_are_no_copies():
    assert copies(printed(**OTHERS)).empty


def test_silence_is_no_copy_of_silence():
    silence = np.zeros(WINDOW_SAMPLES, np.int16)
    assert copies(printed(a=silence, b=silence, c=np.concatenate([night(1), silence]))).empty


def test_many_copies_hang_together():
    """Of each only a few others are named, but by way of those all."""
    same = {f"copy{n:02d}": np.rint(night(1) * (0.5 + n / 50)).astype(np.int16) for n in range(25)}
    pairs = copies(printed(**same, **OTHERS))
    reached, seen = {"copy00"}, 0
    while len(reached) > seen:
        seen = len(reached)
        reached |= set(pairs.loc[pairs["a"].isin(reached), "b"]) | set(
            pairs.loc[pairs["b"].isin(reached), "a"]
        )
    assert reached == set(same)


def test_the_order_of_clips_does_not_show():
    clips = {"b": night(1), "a": np.rint(night(1) * 0.9).astype(np.int16), **OTHERS}
    backwards = dict(reversed(clips.items()))
    one, other = copies(printed(**clips)), copies(printed(**backwards))
    assert one[["a", "b"]].equals(other[["a", "b"]])
