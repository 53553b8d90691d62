"""A fault of the machine is not told as one of the recording: the run stops in one sentence, and goes on later."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from failing_files import fail_to_open

from chorus.detection import files, work
from chorus.detection.cutting import Cutting, Piece, windows
from chorus.detection.detect import Options, detect
from chorus.encoders import Spec
from chorus.errors import ChorusError, DataError
from chorus.experiments.models import find_detector
from chorus.reading import examine
from chorus.season.detections import read
from chorus.survey.timing import TimeRules
from detectors import keep, made_up_head, write_sound


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    return find_detector(str(keep(made_up_head(), tmp_path_factory.mktemp("study"))))


@pytest.fixture
def run(detector, tmp_path, one_thread, monkeypatch):
    """Detects in tmp_path/season; returns the folder of results."""
    monkeypatch.chdir(tmp_path)

    def detected() -> Path:
        given = ([Path("season")], Path("out"), detector, Options(), TimeRules(), one_thread)
        detect(*given, workers=1)
        return Path("out")

    return detected


def _refused(out: Path) -> dict[str, str]:
    return dict(pd.read_csv(out / "not_heard.csv").itertuples(index=False))


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOMEM, errno.ENOSPC, errno.ESTALE])
@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_the_run_stops_and_goes_on_later(run, monkeypatch, number, suffix):
    write_sound(Path(f"season/a.{suffix}"), 6.0)
    write_sound(Path("season/b.wav"), 6.0, seed=1)
    with monkeypatch.context() as patch:
        fail_to_open(patch, number, lambda path: path.name == f"a.{suffix}")
        with pytest.raises(
            ChorusError, match=f"{os.strerror(number)}, by no fault of its own: run"
        ):
            run()
    assert not Path("out/not_heard.csv").exists()
    assert len(read(run(), "recordings")) == 2 and _refused(Path("out")) == {}


def test_a_file_that_nobody_may_read_or_that_lies_on_a_bad_sector_is_named(run, monkeypatch):
    write_sound(Path("season/a.wav"), 6.0)
    write_sound(Path("season/b.wav"), 6.0, seed=1)
    for number, words in ((errno.EACCES, "Permission denied"), (errno.EIO, "Input/output error")):
        with monkeypatch.context() as patch:
            fail_to_open(patch, number, lambda path: path.name == "a.wav")
            assert _refused(run()) == {"season/a.wav": f"unreadable: {words}"}


def test_a_card_that_is_taken_out_stops_the_run(run, monkeypatch):
    for number in range(3):
        write_sound(Path(f"season/card/{number}.wav"), 6.0, seed=number)
    examined = work.examine_file

    def then_taken_out(path, *given):
        found = examined(path, *given)
        for left in Path("season/card").iterdir():
            left.unlink()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(work, "examine_file", then_taken_out)
        with pytest.raises(ChorusError, match="is gone with all beside it; was a card or disk"):
            run()
    assert not Path("out/recordings.csv").exists()


def test_a_file_that_alone_is_deleted_is_named(run, monkeypatch):
    for number in range(3):
        write_sound(Path(f"season/{number}.wav"), 6.0, seed=number)
    found = files.find

    def then_deleted(paths):
        listed = found(paths)
        Path("season/1.wav").unlink()
        return listed

    monkeypatch.setattr("chorus.detection.detect.find", then_deleted)
    assert _refused(run()) == {"season/1.wav": "unreadable: No such file or directory"}


def test_a_folder_on_a_share_that_does_not_answer_is_no_empty_season(run, monkeypatch):
    write_sound(Path("season/a.wav"), 6.0)
    Path("season/share").mkdir()
    listed = os.scandir

    def list_or_fail(path):
        if Path(path).name == "share":
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", list_or_fail)
    with pytest.raises(ChorusError, match="season/share cannot be read now, Stale file handle"):
        run()


def test_memory_that_runs_out_is_one_sentence(run, monkeypatch):
    write_sound(Path("season/a.wav"), 6.0)

    def too_much(*_):
        return np.zeros(1 << 60, np.int8)

    monkeypatch.setattr(work, "score", too_much)
    with pytest.raises(ChorusError, match=r"memory ran out: .* with fewer --workers"):
        run()


def test_files_that_could_not_be_hashed_at_first_do_not_share_their_scores(run, monkeypatch):
    for number in range(2):
        path = write_sound(Path(f"season/{number}.flac"), 6.0, seed=number)
        os.utime(path, (1e9, 1e9))
    monkeypatch.setattr(work, "version_of", lambda _path: [1])  # settled long ago
    hashed = work.hash_file
    failed: set[Path] = set()

    def fail_once(path):
        if path not in failed:
            failed.add(path)
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return hashed(path)

    monkeypatch.setattr(work, "hash_file", fail_once)
    recordings = read(run(), "recordings")
    assert len(failed) == 2 and recordings["sha256"].str.len().tolist() == [64, 64]
    assert recordings["best_score"].nunique() == 2


@pytest.mark.parametrize("first", [0, 4])
def test_sound_that_ends_too_early_is_not_scored_as_silence(tmp_path, first):
    """As of a file that is cut off after it was examined, or a disk that fails: the decoder takes that for its end."""
    path = write_sound(tmp_path / "a.wav", 30.0)
    recording = examine(path)
    cutting, spec = Cutting(3), Spec(48_000, 3, 1)
    piece = Piece(first, 4, last=False)
    assert len(list(windows(recording, piece, cutting, spec))) == 4
    os.truncate(path, path.stat().st_size // 4)
    with pytest.raises(DataError, match=r"unreadable: it ended at \d+\.\d+ of 30\.000 s when"):
        list(windows(recording, piece, cutting, spec))
