"""What every task promises, and what each of them says."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    mean_absolute_error,
    roc_auc_score,
    root_mean_squared_error,
    top_k_accuracy_score,
)

from chorus.errors import DataError, ModelError
from chorus.tasks import DETECTION, Classification, Regression, described, task_of

FOUR = Classification(("coast", "hills", "north", "south"))
SCORE = Regression(0, 10)
RANDOM = np.random.default_rng(3)
LABELS = {
    DETECTION: np.array([0, 1, 1, 0, 1, 0, 0, 1, 0, 1]),
    FOUR: np.array([0, 1, 2, 3, 3, 2, 1, 0, 1, 2]),
    SCORE: np.array([0.0, 9.5, 9.0, 10.0, 3.0, 9.0, 9.0, 8.0, 6.0, 10.0]),
}
TASKS = list(LABELS)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_is_what_its_description_says(task):
    again = described(json.loads(json.dumps(task.description())))
    assert again == task
    assert hash(again) == hash(task)
    assert again != Regression(0, 9)


@pytest.mark.parametrize(
    ("description", "says"),
    [
        ({}, "None, which is none of detection"),
        ({"task": "ranking"}, "'ranking', which is none of"),
        ({"task": "detection", "classes": ["positive"]}, "not \\['negative', 'positive'\\]"),
        ({"task": "classification", "classes": "abc"}, "no list of names"),
        ({"task": "classification", "classes": ["a", "b", "a"]}, "three and more names"),
        ({"task": "classification", "classes": ["a", "b"]}, "three and more names"),
        ({"task": "regression", "lowest": 0}, "no numbers"),
        ({"task": "regression", "lowest": True, "highest": 2}, "no numbers"),
        ({"task": "regression", "lowest": 3, "highest": 3.0}, "must rise"),
        ({"task": "regression", "lowest": math.nan, "highest": 3.0}, "must rise"),
    ],
)
def test_what_describes_no_task_is_refused(description, says):
    with pytest.raises(DataError, match=says):
        described(description)


@pytest.mark.parametrize("task", TASKS)
def test_logits_that_are_the_targets_decode_to_the_labels(task):
    labels = LABELS[task]
    logits = task.targets(labels)
    if task.classes:
        logits = (logits - 0.5) * 60  # so sure that nothing else is probable
    predictions = task.predictions(logits)
    if task.classes:
        assert task.decisions(predictions).tolist() == labels.tolist()
        assert task.right(labels, predictions).tolist() == [1.0] * len(labels)
        assert task.metrics(labels, predictions)["accuracy"] == 1
        assert task.fit(logits, labels) == 1
    else:
        assert task.scores(predictions) == pytest.approx(labels, abs=1e-6)
        assert task.decisions(predictions) is None
        assert task.metrics(labels, predictions)["rmse"] == pytest.approx(0, abs=1e-6)
        assert task.fit(logits, labels) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("task", TASKS)
def test_the_signals_of_an_epoch_are_those_that_are_announced(task):
    logits = RANDOM.normal(size=(10, task.outputs)).astype(np.float32)
    measured = task.measure(logits, np.arange(10), LABELS[task])
    assert tuple(measured) == task.signals
    assert task.quality in measured
    assert task.merit.removeprefix("validation_") in measured


def test_metrics_are_those_of_scikit_learn():
    scores = RANDOM.random(10)
    truth = LABELS[DETECTION]
    found = DETECTION.metrics(truth, np.column_stack([1 - scores, scores]))
    assert found == pytest.approx(
        {
            "auprc": average_precision_score(truth, scores),
            "auroc": roc_auc_score(truth, scores),
            "brier": brier_score_loss(truth, scores),
            "accuracy": np.mean((scores > 0.5) == truth),
        }
    )
    shares = RANDOM.dirichlet(np.ones(4), size=10)
    truth = LABELS[FOUR]
    found = FOUR.metrics(truth, shares)
    assert found["top2_accuracy"] == top_k_accuracy_score(truth, shares, k=2)
    assert found["macro_f1"] == pytest.approx(
        f1_score(truth, shares.argmax(axis=1), average="macro")
    )
    assert found["log_loss"] == pytest.approx(log_loss(truth, shares))
    scores = RANDOM.uniform(0, 10, size=(10, 1))
    truth = LABELS[SCORE]
    assert SCORE.metrics(truth, scores) == pytest.approx(
        {
            "rmse": root_mean_squared_error(truth, scores[:, 0]),
            "mae": mean_absolute_error(truth, scores[:, 0]),
            "correlation": pearsonr(truth, scores[:, 0]).statistic,
        }
    )


def test_no_answer_without_the_sound_does_better_than_chance():
    """Every constant answer is worse or as good."""
    labels = LABELS[SCORE]
    rmse = SCORE.chance(labels)["rmse"]
    assert rmse == pytest.approx(labels.std())
    for constant in np.linspace(0, 10, 41):
        assert SCORE.metrics(labels, np.full((10, 1), constant))["rmse"] >= rmse
    labels = LABELS[FOUR]
    chance = FOUR.chance(labels)
    assert chance["log_loss"] == pytest.approx(
        log_loss(labels, np.tile([0.2, 0.3, 0.3, 0.2], (10, 1)))
    )
    assert chance["accuracy"] == pytest.approx(0.3)
    brier = DETECTION.chance(LABELS[DETECTION])["brier"]
    for share in np.linspace(0, 1, 11):
        constant = np.tile([1 - share, share], (10, 1))
        assert DETECTION.metrics(LABELS[DETECTION], constant)["brier"] >= brier - 1e-12


def test_scores_beyond_the_bounds_are_cut_off_and_labels_beyond_them_refused():
    assert SCORE.predictions(np.array([[-3.0], [0.0], [2.0]])).tolist() == [[0], [5], [10]]
    with pytest.raises(DataError, match="from 0 to 10, but not so: b, c"):
        SCORE.numbers(pd.Series(["9", "11", "N/A"], index=["a", "b", "c"]))
    assert SCORE.numbers(pd.Series(["9.5", "0"])).tolist() == [9.5, 0]
    with pytest.raises(DataError, match="float64 from 0 to 10"):
        SCORE.refuse(np.array([1, 2]))
    with pytest.raises(DataError, match="from 0 to 10"):
        SCORE.refuse(np.array([1, math.nan]))


def test_a_hold_out_of_scores_gets_its_share_of_low_and_high_ones():
    labels = np.linspace(0, 10, 50)
    strata, names = SCORE.strata(labels)
    assert np.bincount(strata).tolist() == [10] * 5
    assert names[0] == "scores from 0 to 1.83673"
    assert (np.diff(strata) >= 0).all()
    skewed = np.array([9.0] * 40 + [1.0] * 10)
    strata, names = SCORE.strata(skewed)
    assert np.bincount(strata).tolist() == [10, 40]
    assert names == ("scores from 1 to 1", "scores from 9 to 9")


def test_a_class_that_is_not_there_has_no_score():
    with pytest.raises(ModelError, match="no class 'positive'"):
        FOUR.scores(np.full((2, 4), 0.25))
    table = pd.DataFrame({"clip_id": ["a"], "score_coast": [0.5]})
    with pytest.raises(DataError, match="lack score_hills, score_north, score_south"):
        FOUR.probabilities(table)


def test_names_that_stand_for_a_detection_are_one():
    assert task_of(("negative", "positive")) is DETECTION
    assert task_of(FOUR.classes) == FOUR
    for classes in (("positive", "negative"), ("a", "b", "a"), ()):
        with pytest.raises(DataError, match="negative and positive, or three"):
            task_of(classes)


def test_what_a_set_of_clips_cannot_be_judged_without():
    assert not DETECTION.can_judge(np.array([1, 1]))
    assert DETECTION.can_judge(np.array([1, 0]))
    assert FOUR.can_judge(np.array([1, 1]))
    assert DETECTION.lacking(np.array([1, 1])) == ["negative"]
    assert FOUR.lacking(np.array([0, 3])) == ["hills", "north"]
    assert SCORE.lacking(np.array([9.0])) == []
