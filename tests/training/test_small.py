"""With too few clips for a hold-out or a threshold there is a head all the same, and a sentence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from toy import many_examples, toy_examples

from chorus.metrics import auprc
from chorus.tasks import DETECTION
from chorus.training import HeadOptions, load_head, save_head, train_head, untrained

OPTIONS = HeadOptions(hidden_units=8, epochs=12, learning_rate=0.02, batch_size=8)


def _negatives(name="v"):
    examples = toy_examples(name)
    return examples.take(examples.labels == 0)


@pytest.mark.parametrize(
    ("validation", "has"),
    [(None, "no clips"), (_negatives(), "only negative clips")],
    ids=["none", "negatives"],
)
def test_without_both_classes_in_validation_the_threshold_is_a_half_and_it_says_so(validation, has):
    trained = train_head(toy_examples("t"), validation, OPTIONS, seed=1)
    assert trained.threshold == 0.5
    assert trained.summary["notes"] == [
        f"the threshold is 0.5, not chosen: the validation split has {has}"
    ]
    unseen = toy_examples("x", distance=6)
    assert auprc(unseen.labels == 1, trained.head.scores(unseen.features)) > 0.9


def test_early_stopping_that_is_to_look_at_a_validation_split_of_one_class_holds_nights_out():
    trained = train_head(
        toy_examples("t"), _negatives(), replace(OPTIONS, validation="split"), seed=1
    )
    assert trained.summary["early_stopping"]["on"] == "internal"
    assert "nights were held out instead" in trained.summary["notes"][0]


def test_positives_of_a_single_night_cannot_be_held_out_and_the_last_epoch_is_kept():
    training = toy_examples("t")
    few = training.take((training.labels == 0) | (training.groups == training.groups[0]))
    trained = train_head(few, toy_examples("v"), OPTIONS, seed=1)
    assert trained.best_epoch == len(trained.history) == OPTIONS.epochs
    assert trained.summary["early_stopping"] == {"on": "none", "clips": 0}
    assert trained.summary["training"]["clips"] == len(few)
    assert (
        "the last one kept" in trained.summary["notes"][0]
        and "positive in 1" in trained.summary["notes"][0]
    )
    assert (
        np.isnan(trained.curves["validation_loss"]).all()
        and np.isfinite(trained.curves["train_loss"]).all()
    )
    other_seed = train_head(few, toy_examples("v"), OPTIONS, seed=2)
    assert (
        other_seed.head.arrays()["output.weight"].tobytes()
        != trained.head.arrays()["output.weight"].tobytes()
    )
    assert trained.threshold != 0.5


def test_a_head_that_no_part_could_judge_is_saved_with_figures_unknown(tmp_path):
    training = toy_examples("t")
    few = training.take((training.labels == 0) | (training.groups == training.groups[0]))
    trained = train_head(few, toy_examples("v"), OPTIONS, seed=1)
    save_head(trained, tmp_path / "head", encoder_id="toy", options=OPTIONS, seed=1)
    summary = load_head(tmp_path / "head").config["training"]
    assert summary["validation_loss"] is None and summary["validation_auprc"] is None
    assert summary["train_loss"] == trained.summary["train_loss"]


def test_several_classes_need_no_hold_out_either():
    training = many_examples("t")
    few = training.take(
        (training.labels != 3)
        | (training.groups == training.groups[np.argmax(training.labels == 3)])
    )
    trained = train_head(few, many_examples("v"), OPTIONS, seed=1)
    assert trained.best_epoch == len(trained.history) and trained.threshold is None
    assert np.isnan(trained.metrics["validation_macro_f1"])


def test_where_nothing_can_be_learned_all_clips_get_the_same_score(tmp_path):
    trained = untrained(6, DETECTION, "the training set has no positive clips")
    assert set(trained.head.scores(toy_examples("x").features)) == {0.5}
    assert trained.curves.empty and "epoch" in trained.curves
    save_head(trained, tmp_path / "head", encoder_id="toy", options=OPTIONS, seed=1)
    loaded = load_head(tmp_path / "head")
    assert loaded.threshold == 0.5
    assert loaded.config["training"]["notes"] == ["the training set has no positive clips"]
    assert set(trained.metrics.values()) == {0, None}
