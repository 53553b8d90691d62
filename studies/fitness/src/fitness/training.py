"""Training on pairs: one model a fold and member, stopped by a fold that it neither learns from nor is judged on."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from chorus.errors import ModelError
from chorus.metrics.regression import rmse
from chorus.metrics.scores import bins, variance_scale
from chorus.options import options
from chorus.seeds import derive
from chorus.statistics.shift import expected_rmse
from chorus.training.imbalance import FeatureSmoothing, inverse_weights, lds_weights, target_weights
from chorus.training.loop import one_deterministic_thread
from chorus.training.optimizer import Adam, clip, global_norm
from chorus.training.plateau import Plateau
from chorus.training.readouts import (
    LOSSES,
    LossName,
    Readout,
    ReadoutName,
    Scale,
    losses,
    readout,
    refuse_misfit,
)
from fitness.dataset import Scored
from fitness.network import Axes, PairNetwork
from fitness.vectors import Pairs

SCALE = Scale(0, 10)
Floats = NDArray[np.float64]
_LEAST_VARIANCE = 1e-6  # a likelihood has no bound where a variance may be 0


@options
class WeightOptions:
    """kind: of the loss of each record: "sqrt_inverse" (chorus.training.imbalance.inverse_weights, with exponent,
    floor, cap and boost), "lds", "target" (importance weights for evaluate.target), or "none"."""

    kind: Literal["none", "sqrt_inverse", "lds", "target"] = "sqrt_inverse"
    exponent: Annotated[float, Field(ge=0, le=1)] = 0.5
    floor: Annotated[float, Field(gt=0)] = 0.5
    cap: Annotated[float, Field(gt=0)] = 8.0
    boost: dict[int, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)


@options
class TrainOptions:
    """model: the readout, see chorus.training.readouts. loss: "default" is the readout's first one.
    components: principal axes of metric and of text that a model sees (fitness.network.Axes); 0: whole vectors.
    rank: of the interaction of metric and text; 0: there is none. hidden: units of each layer.
    weights: see WeightOptions. fds: feature distribution smoothing.
    epochs: at most. patience: epochs without a better one, by RMSE under evaluate.target on the fold that stops.
    plateau: epochs without a better one until the learning rate is halved, down to least_rate.
    members: models of each fold, with seeds of their own; predictions are their means.
    precision: "bfloat16": products in mixed precision, faster on a GPU. device: the digits of "cuda" are its own."""

    model: ReadoutName = "heteroscedastic"
    loss: Literal["default"] | LossName = "default"
    components: Annotated[int, Field(ge=0)] = 128
    rank: Annotated[int, Field(ge=0)] = 64
    hidden: tuple[Annotated[int, Field(gt=0)], ...] = (64,)
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.4
    weights: WeightOptions = Field(default_factory=WeightOptions)
    fds: bool = False
    epochs: Annotated[int, Field(gt=0)] = 12
    batch_size: Annotated[int, Field(gt=1)] = 256
    learning_rate: Annotated[float, Field(gt=0)] = 3e-3
    least_rate: Annotated[float, Field(ge=0)] = 1e-6
    weight_decay: Annotated[float, Field(ge=0)] = 1e-5
    gradient_clip: Annotated[float, Field(gt=0)] = 1.0
    patience: Annotated[int, Field(gt=0)] = 5
    plateau: Annotated[int, Field(gt=0)] = 1
    members: Annotated[int, Field(gt=0)] = 1
    precision: Literal["float32", "bfloat16"] = "float32"
    device: Literal["cpu", "cuda", "auto"] = "cpu"

    @property
    def loss_name(self) -> LossName:
        """The loss, which the model must have.

        Raises:
            ParameterError: it has not.
        """
        if self.loss == "default":
            return LOSSES[self.model][0]
        refuse_misfit(self.model, self.loss, "train.loss")
        return self.loss

    @property
    def on_gpu(self) -> bool:
        """Raises ModelError: a GPU is asked for that is not there."""
        if self.device == "cuda" and not torch.cuda.is_available():
            raise ModelError(
                "train.device: cuda is asked for, but there is no GPU here: cpu or auto"
            )
        return self.device != "cpu" and torch.cuda.is_available()


@dataclass(frozen=True, eq=False)
class Model:
    """A trained network, with what its variances are multiplied by (fitted on the fold that stopped it).

    history: a row an epoch. best_epoch: the one that was kept. stopped: why there was no further one."""

    network: PairNetwork
    read: Readout
    variance_scale: float
    history: list[dict[str, float]]
    best_epoch: int
    stopped: str

    def predict(self, pairs: Pairs) -> tuple[Floats, Floats]:
        """Scores and variances, (n,) each."""
        scores, variances = _outputs(self.network, self.read, pairs)
        return scores, variances * self.variance_scale


def weights(scores: Floats, target: Mapping[int, float], given: WeightOptions) -> Floats:
    """What the loss of each record is multiplied by, (n,), of mean 1."""
    if given.kind == "none":
        return np.ones(len(scores))
    places = bins(scores)
    if given.kind == "lds":
        return lds_weights(places, SCALE.highest)
    if given.kind == "target":
        return target_weights(places, target)
    return inverse_weights(
        places, exponent=given.exponent, floor=given.floor, cap=given.cap, boost=given.boost
    )


def train(
    learn: Scored, stop: Scored, target: Mapping[int, float], options: TrainOptions, seed: int
) -> Model:
    """Minimise the weighted loss on `learn`; keep the epoch with the lowest RMSE under `target` on `stop`.

    The made-up pairs of `stop` count too: of scores that are rare it has a handful of real records, by which the
    best epoch would be one that has learned nothing yet. All else is measured on the real ones.

    Raises:
        ParameterError, ModelError: see TrainOptions.
        ModelError: a loss is no longer finite.
    """
    read, loss = readout(options.model, SCALE), options.loss_name
    device = torch.device("cuda" if options.on_gpu else "cpu")
    weight = weights(learn.scores, target, options.weights)
    with one_deterministic_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "train"))
        axes = (
            Axes.fit(learn.pairs.metric, options.components),
            Axes.fit(learn.pairs.text, options.components),
        )
        network = PairNetwork(axes, read.size, options.rank, options.hidden, options.dropout)
        network = network.to(device)
        if options.model == "heteroscedastic":  # starts at the mean score, not at 0
            with torch.no_grad():
                network.output.bias[0] = float(np.average(learn.scores, weights=weight))
        descent = _Descent(network, learn, weight, read, options)
        judged = _on_axes(network, stop.pairs)
        plateau = Plateau(options.learning_rate, options.plateau, options.least_rate)
        history: list[dict[str, float]] = []
        best, best_epoch, stopped = math.inf, 0, f"all {options.epochs} epochs are done"
        kept = copy.deepcopy(network.state_dict())
        for epoch in range(1, options.epochs + 1):
            row = {"epoch": epoch, "learning_rate": plateau.rate, **descent.epoch(plateau.rate)}
            row |= _measured(_raw(network, judged), read, stop, target, loss)
            history.append(row)
            if row["validation_rmse_target"] < best:
                best, best_epoch = row["validation_rmse_target"], epoch
                kept = copy.deepcopy(network.state_dict())
            plateau.step(row["validation_rmse_target"])
            if epoch - best_epoch >= options.patience:
                stopped = (
                    f"patience: no better epoch than {best_epoch} in {options.patience} epochs"
                )
                break
        network.load_state_dict(kept)
        # How far made-up scores are off says nothing of true ones.
        real = stop.only_real()
        scores, variances = _outputs(network, read, real.pairs)
        scale = variance_scale(real.scores, scores, variances)
    return Model(network, read, scale, history, best_epoch, stopped)


class _Descent:
    """The steps of training, an epoch at a time."""

    def __init__(
        self,
        network: PairNetwork,
        learn: Scored,
        weight: Floats,
        read: Readout,
        options: TrainOptions,
    ) -> None:
        """weight: (n,), what the loss of each record is multiplied by."""
        self.network, self.read, self.options = network, read, options
        self.adam = Adam(list(network.parameters()), options.weight_decay)
        metric, text = _on_axes(network, learn.pairs)
        self.device = metric.device
        columns = (learn.scores.astype(np.float32), weight.astype(np.float32), bins(learn.scores))
        rest = (torch.from_numpy(column).to(self.device) for column in columns)
        self.rows = [metric, text, *rest]
        self.smoothing = None
        if options.fds:
            self.smoothing = FeatureSmoothing(options.hidden[-1], SCALE.highest, self.device)

    def epoch(self, rate: float) -> dict[str, float]:
        """Take the steps of an epoch; the training columns of the history."""
        self.network.train()
        values, norms = [], []
        features: list[torch.Tensor] = []
        order = torch.randperm(len(self.rows[0]))
        for rows in self._batches(order):
            value, seen = self._loss(*rows)
            gradients = torch.autograd.grad(value, self.adam.parameters)
            norms.append(global_norm(gradients))
            if not math.isfinite(norms[-1]):
                raise ModelError(
                    "training broke down: a gradient is not finite: lower train.learning_rate"
                )
            clip(gradients, norms[-1], self.options.gradient_clip)
            self.adam.step(gradients, rate)
            values.append(value.item())
            features.append(seen.detach())
        if self.smoothing is not None:
            # In the order of the batches, in which the features were gathered.
            self.smoothing.end_epoch(
                torch.cat(features).cpu().float(),
                self.rows[4][order[: sum(map(len, features))]].cpu(),
            )
        return {
            "train_loss": float(np.mean(values)),
            "train_loss_std": float(np.std(values, ddof=1)) if len(values) > 1 else math.nan,
            "grad_norm": float(np.mean(norms)),
            "grad_norm_std": float(np.std(norms, ddof=1)) if len(norms) > 1 else math.nan,
            "clipped_share": float(np.mean(np.array(norms) > self.options.gradient_clip)),
        }

    def _batches(self, order: torch.Tensor) -> Iterator[list[torch.Tensor]]:
        for rows in torch.split(order, self.options.batch_size):
            yield [column[rows.to(self.device)] for column in self.rows]

    def _loss(
        self,
        metric: torch.Tensor,
        text: torch.Tensor,
        scores: torch.Tensor,
        weight: torch.Tensor,
        place: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The mean weighted loss of a batch, and the features before smoothing."""
        mixed = self.options.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=mixed):
            features = self.network.features(metric, text)
            smooth = features if self.smoothing is None else self.smoothing(features.float(), place)
            outputs = self.network.output(smooth)
        each = losses(self.options.loss_name, outputs.float(), scores, self.read, SCALE)
        return (weight * each).mean(), features


