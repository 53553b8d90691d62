"""Planted wrong labels are found; nobody is scored by a model that heard its own night."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toy import CLASSES, many_examples, toy_examples

from chorus.errors import DataError
from chorus.evaluation.suspects import nobody, out_of_fold_probabilities, separation, suspects
from chorus.training import Examples


def _flipped(examples: Examples, clips: list[str]) -> Examples:
    wrong = np.isin(examples.clip_ids, clips)
    return Examples(examples.features, examples.labels ^ wrong, examples.groups, examples.clip_ids)


def test_planted_wrong_labels_come_first():
    wrong = ["train0003", "train0010", "train0042", "train0077"]
    ranked = suspects(_flipped(toy_examples("train", clips=160, distance=6), wrong))
    assert set(ranked["clip_id"].head(4)) == set(wrong)
    assert list(ranked["rank"]) == list(range(1, 161))
    assert ranked["score"].is_monotonic_increasing and ranked["score"].between(0, 1).all()
    assert (
        ranked.set_index("clip_id").loc["train0003", "label"] == "negative"
    )  # as it is labelled, not as it is


def test_the_scores_are_those_of_scikit_learns_cross_validation():
    examples = toy_examples("train")
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000)
    )
    expected = cross_val_predict(
        model,
        examples.features.astype(np.float64),
        examples.labels,
        groups=examples.groups,
        cv=StratifiedGroupKFold(5),
        method="predict_proba",
    )
    assert out_of_fold_probabilities(examples, 5) == pytest.approx(expected, abs=1e-9)


def test_a_night_is_not_scored_by_a_model_that_heard_it():
    """A feature that is 1 for positives but for one night, where it is the other way round: that night looks wrong."""
    examples = toy_examples("train", clips=80)
    night = examples.groups == "train/03"
    features = np.zeros_like(examples.features)
    features[:, 0] = examples.labels ^ night
    ranked = suspects(Examples(features, examples.labels, examples.groups, examples.clip_ids))
    assert set(ranked["clip_id"].head(8)) == set(examples.clip_ids[night])


def test_a_clip_of_several_windows_is_ranked_once_and_the_order_of_rows_does_not_matter():
    examples = toy_examples("train", clips=48, windows=3)
    shuffled = examples.take(np.random.default_rng(1).permutation(len(examples)))
    ranked = suspects(examples)
    assert len(ranked) == 48
    assert ranked.equals(suspects(shuffled))


def test_with_few_nights_there_are_fewer_folds():
    examples = toy_examples("train", clips=24)
    folded = out_of_fold_probabilities(examples, 5)
    assert folded == pytest.approx(out_of_fold_probabilities(examples, 3))
    assert folded != pytest.approx(out_of_fold_probabilities(examples, 2))


def test_a_class_that_is_heard_in_one_night_cannot_be_checked():
    examples = toy_examples("train")
    kept = (examples.labels == 0) | (examples.groups == "train/02")
    with pytest.raises(
        DataError, match="positive clips are heard in 1 night of the training set, and it takes two"
    ):
        suspects(examples.take(kept))
    with pytest.raises(DataError, match="positive clips are heard in 0 nights"):
        suspects(examples.take(examples.labels == 0))


def test_the_separation_is_scikit_learns_auroc_of_out_of_fold_scores():
    examples = toy_examples("train", distance=1)
    expected = roc_auc_score(examples.labels, out_of_fold_probabilities(examples, 5)[:, 1])
    assert separation(suspects(examples)) == pytest.approx(expected)
    assert separation(nobody()) is None


def test_among_several_classes_the_likely_one_is_named():
    examples = many_examples("train", clips=160, windows=2, distance=8)
    wrong = np.isin(examples.clip_ids, ["train0003", "train0050", "train0101"])
    labels = np.where(wrong, (examples.labels + 1) % 4, examples.labels)
    ranked = suspects(
        Examples(examples.features, labels, examples.groups, examples.clip_ids, examples.task)
    ).head(3)
    right = dict(zip(examples.clip_ids, np.array(CLASSES)[examples.labels], strict=True))
    assert set(ranked["clip_id"]) == set(examples.clip_ids[wrong])
    assert list(ranked["likely"]) == [right[clip_id] for clip_id in ranked["clip_id"]]


def test_a_class_of_a_single_night_is_refused():
    examples = many_examples("train", clips=80)
    labels = np.where(
        examples.groups == "train/04", 2, np.where(examples.labels == 2, 0, examples.labels)
    )
    with pytest.raises(DataError, match="north clips are heard in 1 night of the training set"):
        suspects(
            Examples(examples.features, labels, examples.groups, examples.clip_ids, examples.task)
        )
