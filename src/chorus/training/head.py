"""A trained head as plain arrays: what scores embeddings, needs no torch, and survives on disk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chorus.errors import DataError, ModelError
from chorus.tasks import DETECTION, Task
from chorus.training.examples import Examples

Weights = NDArray[np.float32]
_BLOCK = 4096  # rows scored at once, so that memory does not grow with the survey


@dataclass(frozen=True, eq=False)
class Head:
    """Standardisation, at most one hidden layer of rectified units, and the logits of a task.

    mean, std: float32 (d,), of the training rows.
    layers: (weight, bias) pairs, weight (inputs, outputs): [hidden,] output.
    task: what the logits stand for.

    Raises:
        ModelError: the shapes do not fit each other, or a number is not finite.
    """

    mean: Weights
    std: Weights
    layers: tuple[tuple[Weights, Weights], ...]
    task: Task = DETECTION

    def __post_init__(self) -> None:
        width = len(self.mean)
        fits = self.mean.shape == self.std.shape == (width,) and len(self.layers) in (1, 2)
        for weight, bias in self.layers:
            fits = fits and weight.shape == (width, len(bias)) and bias.ndim == 1
            width = len(bias)
        if not fits or width != self.task.outputs:
            shapes = ", ".join(str(array.shape) for array in self.arrays().values())
            raise ModelError(f"these weights are no head of {self.task.outputs} outputs: {shapes}")
        if (
            not all(np.isfinite(array).all() for array in self.arrays().values())
            or (self.std <= 0).any()
        ):
            raise ModelError(
                "the weights of a head must be finite, and its standard deviations above 0"
            )

    @classmethod
    def untrained(cls, dimensions: int, task: Task) -> Head:
        """A head that knows nothing: all classes are equally probable, whatever it hears."""
        weight = np.zeros((dimensions, task.outputs), dtype=np.float32)
        bias = np.zeros(task.outputs, dtype=np.float32)
        ones = np.ones(dimensions, dtype=np.float32)
        return cls(mean=np.zeros_like(ones), std=ones, layers=((weight, bias),), task=task)

    @property
    def dimensions(self) -> int:
        """Of the embeddings that it scores."""
        return len(self.mean)

    @property
    def hidden_units(self) -> int:
        """0 for a linear head."""
        return len(self.layers[0][1]) if len(self.layers) == 2 else 0

    def arrays(self) -> dict[str, Weights]:
        """All numbers of the head by name, as they are saved."""
        named = {"mean": self.mean, "std": self.std}
        for (weight, bias), name in zip(self.layers, layer_names(len(self.layers)), strict=True):
            named |= {f"{name}.weight": weight, f"{name}.bias": bias}
        return named

    def logits(self, features: NDArray[np.floating]) -> Weights:
        """Logits, float32 (n, classes), of embeddings (n, d).

        Computed in double precision and then rounded, so that neither the number of threads nor the company in which
        a row is scored shows in the result.

        Raises:
            ModelError: embeddings of another width.
            DataError: embeddings that are not finite.
        """
        if features.ndim != 2 or features.shape[1] != self.dimensions:
            raise ModelError(
                f"this head scores embeddings of width {self.dimensions}, not of shape {features.shape}"
            )
        if not np.isfinite(features).all():
            raise DataError("only finite embeddings can be scored")
        layers = [
            (weight.astype(np.float64), bias.astype(np.float64)) for weight, bias in self.layers
        ]
        # so that no rows come out as an empty table
        blocks = [np.zeros((0, self.task.outputs), dtype=np.float32)]
        for start in range(0, len(features), _BLOCK):
            values = (features[start : start + _BLOCK].astype(np.float64) - self.mean) / self.std
            for number, (weight, bias) in enumerate(layers):
                # rectified between the layers, not before the first
                values = np.maximum(values, 0) if number else values
                values = values @ weight + bias
            blocks.append(values.astype(np.float32))
        return np.concatenate(blocks)

    def predictions(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """What the task makes of the logits: of embeddings (n, d) the probability of each class, or a score, (n, k).

        Raises:
            ModelError: embeddings of another width.
            DataError: embeddings that are not finite.
        """
        return self.task.predictions(self.logits(features))

    def scores(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """The score, (n,), of embeddings (n, d): the probability of the positive class, where there are classes.

        Raises:
            ModelError: embeddings of another width, or a head without a class of that name.
            DataError: embeddings that are not finite.
        """
        return self.task.scores(self.predictions(features))

    def choose_threshold(self, validation: Examples | None) -> tuple[float | None, str]:
        """What the task chooses over the clips of the validation split, and why it could not ("" where it could)."""
        if validation is None:
            nothing = np.zeros((0, self.dimensions))
            return self.task.choose_threshold(np.zeros(0), self.predictions(nothing))
        windows = self.predictions(validation.features)
        _, predictions = self.task.of_clips(windows, validation.clip_ids)
        return self.task.choose_threshold(validation.first_windows().labels, predictions)


def layer_names(layers: int) -> tuple[str, ...]:
    """What the layers of a head are called in its file."""
    return ("hidden", "output")[-layers:]
