"""The clone of a worker on another machine: kept between runs, and brought up to what the next one needs."""

from __future__ import annotations

import tempfile
from dataclasses import replace

import pytest

from chorus.errors import ChorusError
from chorus.experiments.errand import STARTS, Errand, _clone
from folder import Folder


@pytest.fixture
def errand(tmp_path, monkeypatch):
    home = Folder(tmp_path / "home")
    home.folder.mkdir()
    (home.folder / "params.yaml").write_text("seed: 1\n")
    home.git_init()
    home.commit("start")
    start = home.run("git", "rev-parse", "HEAD").strip()
    home.run("git", "update-ref", f"{STARTS}{start}", start)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return Errand(str(home.folder), start, "", (), (), ("test", "t@example.org"), "run_1", {}, ())


def test_the_clone_is_kept_for_runs_of_the_same_sweep(errand):
    clone = _clone(errand)
    (clone / "params.yaml").write_text("seed: 2\n")
    assert _clone(replace(errand, name="run_2")) == clone
    assert (clone / "params.yaml").read_text() == "seed: 2\n", "checked out once only"


def test_another_sweep_from_the_same_commit_gets_what_its_runs_read(errand):
    _clone(errand)
    # this is no DVC repository, so that an attempt to pull is seen by its failure
    with pytest.raises(ChorusError, match=r"dvc failed: .*not inside of a DVC repository"):
        _clone(replace(errand, inputs=("data/raw",)))
