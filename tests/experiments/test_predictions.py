"""Predictions of experiments: from the cache by their hash, from the remote, or one sentence that says what to pull.

The repository, the cache and the remote are real ones; a stage copies made-up predictions to where a study has them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from chorus.errors import DataError
from chorus.experiments.history import History
from chorus.experiments.predictions import PredictionStore
from chorus.experiments.study import TARGET, Grid
from predicted import predicted

ROOT = Path(__file__).parents[2]
SWEEP = {"name": "run_{}", "axes": {"seed": [2, 1], "compose.balance": [True, False]}}
RUNS = ("run_1", "run_2", "run_3", "run_4")
PIPELINE = {
    "stages": {
        TARGET: {
            "cmd": "cp given.parquet data/predictions.parquet && cp given.json metrics/evaluation_detail.json",
            "params": ["seed", "compose"],
            "deps": ["given.parquet", "given.json"],
            "outs": ["data/predictions.parquet", {"metrics/evaluation_detail.json": {"cache": False}}],
        }
    }
}


class _Study:
    """Runs of a pipeline of one stage, each a commit under refs/exps as `dvc exp run` would leave it."""

    def __init__(self, folder: Path, inside: str = "") -> None:
        self.folder, self.root = folder, folder / inside
        for name in ("data", "metrics", "src", "sweeps"):
            (self.root / name).mkdir(parents=True)
        self.run("git", "init", "-q", "-b", "main", in_root=True)
        self.run("git", "config", "user.name", "test")
        self.run("git", "config", "user.email", "test@example.org")
        self.run("dvc", "init", "-q", in_root=True)
        self.run("dvc", "config", "core.analytics", "false")
        self.write(".gitignore", "/given.*\n/data/predictions.parquet\n")
        self.write("dvc.yaml", PIPELINE)
        self.write("sweeps/stage6.yaml", SWEEP)
        self.expected: dict[str, pd.DataFrame] = {}
        grid = [(seed, balance) for seed in SWEEP["axes"]["seed"] for balance in SWEEP["axes"]["compose.balance"]]
        for number, (seed, balance) in enumerate(grid):
            table = predicted(seed=number, nights=6, clips=60)
            table["label"] = predicted(nights=6, clips=60)["label"]  # the same clips in all runs
            table["night"] = predicted(nights=6, clips=60)["night"]
            self.expected[RUNS[number]] = table
            table.to_parquet(self.root / "given.parquet")
            self.write("given.json", json.dumps({"thresholds": {"headline": (3 + number) / 10}, "splits": {}}))
            self.write("params.yaml", {"seed": seed, "compose": {**_compose(), "balance": balance}})
            self.run("dvc", "repro", "-q")
            commit = self.commit(RUNS[number])
            self.run("git", "update-ref", f"refs/exps/{commit[:2]}/{commit[2:]}/{RUNS[number]}", commit)

    def run(self, *command: str, in_root: bool = False, fails: bool = False) -> str:
        environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        environment.pop("PYTHONPATH", None)
        folder = self.folder if in_root else self.root
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def write(self, name: str, content: Any) -> None:
        (self.root / name).write_text(
            content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False), encoding="utf-8"
        )

    def commit(self, message: str) -> str:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", message)
        return self.run("git", "rev-parse", "HEAD").strip()

    def push_to(self, remote: Path) -> None:
        """Every run's predictions; --local, because DVC reads the shared settings as they were in each commit."""
        self.run("dvc", "remote", "add", "-q", "--local", "-d", "shared", str(remote))
        self.run("dvc", "push", "-q", "--all-commits")

    def grid(self) -> Grid:
        return Grid(self.root, SWEEP, target=TARGET)

    def cached(self, name: str) -> Path:
        """The file in the cache that holds the predictions of a run."""
        (experiment,) = [each for each in History(self.root).experiments((TARGET,)) if each.name == name]
        md5 = experiment.output_hash("data/predictions.parquet")
        return self.folder / ".dvc/cache/files/md5" / md5[:2] / md5[2:]


