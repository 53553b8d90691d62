"""What each step of an epoch is fed."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from chorus.seeds import generator
from chorus.tasks import Task
from chorus.tasks.task import Labels
from chorus.training.augment import blend, mixup_shares
from chorus.training.options import HeadOptions

Features = NDArray[np.float32]
Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]
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
