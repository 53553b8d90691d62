"""The training loop. The only part of training, with what it is made of, that needs torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from chorus.errors import ModelError
from chorus.metrics.multiclass import improvement_rate
from chorus.seeds import generator
from chorus.training.descent import Descent
from chorus.training.examples import Examples
from chorus.training.head import Head
from chorus.training.history import History, unjudged
from chorus.training.network import Network
from chorus.training.options import HeadOptions
from chorus.training.rows import rows_of, standardise
from chorus.training.stopping import NotFiniteError, reason_to_stop
from chorus.training.validation import Validation


@dataclass(frozen=True)
class Fitted:
    """The head of the kept epoch, and how it came about.

    history: what every whole epoch looked like (`chorus.training.history`). best_epoch: which did best.
    stopped: why there was no further one. upsampled: windows that upsampling added.
    """

    head: Head
    history: History
    best_epoch: int
    kept_epoch: int
    stopped: str
    upsampled: int


def fit(
    part: Examples,
    judge: Examples | None,
    options: HeadOptions,
    epochs: int,
    seed: int,
    on_epoch: Callable[[History], None] | None = None,
    until: int | None = None,
) -> Fitted:
    """Minimise the loss on `part`; keep the last epoch, or with early stopping the one that does best on `judge`.

    Args:
        judge: None: the last epoch counts as the best.
        epochs: in which the learning rate falls to 0.
        on_epoch: called with the history after each epoch.
        until: the last epoch, of a training that would go on; None: goes on.

    Raises:
        ModelError: a loss or gradient is no longer finite, and there is no good epoch to fall back on.
    """
    task, unknown = part.task, unjudged(part.task)
    rows, mean, std = rows_of(part, options, seed)
    widths = (part.dimensions, *([options.hidden_units] if options.hidden_units else []))
    network = Network((*widths, task.outputs), generator(seed, "train", "init"))
    descent = Descent(network, rows, task, options, epochs, seed)
    validation = None
    if judge is not None:
        validation = Validation(standardise(judge.features, mean, std), judge, options, seed)
    history: History = []
    best, best_epoch, layers, stopped = (-math.inf, -math.inf), 0, network.layers(), None
    stops_early = validation is not None and options.early_stopping != "none"
    with one_deterministic_thread():
        for epoch in range(1, (until or epochs) + 1):
            try:
                row = {"epoch": epoch, **descent.epoch(epoch)}
                row |= unknown if validation is None else validation.measure(network, epoch)
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
    return Fitted(
        head=Head(mean=mean, std=std, layers=layers, task=task),
        history=history,
        best_epoch=best_epoch,
        kept_epoch=best_epoch if stops_early else len(history),
        stopped=stopped or f"all {len(history)} epochs are done",
        upsampled=len(rows.labels) - rows.own,
    )


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
