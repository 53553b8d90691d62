"""Halves of files that DVC leaves when it is killed: real DVC, killed in the middle of copying a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from chorus.sharing import halves
from folder import Folder, default_remote

ROOT = Path(__file__).parents[2]
PULL, PUSH = "pull", "push"
# DVC that is killed in the middle of the first file that it copies
KILLED = """
import os, signal, sys
from pathlib import Path
from dvc.cli import main
from dvc_objects.fs import local

def half(source, target, callback=None):
    Path(target).write_bytes(Path(source).read_bytes()[:1000])
    os.kill(os.getpid(), signal.SIGKILL)

local.copyfile = half
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def clone(tmp_path):
    """A clone without data of a study with a folder and a file; its cache is copied from, as across two disks."""
    author = Folder(tmp_path / "author")
    (author.folder / "raw").mkdir(parents=True)
    (author.folder / "raw/night.tar").write_bytes(bytes(3_000))
    (author.folder / "scores.csv").write_bytes(b"1" * 3_000)
    author.git_init()
    author.dvc_init("[cache]\n    type = copy\n" + default_remote(tmp_path / "shared"))
    author.run("dvc", "add", "-q", "raw", "scores.csv")
    author.commit("data")
    author.run("chorus", PUSH)
    author.run("git", "clone", "-q", str(author.folder), str(tmp_path / "clone"))
    clone = Folder(tmp_path / "clone")
    clone.run("dvc", "fetch", "-q")
    return clone


def in_halves(folder: Path) -> list[Path]:
    return [
        path.parent.relative_to(folder)
        for path in folder.rglob(".*.tmp")
        if ".dvc" not in path.parts
    ]


@pytest.mark.parametrize(("target", "place"), [("raw.dvc", "raw"), ("scores.csv.dvc", ".")])
def test_a_half_in_the_study_does_not_stop_the_next_pull(clone, target, place):
    clone.run("python", "-c", KILLED, "checkout", target, fails=True)
    assert in_halves(clone.folder) == [Path(place)]
    clone.run("chorus", PULL)
    assert in_halves(clone.folder) == []
    assert (
        "up to date" in clone.run("dvc", "status")
        and clone.run("git", "status", "--porcelain") == ""
    )


def test_dvc_itself_stops_at_a_half(clone):
    """Should DVC mend it, this test will say so."""
    clone.run("python", "-c", KILLED, "checkout", "raw.dvc", fails=True)
    assert "Can't remove the following unsaved files" in clone.run("dvc", "pull", fails=True)


def test_a_half_in_a_cache_or_in_a_remotes_folder_is_removed_when_nobody_writes_it_any_more(
    clone, monkeypatch
):
    cache, remote = clone.folder / ".dvc/cache/files/md5", clone.folder.parent / "shared/files/md5"
    files = [store / "ab" / f".{'x' * 22}.tmp" for store in (cache, remote)]
    object_ = remote / "ab" / ("c" * 30)
    for file in (*files, object_):
        file.parent.mkdir(exist_ok=True)
        file.touch()
    for store in (cache, remote):
        halves.remove_abandoned(store)
    assert all(file.exists() for file in files)  # somebody may be at work
    monkeypatch.setattr(halves, "_ABANDONED", -1)
    for store in (cache, remote):
        halves.remove_abandoned(store)
    assert not any(file.exists() for file in files) and object_.exists()


def test_what_is_no_half_stays(clone):
    clone.run("chorus", PULL)
    notes = clone.folder / "notes.tmp"
    other = clone.folder / f"other.{'x' * 22}.tmp"
    for file in (notes, other):
        file.write_text("mine")
    clone.run("chorus", PULL)
    assert notes.exists() and other.exists()


def test_a_half_that_became_whole_meanwhile_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(
        halves, "_halves", lambda _: iter([tmp_path / "renamed since it was listed"])
    )
    halves.remove_abandoned(tmp_path)
