"""The tables of a grid that is half done, or that compares nothing, by the scripts themselves."""

from __future__ import annotations

import csv
import re

import pytest

from chorus.experiments.grid_check import grid_problems
from small_study import ROOT, SWEEP, SmallStudy

LEADERBOARD = ("chorus", "leaderboard", "small")
REPORT = ("chorus", "report", "small")
STAGE6_RUNS, STAGE6_EFFECTS = "metrics/stage6/runs.csv", "metrics/stage6/effects.csv"
TAG = "sweep/small-1a2b3c4d"
RUNS, PAGE = "metrics/small/runs.csv", "reports/small.html"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    study = SmallStudy(tmp_path_factory.mktemp("study") / "made").with_code()
    study.run(*LEADERBOARD)
    return study


@pytest.fixture
def study(made, tmp_path):
    return made.copy(tmp_path / "study")


def _lose_a_run(study):
    (reference,) = study.run(
        "git", "for-each-ref", "--format=%(refname)", "refs/exps/*/*/run_4"
    ).split()
    study.run("git", "update-ref", "-d", reference)


def test_a_part_of_a_grid_does_not_replace_the_tables_and_the_report_in_the_commit(study):
    study.run(*REPORT)
    study.commit()
    _lose_a_run(study)
    shown = study.run(*LEADERBOARD)
    assert "3 runs; 1 of the grid are not done" in shown  # what there is, is shown all the same
    assert "metrics/small stay as in the commit: 1 of 4 runs are not done" in " ".join(
        shown.split()
    )
    assert study.run("git", "status", "--porcelain") == ""
    lines = (study.folder / RUNS).read_text(encoding="utf-8").splitlines(keepends=True)
    (study.folder / RUNS).write_text("".join(lines[:-1]), encoding="utf-8")
    assert f"{PAGE} stay as in the commit: 1 of 4 runs are not done" in study.run(
        *REPORT, fails=True
    )
    assert study.run("git", "status", "--porcelain").split() == ["M", RUNS]


def test_a_part_of_a_grid_does_not_replace_the_effects_in_the_commit(study):
    """With the repository's own table of ninety runs, of which one is lost."""
    (study.folder / "metrics/stage6").mkdir()
    for name in ("sweeps/stage6.yaml", STAGE6_RUNS, STAGE6_EFFECTS):
        (study.folder / name).write_bytes((ROOT / name).read_bytes())
    study.commit()
    lines = (study.folder / STAGE6_RUNS).read_text(encoding="utf-8").splitlines(keepends=True)
    (study.folder / STAGE6_RUNS).write_text("".join(lines[:-1]), encoding="utf-8")
    assert "metrics/stage6 stay as in the commit: 1 of 90 runs are not done" in study.run(
        "chorus", "effects", "stage6"
    )
    assert study.run("git", "status", "--porcelain").split() == ["M", STAGE6_RUNS]
    (study.folder / STAGE6_RUNS).write_text("".join(lines), encoding="utf-8")
    (study.folder / STAGE6_EFFECTS).unlink()
    assert "stay as in the commit" not in study.run(
        "chorus", "effects", "stage6"
    )  # of the whole grid they are made
    assert (study.folder / STAGE6_EFFECTS).is_file()


@pytest.fixture
def brought_back(study):
    """After `chorus back`: a run of this machine hangs on a commit of its own beside the current one."""
    study.run(*LEADERBOARD)
    study.commit()
    head = study.run("git", "rev-parse", "HEAD").strip()
    pipeline = (study.folder / "dvc.yaml").read_text(encoding="utf-8")
    (study.folder / "dvc.yaml").write_text(
        pipeline.replace("cp given", "cp  given", 1), encoding="utf-8"
    )
    study.run("git", "tag", TAG, study.commit("results of this machine"))
    study.run("dvc", "repro", "-q")
    experiment = study.commit("run_4 of this machine")
    study.run("git", "update-ref", f"refs/exps/{experiment[:2]}/{experiment[2:]}/run_4", experiment)
    study.run("git", "reset", "-q", "--hard", head)
    return study


@pytest.mark.parametrize("command", [LEADERBOARD, REPORT])
def test_the_tag_of_runs_that_a_table_lacks_after_going_back_is_named(brought_back, command):
    shown = " ".join(brought_back.run(*command).split())
    assert (
        f"not in this table: runs that started from the results of shared stages in {TAG}, and here are"
        in shown
    )
    assert f"git checkout {TAG} -- . brings them; chorus back goes back" in shown


def test_the_tag_of_runs_in_a_table_is_named(brought_back):
    tagged = brought_back.run("git", "rev-parse", TAG)
    for reference in brought_back.run(
        "git", "for-each-ref", "--format=%(refname)", "refs/exps/*/*/run_4"
    ).split():
        if brought_back.run("git", "rev-parse", f"{reference}^") != tagged:
            brought_back.run("git", "update-ref", "-d", reference)
    shown = " ".join(brought_back.run(*LEADERBOARD, "--mixed").split())
    assert (
        f"runs of this table started from the results of shared stages in {TAG}, and here are others"
        in shown
    )


def test_the_leaderboard_says_what_the_winner_is_worth_where_it_was_not_chosen(study):
    shown = " ".join(study.run(*LEADERBOARD).split())
    said = re.search(
        r"judged it, which flatters it: corrected for selection, its OOD F1 of (\S+) is (\S+) ",
        shown,
    )
    board = (
        (study.folder / "metrics/small/leaderboard.csv").read_text(encoding="utf-8").splitlines()
    )
    first = dict(zip(next(csv.reader(board)), next(csv.reader(board[1:])), strict=True))
    assert said is not None and float(said[1]) == pytest.approx(
        float(first["ood.f1__mean"]), abs=0.0006
    )
    study.cached("run_2").unlink()
    shown = " ".join(study.run(*LEADERBOARD).split())
    assert (
        "which flatters its OOD F1; by how much cannot be said here: the predictions of run_2 are not on"
        in shown
    )


def test_a_part_of_a_grid_makes_the_first_tables(study):
    _lose_a_run(study)
    assert "stay as they are" not in study.run(*LEADERBOARD)
    assert len((study.folder / RUNS).read_text(encoding="utf-8").splitlines()) == 1 + 3


def test_a_sweep_without_comparisons_is_ranked_reported_and_checked(study):
    study.write(
        "sweeps/small.yaml", {key: value for key, value in SWEEP.items() if key != "comparisons"}
    )
    study.run(*LEADERBOARD)
    assert not [problem for problem in grid_problems(study.folder) if "comparisons" in problem]
    study.run(*REPORT)
    comparisons = study.folder / "metrics/small/comparisons.csv"
    assert comparisons.read_text(encoding="utf-8").startswith(
        "comparison,shows,side,configuration,seeds,"
    )
    comparisons.write_text("\n", encoding="utf-8")  # as it was written once
    (problem,) = (problem for problem in grid_problems(study.folder) if "comparisons" in problem)
    assert problem.startswith(
        "metrics/small/comparisons.csv does not follow from metrics/small/runs.csv: its columns"
    )


def test_the_table_says_which_splits_a_run_was_judged_by(study):
    (head, *rows) = (study.folder / RUNS).read_text(encoding="utf-8").splitlines()
    assert "splits" in head.split(",") and len(rows) == 4
