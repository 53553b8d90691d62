"""What the history says of an epoch, recomputed by other means."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score, log_loss, top_k_accuracy_score
from toy import CLASSES, many_examples, toy_examples, train

from chorus.metrics import auprc
from chorus.metrics.multiclass import group_consistency
from chorus.tasks import DETECTION, Classification, clip_scores
from chorus.training import (
    Examples,
    HeadOptions,
)
from chorus.training.descent import Batches, Descent
from chorus.training.network import Network
from chorus.training.optimizer import clip, global_norm
from chorus.training.rows import Rows
from chorus.training.validation import Validation, batch_means, spread


@pytest.mark.parametrize("windows", [1, 3])
@pytest.mark.parametrize("make", [toy_examples, many_examples])
def test_validation_figures_are_those_of_scikit_learn_on_the_kept_head(make, windows):
    """The head is that of the last epoch, so its row must describe it."""
    validation = make("v", windows=windows, distance=1.5)
    trained = train(make("t", windows=windows, distance=1.5), validation)
    best = trained.history[-1]
    rows = trained.head.predictions(validation.features)
    assert best["validation_loss"] == pytest.approx(log_loss(validation.labels, rows), rel=1e-5)

    clips = validation.first_windows()
    ids, probabilities = validation.task.of_clips(rows, validation.clip_ids)
    assert ids.tolist() == clips.clip_ids.tolist()
    predicted, labels = probabilities.argmax(axis=1), np.arange(len(validation.task.classes))
    assert best["validation_accuracy"] == pytest.approx(np.mean(predicted == clips.labels))
    assert best["validation_macro_f1"] == pytest.approx(
        f1_score(clips.labels, predicted, average="macro")
    )
    entropies = -(probabilities * np.log(probabilities)).sum(axis=1)
    assert best["validation_entropy"] == pytest.approx(entropies.mean(), rel=1e-5)
    agreeing = [
        len(set(predicted[clips.groups == group])) == 1 for group in np.unique(clips.groups)
    ]
    assert best["validation_group_consistency"] == pytest.approx(np.mean(agreeing))
    for k in (2, 3):
        if k < len(validation.task.classes):
            golden = top_k_accuracy_score(clips.labels, probabilities, k=k, labels=labels)
            assert best[f"validation_top{k}_accuracy"] == pytest.approx(golden)
        else:
            assert f"validation_top{k}_accuracy" not in best
    if len(validation.task.classes) == 2:
        scores = clip_scores(trained.head.scores(validation.features), validation.clip_ids)[1]
        assert best["validation_auprc"] == pytest.approx(auprc(clips.labels == 1, scores))
    else:
        assert "validation_auprc" not in best


def test_three_classes_have_a_second_but_no_third_place():
    three = CLASSES[:3]
    row = train(many_examples("t", classes=three), many_examples("v", classes=three)).history[0]
    assert "validation_top2_accuracy" in row
    assert "validation_top3_accuracy" not in row


def test_training_accuracy_is_that_of_the_head_on_the_rows_as_they_were():
    training = toy_examples("t", distance=1.0)
    trained = train(
        training, toy_examples("v"), upsampling="smote", epochs=5, early_stopping="none"
    )
    best = trained.history[trained.best_epoch - 1]
    predicted = trained.head.scores(training.features) > 0.5
    assert best["train_accuracy"] == pytest.approx(np.mean(predicted == (training.labels == 1)))
    assert 0.5 < best["train_accuracy"] < 1


def _one_epoch(rows, options, task):
    """The first epoch by hand, with torch's own clipping: batch losses, sizes and norms."""
    widths = (rows.features.shape[1], options.hidden_units, task.outputs)
    network = Network(widths, np.random.default_rng(0))
    theirs = Network(widths, np.random.default_rng(0))
    descent = Descent(network, rows, task, options, options.epochs, seed=1)
    batches = Batches(rows.features, rows.labels, task, options, seed=1)
    parameters = theirs.tensors()
    optimizer = torch.optim.AdamW(parameters, weight_decay=0.0)
    values, norms = [], []
    steps = len(batches)
    for number, (features, targets, kept) in enumerate(batches.epoch()):
        value = task.loss(theirs.logits(features, kept), targets, options.focal)
        optimizer.zero_grad()
        value.backward()
        limit = options.gradient_clip or math.inf
        norms.append(torch.nn.utils.clip_grad_norm_(parameters, limit).item())
        values.append((value.item(), len(features)))
        rate = options.learning_rate * (1 + math.cos(math.pi * number / steps / options.epochs)) / 2
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
    return descent.epoch(1), values, norms, network, theirs


