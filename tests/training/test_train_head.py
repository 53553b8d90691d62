"""Training: it learns, stops, keeps the best, and depends on nothing but data, options and seed."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from toy import toy_examples

from chorus.errors import DataError, LeakageError, ModelError
from chorus.metrics import auprc, best_f1_threshold
from chorus.tasks import DETECTION
from chorus.training import HeadOptions, save_head, train_head
from chorus.training.descent import Batches, Descent
from chorus.training.optimizer import Adam, cosine

SMALL = HeadOptions(hidden_units=8, epochs=3, learning_rate=0.01)
ROOT = Path(__file__).parents[2]


def _weights(trained):
    return b"".join(array.tobytes() for array in trained.head.arrays().values())


def _train(seed=1, training=None, **changes):
    options = HeadOptions(
        **({"hidden_units": 8, "epochs": 3, "learning_rate": 0.01, "batch_size": 8} | changes)
    )
    return train_head(training or toy_examples("t"), toy_examples("v"), options, seed)


@pytest.mark.parametrize("hidden_units", [0, 16])
@pytest.mark.parametrize("validation", ["internal", "split"])
def test_a_separable_set_is_learned(hidden_units, validation):
    training, validation_split = toy_examples("t", distance=8), toy_examples("v", distance=8)
    options = HeadOptions(
        hidden_units=hidden_units,
        epochs=30,
        learning_rate=0.02,
        batch_size=8,
        validation=validation,
    )
    trained = train_head(training, validation_split, options, seed=1)
    unseen = toy_examples("x", distance=8)
    assert auprc(unseen.labels == 1, trained.head.scores(unseen.features)) > 0.99
    assert trained.history[-1]["train_loss"] < trained.history[0]["train_loss"]


@pytest.mark.parametrize(
    "options", [{"focal_loss": True}, {"upsampling": "smote"}, {"mixup": False, "dropout": 0.0}]
)
def test_every_way_of_training_learns(options):
    trained = _train(epochs=20, **options)
    unseen = toy_examples("x")
    assert auprc(unseen.labels == 1, trained.head.scores(unseen.features)) > 0.85


def test_two_processes_with_different_threads_write_the_same_bytes(tmp_path):
    code = (
        "import sys; sys.path[:0] = ['src', 'tests']\n"
        "from toy import toy_examples\n"
        "from chorus.training import HeadOptions, save_head, train_head\n"
        "options = HeadOptions(hidden_units=8, epochs=3, upsampling='smote')\n"
        "training, validation = (toy_examples(name, windows=2, dimensions=500) for name in 'tv')\n"
        "trained = train_head(training, validation, options, seed=7)\n"
        "save_head(trained, sys.argv[1], encoder_id='toy', options=options, seed=7)\n"
    )
    for name, threads in (("one", "1"), ("two", "2")):
        settings = {
            "PYTHONHASHSEED": threads,
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
        }
        subprocess.run(
            [sys.executable, "-c", code, tmp_path / name], check=True, cwd=ROOT, env=settings
        )
    for suffix in (".safetensors", ".json"):
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()


def test_another_seed_gives_another_head():
    assert _weights(_train(seed=1)) == _weights(_train(seed=1))
    assert _weights(_train(seed=1)) != _weights(_train(seed=2))


def test_neither_the_order_of_the_rows_nor_torchs_own_seed_matters():
    training = toy_examples("t", windows=2)
    shuffled = training.take(np.random.default_rng(5).permutation(len(training)))
    torch.manual_seed(1)
    first = _train(training=training)
    torch.manual_seed(2)
    assert _weights(_train(training=shuffled)) == _weights(first)


def test_torch_is_left_as_it_was_found():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        state = torch.get_rng_state()
        _train()
        assert torch.get_num_threads() == 2
        assert torch.get_deterministic_debug_mode() == 0
        assert torch.equal(torch.get_rng_state(), state)
    finally:
        torch.set_num_threads(threads)


def test_the_history_tells_every_epoch():
    trained = _train(epochs=4)
    assert [row["epoch"] for row in trained.history] == [1, 2, 3, 4]
    assert list(trained.curves) == [
        "epoch",
        "learning_rate",
        "train_loss",
        "train_loss_std",
        "train_accuracy",
        "grad_norm",
        "grad_norm_std",
        "clipped_share",
        "validation_loss",
        "validation_loss_std",
        "validation_accuracy",
        "validation_balanced_accuracy",
        "validation_macro_f1",
        "validation_auprc",
        "validation_entropy",
        "validation_group_consistency",
        "validation_group_consistency_chance",
        "improvement_rate",
    ]
    rates = trained.curves["learning_rate"].tolist()
    assert rates == pytest.approx(
        [0.01 * (1 + math.cos(math.pi * part / 4)) / 2 for part in range(4)]
    )


def test_the_learning_rate_falls_from_start_to_nothing():
    assert cosine(0.1, 0, 100) == 0.1
    assert cosine(0.1, 50, 100) == pytest.approx(0.05)
    assert cosine(0.1, 100, 100) == pytest.approx(0)


def test_adam_takes_the_steps_of_torchs_own():
    random = np.random.default_rng(0)
    start = [
        torch.from_numpy(random.standard_normal(shape).astype(np.float32))
        for shape in ((4, 3), (3,))
    ]
    ours = [tensor.clone() for tensor in start]
    golden = [torch.nn.Parameter(tensor.clone()) for tensor in start]
    adam, optimizer = Adam(ours, 0.1), torch.optim.AdamW(golden, weight_decay=0.1)
    for rate in (0.1, 0.03, 0.01):
        gradients = [
            torch.from_numpy(random.standard_normal(tensor.shape).astype(np.float32))
            for tensor in start
        ]
        adam.step(gradients, rate)
        optimizer.param_groups[0]["lr"] = rate
        for parameter, gradient in zip(golden, gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()
    for tensor, parameter, before in zip(ours, golden, start, strict=True):
        assert torch.allclose(tensor, parameter, atol=1e-6)
        assert not torch.allclose(tensor, before, atol=1e-2)


def test_the_best_epochs_weights_are_kept():
    """Classes that can hardly be told apart, and a rate that makes the last epoch unlikely to be the best."""
    training, validation = toy_examples("t", distance=0.5), toy_examples("v", distance=0.5)
    options = HeadOptions(
        hidden_units=16, epochs=15, learning_rate=0.1, validation="split", early_stopping="patience"
    )
    trained = train_head(training, validation, options, seed=3)
    figures = [row["validation_auprc"] for row in trained.history]
    assert trained.best_epoch < len(figures)
    assert figures[trained.best_epoch - 1] == max(figures)
    assert auprc(validation.labels == 1, trained.head.scores(validation.features)) == pytest.approx(
        max(figures)
    )


def test_of_two_epochs_with_equal_auprc_the_lower_loss_is_kept():
    trained = _train(
        training=toy_examples("t", distance=20),
        epochs=30,
        learning_rate=0.02,
        early_stopping="none",
    )
    perfect = trained.curves[trained.curves["validation_auprc"] == 1]
    assert len(perfect) > 5
    assert trained.best_epoch == perfect.loc[perfect["validation_loss"].idxmin(), "epoch"]


def test_training_stops_when_patience_is_spent():
    trained = _train(
        training=toy_examples("t", distance=0.0),
        epochs=200,
        early_stopping="patience",
        early_stopping_patience=4,
    )
    assert len(trained.history) == trained.best_epoch + 4


def test_early_stopping_looks_where_the_options_say():
    internal, split = _train(validation="internal", refit=False), _train(validation="split")
    assert internal.summary["early_stopping"]["clips"] < internal.summary["validation"]["clips"]
    assert internal.summary["early_stopping"]["clips"] + internal.summary["training"]["clips"] == 80
    assert split.summary["early_stopping"]["clips"] == split.summary["validation"]["clips"]
    assert split.summary["training"]["clips"] == 80


def test_after_a_rehearsal_the_head_is_the_one_that_learns_from_all_rows():
    """One training shows the curves, on nights that it never heard; another gives the head."""
    trained, everything, rehearsal = _train(), _train(validation="split"), _train(refit=False)
    assert _weights(trained) == _weights(everything) != _weights(rehearsal)
    assert trained.curves.equals(rehearsal.curves)
    assert trained.summary["training"] == everything.summary["training"]
    assert trained.summary["rehearsal"] == rehearsal.summary["training"]
    assert "rehearsal" not in rehearsal.summary and "rehearsal" not in everything.summary


def test_after_early_stopping_as_many_epochs_of_the_same_schedule_are_trained_on_all_rows(
    monkeypatch,
):
    training = toy_examples("t", distance=0.5)
    seen = []
    honest = Descent.epoch

    def watched(self, epoch):
        row = honest(self, epoch)
        seen.append((len(self.rows.features), epoch, row["learning_rate"]))
        return row

    monkeypatch.setattr(Descent, "epoch", watched)
    trained = _train(
        training=training, epochs=30, early_stopping="patience", early_stopping_patience=3
    )
    assert 1 <= trained.best_epoch < 27
    final = [(epoch, rate) for rows, epoch, rate in seen if rows == len(training)]
    rates = trained.curves["learning_rate"].tolist()
    assert final == [(epoch, rates[epoch - 1]) for epoch in range(1, trained.best_epoch + 1)]


def test_the_threshold_is_the_best_over_the_clips_of_the_validation_split():
    validation = toy_examples("v", windows=3, distance=1.0)
    trained = train_head(toy_examples("t", windows=3), validation, SMALL, seed=1)
    highest = {}
    for clip, score in zip(
        validation.clip_ids, trained.head.scores(validation.features), strict=True
    ):
        highest[clip] = max(score, highest.get(clip, 0))
    labels = dict(zip(validation.clip_ids, validation.labels, strict=True))
    expected = best_f1_threshold(
        np.array(list(labels.values())) == 1, np.array(list(highest.values()))
    )
    assert trained.threshold == expected
    assert trained.summary["notes"] == []
    assert trained.threshold != best_f1_threshold(
        validation.labels == 1, trained.head.scores(validation.features)
    )


def test_standardisation_uses_the_rows_it_is_fitted_on_and_survives_a_constant_column():
    training = toy_examples("t")
    training.embeddings[:, 2] = 7
    trained = _train(training=training, validation="split", std_floor=0.0)
    std = training.features.std(axis=0)
    assert trained.head.mean == pytest.approx(training.features.mean(axis=0), rel=1e-5)
    assert trained.head.std[2] == 1
    assert trained.head.std[[0, 1]] == pytest.approx(std[[0, 1]], rel=1e-4)
    floored = _train(training=training, validation="split", std_floor=2.0).head.std
    assert floored[2] == 1
    assert floored[[0, 1]] == pytest.approx(
        np.sqrt(std**2 + 4 * np.median(std[[0, 1, 3, 4, 5]]) ** 2)[[0, 1]], rel=1e-4
    )


def test_upsampling_is_counted():
    trained = _train(upsampling="repeat", validation="split")
    assert trained.summary["upsampled_windows"] == (80 - 27) - 27


def test_streams_are_independent_of_each_other():
    """Switching mixup and smoothing off must not change the order of the rows: runs stay comparable."""
    examples = toy_examples("t")
    plain = HeadOptions(mixup=False, label_smoothing=0.0, dropout=0.0)
    orders = []
    for options in (plain, HeadOptions(mixup=False, label_smoothing=0.0), HeadOptions()):
        batches = Batches(examples.features, examples.labels, DETECTION, options, seed=1)
        list(batches.epoch())
        orders.append(batches.shuffle.permutation(80).tolist())
    assert orders[0] == orders[1] == orders[2]


def test_an_epoch_shows_every_row_once_in_a_new_order():
    examples = toy_examples("t")
    options = HeadOptions(mixup=False, label_smoothing=0.0, batch_size=7)
    batches = Batches(examples.features, examples.labels, DETECTION, options, seed=1)
    epochs = [[batch[0] for batch in batches.epoch()] for _ in range(2)]
    assert len(epochs[0]) == len(batches) == 12
    first, second = (torch.cat(epoch).numpy() for epoch in epochs)
    assert {row.tobytes() for row in first} == {row.tobytes() for row in examples.features}
    assert not np.array_equal(first, second)


def test_dropout_silences_its_share_and_keeps_the_expectation():
    examples = toy_examples("t", clips=200)
    batches = Batches(
        examples.features,
        examples.labels,
        DETECTION,
        HeadOptions(dropout=0.25, hidden_units=400),
        seed=1,
    )
    kept = torch.cat([batch[2] for batch in batches.epoch()])
    assert (kept == 0).float().mean().item() == pytest.approx(0.25, abs=0.01)
    assert kept.mean().item() == pytest.approx(1, abs=0.01)


def test_dropout_reaches_the_network():
    assert _weights(_train(dropout=0.0)) != _weights(_train(dropout=0.5))


def test_labels_are_smoothed_in_training():
    examples = toy_examples("t")
    batches = Batches(
        examples.features,
        examples.labels,
        DETECTION,
        HeadOptions(mixup=False, label_smoothing=0.1),
        seed=1,
    )
    targets = torch.cat([batch[1] for batch in batches.epoch()])
    assert sorted(set(targets[:, 0].tolist())) == pytest.approx([0.05, 0.95])


def test_mixup_blends_features_and_targets_of_different_rows_alike():
    examples = toy_examples("t")
    features = np.repeat(examples.labels[:, None], 2, axis=1).astype(np.float32)
    options = HeadOptions(label_smoothing=0.0, mixup_alpha=1.0, batch_size=7)
    rows, targets, _ = zip(
        *Batches(features, examples.labels, DETECTION, options, seed=1).epoch(), strict=True
    )
    mixed = torch.cat(targets)[:, 0]
    assert torch.allclose(torch.cat(rows)[:, 0], mixed, atol=1e-6)
    assert mixed.mean().item() == pytest.approx(examples.labels.mean(), abs=1e-6)
    assert ((mixed > 0.01) & (mixed < 0.99)).sum() > 20


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_training_that_breaks_down_is_explained():
    training, validation = toy_examples("t"), toy_examples("v")
    training.embeddings[:, 2] /= 1000
    validation.embeddings[5, 2] = 3e38
    options = HeadOptions(hidden_units=8, epochs=3, validation="split", std_floor=0.0)
    with pytest.raises(
        ModelError,
        match="broke down: validation loss not finite in epoch 1: clips v0005: lower learning_rate",
    ):
        train_head(training, validation, options, seed=1)


def test_a_missing_class_is_refused():
    training = toy_examples("t")
    with pytest.raises(DataError, match="training set has no examples of: negative"):
        _train(training=training.take(training.labels == 1))


def test_a_clip_on_both_sides_is_refused():
    with pytest.raises(LeakageError, match="t0000"):
        train_head(toy_examples("t"), toy_examples("t"), SMALL, seed=1)


def test_embeddings_of_two_widths_are_refused():
    with pytest.raises(DataError, match="6 and 7"):
        train_head(toy_examples("t"), toy_examples("v", dimensions=7), SMALL, seed=1)


def test_saved_files_name_no_time_or_place(tmp_path):
    trained = _train()
    save_head(trained, tmp_path / "a" / "head", encoder_id="toy", options=SMALL, seed=1)
    save_head(trained, tmp_path / "b" / "head", encoder_id="toy", options=SMALL, seed=1)
    for suffix in (".safetensors", ".json"):
        assert (tmp_path / f"a/head{suffix}").read_bytes() == (
            tmp_path / f"b/head{suffix}"
        ).read_bytes()


@pytest.mark.parametrize("early_stopping", ["none", "patience"])
def test_the_numbers_shown_in_a_table_of_experiments_are_those_of_the_kept_epoch(early_stopping):
    trained = _train(
        training=toy_examples("t", distance=0.8),
        learning_rate=0.1,
        epochs=12,
        early_stopping=early_stopping,
    )
    kept = trained.history[trained.summary["kept_epoch"] - 1]
    assert trained.best_epoch < len(trained.history)
    assert trained.summary["kept_epoch"] == (12 if early_stopping == "none" else trained.best_epoch)
    assert trained.metrics == {
        "epochs": len(trained.history),
        "kept_epoch": trained.summary["kept_epoch"],
        "best_epoch": trained.best_epoch,
        **{name: kept[name] for name in ("train_loss", "validation_loss", "validation_auprc")},
    }


def test_who_watches_sees_the_history_grow_by_an_epoch_at_a_time_and_changes_nothing():
    seen = []
    training, validation, options = (
        toy_examples("t"),
        toy_examples("v"),
        HeadOptions(epochs=3, hidden_units=4),
    )
    watched = train_head(
        training, validation, options, 1, on_epoch=lambda history: seen.append(list(history))
    )
    assert [len(history) for history in seen] == [1, 2, 3]
    unwatched = train_head(training, validation, options, 1)
    assert pd.DataFrame(seen[-1]).equals(watched.curves) and watched.curves.equals(unwatched.curves)
