"""A study of its own below the repository's root, with the real DVC: swept, ranked, judged and reported there."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import yaml

from chorus.experiments.grid_check import grid_problems
from folder import Folder

STUDY = "studies/toy"
TRAIN = """import json, pathlib, yaml
params = yaml.safe_load(pathlib.Path("params.yaml").read_text())
given = float(pathlib.Path("data.txt").read_text())
score = given + params["model"]["width"] / 100 + params["seed"] / 1000
pathlib.Path("metrics").mkdir(exist_ok=True)
pathlib.Path("metrics/scores.json").write_text(json.dumps({"test": {"mae": round(score, 6)}, "epochs": 3}))
"""
PIPELINE = {
    "stages": {
        "prepare": {"cmd": "echo 0.5 > data.txt", "params": ["prepare"], "outs": ["data.txt"]},
        "fit": {
            "cmd": "python fit.py",
            "params": ["seed", "model"],
            "deps": ["fit.py", "data.txt"],
            "metrics": [{"metrics/scores.json": {"cache": False}}],
        },
    }
}
SWEEP = {
    "name": "toy_{}",
    "question": "How wide?",
    "rank_by": "test.mae",
    "axes": {"seed": [1, 2], "model.width": [8, 16]},
    "comparisons": [{"name": "width", "a": "toy_1", "b": "toy_2"}],
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    root = Folder(tmp_path_factory.mktemp("repository"))
    root.git_init()
    root.dvc_init()
    study = Folder(root.folder / STUDY)
    (study.folder / "sweeps").mkdir(parents=True)
    (study.folder / "fit.py").write_text(TRAIN)
    (study.folder / ".gitignore").write_text("/data.txt\n")
    params = {"seed": 1, "prepare": {"how": "plainly"}, "model": {"width": 8, "layers": [4]}}
    for name, content in {
        "dvc.yaml": PIPELINE,
        "params.yaml": params,
        "sweeps/width.yaml": SWEEP,
    }.items():
        (study.folder / name).write_text(yaml.safe_dump(content, sort_keys=False))
    study.run("dvc", "repro", "-q")
    root.commit("a study")
    assert "4/4 done" in study.run("chorus", "sweep", "width", "--jobs", "2")
    return study


def test_its_runs_are_ranked_by_its_own_metric(study):
    shown = study.run("chorus", "leaderboard", "width")
    assert "width 16" in shown and "4 runs" in shown
    runs = pd.read_csv(study.folder / "metrics/width/runs.csv")
    assert list(runs)[:5] == ["run", "seed", "width", "test.mae", "epochs"]
    assert runs["test.mae"].tolist() == [0.581, 0.661, 0.582, 0.662]
    board = pd.read_csv(study.folder / "metrics/width/leaderboard.csv")
    assert board["configuration"].tolist() == ["width 8", "width 16"], "the lower error comes first"
    assert board["test.mae__mean"].tolist() == [0.5815, 0.6615]


def test_effects_and_report_say_what_its_factor_does(study):
    study.run("chorus", "leaderboard", "width")
    shown = study.run("chorus", "effects", "width")
    assert "width: 16 - 8" in shown and "+0.080" in shown
    assert (
        "The sweep declares no contrasts: each level of a factor is compared with the first"
        in " ".join(shown.split())
    )
    assert (study.folder / "plots/width/effects_mae.png").is_file()
    # of other metrics than the sweep's effects are shown, and its table stays
    study.run("chorus", "effects", "width", "--metrics", "test.mae,epochs")
    assert grid_problems(study.folder) == []
    study.run("chorus", "report", "width")
    page = (study.folder / "reports/width.html").read_text(encoding="utf-8")
    assert "How wide?" in page and "16 instead of 8 (width)" in page and "width 16" in page
    assert "hard negatives" not in page


def test_a_review_tells_its_code_from_its_results(study):
    params = yaml.safe_load((study.folder / "params.yaml").read_text())
    params["model"]["width"] = 16
    (study.folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    (study.folder / "fit.py").write_text(f"{TRAIN}# more\n")
    study.run("dvc", "repro", "-q")
    shown = study.run("chorus", "review", "HEAD")
    study.run("git", "checkout", "-q", ".")
    assert "`model.width` `8` → `16`" in shown
    assert f"**Code:** `{STUDY}/fit.py`." in shown, "neither dvc.lock nor metrics/ nor params.yaml"


def test_what_is_done_is_not_done_again_and_another_is_refused_by_name(study):
    assert "4/4 done" in study.run("chorus", "sweep", "width")
    (study.folder / "sweeps/deep.yaml").write_text(yaml.safe_dump(SWEEP | {"rank_by": "test.f1"}))
    said = study.run("chorus", "sweep", "deep", "--dry-run", fails=True)
    assert said.strip() == "error: sweep.rank_by: 'test.f1' is not allowed: one of test.mae, epochs"
    (study.folder / "sweeps/deep.yaml").unlink()
    assert json.loads((study.folder / "metrics/scores.json").read_text()) == {
        "test": {"mae": 0.581},
        "epochs": 3,
    }
