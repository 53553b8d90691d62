"""A network that learns classes from samples of speech: the loop, its signals, and when it stops.

What is the same on embeddings comes from `chorus.training`: the optimiser, clipping, the rules for stopping.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from chorus.clips import name_clips
from chorus.errors import DataError, ModelError
from chorus.metrics import multiclass
from chorus.options import options
from chorus.seeds import derive, generator
from chorus.tasks import Classification
from chorus.training.loop import one_deterministic_thread
from chorus.training.optimizer import Adam, clip, cosine, global_norm
from chorus.training.stopping import NotFiniteError, reason_to_stop
from chorus.training.validation import batch_means, spread
from chorus.voices.checkpoint import Checkpoint, History
from chorus.voices.sequences import Hearing

OnEpoch = Callable[[History, NDArray[np.float32]], None]
Batch = tuple[NDArray[np.intp], np.random.Generator]  # rows, and what their variants are drawn by
ACCURACY_SAMPLES = 256  # of training, on which its accuracy is measured after each epoch
_AT_ONCE = 32  # samples that are judged together, of about one length


@options
class TrainOptions:
    """How a network is trained.

    epochs: at most. batch_size, accumulate: a step is taken after so many batches of so many samples.
    learning_rate: rises over the share `warm_up` of the steps, then falls to 0 along half a cosine.
    weight_decay: decoupled (AdamW). gradient_clip: largest norm of a step's gradient; None: never clipped.
    label_smoothing: share of each target that is spread over all classes.
    class_weights: a sample's loss counts (largest class / its class) to this power, at most `highest_weight` times as
        much; 0: all the same.
    early_stopping: patience ends after `patience` epochs without a better macro F1 over the validation speakers, whom
        training never hears (of two equal ones, the lower loss is better); guide follows the training metrics guide
        (`chorus.training.stopping`). Both keep the best epoch; none keeps the last.
    """

    epochs: Annotated[int, Field(ge=1)] = 20
    batch_size: Annotated[int, Field(ge=2)] = 16
    accumulate: Annotated[int, Field(ge=1)] = 1
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 2e-3
    warm_up: Annotated[float, Field(ge=0, lt=1)] = 0.15
    weight_decay: Annotated[float, Field(ge=0, lt=1)] = 0.01
    gradient_clip: Annotated[float | None, Field(gt=0)] = 0.5
    label_smoothing: Annotated[float, Field(ge=0, lt=0.5)] = 0.1
    class_weights: Annotated[float, Field(ge=0, le=1)] = 0.5
    highest_weight: Annotated[float, Field(ge=1)] = 3.0
    early_stopping: Literal["none", "patience", "guide"] = "patience"
    patience: Annotated[int, Field(ge=1)] = 10


@dataclass(frozen=True, eq=False)
class Spoken:
    """Samples of speech. heard: steps of each, as of `Sequences.of`. labels: int64 (n,). speakers, ids: str (n,)."""

    heard: Sequence[Tensor]
    labels: NDArray[np.int64]
    speakers: NDArray[np.str_]
    ids: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Trained:
    """network: with the weights of the kept epoch. history: as of `chorus.training.TrainedHead`. stopped: why."""

    network: nn.Module
    history: History
    best_epoch: int
    kept_epoch: int
    stopped: str

    @property
    def summary(self) -> dict[str, Any]:
        """For the model's description."""
        kept = self.history[self.kept_epoch - 1]
        named = ("train_loss", "validation_loss", "validation_accuracy", "validation_macro_f1")
        return {
            "epochs": len(self.history),
            "best_epoch": self.best_epoch,
            "kept_epoch": self.kept_epoch,
            "stopped": self.stopped,
            **{name: kept[name] for name in named},
        }


def class_weights(labels: NDArray[np.int64], power: float, highest: float) -> NDArray[np.float32]:
    """(count of the largest class / count of the sample's)^power, at most `highest`, divided by their mean: (n,)."""
    counts = np.bincount(labels)
    weights = np.minimum((counts.max() / counts[labels]) ** power, highest)
    # Of mean 1, or rare classes would lengthen every step.
    return np.asarray(weights / weights.mean(), dtype=np.float32)


