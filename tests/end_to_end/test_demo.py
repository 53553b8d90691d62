"""The whole pipeline on a tiny demo survey, with the real DVC."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest
import yaml

from end_to_end.project import TINY, Project, stages_run

ALL = {"fingerprint", "survey", "encode", "split", "mine"}
RUN = {"compose", "train", "evaluate", "diagnose", "gallery"}


@pytest.fixture(scope="module")
def project(finished, tmp_path_factory):
    return finished.copy(tmp_path_factory.mktemp("demo"))


def test_two_clones_give_the_same_bytes(project, tmp_path):
    """The other one's workers on all processors too: the first one was made on one (conftest.py)."""
    other = Project.new(tmp_path)
    other.params(TINY)
    assert stages_run(other.dvc("repro")) == ALL | RUN
    lock = (project.folder / "dvc.lock").read_text()
    assert lock == (other.folder / "dvc.lock").read_text()
    assert len(yaml.safe_load(lock)["stages"]) == len(ALL | RUN)
    # dvc.lock holds a hash of every output, git-tracked metrics and plots too
    outs = [
        out["path"] for stage in yaml.safe_load(lock)["stages"].values() for out in stage["outs"]
    ]
    assert {"metrics/evaluation.json", "plots/gallery", "data/embeddings"} <= set(outs)


def test_nothing_is_run_twice(project):
    assert stages_run(project.dvc("repro")) == set()
    assert "up to date" in project.dvc("status")
    assert project.git("status", "--porcelain") == ""


def test_a_new_composition_runs_only_what_depends_on_it(project):
    output = project.dvc("exp", "run", "-n", "unbalanced", "-S", "compose.balance=false")
    assert stages_run(output) == RUN
    verdict = json.loads(project.of_experiment("unbalanced", "metrics/health.json"))["verdict"]
    said = [line for line in output.splitlines() if line and "lock" not in line][
        -8:
    ]  # a hint on git follows it
    assert any(line.startswith(f"training health: {verdict}.") for line in said)
    shown = project.dvc("exp", "show", "--csv", "--only-changed")
    assert "unbalanced" in shown and "compose.balance" in shown
    assert "verdict" in project.dvc("exp", "show", "--csv").splitlines()[0]
    difference = json.loads(project.dvc("metrics", "diff", "--json", "main", "unbalanced"))
    assert difference["metrics/composition.json"]["negatives"]["diff"] > 0
    assert "plots" in project.dvc("plots", "diff", "main", "unbalanced").lower()
    project.git("checkout", "-q", ".")
    project.dvc("checkout")


def test_a_queued_experiment_runs_the_code_it_was_queued_with(project):
    quality = "compose.quality=[high,medium,low]"
    project.dvc("exp", "run", "--queue", "-n", "queued", "-S", quality, "train")
    library = project.folder / "src/chorus/__init__.py"  # every stage imports it
    code = library.read_text()
    library.write_text("raise RuntimeError('this is the workspace, not what was queued')\n")
    try:
        project.dvc("queue", "start")
        log = project.dvc("queue", "logs", "-f", "queued")
    finally:
        library.write_text(code)
    assert "not what was queued" not in log
    queued = json.loads(project.of_experiment("queued", "metrics/composition.json"))
    assert queued["positives_by_quality"]["low"] > 0
    assert json.loads(project.of_experiment("queued", "metrics/training.json"))["epochs"] > 0


def test_every_clip_is_accounted_for(project):
    splits = pd.read_csv(
        project.folder / "data/manifests/splits.csv", dtype=str, keep_default_na=False
    )
    predictions = pd.read_parquet(project.folder / "data/predictions.parquet")
    survey = json.loads((project.folder / "metrics/survey.json").read_text())
    assert len(splits) == survey["clips"]
    assert set(predictions["clip_id"]) == set(splits.loc[splits["split"] != "candidate", "clip_id"])
    assert predictions["score"].between(0, 1).all()
    assert "synthetic" in json.dumps(survey)


def test_a_wrong_parameter_is_one_line(project):
    output = project.dvc("exp", "run", "-S", "compose.quality=[excellent]", fails=True)
    allowed = "input should be 'high', 'medium', 'low' or 'auto'"
    assert f"error: compose.quality.0: 'excellent' is not allowed: {allowed}" in output
    assert "Traceback" not in output
    project.git("checkout", "-q", ".")
    project.dvc("checkout")


def test_an_installed_copy_of_the_library_is_refused(project, tmp_path):
    copy = tmp_path / "installed"
    shutil.copytree(project.folder / "src", copy, ignore=shutil.ignore_patterns("__pycache__"))
    code = f"import sys; sys.path.insert(0, {str(copy)!r}); import chorus; sys.path.insert(0, 'src'); import stage"
    assert "not from beside itself" in project.run("python", "-c", code, fails=True)
