"""The training loop. The only part of training, with what it is made of, that needs torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from chorus.clips import name_clips
from chorus.errors import ModelError
from chorus.metrics.multiclass import improvement_rate
from chorus.seeds import generator
from chorus.tasks import Task
from chorus.tasks.task import Labels
from chorus.training.batches import Batches
from chorus.training.examples import Examples
from chorus.training.network import Network
from chorus.training.optimizer import Adam, clip, global_norm
from chorus.training.options import HeadOptions, epochs_for
from chorus.training.small import unjudged_signals
from chorus.training.stopping import NotFiniteError, reason_to_stop
from chorus.training.validation import Validation, spread

Features = NDArray[np.float32]
History = list[dict[str, float]]
ACCURACY_ROWS = 512  # training rows on which their accuracy is measured: all of them would cost a fifth more time
NORM_EVERY = 2  # steps between measured gradient norms, where no clipping needs them all: each costs 6 % of a step


@dataclass(frozen=True, eq=False)
class Rows:
    """What an epoch shows: standardised features (n, d), labels and clip ids (n,).

    Those after the first `own` were added by upsampling, and have the clip id of a row that they stem from.
    """

    features: Features
    labels: Labels
    clip_ids: NDArray[np.str_]
    own: int


@dataclass(frozen=True)
class Fitted:
    """The kept epoch's layers, what every whole epoch looked like, which did best, and why there was no further one."""

    layers: tuple[tuple[Features, Features], ...]
    history: History
    best_epoch: int
    kept_epoch: int
    stopped: str


def fit(
    rows: Rows,
    judge_features: Features | None,
    judge: Examples | None,
    task: Task,
    options: HeadOptions,
    seed: int,
    on_epoch: Callable[[History], None] | None = None,
    until: int | None = None,
) -> Fitted:
    """Minimise the loss on the rows; keep the last epoch, or with early stopping the one that does best on `judge`.

    Args:
        judge_features: standardised, of `judge`; None with it: the last epoch counts as the best.
        on_epoch: called with the history after each epoch.
        until: the last epoch, of a training that would go on; None: goes on.

    Raises:
        ModelError: a loss or gradient is no longer finite, and there is no good epoch to fall back on.
    """
    widths = (rows.features.shape[1], *([options.hidden_units] if options.hidden_units else []))
    network = Network((*widths, task.outputs), generator(seed, "train", "init"))
    descent = Descent(network, rows, task, options, seed)
    validation = None
    if judge is not None and judge_features is not None:
        validation = Validation(judge_features, judge, options, seed)
    unjudged = unjudged_signals(task)
    history: History = []
    best, best_epoch, layers, stopped = (-math.inf, -math.inf), 0, network.layers(), None
    stops_early = validation is not None and options.early_stopping != "none"
    with one_deterministic_thread():
        for epoch in range(1, (until or descent.epochs) + 1):
            try:
                row = {"epoch": epoch, **descent.epoch(epoch)}
                row |= unjudged if validation is None else validation.measure(network, epoch)
            except NotFiniteError as trouble:
                if not history:
                    # of the first epoch nothing is left that could be kept
                    advice = "lower learning_rate, or look for extreme values in the embeddings"
                    raise ModelError(f"training broke down: {trouble}: {advice}") from None
                stopped = str(trouble)
                break
            quality = [past[f"validation_{task.quality}"] for past in (*history, row)]
            # an error improves by falling
            sign = -1 if task.lowest_is_best else 1
            history.append(row | {"improvement_rate": sign * improvement_rate(quality)})
            if on_epoch is not None:
                on_epoch(history)
            merit = -row[task.merit] if task.lowest_is_best else row[task.merit]
            better = validation is None or (merit, -row["validation_loss"]) > best
            if better:
                best, best_epoch = (merit, -row["validation_loss"]), epoch
            # without early stopping the last epoch is kept, whichever did best
            if better or not stops_early:
                layers = network.layers()
            stopped = reason_to_stop(
                history, best_epoch, options.early_stopping, options.early_stopping_patience
            )
            if stopped:
                break
    kept_epoch = best_epoch if stops_early else len(history)
    return Fitted(
        layers, history, best_epoch, kept_epoch, stopped or f"all {len(history)} epochs are done"
    )


