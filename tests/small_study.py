"""A study of one stage, whose runs are commits under refs/exps as `dvc exp run` leaves them, with real git and DVC."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from chorus.evaluation import EvaluateOptions, evaluate
from chorus.experiments.history import History
from chorus.experiments.pipeline import TARGET
from chorus.experiments.study import Grid
from folder import Folder
from predicted import predicted

ROOT = Path(__file__).parents[1]
SWEEP = {
    "name": "run_{}",
    "axes": {"seed": [2, 1], "compose.balance": [True, False]},
    "comparisons": [{"name": "balance", "a": "run_1", "b": "run_2", "shows": "more negatives"}],
}
RUNS = ("run_1", "run_2", "run_3", "run_4")
FILES = ("data/predictions.parquet", "metrics/evaluation_detail.json", "metrics/composition.json")
PIPELINE = {
    "stages": {
        TARGET: {
            "cmd": "cp given/*.parquet data/ && cp given/*.json metrics/",
            "params": ["seed", "compose"],
            "deps": ["given"],
            "outs": [FILES[0], *({file: {"cache": False}} for file in FILES[1:])],
        }
    }
}


class SmallStudy(Folder):
    """The study in `folder`, or in the folder `inside` of it. expected: the predictions of each run."""

    def __init__(self, folder: Path, inside: str = "") -> None:
        super().__init__(folder / inside)
        self.repository = folder
        for name in ("data", "metrics", "src", "sweeps", "given"):
            (self.folder / name).mkdir(parents=True)
        Folder(folder).git_init()
        Folder(folder).dvc_init()
        self.write(".gitignore", "/given\n/data/predictions.parquet\n__pycache__\n")
        self.write("dvc.yaml", PIPELINE)
        self.write("sweeps/small.yaml", SWEEP)
        self.expected: dict[str, pd.DataFrame] = {}
        axes = SWEEP["axes"]
        settings = [(seed, balance) for seed in axes["seed"] for balance in axes["compose.balance"]]
        for number, (seed, balance) in enumerate(settings):
            self.add(RUNS[number], seed, balance, threshold=(3 + number) / 10)

    def add(self, name: str, seed: int, balance: bool, threshold: float) -> None:
        table = predicted(seed=int(name[-1]), nights=6, clips=60)
        same = predicted(nights=6, clips=60)  # all runs are judged on the same clips
        table = table.assign(
            **{column: same[column] for column in same.columns.difference(["score"])}
        )
        self.expected[name] = table
        baseline = {"logistic_regression": table.set_index("clip_id")["score"] ** 2}
        options = EvaluateOptions(resamples=100)
        detail = evaluate(
            table, threshold=threshold, baseline_scores=baseline, options=options
        ).detail
        composition = {
            "positives": 9,
            "negatives": 9 if balance else 30,
            "positives_by_quality": {"high": 9},
        }
        table.to_parquet(self.folder / "given/predictions.parquet")
        self.write("given/evaluation_detail.json", json.dumps(detail))
        self.write("given/composition.json", json.dumps(composition))
        params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
        compose = {**params["compose"], "balance": balance}
        known = {name: params[name] for name in ("pictures", "split")}
        self.write("params.yaml", {"seed": seed, "compose": compose, **known})
        self.run("dvc", "repro", "-q")
        commit = self.commit(name)
        self.run("git", "update-ref", f"refs/exps/{commit[:2]}/{commit[2:]}/{name}", commit)

    def copy(self, folder: Path) -> SmallStudy:
        """A copy to break things in."""
        copy = SmallStudy.__new__(SmallStudy)
        Folder.__init__(copy, folder)
        copy.repository, copy.expected = folder, self.expected
        shutil.copytree(self.repository, folder, symlinks=True)
        return copy

    def with_code(self) -> SmallStudy:
        """With this repository's scripts and library."""
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "src", self.folder / "src", dirs_exist_ok=True, ignore=ignored)
        return self

    def write(self, name: str, content: Any) -> None:
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        (self.folder / name).write_text(text, encoding="utf-8")

    def push_to(self, remote: Path) -> None:
        """Every run's predictions; --local, because DVC reads the shared settings as they were in each commit."""
        self.run("dvc", "remote", "add", "-q", "--local", "-d", "shared", str(remote))
        self.run("dvc", "push", "-q", "--all-commits")

    def grid(self) -> Grid:
        return Grid(self.folder, SWEEP, target=TARGET)

    def cached(self, name: str) -> Path:
        """The file in the cache that holds the predictions of a run."""
        (experiment,) = [
            each for each in History(self.folder).experiments((TARGET,)) if each.name == name
        ]
        md5 = experiment.output_hash(FILES[0])
        assert md5 is not None
        return self.repository / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