@pytest.mark.parametrize("gradient_clip", [None, 0.1])
@pytest.mark.parametrize("make", [toy_examples, many_examples])
def test_the_steps_of_an_epoch_are_those_of_torchs_own_optimizer_and_clipping(make, gradient_clip):
    examples = make("t", clips=83, distance=1.0)
    features = (examples.features - examples.features.mean(axis=0)) / examples.features.std(axis=0)
    rows = Rows(features, examples.labels, examples.clip_ids, own=83)
    options = HeadOptions(
        hidden_units=8, batch_size=16, epochs=1, learning_rate=0.01, gradient_clip=gradient_clip
    )
    row, values, norms, ours, theirs = _one_epoch(rows, options, examples.task)
    for mine, golden in zip(ours.tensors(), theirs.tensors(), strict=True):
        assert torch.allclose(mine, golden, atol=2e-6)
    assert row["train_loss"] == pytest.approx(
        sum(value * size for value, size in values) / 83, rel=1e-5
    )
    assert row["train_loss_std"] == pytest.approx(
        np.std([value for value, size in values if size == 16], ddof=1), rel=1e-4
    )
    measured = (
        [0, 1, 2, 3, 4, 5] if gradient_clip else [0, 2, 4, 5]
    )  # the last batch, of 3 rows, is not in the spread
    assert row["grad_norm"] == pytest.approx(
        np.mean([norms[number] for number in measured]), rel=1e-5
    )
    assert row["grad_norm_std"] == pytest.approx(
        np.std([norms[number] for number in measured[:-1]], ddof=1), rel=1e-4
    )
    assert len(norms) == 6
    share = np.mean([norm > gradient_clip for norm in norms]) if gradient_clip else 0
    assert row["clipped_share"] == pytest.approx(share)
    assert not gradient_clip or share > 0.5


def test_the_norm_of_a_batch_is_that_of_the_mean_of_autograds_gradients_of_each_sample():
    network = Network((5, 4, 3), np.random.default_rng(0))
    features = torch.from_numpy(np.random.default_rng(1).standard_normal((7, 5)).astype(np.float32))
    targets = torch.eye(3)[[0, 1, 2, 0, 1, 2, 0]]
    task = Classification(CLASSES[:3])
    of_samples = [
        torch.cat(
            [g.flatten() for g in torch.autograd.grad(value, network.tensors(), retain_graph=True)]
        )
        for value in task.loss(network.logits(features), targets, None, "none")
    ]
    together = torch.autograd.grad(
        task.loss(network.logits(features), targets, None), network.tensors()
    )
    assert global_norm(together) == pytest.approx(
        torch.stack(of_samples).mean(dim=0).norm().item(), rel=1e-5
    )


def test_clipping_leaves_small_gradients_alone():
    gradients = [torch.tensor([3.0, 0.0]), torch.tensor([[4.0]])]
    clip(gradients, global_norm(gradients), limit=5.0)
    assert gradients[1].item() == 4
    clip(gradients, global_norm(gradients), limit=0.5)
    assert global_norm(gradients) == pytest.approx(0.5)


def test_clipping_changes_what_is_learned_and_is_off_by_default():
    training, validation = toy_examples("t"), toy_examples("v")
    free, clipped = train(training, validation), train(training, validation, gradient_clip=0.05)
    assert {row["clipped_share"] for row in free.history} == {0}
    assert clipped.history[0]["clipped_share"] > 0.5
    assert not np.array_equal(free.head.layers[0][0], clipped.head.layers[0][0])