def _compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["compose"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return _Study(tmp_path_factory.mktemp("study"))


@pytest.fixture
def study(made, tmp_path):
    """A copy to break things in."""
    copy = _Study.__new__(_Study)
    copy.folder = copy.root = tmp_path / "study"
    copy.expected = made.expected
    shutil.copytree(made.folder, copy.folder, symlinks=True)
    return copy


def test_a_configuration_has_the_predictions_of_all_its_seeds_each_with_its_threshold(made):
    done = made.grid().finished()
    assert sorted(done) == list(RUNS)
    table = PredictionStore(made.root).configuration(done, "run_2")
    assert list(table["seed"].unique()) == [1, 2]  # by rising seed, not in the order of the grid
    assert table.groupby("run")["threshold"].unique().map(list).to_dict() == {"run_2": [0.4], "run_4": [0.6]}
    for run in ("run_2", "run_4"):
        part = table[table["run"] == run].drop(columns=["run", "seed", "threshold"]).reset_index(drop=True)
        pd.testing.assert_frame_equal(part, made.expected[run])


def test_nothing_is_checked_out(study):
    (study.root / "data/predictions.parquet").unlink()
    PredictionStore(study.root).configuration(study.grid().finished(), "run_1")
    assert not (study.root / "data/predictions.parquet").exists()


def test_a_study_in_a_subfolder_has_its_predictions_too(tmp_path):
    (tmp_path / "repository").mkdir()
    study = _Study(tmp_path / "repository", inside="studies/x")
    done = study.grid().finished()
    table = PredictionStore(study.root).together({"run_3": done["run_3"]})
    assert table["score"].tolist() == study.expected["run_3"]["score"].tolist()
    study.push_to(tmp_path / "remote")
    study.cached("run_3").unlink()
    assert PredictionStore(study.root).together({"run_3": done["run_3"]}).equals(table)


def test_what_is_not_in_the_cache_comes_from_the_remote_or_is_asked_for(study, tmp_path):
    done = study.grid().finished()
    study.push_to(tmp_path / "remote")
    study.cached("run_1").unlink()
    assert PredictionStore(study.root).read(done["run_1"]).equals(study.expected["run_1"])
    shutil.rmtree(tmp_path / "remote")
    study.cached("run_2").unlink()
    with pytest.raises(DataError, match=r"predictions of run_2 are not on this machine.*dvc exp pull"):
        PredictionStore(study.root).configuration(done, "run_2")


def test_damaged_predictions_are_named(study):
    file = study.cached("run_3")
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(DataError, match=r"predictions of run_3 are damaged in the cache: delete files/md5/"):
        PredictionStore(study.root).read(study.grid().finished()["run_3"])


def test_unknown_runs_and_folders_without_dvc_are_one_sentence(made, tmp_path):
    with pytest.raises(DataError, match="run_9 is not among the 4 finished runs"):
        PredictionStore(made.root).configuration(made.grid().finished(), "run_9")
    with pytest.raises(DataError, match="no DVC repository"):
        PredictionStore(tmp_path)


def _with_code(study: _Study) -> _Study:
    shutil.copytree(ROOT / "src", study.root / "src", dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return study


def test_compare_says_in_a_sentence_whether_two_configurations_differ(study):
    output = " ".join(_with_code(study).run("python", "src/compare.py", "run_1", "run_2").split())
    assert "A: run_2, B: run_1; 60 clips of test_ood" in output
    assert "run_2 and run_1 cannot be told apart with these data: F1 differs by" in output
    assert "over 2 seeds" in output
    several = _with_code(study).run("python", "src/compare.py", "run_1", "run_2", "run_4", "--metric", "auprc")
    assert "auprc: all against the baseline" in several


def test_compare_refuses_one_configuration_against_itself_and_runs_that_do_not_exist(study):
    output = _with_code(study).run("python", "src/compare.py", "run_1", "run_3", fails=True)
    assert output.strip() == "error: run_3 is run_1 with another seed: there is nothing to compare"
    output = study.run("python", "src/compare.py", "run_1", "nothing", fails=True)
    assert output.startswith("error: nothing is not among the 4 finished runs") and "Traceback" not in output
