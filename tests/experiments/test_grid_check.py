"""The guard of the tables of a grid: this repository passes it, and whatever is edited in a copy makes it speak up."""

from __future__ import annotations

from pathlib import Path

import pytest

from chorus.experiments.grid_check import grid_problems
from folder import Folder

ROOT = Path(__file__).parents[2]


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


def test_the_tables_in_this_repository_follow_from_their_runs():
    assert grid_problems(ROOT) == []


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
    (problem,) = grid_problems(broken)
    expected = f"metrics/stage6/{table} does not follow from metrics/stage6/runs.csv: row 1, column {column}: {now} "
    assert problem.startswith(expected)


def test_an_edited_run_no_longer_fits_the_tables_that_follow_from_it(broken):
    path = broken / "metrics/stage6/runs.csv"
    lines = path.read_text().splitlines()
    place = lines[0].split(",").index("ood.f1")
    fields = lines[1].split(",")
    fields[place] = "0.9"
    path.write_text("\n".join([lines[0], ",".join(fields), *lines[2:]]) + "\n")
    named = {problem.split(" ")[0] for problem in grid_problems(broken)}
    assert named == {
        f"metrics/stage6/{table}.csv" for table in ("leaderboard", "comparisons", "effects")
    }


def test_runs_of_two_versions_are_refused(broken):
    path = broken / "metrics/stage6/runs.csv"
    head, _, last = path.read_text().rstrip("\n").rpartition(",")
    path.write_text(f"{head},{'0' * len(last)}\n")
    (problem,) = grid_problems(broken)
    assert "several versions of code or data" in problem and problem.startswith(
        "metrics/stage6/runs.csv"
    )


def test_tables_without_their_runs_are_refused(broken):
    (broken / "metrics/stage6/runs.csv").unlink()
    (problem,) = grid_problems(broken)
    assert problem.startswith("metrics/stage6/runs.csv is missing")


@pytest.mark.parametrize("column", ["seed", "signature", "quality", "ood.f1", "version"])
def test_runs_without_a_column_are_refused(broken, column):
    path = broken / "metrics/stage6/runs.csv"
    head, _, rest = path.read_text().partition("\n")
    names = ["other" if name == column else name for name in head.split(",")]
    path.write_text(",".join(names) + "\n" + rest)
    problems = grid_problems(broken)
    assert problems and all("metrics/stage6/runs.csv" in problem for problem in problems)
    assert column in problems[0]


def test_the_command_names_what_speaks_against_a_grid(broken):
    (broken / "metrics/stage6/runs.csv").unlink()
    shown = Folder(broken).run("chorus", "check", "--results", fails=True)
    assert "metrics/stage6/runs.csv is missing" in shown and "Traceback" not in shown
