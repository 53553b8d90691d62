"""Which recordings are hashed again: all of which the file system does not say that they are as they were."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from chorus.files import replacing_folder
from chorus.survey import BuiltSurvey, Earlier, RecordedClip, build, memory, recordings, remember

COLUMNS = ("call_type", "speaker", "site", "recorder", "recording", "split", "quality")


def _write(path: Path, seed: int) -> None:
    sf.write(
        path, np.random.default_rng(seed).integers(-9_000, 9_000, 48_000, dtype=np.int16), 48_000
    )


def _clips(folder: Path) -> list[RecordedClip]:
    return [
        RecordedClip(
            dict.fromkeys(COLUMNS, "")
            | {
                "label": "negative",
                "role": "labelled",
                "night": f"2024-03-0{number}",
                "source": f"{number}.wav",
            },
            folder / f"{number}.wav",
            0.5,
        )
        for number in (1, 2, 3)
    ]


@pytest.fixture
def hashed(tmp_path, monkeypatch) -> list[str]:
    """The names of the recordings that are hashed from now on. There are three of them, changed long ago."""
    for number in (1, 2, 3):
        _write(tmp_path / f"{number}.wav", number)
    names: list[str] = []

    def hash_file(path: Path) -> str:
        names.append(path.name)
        return memory.hash_file(path)

    monkeypatch.setattr(recordings, "hash_file", hash_file)
    monkeypatch.setattr(memory, "_UNSETTLED", 0)
    return names


def _survey(folder: Path) -> BuiltSurvey:
    earlier = Earlier(folder / "raw", folder / "memory.json")
    with replacing_folder(folder / "raw") as raw:
        built = build(_clips(folder), raw, workers=1, earlier=earlier)
    remember(earlier, built)
    return built


def _same_as_anew(folder: Path, built: BuiltSurvey) -> bool:
    return built.clips.equals(build(_clips(folder), folder / "anew", workers=1).clips)


def test_a_recording_that_did_not_change_is_hashed_once(tmp_path, hashed):
    first = _survey(tmp_path)
    assert hashed == ["1.wav", "2.wav", "3.wav"]
    for _ in range(2):  # what is not hashed is remembered all the same
        hashed.clear()
        again = _survey(tmp_path)
        assert hashed == [] and again.read == 0 and again.clips.equals(first.clips)


def _same_size(path: Path) -> None:
    _write(path, 99)


def _same_size_and_time(path: Path) -> None:
    """As `touch -r` does it; only ctime tells."""
    before = path.stat()
    _write(path, 99)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _another_file_of_the_same_times(path: Path) -> None:
    other = path.with_name("other.wav")
    _write(other, 99)
    shutil.copystat(path, other)
    other.replace(path)


def _one_sample(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(1000)
        file.write(b"\1\2")


@pytest.mark.parametrize(
    "change", [_same_size, _same_size_and_time, _another_file_of_the_same_times, _one_sample]
)
def test_a_changed_recording_is_noticed_whatever_its_size_and_time_say(tmp_path, hashed, change):
    _survey(tmp_path)
    size = (tmp_path / "2.wav").stat().st_size
    change(tmp_path / "2.wav")
    assert (tmp_path / "2.wav").stat().st_size == size
    hashed.clear()
    built = _survey(tmp_path)
    assert set(hashed) == {"2.wav"} and built.read == 1
    assert _same_as_anew(tmp_path, built)


def test_a_touched_recording_is_hashed_but_not_read(tmp_path, hashed):
    _survey(tmp_path)
    os.utime(tmp_path / "2.wav")
    hashed.clear()
    assert _survey(tmp_path).read == 0 and hashed == ["2.wav"]


def test_what_changed_a_moment_ago_is_not_relied_on(tmp_path, hashed, monkeypatch):
    """It may change again within the same tick of the file system's clock, and nothing would show it."""
    monkeypatch.setattr(memory, "_UNSETTLED", 10**12)
    _survey(tmp_path)
    monkeypatch.setattr(memory, "_UNSETTLED", 0)
    hashed.clear()
    assert _survey(tmp_path).read == 0 and hashed == ["1.wav", "2.wav", "3.wav"]


def test_two_recordings_that_change_places_are_told_apart(tmp_path, hashed):
    first = _survey(tmp_path).clips.set_index("source")["sha256"]
    one, two, spare = (tmp_path / f"{name}.wav" for name in ("1", "2", "spare"))
    one.rename(spare)
    two.rename(one)
    spare.rename(two)
    hashed.clear()
    built = _survey(tmp_path)
    assert set(hashed) == {"1.wav", "2.wav"}
    second = built.clips.set_index("source")["sha256"]
    assert (second["1.wav"], second["2.wav"]) == (first["2.wav"], first["1.wav"])
    assert _same_as_anew(tmp_path, built)
