"""A head that learns a score."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from toy import train

from chorus import detector
from chorus.clips import TRAIN, VALIDATION
from chorus.embeddings import Embeddings
from chorus.errors import ParameterError
from chorus.health.diagnosis import Details, diagnose
from chorus.health.judge import judge
from chorus.health.options import HealthOptions
from chorus.health.rules import load_rules
from chorus.tasks import Regression
from chorus.training import Examples, HeadOptions, load_head, save_head, train_head

SCORE = Regression(0, 10)


def _scored(name: str, clips: int = 160, windows: int = 1) -> Examples:
    """Clips in nights of eight, whose score rises along the first dimension."""
    random = np.random.default_rng(sum(name.encode()))
    clip = np.repeat(np.arange(clips), windows)
    score = random.uniform(0, 10, size=clips)[clip]
    features = random.standard_normal((len(clip), 6)).astype(np.float32)
    features[:, 0] += score.astype(np.float32)
    ids = np.array([f"{name}{number:04d}" for number in clip])
    nights = np.array([f"{name}/{number // 8:02d}" for number in clip])
    return Examples(features, score, nights, ids, SCORE)


def test_a_score_is_learned_kept_and_saved(tmp_path):
    training, unseen = _scored("t", windows=2), _scored("x", windows=2)
    trained = train(training, _scored("v"), epochs=40)
    chance = SCORE.chance(unseen.first_windows().labels)["rmse"]
    _, scores = SCORE.of_clips(trained.head.predictions(unseen.features), unseen.clip_ids)
    reached = SCORE.metrics(unseen.first_windows().labels, scores)["rmse"]
    assert reached < 0.5 * chance
    assert trained.threshold is None
    assert trained.metrics["validation_rmse"] == trained.history[-1]["validation_rmse"]
    assert {"mean", "sd", "clips", "nights"} <= set(trained.summary["training"])
    save_head(trained, tmp_path / "head", encoder_id="toy", options=HeadOptions(), seed=1)
    loaded = load_head(tmp_path / "head").head
    assert loaded.task == SCORE
    assert np.array_equal(loaded.scores(unseen.features), trained.head.scores(unseen.features))


def test_the_epoch_with_the_lowest_error_is_the_best():
    trained = train(
        _scored("t"), _scored("v"), epochs=20, learning_rate=0.1, early_stopping="patience"
    )
    errors = [row["validation_rmse"] for row in trained.history]
    assert trained.best_epoch == 1 + int(np.argmin(errors))
    assert trained.summary["kept_epoch"] == trained.best_epoch


def test_an_error_that_falls_is_an_improvement_and_no_overfitting():
    trained = train(_scored("t"), _scored("v"), epochs=12, learning_rate=0.002, mixup=False)
    assert trained.history[-1]["validation_rmse"] < trained.history[-6]["validation_rmse"]
    assert trained.history[-1]["improvement_rate"] > 0
    found = diagnose(trained.curves, Details(classes=None), load_rules("guide"))
    assert "overfitting" not in {finding.name for finding in found.findings}


def test_nights_are_held_out_of_scores_too():
    trained = train_head(_scored("t"), None, HeadOptions(hidden_units=8, epochs=5), seed=1)
    assert trained.summary["early_stopping"]["on"] == "internal"
    assert math.isfinite(trained.history[-1]["validation_rmse"])


def test_of_scores_there_is_nothing_to_upsample():
    with pytest.raises(
        ParameterError,
        match="upsampling: 'smote' is not allowed: a regression of scores from 0 to 10",
    ):
        train(_scored("t"), None, upsampling="smote")


@pytest.mark.parametrize("early_stopping", ["none", "guide"])
def test_the_guides_rule_and_the_diagnosis_take_what_they_can_of_a_regression(early_stopping):
    """Gradients and losses are judged; what asks whether a prediction is right is not, and that is said."""
    part = {name: _scored(name) for name in (TRAIN, VALIDATION)}
    known = Embeddings(
        "toy",
        np.concatenate([one.features for one in part.values()]),
        np.concatenate([one.clip_ids for one in part.values()]),
    )
    rows = [
        pd.DataFrame(
            {"clip_id": one.clip_ids, "label": one.labels, "group": one.groups, "split": name}
        )
        for name, one in part.items()
    ]
    clips = pd.concat(rows, ignore_index=True)
    options = HeadOptions(
        epochs=12, hidden_units=8, learning_rate=0.02, early_stopping=early_stopping
    )
    manifest = clips[clips["split"] == TRAIN]
    trained = detector.fit(manifest, clips, known, options, 1, task=SCORE)
    said = detector.predictions(trained.head, known, clips["clip_id"])["score"].to_numpy()
    about = SCORE.description() | {"options": {}, "training": trained.summary}
    health = judge(
        trained.curves, about, clips.assign(score=said), manifest, clips, HealthOptions()
    )
    assert health.diagnosis.verdict in {"healthy", "watch"}
    assert any("not known" in sentence for sentence in health.diagnosis.not_judged)
    assert "grad_norm" in {check.signal for check in health.diagnosis.checks}
