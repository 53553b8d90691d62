"""The loop: same bytes when killed and continued, all signals, weighted classes, and stops that are said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from chorus.errors import DataError, ModelError
from chorus.tasks import Classification
from chorus.training.optimizer import Adam
from chorus.training.stopping import NotFiniteError
from chorus.voices.augment import AugmentOptions
from chorus.voices.checkpoint import Checkpoint, identity
from chorus.voices.frames import MELS
from chorus.voices.networks import Frames
from chorus.voices.tdnn import Tdnn, TdnnOptions
from chorus.voices.training import (
    Spoken,
    TrainOptions,
    class_weights,
    logits_of,
    rates,
    train,
)

TASK = Classification(("a", "b", "c"))
SMALL = TdnnOptions(channels=8, attention=4, embedding=8)
HEARING = Frames(AugmentOptions(seconds=0.5))
SHORT = {"epochs": 4, "batch_size": 8, "patience": 4}


def make():
    return Tdnn(3, SMALL)


def spoken(seed, samples=30, strange=False):
    random = torch.Generator().manual_seed(seed)
    labels = np.arange(samples) % 3
    heard = []
    for number in range(samples):
        frames = torch.randn(40 + number % 7, MELS, generator=random)
        frames[:: 1 + labels[number], :10] += 4  # a class is a rhythm
        heard.append(frames * (np.nan if strange else 1))
    ids = np.array([f"{seed}-{number}" for number in range(samples)])
    return Spoken(heard, labels, np.array([f"s{number // 5}" for number in range(samples)]), ids)


def trained(options=None, **more):
    options = TrainOptions(**(SHORT | (options or {})))
    return train(make, HEARING, spoken(1), spoken(2), TASK, options, 5, **more)


def content(found) -> bytes:
    return save(dict(found.network.state_dict())) + repr(found.history).encode()


def killed_in_epoch(number: int, folder: Path) -> None:
    """What the subprocess of the test below runs."""

    def on_epoch(history, _logits):
        if len(history) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    trained(checkpoint=Checkpoint(folder / "state.safetensors", "x"), on_epoch=on_epoch)


@pytest.fixture(scope="module")
def never_killed() -> bytes:
    return content(trained())


@pytest.mark.parametrize("number", [1, 3])
def test_killed_and_continued_it_gives_the_same_bytes(tmp_path, number, never_killed):
    source = Path(__file__).resolve().parents[2] / "src"
    code = (
        f"import sys; sys.path[:0] = [{str(source)!r}, {str(Path(__file__).parent)!r}]\n"
        "import chorus, test_training\nfrom pathlib import Path\n"
        f"test_training.killed_in_epoch({number}, Path({str(tmp_path)!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    epochs = []
    checkpoint = Checkpoint(tmp_path / "state.safetensors", "x")
    found = trained(checkpoint=checkpoint, on_epoch=lambda history, _: epochs.append(len(history)))
    assert epochs[0] == number + 1
    assert content(found) == never_killed
    checkpoint.forget()
    assert not checkpoint.path.exists()


def test_the_state_of_another_training_or_a_damaged_one_is_not_used(tmp_path):
    path = tmp_path / "state.safetensors"
    trained({"epochs": 2}, checkpoint=Checkpoint(path, "one"))
    epochs = []
    trained(checkpoint=Checkpoint(path, "other"), on_epoch=lambda past, _: epochs.append(len(past)))
    assert epochs[0] == 1
    path.write_bytes(path.read_bytes()[:-9])
    epochs.clear()
    trained(checkpoint=Checkpoint(path, "other"), on_epoch=lambda past, _: epochs.append(len(past)))
    assert epochs[0] == 1


def test_an_identity_depends_on_each_part_and_on_where_parts_end():
    parts = [("ab", ["c"]), ("a", ["bc"]), ("ab", ["c", ""]), (b"ab", ["c"])]
    assert len({identity(*part) for part in parts}) == len(parts)


def test_every_signal_of_the_guide_is_there_and_finite():
    found = trained({"epochs": 3})
    expected = {
        "train_loss", "train_loss_std", "train_accuracy", "grad_norm", "grad_norm_std", "clipped_share",
        "validation_loss", "validation_loss_std", "validation_accuracy", "validation_top2_accuracy",
        "validation_macro_f1", "validation_entropy", "validation_group_consistency", "improvement_rate",
    }  # fmt: skip
    assert expected <= set(found.history[0])
    assert all(np.isfinite(found.history[-1][name]) for name in expected)


def test_it_learns_and_keeps_the_best_epoch():
    found = trained({"epochs": 12, "learning_rate": 0.02, "patience": 12})
    best = max(row["validation_macro_f1"] for row in found.history)
    assert best > 0.6
    judged = spoken(2)
    logits = logits_of(found.network, HEARING, judged.heard)
    assert TASK.measure(logits, judged.ids, judged.labels)["macro_f1"] == pytest.approx(best)
    assert found.history[found.kept_epoch - 1]["validation_macro_f1"] == best


def test_patience_ends_it_and_says_so():
    found = trained({"epochs": 30, "learning_rate": 1e-9, "patience": 2})
    assert found.stopped.startswith("patience: no better epoch than")
    assert len(found.history) == found.best_epoch + 2


def test_batches_that_are_accumulated_take_one_step():
    one, two = (trained({"epochs": 1, "accumulate": number}) for number in (1, 2))
    assert content(one) != content(two)
    assert len(spoken(1)) / 8 > 2  # so that there are steps of two batches, and a last one of fewer


def test_a_rare_class_counts_more_but_not_without_end():
    labels = np.array([0] * 100 + [1] * 25 + [2])
    weights = class_weights(labels, 0.5, 3.0)
    assert weights.mean() == pytest.approx(1)
    assert weights[100] / weights[0] == pytest.approx(2)
    assert weights[125] / weights[0] == pytest.approx(3)
    assert (class_weights(labels, 0.0, 3.0) == 1).all()


def test_the_learning_rate_rises_in_even_steps_and_falls_along_half_a_cosine():
    found = rates(0.6, 0.3, 10)
    assert found[:4] == pytest.approx([0.2, 0.4, 0.6, 0.6])
    assert found[3:] == pytest.approx([0.3 * (1 + np.cos(np.pi * step / 7)) for step in range(7)])
    assert rates(0.6, 0.0, 4)[0] == 0.6


def test_a_class_without_samples_is_refused():
    part = spoken(1)
    without = Spoken(part.heard, np.minimum(part.labels, 1), part.speakers, part.ids)
    with pytest.raises(DataError, match="no samples of: c"):
        train(make, HEARING, without, spoken(2), TASK, TrainOptions(**SHORT), 5)


def test_what_is_not_finite_is_named():
    with pytest.raises(ModelError, match="loss not finite in epoch 1, batch 1: samples 1-"):
        train(make, HEARING, spoken(1, strange=True), spoken(2), TASK, TrainOptions(**SHORT), 5)
    assert issubclass(NotFiniteError, Exception)


@pytest.mark.parametrize("rule", ["none", "patience"])
def test_a_training_that_breaks_down_keeps_what_it_had_after_a_whole_epoch(monkeypatch, rule):
    """In its third epoch, after a step that ruins the network."""
    step, said = Adam.step, {}

    def ruinous(self, gradients, rate):
        step(self, gradients, rate)
        if len(said) == 2:
            for parameter in self.parameters:
                parameter.data.fill_(np.nan)

    monkeypatch.setattr(Adam, "step", ruinous)
    found = trained(
        {"early_stopping": rule},
        on_epoch=lambda history, logits: said.update({len(history): logits}),
    )
    assert "not finite in epoch 3" in found.stopped
    assert len(found.history) == 2
    again = logits_of(found.network, HEARING, spoken(2).heard)
    np.testing.assert_array_equal(again, said[found.kept_epoch])
    assert found.kept_epoch == (2 if rule == "none" else found.best_epoch)