def _measured(
    outputs: torch.Tensor,
    read: Readout,
    stop: Scored,
    target: Mapping[int, float],
    loss: LossName,
) -> dict[str, float]:
    """The validation columns of an epoch."""
    real = stop.real
    scores = read.scores(outputs).double().numpy()
    truth = torch.from_numpy(stop.scores[real].astype(np.float32))
    each = losses(loss, outputs[torch.from_numpy(real)], truth, read, SCALE)
    return {
        "validation_loss": float(each.mean()),
        "validation_rmse": rmse(stop.scores[real], scores[real]),
        "validation_rmse_target": expected_rmse(target, stop.scores, scores),
        "validation_sd": float(np.std(scores[real])),
    }


def _on_axes(network: PairNetwork, pairs: Pairs) -> tuple[torch.Tensor, torch.Tensor]:
    """What the network is called with."""
    device = next(network.parameters()).device
    metric, text = torch.from_numpy(pairs.metric), torch.from_numpy(pairs.text)
    with torch.no_grad():
        return network.on_axes(metric.to(device), text.to(device))


def _raw(network: PairNetwork, rows: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Outputs on the CPU, without dropout."""
    network.eval()
    with torch.no_grad():
        found: torch.Tensor = network(*rows)
    return found.float().cpu()


def _outputs(network: PairNetwork, read: Readout, pairs: Pairs) -> tuple[Floats, Floats]:
    """Scores and variances, (n,) each."""
    outputs = _raw(network, _on_axes(network, pairs))
    variances = read.variances(outputs).double().numpy()
    return read.scores(outputs).double().numpy(), variances.clip(min=_LEAST_VARIANCE)
