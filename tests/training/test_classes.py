"""More than two classes: learned, kept, saved and scored, whatever is missing where."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from toy import CLASSES, many_examples, train

from chorus.errors import DataError, ModelError
from chorus.tasks import DETECTION, Classification
from chorus.training import HeadOptions, load_head, save_head, train_head


def test_several_classes_are_learned_kept_and_saved(tmp_path):
    training, validation, unseen = (many_examples(name, windows=2) for name in ("t", "v", "x"))
    options = HeadOptions(hidden_units=16, epochs=30, learning_rate=0.02, batch_size=8)
    trained = train_head(training, validation, options, seed=1)
    assert trained.head.task == Classification(CLASSES)
    assert trained.threshold is None
    probabilities = trained.head.predictions(unseen.features)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    _, of_clips = trained.head.task.of_clips(probabilities, unseen.clip_ids)
    assert np.mean(of_clips.argmax(axis=1) == unseen.first_windows().labels) > 0.95
    assert list(trained.metrics) == [
        "epochs",
        "kept_epoch",
        "best_epoch",
        "train_loss",
        "validation_loss",
        "validation_macro_f1",
    ]
    assert (
        sum(trained.summary["training"]["by_class"].values())
        == trained.summary["training"]["clips"]
    )

    save_head(trained, tmp_path / "head", encoder_id="toy", options=options, seed=1)
    loaded = load_head(tmp_path / "head", encoder_id="toy")
    assert loaded.head.task == Classification(CLASSES)
    assert np.array_equal(loaded.head.predictions(unseen.features), probabilities)
    assert json.loads((tmp_path / "head.json").read_text())["threshold"] is None
    with pytest.raises(ModelError, match="coast, hills, north, south has no threshold"):
        _ = loaded.threshold
    with pytest.raises(ModelError, match="no class 'positive'"):
        loaded.head.scores(unseen.features)


@pytest.mark.parametrize(
    "changes", [{"focal_loss": True}, {"upsampling": "smote"}, {"mixup": False, "dropout": 0.0}]
)
def test_every_way_of_training_learns_several_classes(changes):
    rare = many_examples("t", distance=5.0)
    rare = rare.take((rare.labels != 2) | (np.arange(len(rare)) % 3 == 0))
    trained = train(
        rare, many_examples("v", distance=5.0), epochs=25, early_stopping="none", **changes
    )
    assert trained.history[trained.best_epoch - 1]["validation_macro_f1"] > 0.9


def test_of_several_classes_the_epoch_with_the_best_f1_is_kept_and_of_equal_ones_the_lower_loss():
    validation = many_examples("v", distance=2.0)
    trained = train(
        many_examples("t", distance=2.0),
        validation,
        epochs=20,
        early_stopping="none",
        learning_rate=0.1,
    )
    curves = trained.curves.sort_values(
        ["validation_macro_f1", "validation_loss"], ascending=[False, True]
    )
    assert trained.best_epoch == curves["epoch"].iloc[0]


def test_neither_order_nor_repetition_changes_a_head_of_several_classes():
    training, validation = many_examples("t", windows=2), many_examples("v")
    shuffled = training.take(np.random.default_rng(5).permutation(len(training)))
    first, again = train(training, validation), train(shuffled, validation)
    assert first.curves.equals(again.curves)
    for name, array in first.head.arrays().items():
        assert np.array_equal(array, again.head.arrays()[name])


def test_a_class_may_be_absent_from_the_validation_split_but_not_from_the_training_set():
    training, validation = many_examples("t"), many_examples("v")
    some = validation.take(validation.labels != 3)
    trained = train(training, some)
    assert trained.summary["validation"]["by_class"]["south"] == 0
    assert math.isfinite(trained.history[-1]["validation_macro_f1"])
    with pytest.raises(DataError, match="training set has no examples of: south"):
        train(training.take(training.labels != 3), validation)


def test_a_single_clip_can_be_the_validation_split():
    row = train(many_examples("t"), many_examples("v").take(np.array([0]))).history[0]
    assert row["validation_accuracy"] in (0, 1)
    assert math.isnan(row["validation_loss_std"])
    assert math.isnan(row["validation_group_consistency"])


def test_classes_that_differ_are_refused():
    with pytest.raises(DataError, match="differ in task"):
        train(many_examples("t"), many_examples("v", classes=CLASSES[::-1]))


def test_a_clip_of_two_classes_is_positive_where_any_window_is_and_of_more_what_its_windows_are_on_average():
    ids = np.array(["b", "a", "b"])
    two = np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]])
    names, of_clips = DETECTION.of_clips(two, ids)
    assert names.tolist() == ["b", "a"]
    assert of_clips == pytest.approx(np.array([[0.2, 0.8], [0.5, 0.5]]))
    three = np.array([[0.9, 0.1, 0.0], [0.2, 0.2, 0.6], [0.1, 0.1, 0.8]])
    names, of_clips = Classification(CLASSES[:3]).of_clips(three, ids)
    assert names.tolist() == ["b", "a"]
    assert of_clips == pytest.approx(np.array([[0.5, 0.1, 0.4], [0.2, 0.2, 0.6]]))


def test_probabilities_are_those_of_torch():
    logits = np.random.default_rng(0).normal(scale=5, size=(50, 4)).astype(np.float32)
    golden = torch.softmax(torch.from_numpy(logits).double(), dim=1).numpy()
    assert Classification(CLASSES).predictions(logits) == pytest.approx(golden, rel=1e-12)
    golden = torch.sigmoid(torch.from_numpy(logits[:, :1]).double()).numpy()[:, 0]
    assert DETECTION.predictions(logits[:, :1])[:, 1] == pytest.approx(golden, rel=1e-12)
    three = Classification(CLASSES[:3])
    assert three.predictions(np.array([[2000.0, 0.0, -2000.0]])).tolist() == [[1, 0, 0]]