def train(
    make: Callable[[], nn.Module],
    hearing: Hearing,
    learn: Spoken,
    judge: Spoken,
    task: Classification,
    options: TrainOptions,
    seed: int,
    *,
    checkpoint: Checkpoint | None = None,
    on_epoch: OnEpoch | None = None,
) -> Trained:
    """Train a network on `learn`, judged after each epoch on the speakers of `judge`.

    The result depends on nothing but the arguments, to the byte on one type of CPU, killed and continued or not.

    Args:
        make: gives the network with its initial weights, drawn from torch's generator.
        checkpoint: where an unfinished training is kept, and goes on from.
        on_epoch: called with the history so far and the logits of `judge` after each epoch.

    Raises:
        DataError: a class is missing in training. ModelError: training broke down in its first epoch.
    """
    if missing := task.lacking(learn.labels):
        raise DataError(f"the training set has no samples of: {', '.join(missing)}")
    epochs, size, rule = options.epochs, options.batch_size, options.early_stopping
    # Forked, so that the caller draws on as if nothing had been trained.
    with one_deterministic_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "train", "init"))
        network = make()
        # The same samples after each epoch: the curve then moves by what was learned alone.
        asked = generator(seed, "train", "accuracy samples").permutation(len(learn))
        # In the order of the table a batch would be one speaker; those of training are of all speakers.
        dealt = generator(seed, "train", "validation batches").permutation(len(judge))
        descent = _Descent(network, hearing, learn, asked[:ACCURACY_SAMPLES], task, options)
        found = checkpoint.load(network, descent.adam) if checkpoint else None
        best, history = found or (_weights(network), [])
        did_best = best_epoch(history, task)
        while (
            not (stopped := reason_to_stop(history, did_best, rule, options.patience))
            and len(history) < epochs
        ):
            epoch = len(history) + 1
            # Streams are named after the epoch: a training that goes on needs nothing of those before.
            torch.manual_seed(derive(seed, "train", "dropout", epoch))
            order = generator(seed, "train", "shuffle", epoch).permutation(len(learn))
            parts = np.split(order, range(size, len(learn), size))
            batches = [
                (rows, generator(seed, "train", "augment", epoch, number))
                for number, rows in enumerate(parts)
            ]
            try:
                row = {"epoch": epoch, **descent.epoch(epoch, batches)}
                logits = logits_of(network, hearing, judge.heard)
                row |= _measured(logits, judge, task, dealt, size)
            except NotFiniteError as trouble:
                if not history:
                    raise ModelError(
                        f"training broke down: {trouble}: lower train.learning_rate"
                    ) from None
                stopped = str(trouble)
                break
            accuracies = [past["validation_accuracy"] for past in (*history, row)]
            history.append(row | {"improvement_rate": multiclass.improvement_rate(accuracies)})
            did_best = best_epoch(history, task)
            # Kept before it is saved, and saved before it is shown: whatever is shown survives a kill.
            if rule == "none" or did_best == epoch:
                best = _weights(network)
            if checkpoint:
                checkpoint.save(network, descent.adam, best, history)
            if on_epoch:
                on_epoch(history, logits)
        # Also those of the last epoch: one that broke down has moved the network on from there.
        network.load_state_dict(best)
    return Trained(
        network.eval(),
        history,
        best_epoch=did_best,
        kept_epoch=len(history) if rule == "none" else did_best,
        stopped=stopped or f"all {epochs} epochs are done",
    )


@torch.no_grad()
def logits_of(network: nn.Module, hearing: Hearing, heard: Sequence[Tensor]) -> NDArray[np.float32]:
    """Logits (n, classes) of samples as they are, which do not depend on the samples beside them."""
    network.eval()
    order = np.argsort([len(one) for one in heard], kind="stable")  # little padding
    found: list[Tensor] = []
    for begin in range(0, len(order), _AT_ONCE):
        together = [hearing.plain(heard[number]) for number in order[begin : begin + _AT_ONCE]]
        found.append(network(*hearing.batch(together)))
    logits = np.empty((len(order), found[0].shape[1]), dtype=np.float32)
    logits[order] = torch.cat(found).numpy()
    return logits


def best_epoch(history: History, task: Classification) -> int:
    """The epoch (from 1) that did best; of equal ones that of the lowest loss, then the first; 0 without any."""
    merits = [(row[task.merit], -row["validation_loss"]) for row in history]
    return merits.index(max(merits)) + 1 if merits else 0