def test_the_spread_of_validation_losses_is_over_batches_that_mix_the_nights():
    part = toy_examples("v", clips=90, distance=0.0)
    features = np.repeat(np.arange(90)[:, None] // 30 * 20.0, 6, axis=1).astype(
        np.float32
    )  # three kinds, by clip id
    options = HeadOptions(batch_size=30)
    network = Network((6, 1), np.random.default_rng(0))
    with torch.no_grad():
        network.tensors()[0].fill_(0.1)  # a new one would find all of them equally probable
    validation = Validation(features, part, options, seed=1)
    figures = validation.measure(network, 1)
    with torch.no_grad():
        each = DETECTION.loss(
            network.logits(validation.features), validation.targets, None, "none"
        ).numpy()
    assert figures["validation_loss"] == pytest.approx(each.mean(), rel=1e-6)
    golden = np.std([each[part].mean() for part in validation.order.reshape(3, 30)], ddof=1)
    assert figures["validation_loss_std"] == pytest.approx(golden, rel=1e-4)
    assert figures["validation_loss_std"] < np.std(
        [each[:30].mean(), each[30:60].mean(), each[60:].mean()], ddof=1
    )
    assert validation.measure(network, 2) == figures


def test_only_full_batches_tell_a_spread_and_one_is_not_enough():
    assert batch_means(np.array([1.0, 3.0, 5.0, 7.0, 100.0]), 2) == [2, 6]
    assert batch_means(np.array([1.0]), 2) == []
    assert spread([2, 6]) == pytest.approx(math.sqrt(8))
    assert math.isnan(spread([2]))


def test_one_batch_and_batches_of_one_are_trained_on():
    training, validation = toy_examples("t", clips=24), toy_examples("v", clips=24)
    whole = train(training, validation, batch_size=100).history[0]
    assert math.isnan(whole["train_loss_std"])
    assert math.isnan(whole["grad_norm_std"])
    assert math.isnan(whole["validation_loss_std"])
    assert whole["grad_norm"] > 0
    single = train(training, validation, batch_size=1).history[0]
    assert all(math.isfinite(value) for name, value in single.items() if name != "improvement_rate")


def test_groups_of_one_clip_leave_group_consistency_unknown():
    validation = toy_examples("v")
    alone = Examples(
        validation.features, validation.labels, validation.clip_ids, validation.clip_ids
    )
    assert all(
        math.isnan(row["validation_group_consistency"])
        for row in train(toy_examples("t"), alone).history
    )


def test_the_rate_of_improvement_is_that_of_accuracy():
    curves = train(
        toy_examples("t", distance=0.5), toy_examples("v", distance=0.5), epochs=7
    ).curves
    assert math.isnan(curves["improvement_rate"][0])
    slope = np.polyfit(np.arange(5), curves["validation_accuracy"][-5:], 1)[0]
    assert curves["improvement_rate"].iloc[-1] == pytest.approx(slope, abs=1e-12)


def test_the_consistency_of_an_epoch_is_that_of_the_groups_asked_for_with_its_chance():
    training, validation = toy_examples("t", distance=1.0), toy_examples("v", distance=1.0)
    speakers = np.array(
        [f"speaker {number % 11}" if number % 5 else "" for number in range(len(validation))]
    )
    grouped = replace(validation, consistency_groups=speakers)
    trained = train(training, grouped)
    shown = trained.history[-1]
    predicted = (trained.head.scores(grouped.ordered().features) > 0.5).astype(int)
    expected = group_consistency(predicted, grouped.ordered().consistency_of)
    assert shown["validation_group_consistency"] == pytest.approx(expected.share)
    assert shown["validation_group_consistency_chance"] == pytest.approx(expected.chance)
    unknown = train(training, replace(validation, consistency_groups=np.full(len(validation), "")))
    assert math.isnan(unknown.history[0]["validation_group_consistency"])
