"""Repositories in which DVC makes no experiments, each seen to fail with it before: a sentence before any work."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pandas as pd
import pygit2
import pytest

from chorus.errors import DataError
from chorus.experiments.history import History
from chorus.experiments.preflight import alone, refuse_lacking, refuse_unfit, refuse_unranked
from folder import Folder


def _repository(folder: Path) -> Folder:
    folder.mkdir(parents=True, exist_ok=True)
    made = Folder(folder)
    made.git_init()
    made.dvc_init()
    for name in ("dvc.yaml", "params.yaml"):
        (folder / name).write_text("{}\n")
    made.commit()
    return made


def _check(repository: Folder) -> None:
    refuse_unfit(repository.folder, History(repository.folder).current())


@pytest.fixture
def repository(tmp_path):
    return _repository(tmp_path / "a study")


def test_an_ordinary_repository_is_fit(repository):
    _check(repository)
    repository.run("git", "checkout", "-q", "--detach")
    repository.run(
        "git", "update-ref", "refs/exps/mine", "HEAD"
    )  # a foreign reference harms nobody
    repository.run("git", "symbolic-ref", "refs/exps/exec/EXEC_BRANCH", "refs/exps/aa/bb/gone")
    (repository.folder / ".git/index.lock").touch()
    _check(repository)


def test_a_worktree_is_fit(repository):
    repository.run("git", "worktree", "add", "-q", "--detach", "../tree")
    _check(Folder(repository.folder.parent / "tree"))


def test_git_that_does_not_know_who_commits(repository, monkeypatch):
    for scope in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(scope, os.devnull)
    repository.run("git", "config", "user.name", "")
    with pytest.raises(DataError, match=r"git config user\.name NAME"):
        _check(repository)


def test_a_shallow_clone(repository):
    repository.run("git", "commit", "-q", "--allow-empty", "-m", "second")
    repository.run(
        "git", "clone", "-q", "--depth", "1", f"file://{repository.folder}", "../shallow"
    )
    shallow = Folder(repository.folder.parent / "shallow")
    shallow.introduce("test")
    with pytest.raises(DataError, match="git fetch --unshallow"):
        _check(shallow)
    shallow.run("git", "fetch", "-q", "--unshallow")
    _check(shallow)


@pytest.mark.parametrize("tree", [False, True])
def test_a_sparse_checkout(repository, tree):
    """What it leaves out was listed as changes to commit or undo."""
    (repository.folder / "plots").mkdir()
    (repository.folder / "plots/loss.csv").write_text("1\n")
    repository.commit()
    if tree:
        repository.run("git", "worktree", "add", "-q", "--detach", "../tree")
        repository = Folder(repository.folder.parent / "tree")
    repository.run("git", "sparse-checkout", "set", "--cone", ".dvc")
    assert not (repository.folder / "plots").exists()
    with pytest.raises(DataError, match="git sparse-checkout disable"):
        _check(repository)
    repository.run("git", "sparse-checkout", "disable")
    _check(repository)


def test_a_submodule_is_fit(repository):
    outer = repository.folder.parent / "outer"
    outer.mkdir()
    above = Folder(outer, {"GIT_ALLOW_PROTOCOL": "file"})
    above.git_init()
    above.run("git", "submodule", "--quiet", "add", str(repository.folder), "study")
    inside = Folder(outer / "study")
    inside.introduce("test")
    _check(inside)


def test_a_clone_without_the_content_of_files(repository):
    repository.run("git", "config", "uploadpack.allowFilter", "true")
    repository.run(
        "git", "clone", "-q", "--filter=blob:none", f"file://{repository.folder}", "../partial"
    )
    partial = Folder(repository.folder.parent / "partial")
    partial.introduce("test")
    with pytest.raises(DataError, match="a clone made with --filter"):
        _check(partial)


def test_a_repository_that_has_lost_an_object(repository):
    blob = repository.run("git", "rev-parse", "HEAD:dvc.yaml").strip()
    (repository.folder / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(DataError, match=r"git lacks the content of dvc\.yaml in commit"):
        _check(repository)


@pytest.mark.parametrize("name", ["a#b", "a?b", "a%20b", "a\nb"])
def test_a_path_that_means_something_else_in_an_address(tmp_path, name):
    with pytest.raises(DataError, match="DVC makes no experiments in the folder"):
        _check(_repository(tmp_path / name))


def test_a_path_with_blanks_percent_brackets_and_quotes_is_fit(tmp_path):
    _check(_repository(tmp_path / "it's 100% [a] $b c:d"))


def test_a_cache_in_a_path_that_is_not_ascii(tmp_path):
    repository = _repository(tmp_path / "Étude")
    with pytest.raises(DataError, match="dvc cache dir --local"):
        _check(repository)
    repository.run("dvc", "cache", "dir", "--local", str(tmp_path / "cache"))
    _check(repository)


@pytest.mark.parametrize("place", ["/proc/none", "file/below", "file"])
def test_a_site_cache_that_cannot_be_written(repository, tmp_path, monkeypatch, place):
    (tmp_path / "file").touch()
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / place))
    with pytest.raises(
        DataError, match=r"DVC cannot write into .*: name another folder in DVC_SITE_CACHE_DIR"
    ):
        _check(repository)


def test_a_reference_that_is_no_commit(repository):
    blob = repository.run("git", "hash-object", "-w", "dvc.yaml").strip()
    repository.run("git", "update-ref", "refs/exps/aa/bb/blob", blob)
    with pytest.raises(DataError, match="refs/exps/aa/bb/blob is no commit"):
        _check(repository)


def test_dvc_without_git(repository):
    repository.run("dvc", "config", "core.no_scm", "true")
    with pytest.raises(DataError, match=r"dvc config core\.no_scm false"):
        _check(repository)


def test_a_bare_repository(repository):
    repository.run("git", "config", "core.bare", "true")
    with pytest.raises(DataError, match="is bare"):
        History(repository.folder)


def _holding(repository: Folder, meanwhile: str) -> subprocess.Popen[str]:
    """A process that holds the checkout."""
    hold = (
        "import os, sys, time; from pathlib import Path; from chorus.experiments.preflight import alone\n"
        f"with alone(Path()): {meanwhile}; print('held', flush=True); time.sleep(60)"
    )
    environment = repository.environment | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    other = Folder(repository.folder, environment).start("python", "-c", hold)
    assert other.stdout is not None and "held" in other.stdout.readline()
    return other


def test_only_one_sweep_in_a_checkout_until_its_process_ends(repository):
    other = _holding(repository, "pass")
    with pytest.raises(DataError, match=f"process {other.pid}"), alone(repository.folder):
        pass
    other.kill()
    other.wait()
    with alone(repository.folder):
        pass


def test_what_a_killed_sweep_has_forked_does_not_hold_the_checkout(repository):
    """DVC forks a process that waits for each worker, and both outlive the sweep."""
    other = _holding(repository, "child = os.fork() or time.sleep(20) or os._exit(0)")
    other.kill()
    other.wait()
    with alone(repository.folder):
        pass


@pytest.mark.parametrize(
    ("rank_by", "labels", "sentence"),
    [
        ("ood.f1", {"test_iid": ["positive", "negative"]}, "test_ood has no clips"),
        ("ood.auprc", {"test_ood": ["negative", "negative"]}, "test_ood has only negative clips"),
        ("iid.f1", {"test_ood": ["positive", "negative"]}, "test_iid has no clips"),
    ],
)
def test_a_ranking_needs_clips_of_both_labels(rank_by, labels, sentence):
    rows = [
        {"split": split, "label": label} for split, of_split in labels.items() for label in of_split
    ]
    with pytest.raises(DataError, match=sentence):
        refuse_unranked(rank_by, pd.DataFrame(rows))
    more = [{"split": f"test_{rank_by[:3]}", "label": label} for label in ("positive", "negative")]
    refuse_unranked(rank_by, pd.DataFrame(rows + more))


def test_a_folder_of_somebody_else_is_one_sentence(repository):
    if os.geteuid():
        pytest.skip("only root can give a folder away")
    for path in [repository.folder, *repository.folder.rglob("*")]:
        os.lchown(path, 54321, 54321)
    code = (
        "import stage; from pathlib import Path; from chorus.experiments.history import History\n"
    )
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "src"), "HOME": "/nonexistent"}
    shown = subprocess.run(
        [*("python", "-c"), f"{code}stage.run(lambda: History(Path()))"],
        cwd=repository.folder, env=repository.environment | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shown.returncode == 1 and "Traceback" not in shown.stderr
    assert "git config --global --add safe.directory" in shown.stderr


@pytest.mark.parametrize("lost", ["HEAD:params.yaml", "HEAD:notes", "HEAD^{tree}"])
def test_a_commit_of_which_git_lacks_something_is_not_taken_for_one_without_it(tmp_path, lost):
    author = Folder(tmp_path)
    author.git_init()
    (tmp_path / "params.yaml").write_text("seed: 1\n")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/one.txt").write_text("one\n")
    commit = author.commit()
    refuse_lacking(pygit2.Repository(str(tmp_path)), commit)
    name = author.run("git", "rev-parse", lost).strip()
    (tmp_path / ".git/objects" / name[:2] / name[2:]).unlink()
    with pytest.raises(DataError, match=f"git lacks the content of .* in commit {commit[:8]}"):
        refuse_lacking(pygit2.Repository(str(tmp_path)), commit)
    if lost != "HEAD:params.yaml":  # whose content is not asked for
        with pytest.raises(DataError, match="git lacks the content of notes"):
            History(tmp_path).at("HEAD", ()).has("notes/one.txt")
