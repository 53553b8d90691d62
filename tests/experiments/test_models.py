"""A detector by a folder, a run's name or a revision, fetched if need be, with real git and DVC."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from chorus.errors import DataError
from chorus.experiments.models import find_detector
from chorus.metrics import calibration
from detectors import keep, made_up_head
from folder import Folder

OUTS = ["models/detector.json", "models/detector.safetensors", "data/predictions.parquet"]
TRAIN = {"cmd": "mkdir -p models && cp given/models/* models/", "deps": ["given"], "outs": OUTS[:2]}
EVALUATE = {"cmd": "cp given/data/*.parquet data/", "deps": OUTS[:2], "outs": OUTS[2:]}
PIPELINE = {"stages": {"train": TRAIN, "evaluate": EVALUATE}}
PARAMS = {"survey": {"padding": "repeat", "min_seconds": 1.0}, "encode": {"encoder": "birdnet"}}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study with a model in its commit, which is also the run run_7; its data is in a remote only."""
    root = tmp_path_factory.mktemp("study")
    folder = Folder(root)
    given = root / "given"
    keep(made_up_head(), given, threshold=0.6)
    (given / "data").mkdir()
    _predictions().to_parquet(given / "data" / "predictions.parquet")
    (root / "data").mkdir()
    (root / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    (root / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE))
    folder.git_init()
    folder.dvc_init()
    folder.run("dvc", "remote", "add", "-d", "store", str(tmp_path_factory.mktemp("store")))
    folder.run("dvc", "repro", "-q")
    commit = folder.commit("a model")
    folder.run("git", "tag", "v1")
    folder.run("git", "update-ref", f"refs/exps/{commit[:2]}/{commit[2:]}/run_7", commit)
    folder.run("dvc", "push", "-q")
    return root


def _predictions() -> pd.DataFrame:
    """Scores that say too little: their log odds are half of what they should be."""
    random = np.random.default_rng(1)
    logits = random.normal(0, 4, 2000)
    positive = random.uniform(size=2000) < 1 / (1 + np.exp(-logits))
    labels = np.where(positive, "positive", "negative")
    split = np.where(np.arange(2000) < 1000, "validation", "test_ood")
    return pd.DataFrame({"split": split, "label": labels, "score": 1 / (1 + np.exp(-logits / 2))})


def test_what_belongs_to_a_run_comes_with_it(study):
    shutil.rmtree(study / ".dvc" / "cache", ignore_errors=True)
    for name in ("run_7", "v1", "HEAD"):
        found = find_detector(name, study)
        assert (found.threshold, found.padding, found.min_seconds) == (0.6, "repeat", 1.0)
        assert found.calibration is not None and found.calibration.slope == pytest.approx(
            2, abs=0.4
        )
        assert found.calibration.positives + found.calibration.negatives == 1000
        features = np.random.default_rng(2).uniform(size=(3, 1024)).astype(np.float32)
        np.testing.assert_array_equal(found.head.scores(features), made_up_head().scores(features))


def test_a_folder_is_calibrated_by_its_own_predictions_only(study):
    at_home = find_detector(str(study / "models"))
    assert (at_home.threshold, at_home.padding) == (
        0.6,
        "repeat",
    ) and at_home.calibration is not None
    predictions = study / "data" / "predictions.parquet"
    content = predictions.read_bytes()
    predictions.unlink()  # it may be linked to the cache
    try:
        _predictions().head(1500).to_parquet(predictions)
        assert find_detector(str(study / "models")).calibration is None
    finally:
        predictions.write_bytes(content)


def test_what_is_not_there_is_said(study, tmp_path):
    with pytest.raises(
        DataError, match="run_8 is no folder with a head, no run and no revision here"
    ):
        find_detector("run_8", study)
    with pytest.raises(DataError, match="and here is no study whose run it might be"):
        find_detector("run_7", tmp_path)
    lonely = tmp_path / "lonely"
    shutil.copytree(study, lonely)
    shutil.rmtree(lonely / ".dvc" / "cache", ignore_errors=True)
    Path(lonely, ".dvc", "config").write_text("")
    with pytest.raises(
        DataError, match=r"models/detector\.json of run_7 is not on this machine, nor in a remote"
    ):
        find_detector("run_7", lonely)


def test_calibration_finds_the_sigmoid_that_made_the_labels():
    random = np.random.default_rng(3)
    logits = random.normal(0, 2, 20_000)
    positive = random.uniform(size=len(logits)) < 1 / (1 + np.exp(-(1.5 * logits - 1)))
    fitted = calibration.fit(positive, 1 / (1 + np.exp(-logits)))
    assert (fitted.slope, fitted.intercept) == pytest.approx((1.5, -1), abs=0.1)
    share = positive[(logits > 0.9) & (logits < 1.1)].mean()
    assert fitted.probability(np.array([1 / (1 + np.exp(-1.0))]))[0] == pytest.approx(
        share, abs=0.03
    )


def test_calibration_stays_finite_where_a_threshold_separates_the_classes():
    fitted = calibration.fit(np.array([True, True, False]), np.array([1.0, 0.9, 0.0]))
    probabilities = fitted.probability(np.array([0.0, 0.5, 1.0]))
    assert (
        np.isfinite(probabilities).all()
        and (np.diff(probabilities) > 0).all()
        and probabilities[2] < 0.99
    )
    with pytest.raises(DataError, match="clips of both classes, not 2 positive and 0 negative"):
        calibration.fit(np.array([True, True]), np.array([0.1, 0.2]))