class Descent:
    """The steps of training, an epoch at a time."""

    def __init__(
        self, network: Network, rows: Rows, task: Task, options: HeadOptions, seed: int
    ) -> None:
        self.network, self.rows, self.task, self.options = network, rows, task, options
        self.adam = Adam(network.tensors(), options.weight_decay)
        self.batches = Batches(rows.features, rows.labels, task, options, seed)
        self.epochs = epochs_for(options, len(rows.features))
        # the same rows in each epoch: the curve then moves by what was learned alone
        self.sample = generator(seed, "train", "accuracy rows").permutation(rows.own)[
            :ACCURACY_ROWS
        ]

    def epoch(self, epoch: int) -> dict[str, float]:
        """Take the steps of an epoch (from 1); return the training columns of the history.

        Raises:
            NotFiniteError: a loss or a gradient is not finite.
        """
        options, count, steps = self.options, len(self.batches), self.epochs * len(self.batches)
        values: list[float] = []
        norms: dict[int, float] = {}
        for number, (rows, targets, kept) in enumerate(self.batches.epoch()):
            logits = self.network.logits(rows, kept)
            value = self.task.loss(logits, targets, options.focal)
            gradients = torch.autograd.grad(value, self.adam.parameters)
            values.append(value.item())
            if not math.isfinite(values[-1]):
                # the mean does not say which rows are to blame
                each = self.task.loss(logits.detach(), targets, options.focal, "none")
                raise self._not_finite(epoch, number, each.numpy())
            if options.gradient_clip is not None or number % NORM_EVERY == 0 or number == count - 1:
                norms[number] = global_norm(gradients)
                if not math.isfinite(norms[number]):
                    raise self._exploded(epoch, number)
                if options.gradient_clip is not None:
                    clip(gradients, norms[number], options.gradient_clip)
            self.adam.step(
                gradients, cosine(options.learning_rate, (epoch - 1) * count + number, steps)
            )
        # a smaller last batch counts by its rows
        sizes = np.full(count, options.batch_size)
        sizes[-1] = len(rows)
        # the rest, a smaller batch, varies more
        full = len(self.rows.features) // options.batch_size
        limit = math.inf if options.gradient_clip is None else options.gradient_clip
        return {
            "learning_rate": cosine(options.learning_rate, (epoch - 1) * count, steps),
            "train_loss": float(np.average(values, weights=sizes)),
            "train_loss_std": spread(values[:full]),
            f"train_{self.task.quality}": self.quality(),
            "grad_norm": float(np.mean(list(norms.values()))),
            "grad_norm_std": spread([norm for number, norm in norms.items() if number < full]),
            "clipped_share": float(np.mean([norm > limit for norm in norms.values()])),
        }

    def quality(self) -> float:
        """Of the present weights, on a sample of the rows that upsampling did not add."""
        with torch.no_grad():
            logits = self.network.logits(torch.from_numpy(self.rows.features[self.sample])).numpy()
        return self.task.fit(logits, self.rows.labels[self.sample])

    def _not_finite(self, epoch: int, number: int, each: NDArray[np.float32]) -> NotFiniteError:
        """What to say of a loss that is not finite, given the losses of the batch (from 0)."""
        if not all(tensor.isfinite().all() for tensor in self.adam.parameters):
            # the step before ruined the weights, and was not measured
            return self._exploded(epoch, number - 1)
        clips = self._clips(number, np.flatnonzero(~np.isfinite(each)))
        return NotFiniteError(
            f"loss not finite in epoch {epoch}, batch {number + 1}: clips {name_clips(clips)}"
        )

    def _exploded(self, epoch: int, number: int) -> NotFiniteError:
        """What to say of a gradient that is not finite: names the clips with the most extreme embeddings first."""
        # the last batch of an epoch may be smaller
        places = np.arange(
            min(self.options.batch_size, len(self.rows.features) - number * self.options.batch_size)
        )
        extent = [
            np.abs(self.rows.features[self.batches.rows(number, place)]).max()
            for place in places[:, None]
        ]
        clips = self._clips(number, places[np.argsort(-np.array(extent), kind="stable")])
        return NotFiniteError(
            f"gradient not finite in epoch {epoch}, batch {number + 1}: clips {name_clips(clips)}"
        )

    def _clips(self, number: int, places: NDArray[np.intp]) -> list[str]:
        """The clips that are blended into these rows of a batch, each once."""
        rows = [self.batches.rows(number, place) for place in places[:, None]]
        return list(dict.fromkeys(self.rows.clip_ids[np.concatenate(rows)].tolist()))


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