class _Descent:
    """The steps of training, an epoch at a time."""

    def __init__(
        self,
        network: nn.Module,
        hearing: Hearing,
        learn: Spoken,
        asked: NDArray[np.intp],
        task: Classification,
        options: TrainOptions,
    ) -> None:
        """asked: rows of `learn`, by which accuracy is measured."""
        self.network, self.hearing, self.learn, self.asked = network, hearing, learn, asked
        self.task, self.options = task, options
        self.targets = torch.from_numpy(task.targets(learn.labels))
        weights = class_weights(learn.labels, options.class_weights, options.highest_weight)
        self.weights = torch.from_numpy(weights)
        self.steps = math.ceil(math.ceil(len(learn) / options.batch_size) / options.accumulate)
        self.rates = rates(options.learning_rate, options.warm_up, options.epochs * self.steps)
        learning: list[Tensor] = [one for one in network.parameters() if one.requires_grad]
        self.adam = Adam(learning, options.weight_decay)

    def epoch(self, epoch: int, batches: Sequence[Batch]) -> dict[str, float]:
        """Take the steps of an epoch (from 1); return the training columns of the history.

        Raises:
            NotFiniteError: a loss or a gradient is not finite.
        """
        options = self.options
        values: list[float] = []
        norms: list[float] = []
        gradients: list[Tensor] = []
        self.network.train()
        for number, (rows, random) in enumerate(batches):
            value = self._loss(rows, random)
            values.append(value.item())
            if not math.isfinite(values[-1]):
                # Asked before the gradient, which no longer tells of which samples it is.
                named = name_clips(self.learn.ids[rows].tolist())
                raise NotFiniteError(
                    f"loss not finite in epoch {epoch}, batch {number + 1}: samples {named}"
                )
            gradients = _added(gradients, torch.autograd.grad(value, self.adam.parameters))
            if (number + 1) % options.accumulate == 0 or number + 1 == len(batches):
                norms.append(self._step(epoch, len(norms), gradients))
                gradients = []
        limit = options.gradient_clip or math.inf
        # The last batch may be small: it weighs less in the mean, and in the spread, not at all.
        full = len(self.learn) // options.batch_size
        return {
            "learning_rate": self.rates[(epoch - 1) * self.steps],
            "train_loss": float(np.average(values, weights=[len(rows) for rows, _ in batches])),
            "train_loss_std": spread(values[:full]),
            "train_accuracy": self._accuracy(),
            "grad_norm": float(np.mean(norms)),
            "grad_norm_std": spread(norms),
            "clipped_share": float(np.mean([norm > limit for norm in norms])),
        }

    def _loss(self, rows: NDArray[np.intp], random: np.random.Generator) -> Tensor:
        """The weighted mean loss of a batch."""
        heard = [self.hearing.varied(self.learn.heard[row], random) for row in rows]
        logits = self.network(*self.hearing.batch(heard))
        soft = self.task.smooth(self.targets[rows], self.options.label_smoothing)
        return (self.weights[rows] * self.task.loss(logits, soft, None, "none")).mean()

    def _step(self, epoch: int, number: int, gradients: list[Tensor]) -> float:
        """Take a step (from 0 in its epoch); the norm of its gradient before clipping."""
        for gradient in gradients:
            gradient.div_(self.options.accumulate)
        norm = global_norm(gradients)
        if not math.isfinite(norm):
            raise NotFiniteError(f"gradient not finite in epoch {epoch}, step {number + 1}")
        if self.options.gradient_clip is not None:
            clip(gradients, norm, self.options.gradient_clip)
        self.adam.step(gradients, self.rates[(epoch - 1) * self.steps + number])
        return norm

    def _accuracy(self) -> float:
        heard = [self.learn.heard[row] for row in self.asked]
        logits = logits_of(self.network, self.hearing, heard)
        return self.task.fit(logits, self.learn.labels[self.asked])


def rates(highest: float, warm_up: float, steps: int) -> list[float]:
    """The learning rate of each step: it rises over the share `warm_up` of them, then falls to 0 along half a
    cosine."""
    rising = round(warm_up * steps)
    up = [highest * (step + 1) / rising for step in range(rising)]
    return up + [cosine(highest, step, steps - rising) for step in range(steps - rising)]


def _added(sums: list[Tensor], gradients: Sequence[Tensor]) -> list[Tensor]:
    """The gradients of the batches of a step, together so far."""
    if not sums:
        return list(gradients)
    return [total.add_(one) for total, one in zip(sums, gradients, strict=True)]


def _measured(
    logits: NDArray[np.float32],
    judge: Spoken,
    task: Classification,
    dealt: NDArray[np.intp],
    batch_size: int,
) -> dict[str, float]:
    """The validation columns of an epoch; `dealt`: the order in which samples make batches.

    Raises:
        NotFiniteError: the network no longer gives finite numbers.
    """
    targets = torch.from_numpy(task.targets(judge.labels))
    each = task.loss(torch.from_numpy(logits), targets, None, "none").numpy()
    if not np.isfinite(each).all():
        named = name_clips(judge.ids[~np.isfinite(each)].tolist())
        raise NotFiniteError(f"validation loss not finite: samples {named}")
    measured = task.measure(logits, judge.ids, judge.labels)
    consistency = multiclass.group_consistency(np.argmax(logits, axis=1), judge.speakers)
    return {
        "validation_loss": float(each.mean()),
        "validation_loss_std": spread(batch_means(each[dealt], batch_size)),
        **{f"validation_{name}": value for name, value in measured.items()},
        "validation_group_consistency": consistency.share,
        "validation_group_consistency_chance": consistency.chance,
    }


def _weights(network: nn.Module) -> dict[str, Tensor]:
    return copy.deepcopy(network.state_dict())
