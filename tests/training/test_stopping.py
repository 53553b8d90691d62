"""How training ends: by patience, by the guide's rule, or because a number is no longer finite."""

from __future__ import annotations

import math

import numpy as np
import pytest
from toy import toy_examples, train

from chorus.tasks import DETECTION
from chorus.training import Examples, HeadOptions
from chorus.training.descent import Batches, Descent
from chorus.training.network import Network
from chorus.training.rows import Rows
from chorus.training.stopping import NotFiniteError, guide_says_stop

RISING = [0.50, 0.48, 0.46, 0.47, 0.48, 0.49]
FLAT = [0.700, 0.701, 0.703, 0.702, 0.704, 0.7045]


def _history(losses=RISING, accuracies=FLAT, train_std=0.05, validation_std=0.6):
    return [
        {
            "validation_loss": loss,
            "validation_accuracy": accuracy,
            "train_loss_std": train_std,
            "validation_loss_std": validation_std,
        }
        for loss, accuracy in zip(losses, accuracies, strict=True)
    ]


def test_all_conditions_together_end_training():
    assert guide_says_stop(_history())


@pytest.mark.parametrize(
    "change",
    [
        {"losses": [0.50, 0.48, 0.49, 0.48, 0.49, 0.50]},  # rose in two epochs only
        {"losses": [0.50, 0.48, 0.47, 0.48, 0.48, 0.49]},  # stood still in one
        {"accuracies": [0.700, 0.701, 0.703, 0.702, 0.704, 0.705]},  # by 0.5 points
        {"accuracies": [0.695, 0.701, 0.703, 0.702, 0.704, 0.7045]},  # flat for four epochs only
        {"accuracies": [0.700, 0.701, 0.703, 0.710, 0.704, 0.7045]},  # there and back
        {"train_std": 0.1},
        {"validation_std": 0.5},
        {"losses": [*RISING[:-1], math.nan]},
        {"accuracies": [*FLAT[:-1], math.nan]},
        {"train_std": math.nan},
        {"validation_std": math.nan},
    ],
)
def test_a_single_condition_that_fails_keeps_training_on(change):
    assert not guide_says_stop(_history(**change))


def test_older_epochs_do_not_matter_and_too_few_are_not_enough():
    assert guide_says_stop(_history([9.0, *RISING], [0.1, *FLAT]))
    assert not guide_says_stop(_history()[1:])
    assert not guide_says_stop([])


def test_the_reason_for_stopping_is_told():
    training, validation = toy_examples("t", distance=0.0), toy_examples("v", distance=0.0)
    assert train(training, validation, epochs=2).summary["stopped"] == "all 2 epochs are done"
    patient = train(
        training, validation, epochs=200, early_stopping="patience", early_stopping_patience=3
    )
    assert (
        patient.summary["stopped"]
        == f"patience: no better epoch than {patient.best_epoch} in 3 epochs"
    )
    endless = train(
        training, validation, epochs=40, early_stopping_patience=3, early_stopping="none"
    )
    assert len(endless.history) == 40


def test_training_ends_by_the_rule_of_the_guide():
    """Noise that a large head learns by heart: training losses fall to nothing, validation losses rise for ever."""
    random = np.random.default_rng(0)
    training, validation = toy_examples("t", distance=0.0), toy_examples("v", distance=0.0)
    wide = [
        Examples(
            random.standard_normal((len(e), 60)).astype(np.float32) * 9,
            e.labels,
            e.groups,
            e.clip_ids,
        )
        for e in (training, validation)
    ]
    plain = {
        "mixup": False,
        "label_smoothing": 0.0,
        "dropout": 0.0,
        "hidden_units": 64,
        "epochs": 300,
    }
    trained = train(*wide, **plain, early_stopping="guide", early_stopping_patience=1)
    assert trained.summary["stopped"].startswith("guide: ")
    assert 6 <= len(trained.history) < 300
    last = trained.history[-1]
    assert last["train_loss_std"] < 0.1
    assert last["validation_loss_std"] > 0.5


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "seed", [1, 2, 3, 4]
)  # which batch it is in, and so whether its gradient is measured
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (np.inf, r"^loss not finite in epoch 1, batch \d+: clips t0009$"),
        (3e38, r"^gradient not finite in epoch 1, batch \d+: clips t0009, t"),
    ],
)
def test_what_is_not_finite_is_told_with_its_batch_and_clips(value, reason, seed):
    training = toy_examples("t")
    options = HeadOptions(hidden_units=0, batch_size=8, mixup=False)
    rows = Rows(training.features.copy(), training.labels, training.clip_ids, own=80)
    rows.features[9] = value
    descent = Descent(
        Network((6, 1), np.random.default_rng(0)), rows, DETECTION, options, 50, seed=seed
    )
    with pytest.raises(NotFiniteError, match=reason) as caught:
        descent.epoch(1)
    batch = int(np.flatnonzero(descent.batches.order == 9)[0]) // 8 + 1
    assert f"batch {batch}:" in str(caught.value)


def test_the_named_batch_is_the_one_that_holds_the_clip():
    training = toy_examples("t")
    options = HeadOptions(hidden_units=0, batch_size=8, epochs=1, mixup=True)
    batches = Batches(training.features, training.labels, DETECTION, options, seed=1)
    for number, (features, _, _) in enumerate(batches.epoch()):
        for place, row in enumerate(features.numpy()):
            own, partner = batches.rows(number, np.array([place]))
            low = np.minimum(training.features[own], training.features[partner])
            high = np.maximum(training.features[own], training.features[partner])
            assert (row >= low - 1e-3).all()
            assert (row <= high + 1e-3).all()


@pytest.mark.filterwarnings("ignore")
def test_a_training_that_breaks_down_after_good_epochs_ends_with_the_best_of_them(monkeypatch):
    """The planted fault: in epoch 3, the embeddings of one clip in memory turn to nan."""
    training, validation = toy_examples("t"), toy_examples("v")
    good = train(training, validation, epochs=6, early_stopping="none")
    honest = Descent.epoch

    def planted(self, epoch):
        if epoch == 3:
            self.batches.features[training.clip_ids == "t0009"] = np.nan
        return honest(self, epoch)

    monkeypatch.setattr(Descent, "epoch", planted)
    trained = train(training, validation, epochs=6, early_stopping="none")
    assert trained.summary["stopped"].startswith("loss not finite in epoch 3, batch ")
    assert "t0009" in trained.summary["stopped"]
    assert trained.curves.equals(good.curves[:2])
    assert trained.best_epoch <= 2
    assert np.isfinite(trained.head.scores(validation.features)).all()
    assert 0 < trained.threshold < 1
