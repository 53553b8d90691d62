"""The steps of training, an epoch at a time, and what each of them is fed."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from chorus.clips import name_clips
from chorus.seeds import generator
from chorus.tasks import Task
from chorus.tasks.task import Labels
from chorus.training.network import Network
from chorus.training.optimizer import Adam, clip, cosine, global_norm
from chorus.training.options import HeadOptions
from chorus.training.rows import Rows, blend, mixup_shares
from chorus.training.stopping import NotFiniteError
from chorus.training.validation import spread

Features = NDArray[np.float32]
Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]
ACCURACY_ROWS = 512  # training rows on which their accuracy is measured: all of them would cost a fifth more time
NORM_EVERY = 2  # steps between measured gradient norms, where no clipping needs them all: each costs 6 % of a step
# So many are gathered, mixed and masked together: less overhead a step, and little memory.
_BATCHES_AT_ONCE = 32


class Batches:
    """The rows of an epoch in a new order each time, mixed and smoothed, with the hidden units that are kept."""

    def __init__(
        self, features: Features, labels: Labels, task: Task, options: HeadOptions, seed: int
    ) -> None:
        """Rows (n, d) and their labels (n,)."""
        self.features = features
        self.task = task
        self.targets = task.targets(labels)
        self.order = np.arange(len(features))
        self.options = options
        self.shuffle = generator(seed, "train", "shuffle")
        self.mixup = generator(seed, "train", "mixup")
        self.dropout = generator(seed, "train", "dropout")

    def __len__(self) -> int:
        """Batches in an epoch; the last may be smaller."""
        return math.ceil(len(self.features) / self.options.batch_size)

    def epoch(self) -> Iterator[Batch]:
        """Features (b, d), targets (b, outputs), and what multiplies the hidden units (b, h), if any are dropped."""
        count, options = len(self.features), self.options
        order = self.order = self.shuffle.permutation(count)
        shares = mixup_shares(count, options.mixup_alpha, self.mixup) if options.mixup else None
        for start in range(0, count, options.batch_size * _BATCHES_AT_ONCE):
            block = slice(start, start + options.batch_size * _BATCHES_AT_ONCE)
            rows, targets = self.features[order[block]], self.targets[order[block]]
            if shares is not None:
                # row i of the epoch with row n - 1 - i, as the shares are dealt
                partners = order[::-1][block]
                rows = blend(rows, self.features[partners], shares[block])
                targets = blend(targets, self.targets[partners], shares[block])
            soft = self.task.smooth(torch.from_numpy(targets), options.label_smoothing)
            pieces = [torch.from_numpy(rows), soft, *self._kept(len(rows))]
            for batch in zip(
                *(torch.split(piece, options.batch_size) for piece in pieces), strict=True
            ):
                yield batch[0], batch[1], batch[2] if len(batch) == 3 else None

    def rows(self, number: int, which: NDArray[np.intp]) -> NDArray[np.intp]:
        """The rows that a batch (from 0) of the present epoch was made of: `which` of its rows, and their partners."""
        places = number * self.options.batch_size + which
        # without mixup no row has a partner
        partners = self.order[::-1][places[: None if self.options.mixup else 0]]
        return np.concatenate([self.order[places], partners])

    def _kept(self, count: int) -> list[torch.Tensor]:
        dropout, hidden_units = self.options.dropout, self.options.hidden_units
        if not dropout or not hidden_units:
            return []
        kept = self.dropout.random((count, hidden_units), dtype=np.float32) >= np.float32(dropout)
        return [torch.from_numpy(kept) * (1 / (1 - dropout))]


class Descent:
    """The steps of training, an epoch at a time."""

    def __init__(
        self,
        network: Network,
        rows: Rows,
        task: Task,
        options: HeadOptions,
        epochs: int,
        seed: int,
    ) -> None:
        """epochs: in which the learning rate falls to 0, also where training ends before."""
        self.network, self.rows, self.task, self.options = network, rows, task, options
        self.adam = Adam(network.tensors(), options.weight_decay)
        self.batches = Batches(rows.features, rows.labels, task, options, seed)
        self.epochs = epochs
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
