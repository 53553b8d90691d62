"""An interrupted push or pull: what DVC makes of it, and that ours complete. Real DVC, ended while it collects."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from end_to_end.sharing import Machine
from folder import default_remote

INTERRUPTED = str(Path(__file__).with_name("interrupted.py"))
PUSH, PULL, VERIFY = "push", "pull", "verify"
NIGHTS = 8
OBJECTS = 3 * (NIGHTS + 1)  # a list of files for each folder
SIGNALS = ("SIGINT", "SIGTERM", "SIGKILL")


@pytest.fixture
def author(tmp_path):
    """Three folders of nights, and a remote that has nothing yet."""
    author = Machine(tmp_path / "author")
    for folder in ("raw", "embeddings", "subsets"):
        (author.folder / folder).mkdir(parents=True)
        for night in range(NIGHTS):
            (author.folder / folder / f"{night}.tar").write_text(f"{folder} {night}")
    author.run("git", "init", "-q", "-b", "main")
    author.introduce("author")
    author.dvc_init(default_remote(tmp_path / "shared"))
    author.run("dvc", "add", "-q", "raw", "embeddings", "subsets")
    author.commit("data")
    return author


@pytest.fixture
def shared(author):
    author.run("chorus", PUSH)
    return author


def stored(author: Machine) -> int:
    return sum(path.is_file() for path in (author.folder.parent / "shared").rglob("*"))


@pytest.mark.parametrize("signal", SIGNALS)
def test_dvc_loses_data_when_a_push_is_interrupted_and_our_push_brings_it(author, signal):
    """Should DVC mend it (treeverse/dvc#10977), the first half of this test will say so."""
    author.run("python", INTERRUPTED, signal, "push", fails=True)
    author.run("dvc", "push")
    assert "pushed" in author.run("dvc", "push")
    assert "up to date" in author.run("dvc", "push")
    assert "in sync" in author.run("dvc", "status", "--cloud")
    assert stored(author) < OBJECTS
    assert f"on the remote: all {OBJECTS} objects" in author.run("chorus", PUSH)
    assert stored(author) == OBJECTS
    assert f"all {OBJECTS} objects are whole" in author.run("chorus", VERIFY, "--remote")


@pytest.mark.parametrize("signal", SIGNALS)
def test_after_an_interrupted_push_ours_completes_at_once(author, signal):
    author.run("python", INTERRUPTED, signal, "push", fails=True)
    assert f"uploaded: {OBJECTS}; on the remote: all {OBJECTS} objects" in author.run(
        "chorus", PUSH
    )
    assert "uploaded: 0;" in author.run("chorus", PUSH)
    assert "up to date" in author.run("dvc", "push")


def test_after_an_interrupted_pull_dvc_blames_the_cache_and_our_pull_completes(shared, tmp_path):
    clone = Machine(tmp_path / "clone")
    shared.run("git", "clone", "-q", str(shared.folder), str(clone.folder))
    clone.run("python", INTERRUPTED, "SIGINT", "pull", fails=True)
    assert "Is your cache up to date?" in clone.run("dvc", "pull", fails=True)
    shutil.rmtree(clone.folder / ".dvc/cache")
    clone.run("python", INTERRUPTED, "SIGKILL", "pull", fails=True)
    clone.run("chorus", PULL)
    assert clone.hashes() == shared.hashes()
    assert "up to date" in clone.run("dvc", "status")


def test_only_the_targets_are_pulled(shared):
    shutil.rmtree(shared.folder / "raw")
    shutil.rmtree(shared.folder / "subsets")
    shared.run("chorus", PULL, "raw.dvc")
    assert (shared.folder / "raw").is_dir() and not (shared.folder / "subsets").exists()


def test_a_push_brings_what_somebody_removed_or_cut_off_on_the_remote(shared):
    removed, cut, *_ = (
        path for path in (shared.folder.parent / "shared").rglob("*") if path.is_file()
    )
    removed.unlink()
    cut.chmod(0o644)
    cut.write_bytes(cut.read_bytes()[:1])
    assert "uploaded: 2;" in shared.run("chorus", PUSH)
    assert f"all {OBJECTS} objects are whole" in shared.run("chorus", VERIFY, "--remote")


def test_no_list_of_files_is_pushed_before_its_files(author):
    lost = next(
        path
        for path in (author.folder / ".dvc/cache").rglob("*")
        if path.is_file() and path.suffix == ""
    )
    lost.unlink()
    output = author.run("chorus", PUSH, fails=True)
    assert "error: 1 object is neither here nor on the remote" in output
    assert not list((author.folder.parent / "shared").rglob("*.dir"))
    assert stored(author) == 3 * NIGHTS - 1


def test_a_remote_that_takes_an_upload_and_has_it_not_is_an_error(author, monkeypatch):
    from chorus.errors import ChorusError
    from chorus.sharing.integrity import Store

    monkeypatch.chdir(author.folder)
    monkeypatch.setattr(Store, "upload", lambda *_: None)
    with (
        Store() as store,
        pytest.raises(ChorusError, match=f"{OBJECTS} objects are not on the remote although"),
    ):
        store.push(store.objects())


def test_a_damaged_index_of_dvc_is_no_obstacle(shared):
    shared.run("python", INTERRUPTED, "SIGKILL", "push", fails=True)
    place = shared.run(
        "python", "-c", "from dvc.repo import Repo; print(Repo().site_cache_dir)"
    ).split()[-1]
    for file in (path for path in (Path(place) / "index").rglob("*") if path.is_file()):
        file.write_bytes(b"damaged" * 1000)
    assert f"all {OBJECTS} objects" in shared.run("chorus", PUSH)


def test_without_a_remote_it_says_so(author):
    author.run("dvc", "remote", "remove", "shared")
    assert (
        author.run("chorus", PUSH, fails=True)
        .splitlines()[-1]
        .startswith("error: no remote to look at: ")
    )
