"""What in a folder DVC cannot take is named before it runs; what it can take passes. By the real DVC."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from chorus.errors import DataError
from chorus.sharing.folder import refuse_what_dvc_cannot_take
from folder import Folder

ROOT = Path(__file__).parents[2]


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the address of a socket is short
    socket.socket(socket.AF_UNIX).bind(path.name)
    os.chdir(here)


def _notes(path: Path) -> None:
    path.write_text("recorded in May\n")


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "old disk.wav": (lambda path: path.symlink_to("/media/gone/old.wav"), "a link to nothing"),
    "loop.wav": (lambda path: path.symlink_to(path.name), "a link to nothing"),
    "pipe": (os.mkfifo, "a named pipe"),
    "socket": (_socket, "a socket"),
    "zero.wav": (lambda path: path.symlink_to("/dev/zero"), "a device"),
    "upwards": (lambda path: path.symlink_to(".."), "a link to a folder"),
    "disk": (lambda path: path.symlink_to("/usr"), "a link to a folder"),
    os.fsdecode(b"\xc9tang.wav"): (Path.touch, "its name is not in UTF-8"),
    ".dvcignore": (_notes, "DVC takes it for a file of its own"),
    "notes.dvc": (_notes, "DVC takes it for a file of its own"),
    "dvc.yaml": (_notes, "DVC takes it for a file of its own"),
}
TAKEN: dict[str, Callable[[Path], object]] = {
    "elsewhere.wav": lambda path: path.symlink_to(ROOT / "README.md"),
    "two\nlines.wav": Path.touch,
    "Étang #1 [2024].wav": Path.touch,
    "empty": Path.mkdir,
    "a\\b.wav": Path.touch,
}


@pytest.fixture
def recordings(tmp_path):
    (tmp_path / "recordings/night").mkdir(parents=True)
    (tmp_path / "recordings/night/one.wav").write_text("one")
    return tmp_path / "recordings"


@pytest.mark.parametrize("name", REFUSED, ids=ascii)
@pytest.mark.parametrize("inside", ["", "night"])
def test_what_dvc_cannot_take_is_named(recordings, name, inside):
    make, reason = REFUSED[name]
    make(recordings / inside / name)
    shown = os.fsencode(Path(inside, name)).decode("utf-8", "backslashreplace")
    with pytest.raises(DataError) as error:
        refuse_what_dvc_cannot_take(recordings, "survey.source")
    assert f"survey.source: DVC cannot take {shown} ({reason}" in str(error.value)


def test_many_are_counted(recordings):
    for number in range(8):
        (recordings / f"{number}.wav").symlink_to("/nowhere")
    with pytest.raises(DataError, match=r"0\.wav \(a link to nothing\); .*, and 3 more: "):
        refuse_what_dvc_cannot_take(recordings, "survey.source")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_named(recordings):
    (recordings / "one.wav").touch(mode=0)
    with pytest.raises(DataError, match="it may not be read"):
        refuse_what_dvc_cannot_take(recordings, "survey.source")


@pytest.fixture
def repository(recordings):
    """With a stage that depends on the recordings, as the survey does."""
    repository = Folder(recordings.parent)
    repository.git_init()
    repository.dvc_init()
    stage = {"cmd": "echo done > out", "deps": ["recordings"], "outs": ["out"]}
    (repository.folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"survey": stage}}))
    return repository


def test_what_passes_dvc_does_take(repository):
    for name, make in TAKEN.items():
        make(repository.folder / "recordings" / name)
    refuse_what_dvc_cannot_take(repository.folder / "recordings", "survey.source")
    repository.run("dvc", "repro")
    assert "up to date" in repository.run("dvc", "status")


@pytest.mark.parametrize("name", REFUSED, ids=ascii)
def test_what_is_refused_dvc_does_not_take_or_not_see(repository, name):
    """It fails, or waits for ever, or (links to folders) does not count what lies there."""
    REFUSED[name][0](repository.folder / "recordings" / name)
    waits_for_ever = name in ("pipe", "zero.wav")
    if waits_for_ever:
        command = [sys.executable, "-m", "dvc", "repro"]
        with pytest.raises(subprocess.TimeoutExpired):
            subprocess.run(command, cwd=repository.folder, capture_output=True, timeout=6)
        return
    done = repository.ended("dvc", "repro")
    if "link to a folder" in REFUSED[name][1]:
        assert "nfiles: 1" in (repository.folder / "dvc.lock").read_text()
    else:
        assert done.returncode != 0 or "validation failed" in done.stdout + done.stderr


def test_the_check_says_so_before_dvc_runs(repository):
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["survey"]["source"] = "recordings"
    (repository.folder / "params.yaml").write_text(yaml.safe_dump(params))
    check = ("chorus", "check")
    repository.run(*check)
    (repository.folder / "recordings/old disk.wav").symlink_to("/media/gone/old.wav")
    assert (
        "error: survey.source: DVC cannot take old disk.wav (a link to nothing)"
        in repository.run(*check, fails=True)
    )
    shutil.rmtree(repository.folder / "recordings")
    repository.run(*check)


def test_an_absolute_folder_is_recorded_by_its_content(repository, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk/one.wav").write_text("one")
    stage = {"cmd": "echo done > out", "deps": [str(tmp_path / "disk")], "outs": ["out"]}
    (repository.folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"survey": stage}}))
    repository.run("dvc", "repro")
    (dep,) = yaml.safe_load((repository.folder / "dvc.lock").read_text())["stages"]["survey"][
        "deps"
    ]
    assert dep["nfiles"] == 1 and dep["md5"].endswith(".dir")
    (tmp_path / "disk/two.wav").write_text("two")
    assert "modified" in repository.run("dvc", "status")
