"""A study whose shared stages are generated clips and whose training may be a stand-in, to run small grids in."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from benchmark import load_benchmark
from chorus.experiments.history import History
from chorus.experiments.snapshot import Snapshot
from folder import Folder

SWEEP = {
    "name": "run_{}",
    "axes": {"seed": [1, 2], "compose.balance": [True, False]},
    "comparisons": [{"name": "balance", "a": "run_1", "b": "run_2"}],
}
RUNS = ["run_1", "run_2", "run_3", "run_4"]
STAND_IN = '''"""Writes all outputs of a stage as a function of its inputs, slowly enough to be killed in between."""
import hashlib, json, sys, time
from pathlib import Path
import yaml

stage = yaml.safe_load(Path("dvc.yaml").read_text())["stages"][sys.argv[1]]
params = yaml.safe_load(Path("params.yaml").read_text())
time.sleep(0.5)
inputs = Path("data/manifests/train.csv").read_text() + json.dumps(params, sort_keys=True)
value = int(hashlib.sha256(inputs.encode()).hexdigest()[:6], 16) / 16**6
figures = {"f1": value, "precision": value, "recall": value}
split = {"auroc": value, "auprc": value, "at": {"headline": figures, "oracle_best_f1": figures}}
health = {"verdict": "healthy", "findings": "none"}
detail = {"splits": {"test_ood": split, "test_iid": split}, "thresholds": {"headline": value}}
for kind in ("outs", "metrics", "plots"):
    for entry in stage.get(kind, ()):
        path = Path(entry if isinstance(entry, str) else next(iter(entry)))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(detail if "detail" in path.name else {"value": value} | health))
'''


class Study(Folder):
    """A copy of this project whose shared stages are generated clips, small enough for a run in seconds."""

    def copy(self, folder: Path) -> Study:
        """A copy, which DVC takes for another repository: with its own cache and memory of runs."""
        shutil.copytree(self.folder, folder / "study", symlinks=True)
        return Study((folder / "study").resolve())

    def read(self, path: str) -> Any:
        return yaml.safe_load((self.folder / path).read_text(encoding="utf-8"))

    def write(self, path: str, content: Any) -> None:
        (self.folder / path).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def sweep(self, *options: str, fails: bool = False) -> str:
        return self.run("chorus", "sweep", "bench", "--jobs", "2", *options, fails=fails)

    def experiments(self) -> dict[str, Snapshot]:
        return {
            experiment.name: experiment
            for experiment in History(self.folder).experiments(("evaluate",))
        }

    def results(self) -> dict[str, Any]:
        """All that a run leaves behind: metrics, and the hashes of model and predictions."""
        files = ("composition", "training", "evaluation", "evaluation_detail")
        return {
            name: [experiment.json(f"metrics/{file}.json") for file in files]
            + [
                stage["outs"]
                for stage in yaml.safe_load(experiment.commit.tree["dvc.lock"].data)[
                    "stages"
                ].values()
            ]
            for name, experiment in self.experiments().items()
        }


def make_study(folder: Path, sweep: dict[str, Any] = SWEEP) -> Study:
    """A study with its shared stages done and nothing else."""
    load_benchmark("reference_scale").make_study(folder, 0.03, sweep)
    study = Study(folder)
    params = study.read("params.yaml")
    params["train"] |= {"epochs": 3, "hidden_units": 16}
    params["compose"]["quality"] = ["high", "medium"]
    params["evaluate"]["resamples"] = 100
    study.write("params.yaml", params)
    study.commit()
    return study


def with_stand_ins(template: Study, folder: Path) -> Study:
    """A copy in which the stages that take long write their outputs in half a second."""
    study = template.copy(folder)
    (study.folder / "src/stand_in.py").write_text(STAND_IN)
    pipeline = study.read("dvc.yaml")
    for name in ("train", "evaluate", "diagnose"):
        pipeline["stages"][name]["cmd"] = f"python src/stand_in.py {name}"
    study.write("dvc.yaml", pipeline)
    study.run("dvc", "repro", "-q", "fingerprint")
    study.commit()
    return study
