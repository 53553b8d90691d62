"""Folders as ESC-50 and VoxConverse have them: sources are recordings and speakers, never files."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from chorus.errors import DataError
from speech import trees
from speech.conditions import CLIP


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(1)
    (tmp_path / "esc/meta").mkdir(parents=True)
    (tmp_path / "esc/audio").mkdir()
    lines = ["filename,fold,target,category,esc10,src_file,take"]
    for name, category in (("1-100-A", "rain"), ("1-100-B", "rain"), ("2-200-A", "laughing")):
        lines.append(f"{name}.wav,1,0,{category},False,{name.split('-')[1]},A")
        soundfile.write(tmp_path / f"esc/audio/{name}.wav", rng.normal(0, 0.1, 44_100), 44_100)
    (tmp_path / "esc/meta/esc50.csv").write_text("\n".join(lines) + "\n")
    quiet = rng.normal(0, 0.001, 16_000 * 10)
    quiet[16_000 * 4 : 16_000 * 6] += np.sin(np.arange(32_000) * 0.1)
    soundfile.write(tmp_path / "abc.wav", quiet / 2, 16_000)
    rttm = [
        f"SPEAKER abc 1 {onset} {length} <NA> <NA> {speaker} <NA> <NA>"
        for onset, length, speaker in (
            (4.0, 2.0, "spk00"),
            (7.0, 0.5, "spk00"),
            (8.0, 1.5, "spk01"),
        )
    ]
    (tmp_path / "abc.rttm").write_text("\n".join(rttm) + "\n")
    return tmp_path


def test_takes_of_one_recording_and_turns_of_one_speaker_share_their_source(folder):
    clips, rejected = trees.read(folder)
    assert rejected.empty and all(clip.sound.shape == (CLIP,) for clip in clips)
    assert [(clip.label, clip.source) for clip in clips] == [
        ("NONSPEECH", "esc50_100"),
        ("NONSPEECH", "esc50_100"),
        ("SPEECH", "voxconverse_abc_spk00"),
        ("SPEECH", "voxconverse_abc_spk01"),
    ]
    assert len({clip.clip_id for clip in clips}) == 4


def test_a_turn_is_cut_where_it_was_spoken(folder):
    clips, _ = trees.read(folder)
    assert (
        np.std(clips[2].sound) > 0.5
    )  # a tone as loud as can be; noise would have a lower mean power
    assert np.std(clips[3].sound) < 0.5


def test_voices_that_are_no_speech_are_in_neither_class(folder):
    assert "laughing" not in set(trees.listed(folder)["kind"])


def test_what_is_missing_or_of_another_form_is_named(folder, tmp_path_factory):
    with pytest.raises(DataError, match=r"no clips\.csv, no meta"):
        trees.read(tmp_path_factory.mktemp("empty"))
    (folder / "abc.rttm").write_text("SPEAKER xyz 1 0 2 <NA> <NA> a <NA> <NA>\n")
    with pytest.raises(DataError, match="there is no xyz"):
        trees.read(folder)
    (folder / "abc.rttm").write_text("")
    (folder / "esc/audio/1-100-A.wav").write_text("no sound")
    clips, rejected = trees.read(folder)
    assert len(clips) == 1 and list(rejected["file"]) == ["esc/audio/1-100-A.wav"]


def test_times_that_are_none_are_named(folder):
    lines = (folder / "abc.rttm").read_text().replace(" 7.0 0.5 ", " 7,0 0,5 ")
    (folder / "abc.rttm").write_text(lines)
    with pytest.raises(DataError, match=r"abc.rttm, line 2: 7,0 and 0,5 are no times in seconds"):
        trees.listed(folder)


@pytest.mark.parametrize("strange", [np.inf, np.nan])
def test_a_sound_that_is_not_finite_is_rejected(folder, strange):
    path = folder / "esc/audio/1-100-A.wav"
    sound, rate = soundfile.read(path)
    sound[100] = strange
    soundfile.write(path, sound, rate, subtype="FLOAT")
    found, rejected = trees.read(folder)
    assert rejected["file"].tolist() == ["esc/audio/1-100-A.wav"]
    assert all(np.isfinite(clip.sound).all() for clip in found)
