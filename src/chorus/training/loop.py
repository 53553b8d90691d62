"""The training loop. The only part of training, with its losses and network, that needs torch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.optim.adamw import adamw

from chorus.errors import ModelError
from chorus.metrics import auprc
from chorus.seeds import generator
from chorus.training.augment import blend, mixup_shares
from chorus.training.examples import Examples, clip_scores
from chorus.training.losses import loss, smooth
from chorus.training.network import Network
from chorus.training.options import HeadOptions

Features = NDArray[np.float32]
Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]
_BATCHES_AT_ONCE = 32  # are gathered, mixed and masked together: less overhead a step, and little memory


@dataclass(frozen=True)
class Fitted:
    """The best epoch's layers, and what every epoch looked like."""

    layers: tuple[tuple[Features, Features], ...]
    history: list[dict[str, float]]
    best_epoch: int


def fit(
    features: Features,
    labels: NDArray[np.bool_],
    judge_features: Features,
    judge: Examples,
    options: HeadOptions,
    seed: int,
) -> Fitted:
    """Minimise the loss on `features` (n, d) and `labels` (n,); keep the epoch that does best on `judge`.

    Args:
        features, judge_features: standardised.

    Raises:
        ModelError: the loss is no longer finite.
    """
    widths = (features.shape[1], *([options.hidden_units] if options.hidden_units else []), 1)
    network = Network(widths, generator(seed, "train", "init"))
    adam = Adam(network.tensors(), options.weight_decay)
    batches = Batches(features, labels, options, seed)
    steps = options.epochs * len(batches)
    history: list[dict[str, float]] = []
    best, best_epoch, layers = (-math.inf, -math.inf), 0, network.layers()
    with one_deterministic_thread():
        for epoch in range(1, options.epochs + 1):
            first_step = (epoch - 1) * len(batches)
            train_loss = torch.zeros(())
            for step, (rows, targets, kept) in enumerate(batches.epoch(), start=first_step):
                value = loss(network.logits(rows, kept), targets, options)
                gradients = torch.autograd.grad(value, adam.parameters)
                adam.step(gradients, cosine(options.learning_rate, step, steps))
                train_loss += value.detach() * len(rows)
            validation_loss, validation_auprc = judged(network, judge_features, judge, options, epoch)
            history.append(
                {
                    "epoch": epoch,
                    "train_loss": train_loss.item() / len(features),
                    "validation_loss": validation_loss,
                    "validation_auprc": validation_auprc,
                    "learning_rate": cosine(options.learning_rate, first_step, steps),
                }
            )
            if (validation_auprc, -validation_loss) > best:
                best, best_epoch, layers = (validation_auprc, -validation_loss), epoch, network.layers()
            elif options.early_stopping_patience and epoch - best_epoch >= options.early_stopping_patience:
                break
    return Fitted(layers, history, best_epoch)


class Adam:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101), all parameters in one call.

    torch.optim.AdamW does the same around the same function, but making one imports torch's compiler: a second more
    for every run of a grid.
    """

    def __init__(self, parameters: list[torch.Tensor], weight_decay: float) -> None:
        self.parameters = parameters
        self.weight_decay = weight_decay
        self.means = [torch.zeros_like(parameter) for parameter in parameters]
        self.squares = [torch.zeros_like(parameter) for parameter in parameters]
        self.steps = [torch.zeros(()) for _ in parameters]

    def step(self, gradients: Sequence[torch.Tensor], learning_rate: float) -> None:
        """Change the parameters in place."""
        with torch.no_grad():
            adamw(
                self.parameters,
                list(gradients),
                self.means,
                self.squares,
                [],
                self.steps,
                fused=True,
                amsgrad=False,
                beta1=0.9,
                beta2=0.999,
                lr=learning_rate,
                weight_decay=self.weight_decay,
                eps=1e-8,
                maximize=False,
            )


class Batches:
    """The rows of an epoch in a new order each time, mixed and smoothed, with the hidden units that are kept."""

    def __init__(self, features: Features, labels: NDArray[np.bool_], options: HeadOptions, seed: int) -> None:
        self.features = features
        self.targets = labels.astype(np.float32)
        self.options = options
        self.shuffle = generator(seed, "train", "shuffle")
        self.mixup = generator(seed, "train", "mixup")
        self.dropout = generator(seed, "train", "dropout")

    def __len__(self) -> int:
        """Batches in an epoch; the last may be smaller."""
        return math.ceil(len(self.features) / self.options.batch_size)

    def epoch(self) -> Iterator[Batch]:
        """Features (b, d), targets (b, 1), and what multiplies the hidden units (b, h), if any are dropped."""
        count, options = len(self.features), self.options
        order = self.shuffle.permutation(count)
        shares = mixup_shares(count, options.mixup_alpha, self.mixup) if options.mixup else None
        for start in range(0, count, options.batch_size * _BATCHES_AT_ONCE):
            block = slice(start, start + options.batch_size * _BATCHES_AT_ONCE)
            rows, targets = self.features[order[block]], self.targets[order[block]]
            if shares is not None:
                partners = order[::-1][block]
                rows = blend(rows, self.features[partners], shares[block])
                targets = blend(targets, self.targets[partners], shares[block])
            soft = smooth(torch.from_numpy(targets)[:, None], options.label_smoothing)
            pieces = [torch.from_numpy(rows), soft, *self._kept(len(rows))]
            for batch in zip(*(torch.split(piece, options.batch_size) for piece in pieces), strict=True):
                yield batch[0], batch[1], batch[2] if len(batch) == 3 else None

    def _kept(self, count: int) -> list[torch.Tensor]:
        dropout, hidden_units = self.options.dropout, self.options.hidden_units
        if not dropout or not hidden_units:
            return []
        kept = self.dropout.random((count, hidden_units), dtype=np.float32) >= np.float32(dropout)
        return [torch.from_numpy(kept) * (1 / (1 - dropout))]


def judged(
    network: Network, features: Features, judge: Examples, options: HeadOptions, epoch: int
) -> tuple[float, float]:
    """Loss over windows and AUPRC over clips.

    Raises:
        ModelError: the network no longer gives finite numbers.
    """
    with torch.no_grad():
        logits = network.logits(torch.from_numpy(features))
        value = loss(logits, torch.from_numpy(judge.labels.astype(np.float32))[:, None], options).item()
    if not math.isfinite(value):
        raise ModelError(
            f"training broke down in epoch {epoch}, where the validation loss is {value}: lower learning_rate, or look "
            "for extreme values in the embeddings"
        )
    return value, auprc(judge.clip_labels(), clip_scores(logits.numpy()[:, 0], judge.clip_ids)[1])


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
