"""The training loop. The only part of training, with what it is made of, that needs torch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from chorus.clips import name_clips
from chorus.errors import ModelError
from chorus.health.signals import improvement_rate
from chorus.seeds import generator
from chorus.training.batches import Batches, one_hot
from chorus.training.examples import Examples
from chorus.training.judge import Judge, spread
from chorus.training.losses import loss, losses
from chorus.training.network import Network
from chorus.training.optimizer import Adam, clip, global_norm
from chorus.training.options import HeadOptions
from chorus.training.stopping import NotFiniteError, guide_says_stop

Features = NDArray[np.float32]
History = list[dict[str, float]]
ACCURACY_ROWS = 512  # training rows on which train_accuracy is measured: all of them would cost a fifth more time


@dataclass(frozen=True, eq=False)
class Rows:
    """What an epoch shows: standardised features (n, d), labels and clip ids (n,).

    Those after the first `own` were added by upsampling, and have the clip id of a row that they stem from.
    """

    features: Features
    labels: NDArray[np.int64]
    clip_ids: NDArray[np.str_]
    own: int


@dataclass(frozen=True)
class Fitted:
    """The best epoch's layers, what every whole epoch looked like, and why there was no further one."""

    layers: tuple[tuple[Features, Features], ...]
    history: History
    best_epoch: int
    stopped: str


def fit(rows: Rows, judge_features: Features, judge: Examples, options: HeadOptions, seed: int) -> Fitted:
    """Minimise the loss on the rows; keep the epoch that does best on `judge`.

    Args:
        judge_features: standardised.

    Raises:
        ModelError: a loss or gradient is no longer finite, and there is no good epoch to fall back on.
    """
    classes = len(judge.classes)
    widths = (rows.features.shape[1], *([options.hidden_units] if options.hidden_units else []))
    network = Network((*widths, classes if classes > 2 else 1), generator(seed, "train", "init"))
    descent = Descent(network, rows, classes, options, seed)
    validation = Judge(judge_features, judge, options, seed)
    merit = "validation_macro_f1" if classes > 2 else "validation_auprc"
    history: History = []
    best, best_epoch, layers, stopped = (-math.inf, -math.inf), 0, network.layers(), None
    with one_deterministic_thread():
        for epoch in range(1, options.epochs + 1):
            try:
                row = {"epoch": epoch, **descent.epoch(epoch), **validation.judge(network, epoch)}
            except NotFiniteError as trouble:
                if not history:
                    advice = "lower learning_rate, or look for extreme values in the embeddings"
                    raise ModelError(f"training broke down: {trouble}: {advice}") from None
                stopped = str(trouble)
                break
            accuracies = [past["validation_accuracy"] for past in (*history, row)]
            history.append(row | {"improvement_rate": improvement_rate(accuracies)})
            if (row[merit], -row["validation_loss"]) > best:
                best, best_epoch, layers = (row[merit], -row["validation_loss"]), epoch, network.layers()
            if stopped := reason_to_stop(history, best_epoch, options):
                break
    return Fitted(layers, history, best_epoch, stopped or f"all {options.epochs} epochs are done")


class Descent:
    """The steps of training, an epoch at a time."""

    def __init__(self, network: Network, rows: Rows, classes: int, options: HeadOptions, seed: int) -> None:
        self.network, self.rows, self.options = network, rows, options
        self.adam = Adam(network.tensors(), options.weight_decay)
        self.batches = Batches(rows.features, one_hot(rows.labels, classes), options, seed)
        self.sample = generator(seed, "train", "accuracy rows").permutation(rows.own)[:ACCURACY_ROWS]

    def epoch(self, epoch: int) -> dict[str, float]:
        """Take the steps of an epoch (from 1); return the training columns of the history.

        Raises:
            NotFiniteError: a loss or a gradient is not finite.
        """
        options, count, steps = self.options, len(self.batches), self.options.epochs * len(self.batches)
        values, norms = [], []
        for number, (rows, targets, kept) in enumerate(self.batches.epoch()):
            logits = self.network.logits(rows, kept)
            value = loss(logits, targets, options)
            gradients = torch.autograd.grad(value, self.adam.parameters)
            values.append(value.item())
            norms.append(global_norm(gradients))
            if not (math.isfinite(values[-1]) and math.isfinite(norms[-1])):
                raise self._not_finite(epoch, number, losses(logits.detach(), targets, options).numpy())
            if options.gradient_clip is not None:
                clip(gradients, norms[-1], options.gradient_clip)
            self.adam.step(gradients, cosine(options.learning_rate, (epoch - 1) * count + number, steps))
        sizes = np.full(count, options.batch_size)
        sizes[-1] = len(rows)
        full = slice(None, len(self.rows.features) // options.batch_size)  # a smaller batch varies more
        clipped = np.mean(np.array(norms) > options.gradient_clip) if options.gradient_clip is not None else 0.0
        return {
            "learning_rate": cosine(options.learning_rate, (epoch - 1) * count, steps),
            "train_loss": float(np.average(values, weights=sizes)),
            "train_loss_std": spread(values[full]),
            "train_accuracy": self._accuracy(),
            "grad_norm": float(np.mean(norms)),
            "grad_norm_std": spread(norms[full]),
            "clipped_share": float(clipped),
        }

    def _accuracy(self) -> float:
        with torch.no_grad():
            logits = self.network.logits(torch.from_numpy(self.rows.features[self.sample])).numpy()
        predicted = logits[:, 0] > 0 if logits.shape[1] == 1 else np.argmax(logits, axis=1)
        return float(np.mean(predicted == self.rows.labels[self.sample]))

    def _not_finite(self, epoch: int, number: int, each: NDArray[np.float32]) -> NotFiniteError:
        """Names the clips whose own loss is not finite; if none is, all of the batch, the largest loss first."""
        wrong = np.flatnonzero(~np.isfinite(each))
        which = wrong if len(wrong) else np.argsort(-each, kind="stable")
        clips = self.rows.clip_ids[self.batches.rows(number, which)].tolist()
        what = "loss" if len(wrong) else "gradient"
        return NotFiniteError(
            f"{what} not finite in epoch {epoch}, batch {number + 1}: clips {name_clips(list(dict.fromkeys(clips)))}"
        )


def reason_to_stop(history: History, best_epoch: int, options: HeadOptions) -> str | None:
    """Why there is to be no further epoch, in words; None to go on."""
    patience = options.early_stopping_patience
    if options.early_stopping == "patience" and len(history) - best_epoch >= patience:
        return f"patience: no better epoch than {best_epoch} in {patience} epochs"
    if options.early_stopping == "guide" and guide_says_stop(history):
        return "guide: validation loss rises, accuracy is flat, training losses agree and validation losses do not"
    return None


def cosine(start: float, step: int, steps: int) -> float:
    """The learning rate at a step (from 0): half a cosine from `start` down to 0 (Loshchilov & Hutter 2017,
    arXiv:1608.03983, without restarts)."""
    return start * (1 + math.cos(math.pi * step / steps)) / 2


@contextmanager
def one_deterministic_thread() -> Iterator[None]:
    """A second thread would change the order of sums, and with it the last digits; torch is left as it was found."""
    threads, mode = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    torch.set_num_threads(1)
    torch.set_deterministic_debug_mode("error")  # refuses operations that are not deterministic
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_deterministic_debug_mode(mode)
