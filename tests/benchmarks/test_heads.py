"""The comparison of heads with a regression: what is learned and tested on, and what is printed of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toy import toy_examples

from benchmark import load_benchmark
from chorus.training import HeadOptions


@pytest.fixture(scope="module")
def heads():
    return load_benchmark("heads")


@pytest.fixture
def sounds(heads):
    """Four classes, five speakers, eight recordings of each class by each; a class is shifted along its dimension."""
    random = np.random.default_rng(3)
    classes, speakers, _ = (part.ravel() for part in np.indices((4, 5, 8)))
    features = random.standard_normal((len(classes), 6)).astype(np.float32)
    features[np.arange(len(classes)), classes] += 4
    return heads.real_sounds.Sounds(
        features, classes.astype(str), np.char.add("speaker ", speakers.astype(str))
    )


def test_few_positives_are_as_many_as_asked_for_and_never_of_a_tested_source(heads, sounds):
    tasks = list(heads.few_positives("fsdd", "clean", sounds, ["0", "2"], folds=2))
    assert len(tasks) == 2 * 2 * len(heads.FEW)
    for task, asked in zip(tasks, heads.FEW * 4, strict=True):
        positives = min(asked, 4 * 8 - 2)  # two of those at hand are left for the threshold
        assert task.training.labels.sum() == positives
        assert len(task.training) == positives * (1 + heads.NEGATIVES_EACH)
        assert task.validation.labels.any()
        assert len(task.test) == 4 * 8
        learned = set(task.training.groups) | set(task.validation.groups)
        assert not learned & set(task.test.groups)


def test_many_positives_are_half_of_the_classes_and_never_of_a_tested_source(heads, sounds):
    tasks = list(heads.many_positives("fsdd", "clean", sounds, folds=5))
    assert len(tasks) == heads.UNIONS * 5
    for task in tasks:
        assert task.training.labels.mean() == task.test.labels.mean() == 0.5
        assert not set(task.training.groups) & set(task.test.groups)


def test_head_and_regression_are_measured_on_the_same_test_rows(heads):
    training, validation, test = (
        toy_examples(name, distance=1.0) for name in ("train", "validation", "test")
    )
    task = heads.Task("toy", "toy 0", training, validation, test)
    rows = pd.DataFrame(heads.compare(task, HeadOptions(epochs=2, validation="split"), range(1, 3)))
    regression = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000)
    )
    scores = regression.fit(training.features, training.labels).predict_proba(test.features)[:, 1]
    assert rows["regression_auroc"].to_numpy() == pytest.approx(roc_auc_score(test.labels, scores))
    assert rows["regression_auprc"].to_numpy() == pytest.approx(
        average_precision_score(test.labels, scores)
    )
    assert list(rows["seed"]) == [1, 2]
    assert rows["head_auroc"].nunique() == 2  # seeds differ, and the regression has none


def test_a_line_holds_mean_difference_and_spread_over_seeds(heads):
    results = pd.DataFrame(
        {
            "kind": "toy",
            "drawn": ["a", "a", "b", "b"],
            "rows": 20,
            "head_auroc": [0.9, 0.8, 0.7, 0.9],
            "regression_auroc": [0.8, 0.8, 0.9, 0.9],
            "head_auprc": 0.5,
            "regression_auprc": 0.4,
        }
    )
    line = heads.summary(results).loc["toy"]
    assert (line["sets"], line["auroc"]) == (2, "0.850")
    assert line["auroc: head has more"].split(" [")[0] == "-0.0250"  # the mean of +0.05 and -0.1
    spread = np.sqrt((np.var([0.9, 0.8], ddof=1) + np.var([0.7, 0.9], ddof=1)) / 2)
    assert line["auroc: SD"] == f"{spread:.4f}"
    assert line["auprc: head has more"] == "+0.1000 [+0.1000, +0.1000]"


def test_what_is_tested_on_the_same_recordings_is_drawn_together(heads):
    def table(drawn: list[str]) -> pd.Series:
        return pd.Series(np.tile([0.1, -0.1], 10), index=pd.Index(drawn, name="drawn"))

    alone = heads.interval(table([str(number) for number in range(20)]))
    together = heads.interval(table(["a", "b"] * 10))  # two draws of which each is seen ten times
    assert together == pytest.approx((-0.1, 0.1))
    assert -0.06 < alone[0] < 0 < alone[1] < 0.06
