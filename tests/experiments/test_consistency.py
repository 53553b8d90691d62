"""The guard against edited numbers: this repository passes it, and whatever is broken in a copy makes it speak up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from chorus.errors import DataError
from chorus.experiments.consistency import problems, stale_stages

ROOT = Path(__file__).parents[2]


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """What git keeps of this repository, results too, and none of the data."""
    folder = tmp_path_factory.mktemp("clone")
    for name in filter(None, _git(ROOT, "ls-files", "-z").split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    _git(folder, "init", "-q")
    _git(folder, "add", "-A")
    _git(
        folder,
        "-c",
        "user.name=test",
        "-c",
        "user.email=test@example.org",
        "commit",
        "-qm",
        "start",
    )
    return folder


@pytest.fixture
def broken(clone):
    """The copy, to be broken; put right again afterwards."""
    yield clone
    _git(clone, "reset", "-q", "--hard")


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _change_a_digit(path: Path, column: str, line: int = 1) -> str:
    """Change the last digit of a number in a CSV file; returns the new number."""
    lines = path.read_text(encoding="utf-8").splitlines()
    place = lines[0].split(",").index(column) - len(
        lines[0].split(",")
    )  # from the end: names hold commas in quotes
    fields = lines[line].split(",")
    digit = int(fields[place][-1])
    fields[place] = fields[place][:-1] + str((digit + 1) % 10)
    lines[line] = ",".join(fields)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return fields[place]


def _check(folder):
    own = os.environ | {"PYTHONPATH": str(folder / "src")}
    command = [sys.executable, "-m", "chorus", "check", "--results"]
    return subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False)


def test_the_results_in_this_repository_are_those_of_its_dvc_lock():
    assert problems(ROOT) == []


def test_a_clone_without_data_passes(clone):
    assert not (clone / "data/manifests/splits.csv").exists()
    result = _check(clone)
    assert result.returncode == 0, result.stderr


def test_an_edited_digit_is_named(broken):
    _replace(broken / "metrics/evaluation.json", '"f1": 0.6', '"f1": 0.7')
    assert problems(broken) == [
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
    (problem,) = problems(broken)
    # a stage's pictures are one output, and dvc.lock has one hash of them
    assert problem.startswith("plots/gallery is not what the stage gallery made")


def test_a_deleted_result_is_named(broken):
    (broken / "metrics/training.json").unlink()
    assert problems(broken) == [
        "metrics/training.json is missing: dvc.lock says that the stage train made it"
    ]


def test_a_result_that_nothing_makes_is_named(broken):
    (broken / "metrics/better.json").write_text("{}\n")
    assert problems(broken) == []  # not committed: scratch
    _git(broken, "add", "metrics/better.json")
    assert problems(broken) == [
        "metrics/better.json is made by no stage of dvc.yaml and by no grid"
    ]


def test_results_without_dvc_lock_are_of_no_run(broken):
    (broken / "dvc.lock").unlink()
    assert "metrics/evaluation.json is of no run: dvc.lock has nothing about it" in problems(broken)


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
    (problem,) = problems(broken)
    assert (
        problem.startswith("dvc.lock does not fit together: ")
        and "data/manifests/train.csv" in problem
    )


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("leaderboard.csv", "ood.f1__mean"),
        ("comparisons.csv", "ood.auprc"),
        ("effects.csv", "p_holm"),
    ],
)
def test_an_edited_digit_in_a_table_of_the_grid_is_named(broken, table, column):
    now = _change_a_digit(broken / "metrics/stage6" / table, column)
    (problem,) = problems(broken)
    expected = f"metrics/stage6/{table} does not follow from metrics/stage6/runs.csv: row 1, column {column}: {now} "
    assert problem.startswith(expected)


def test_an_edited_run_no_longer_fits_the_tables_that_follow_from_it(broken):
    path = broken / "metrics/stage6/runs.csv"
    lines = path.read_text().splitlines()
    place = lines[0].split(",").index("ood.f1")
    fields = lines[1].split(",")
    fields[place] = "0.9"
    path.write_text("\n".join([lines[0], ",".join(fields), *lines[2:]]) + "\n")
    named = {problem.split(" ")[0] for problem in problems(broken)}
    assert named == {
        f"metrics/stage6/{table}.csv" for table in ("leaderboard", "comparisons", "effects")
    }


def test_runs_of_two_versions_are_refused(broken):
    path = broken / "metrics/stage6/runs.csv"
    head, _, last = path.read_text().rstrip("\n").rpartition(",")
    path.write_text(f"{head},{'0' * len(last)}\n")
    (problem,) = problems(broken)
    assert "several versions of code or data" in problem and problem.startswith(
        "metrics/stage6/runs.csv"
    )


def test_tables_without_their_runs_are_refused(broken):
    (broken / "metrics/stage6/runs.csv").unlink()
    (problem,) = problems(broken)
    assert problem.startswith("metrics/stage6/runs.csv is missing")


def test_a_change_that_was_not_run_is_stale_and_no_edited_number(broken):
    with Repo(str(broken)) as repo:
        before = set(stale_stages(repo))
    _replace(broken / "params.yaml", "\n  balance: auto", "\n  balance: false")
    (broken / "src/chorus/training/optimizer.py").write_text("# other code\n")
    users = ("mine", "train", "evaluate", "gallery")
    assert problems(broken) == [
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
        for problem in problems(broken)
        if "is of no run" in problem or "diagnose used" in problem
    ]


def test_a_damaged_dvc_lock_is_one_line(broken):
    (broken / "dvc.lock").write_text("stages: 5\n")
    with pytest.raises(DataError, match=r"dvc\.lock"):
        problems(broken)
