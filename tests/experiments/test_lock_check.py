"""The guard of dvc.lock: this repository passes it, and whatever is broken in a copy makes it speak up."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from chorus.errors import DataError
from chorus.experiments.lock_check import lock_problems, stale_stages
from folder import Folder

ROOT = Path(__file__).parents[2]


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _check(folder):
    return Folder(folder).ended("chorus", "check", "--results")


def test_the_results_in_this_repository_are_those_of_its_dvc_lock():
    assert lock_problems(ROOT) == []


def test_a_clone_without_data_passes(clone):
    assert not (clone / "data/manifests/splits.csv").exists()
    result = _check(clone)
    assert result.returncode == 0, result.stderr


def test_an_edited_digit_is_named(broken):
    _replace(broken / "metrics/evaluation.json", '"f1": 0.6', '"f1": 0.7')
    assert lock_problems(broken) == [
        "metrics/evaluation.json is not what the stage evaluate made: dvc.lock has another hash"
    ]
    result = _check(broken)
    assert result.returncode == 1
    assert "metrics/evaluation.json" in result.stderr and "Traceback" not in result.stderr


def test_a_picture_of_another_run_is_named(broken):
    shutil.copy(
        broken / "plots/gallery/false_positives.png",
        broken / "plots/gallery/false_negatives.png",
    )
    (problem,) = lock_problems(broken)
    # a stage's pictures are one output, and dvc.lock has one hash of them
    assert problem.startswith("plots/gallery is not what the stage gallery made")


def test_a_deleted_result_is_named(broken):
    (broken / "metrics/training.json").unlink()
    assert lock_problems(broken) == [
        "metrics/training.json is missing: dvc.lock says that the stage train made it"
    ]


def test_a_result_that_nothing_makes_is_named(broken):
    (broken / "metrics/better.json").write_text("{}\n")
    assert lock_problems(broken) == []  # not committed: scratch
    subprocess.run(["git", "add", "metrics/better.json"], cwd=broken, check=True)
    assert lock_problems(broken) == [
        "metrics/better.json is made by no stage of dvc.yaml and by no grid"
    ]


def test_results_without_dvc_lock_are_of_no_run(broken):
    (broken / "dvc.lock").unlink()
    assert "metrics/evaluation.json is of no run: dvc.lock has nothing about it" in lock_problems(
        broken
    )


def test_a_dvc_lock_put_together_from_two_runs_is_named(broken):
    with Repo(str(broken)) as repo:
        (made,) = (
            out
            for stage in repo.index.stages
            for out in stage.outs
            if out.def_path.endswith("train.csv")
        )
    lock = (broken / "dvc.lock").read_text()
    head, _, tail = lock.rpartition(
        made.hash_info.value
    )  # in its last place, where a later stage uses it
    (broken / "dvc.lock").write_text(head + "f" * 32 + tail)
    (problem,) = lock_problems(broken)
    assert (
        problem.startswith("dvc.lock does not fit together: ")
        and "data/manifests/train.csv" in problem
    )


def test_a_change_that_was_not_run_is_stale_and_no_edited_number(broken):
    with Repo(str(broken)) as repo:
        before = set(stale_stages(repo))
    _replace(broken / "params.yaml", "\n  balance: auto", "\n  balance: false")
    (broken / "src/chorus/training/optimizer.py").write_text("# other code\n")
    users = ("mine", "train", "evaluate", "gallery")
    assert lock_problems(broken) == [
        f"code/{stage}.txt is not of the code in src/: dvc repro" for stage in users
    ]
    with Repo(str(broken)) as repo:
        added = set(stale_stages(repo)) - before
    assert added == {
        "the stage compose was not run since a change of compose",
        "the stage fingerprint was not run since a change of src",
    }


def test_a_stage_that_never_ran_is_neither_edited_nor_stale(broken):
    lock = yaml.safe_load((broken / "dvc.lock").read_text())
    gone = lock["stages"].pop("diagnose")
    (broken / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))
    for out in gone["outs"]:
        path = broken / out["path"]
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    with Repo(str(broken)) as repo:
        assert not [problem for problem in stale_stages(repo) if "diagnose" in problem]
    assert not [
        problem
        for problem in lock_problems(broken)
        if "is of no run" in problem or "diagnose used" in problem
    ]


def test_a_damaged_dvc_lock_is_one_line(broken):
    (broken / "dvc.lock").write_text("stages: 5\n")
    with pytest.raises(DataError, match=r"dvc\.lock"):
        lock_problems(broken)
