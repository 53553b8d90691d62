"""The `dvc` of a sweep's runs: it takes what a run reads, and commits what it has changed."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo
from dvc.repo.checkout import checkout
from scmrepo.git.backend.dulwich import DulwichBackend

from chorus.experiments import warm
from folder import Folder


@pytest.fixture(scope="module")
def exec_run():
    path = Path(warm.__file__).with_name("exec_run.py")
    spec = importlib.util.spec_from_file_location("exec_run", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PIPELINE = {
    "stages": {
        "raw": {"cmd": "mkdir raw && echo 1 > raw/a && echo 2 > raw/b", "outs": ["raw"]},
        "known": {"cmd": "cp raw/a known", "deps": ["raw"], "outs": ["known"]},
        "counted": {
            "cmd": "cp raw/b counted",
            "deps": ["raw/b"],
            "outs": [{"counted": {"cache": False}}],
        },
        "model": {
            "cmd": "cat known counted given > model",
            "deps": ["known", "counted", "given"],
            "outs": ["model"],
        },
    }
}


@pytest.fixture
def repository(tmp_path, monkeypatch):
    folder = Folder(tmp_path.resolve() / "study")
    folder.folder.mkdir()
    (folder.folder / "given").write_text("given\n")
    (folder.folder / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE, sort_keys=False))
    folder.git_init()
    folder.dvc_init()
    folder.run("dvc", "repro", "-q")
    folder.commit("made")
    monkeypatch.chdir(folder.folder)
    return folder


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("stages", "there"),
    [
        (["model"], {"known", "model"}),
        (["counted"], {"raw", "raw/b"}),
        (["known", "model"], {"raw", "raw/a", "raw/b", "known", "model"}),
    ],
)
def test_of_data_a_run_gets_what_it_reads_and_makes(exec_run, stages, there):
    for name in ("known", "model"):
        Path(name).unlink()
    shutil.rmtree("raw")
    take = exec_run.of_what_is_read(checkout)
    with Repo() as repo:
        take(repo, targets=stages, with_deps=True, force=True, allow_missing=True)
    found = {path.as_posix() for path in Path().rglob("*") if ".git" not in path.parts}
    data = {path for path in found if path.split("/")[0] in ("raw", "known", "model")}
    assert data == there
    assert Path("counted").exists(), "what lies in git is left alone"


@pytest.mark.usefixtures("repository")
def test_without_targets_all_is_taken(exec_run):
    Path("known").unlink()
    with Repo() as repo:
        exec_run.of_what_is_read(checkout)(repo, force=True)
    assert Path("known").exists()


def test_what_is_committed_is_what_git_itself_would_add(exec_run, repository):
    for name in ("same", "longer", "touched", "gone", "linked", "mode"):
        Path(name).write_text(f"{name}\n")
    Path("below").mkdir()
    Path("below/ä file").write_text("x\n")
    repository.commit("files")
    Path("longer").write_text("longer than it was\n")
    Path("touched").touch()
    Path("gone").unlink()
    Path("linked").unlink()
    Path("linked").symlink_to("same")
    Path("mode").chmod(0o755)
    Path("below/ä file").write_text("y\n")
    Path("new").write_text("of which git knows nothing\n")
    backend = DulwichBackend(".")
    exec_run.of_what_has_changed(DulwichBackend.add)(backend, [], update=True)
    backend.close()
    tree = repository.run("git", "write-tree")
    repository.run("git", "read-tree", "HEAD")
    repository.run("git", "add", "--update")
    assert tree == repository.run("git", "write-tree")
    assert repository.run("git", "ls-files", "new") == ""


@pytest.mark.usefixtures("repository")
def test_where_nothing_has_changed_the_index_is_left_alone(exec_run):
    before = Path(".git/index").read_bytes()
    backend = DulwichBackend(".")
    exec_run.of_what_has_changed(DulwichBackend.add)(backend, [], update=True)
    backend.close()
    assert Path(".git/index").read_bytes() == before
