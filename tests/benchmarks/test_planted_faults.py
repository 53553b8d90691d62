"""The benchmark of planted faults: what is planted, what is kept of a training, and what is printed of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmark import load_benchmark
from chorus.embeddings import Embeddings
from chorus.health.diagnosis import Details
from chorus.training import HeadOptions


@pytest.fixture(scope="module")
def faults():
    return load_benchmark("planted_faults")


@pytest.fixture
def training(faults):
    """Ten nights of ten clips in each of two splits, at three recorders."""
    number = np.arange(200)
    clips = pd.DataFrame(
        {
            "clip_id": [f"c{n:03d}" for n in number],
            "label": np.where(
                number % 20 < 7, "positive", "negative"
            ),  # every second night has positives
            "split": np.where(number < 100, "train", "validation"),
            "group": [f"night {n // 10}" for n in number],
            "recorder": [f"R{n // 10 % 3}" for n in number],
        }
    )
    features = np.random.default_rng(0).standard_normal((200, 8)).astype(np.float32)
    known = Embeddings("toy", features, clips["clip_id"].to_numpy(dtype=str))
    manifest = clips.loc[clips["split"] == "train", ["clip_id", "label"]].reset_index(drop=True)
    return faults.Training(manifest, clips, known, HeadOptions())


def _plant(faults, name, training):
    return faults.FAULTS[name].plant(training, np.random.default_rng(1))


@pytest.mark.parametrize(
    ("name", "wrong"), [("20 % of labels flipped", 20), ("40 % of labels flipped", 40)]
)
def test_as_many_labels_are_flipped_as_the_fault_says(faults, training, name, wrong):
    planted = _plant(faults, name, training)
    assert (planted.manifest["label"] != training.manifest["label"]).sum() == wrong
    assert planted.clips is training.clips


def test_few_validation_clips_are_two_nights_with_positives_and_two_without(faults, training):
    planted = _plant(faults, "few validation clips", training)
    kept = planted.clips[planted.clips["split"] == "validation"]
    nights = kept.groupby("group")["label"].agg(lambda labels: (labels == "positive").any())
    assert nights.value_counts().to_dict() == {True: 2, False: 2}
    assert (planted.clips["split"] == "train").sum() == 100


def test_leaked_clips_have_other_names_and_nearly_the_same_embeddings(faults, training):
    planted = _plant(faults, "validation leaked", training)
    added = planted.manifest[~planted.manifest["clip_id"].isin(training.manifest["clip_id"])][
        "clip_id"
    ]
    assert len(added) == 100
    copies, originals = (
        planted.embeddings.of(added),
        training.embeddings.of(added.str.removeprefix("copy_")),
    )
    assert (
        np.abs(copies.features - originals.features).max()
        < 0.5
        < training.embeddings.features.std()
    )


def _run(faults, fault: str, **signals: float):
    history = pd.DataFrame({"epoch": [1.0, 2.0], "train_loss": [0.6, np.nan]})
    return faults.Run(
        fault, 7, history, Details(signals={"broke_down": 0.0, **signals}, best_epoch=2), lead=0.25
    )


def test_a_training_that_is_kept_is_judged_as_it_was(faults, tmp_path):
    run = _run(
        faults,
        "two hidden units",
        **{"baseline.lead": 0.2, "baseline.lead_low": 0.1, "split.lead": None},
    )
    run.write(tmp_path / "run.json")
    read = faults.Run.read(tmp_path / "run.json")
    pd.testing.assert_frame_equal(read.history, run.history)
    assert (read.details, read.signals) == (run.details, run.signals)
    rows = list(faults.rows_of(read))
    assert rows[1] == ("two hidden units", 7, "calibrated", "trouble", True, "baseline_better")


def test_what_is_said_of_runs_goes_by_how_they_were_made(faults, capsys):
    """A run that was made worse and is called healthy is counted so, whatever its signals say."""
    runs = [
        _run(faults, "two hidden units"),
        _run(faults, "few validation clips", **{"validation.rarest": 3}),
    ]
    judged = pd.DataFrame(
        [row for one in runs for row in faults.rows_of(one)], columns=faults.COLUMNS
    )
    faults.report_truths(judged, runs)
    lines = capsys.readouterr().out.splitlines()
    assert "| worse than a regression | 1 | 0.250, 0.250 | 1 | 0 | 0 | 0 |" in lines
    assert "| impossible to judge | 1 | 0.250, 0.250 | 0 | 0 | 0 | 1 |" in lines


def test_a_small_validation_split_can_be_passed_over(faults):
    run = _run(
        faults, "few validation clips", **{"validation.rarest": 3, "validation.rarest_nights": 1}
    )
    assert run.diagnosis("calibrated").verdict == "unknown"
    assert run.as_if_enough().diagnosis("calibrated").verdict == "healthy"
