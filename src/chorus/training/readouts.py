"""Scores on a scale as a task: what a model puts out, what it learns from, and how outputs become a score.

Three readouts of a scale from `lowest` to `highest` in whole steps. A score between two steps (9.5) is half of each,
so perfect outputs decode to the exact score, whichever it is.

| readout | outputs | score | losses |
| --- | --- | --- | --- |
| standard | a logit a step | expected value | ce, hybrid, focal, mse |
| ordinal | logits of P(score >= step), all steps but the lowest | lowest + their sum | cumulative_bce, mse |
| heteroscedastic | mean and log-variance | mean, within the scale | gaussian_nll, beta_nll, mse |

All losses are of each record, (n,), so that weights can multiply them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch.nn import functional

from chorus.errors import ParameterError

ReadoutName = Literal["standard", "ordinal", "heteroscedastic"]
LossName = Literal["ce", "hybrid", "focal", "cumulative_bce", "gaussian_nll", "beta_nll", "mse"]
LOSSES: dict[ReadoutName, tuple[LossName, ...]] = {
    "standard": ("ce", "hybrid", "focal", "mse"),
    "ordinal": ("cumulative_bce", "mse"),
    "heteroscedastic": ("gaussian_nll", "beta_nll", "mse"),
}
LOG_VARIANCE = (-7.0, 5.0)  # beyond, exp is of no use: an SD of 0.03 and of 12 points
FOCAL_GAMMA = 2.0  # Lin et al. 2017, arXiv:1708.02002
HYBRID_MSE = 0.1  # weight of the squared error beside the cross-entropy
BETA = 0.5  # Seitzer et al. 2022, arXiv:2203.09168
_CERTAIN = 50.0  # a logit of what is sure; exp(-50) vanishes beside 1 in float32


@dataclass(frozen=True)
class Scale:
    """Scores from `lowest` to `highest`, both whole."""

    lowest: int = 0
    highest: int = 10

    @property
    def steps(self) -> torch.Tensor:
        return torch.arange(self.lowest, self.highest + 1, dtype=torch.float32)


@dataclass(frozen=True)
class Readout:
    """A readout of a scale; all methods are of outputs (n, size) and scores (n,).

    scores: decoded. variances: of the predicted distribution. perfect: outputs that decode to these scores.
    """

    name: ReadoutName
    size: int
    scores: Callable[[torch.Tensor], torch.Tensor]
    variances: Callable[[torch.Tensor], torch.Tensor]
    perfect: Callable[[torch.Tensor], torch.Tensor]


def readout(name: ReadoutName, scale: Scale = Scale()) -> Readout:
    """The readout of that name."""
    return {"standard": _standard, "ordinal": _ordinal, "heteroscedastic": _heteroscedastic}[name](
        scale
    )


def refuse_misfit(name: ReadoutName, loss: LossName, key: str) -> None:
    """Refuse a loss that the readout has not.

    Raises:
        ParameterError: names the key, and what is allowed.
    """
    if loss not in LOSSES[name]:
        raise ParameterError(
            f"{key}: {loss!r} is not allowed: of the model {name}: {', '.join(LOSSES[name])}"
        )


def losses(
    name: LossName, outputs: torch.Tensor, scores: torch.Tensor, read: Readout, scale: Scale
) -> torch.Tensor:
    """The loss of each record, (n,)."""
    if name == "mse":
        return (read.scores(outputs) - scores) ** 2
    if name == "gaussian_nll":
        return gaussian_nll(outputs, scores)
    if name == "beta_nll":
        return beta_nll(outputs, scores)
    if name == "cumulative_bce":
        return cumulative_bce(outputs, at_least(scores, scale))
    if name == "focal":
        return focal(outputs, two_steps(scores, scale))
    entropy = cross_entropy(outputs, two_steps(scores, scale))
    return (
        entropy + HYBRID_MSE * (read.scores(outputs) - scores) ** 2 if name == "hybrid" else entropy
    )


def two_steps(scores: torch.Tensor, scale: Scale) -> torch.Tensor:
    """Scores as shares of the steps beside them: (n,) -> (n, steps); a whole score is all of its step."""
    return (1 - (scores[:, None] - scale.steps.to(scores)).abs()).clamp(min=0)


def at_least(scores: torch.Tensor, scale: Scale) -> torch.Tensor:
    """P(score >= step) of a known score, for all steps but the lowest: (n,) -> (n, steps - 1)."""
    return (scores[:, None] - scale.steps[:-1].to(scores)).clamp(0, 1)


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy with soft targets: (n, k), (n, k) -> (n,)."""
    return -(targets * functional.log_softmax(logits, dim=1)).sum(dim=1)


def focal(logits: torch.Tensor, targets: torch.Tensor, gamma: float = FOCAL_GAMMA) -> torch.Tensor:
    """Focal loss (Lin et al. 2017) with soft targets: what is right already counts less."""
    log_chances = functional.log_softmax(logits, dim=1)
    # at 0, a power below 1 has no finite gradient
    wrongness = (1 - log_chances.exp()).clamp(min=1e-7)
    return -(targets * wrongness**gamma * log_chances).sum(dim=1)


def cumulative_bce(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy of "at least this step", mean over the steps (Cao, Mirjalili & Raschka 2020,
    arXiv:1901.07884, without the shared weights)."""
    return functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(
        dim=1
    )


def gaussian_nll(outputs: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
    """0.5 (log s2 + (y - m)^2 / s2): outputs (n, 2) of mean and log-variance."""
    mean, log_variance = outputs[:, 0], outputs[:, 1].clamp(*LOG_VARIANCE)
    return 0.5 * (log_variance + (scores - mean) ** 2 * torch.exp(-log_variance))


def beta_nll(outputs: torch.Tensor, scores: torch.Tensor, beta: float = BETA) -> torch.Tensor:
    """The same times s2^beta, through which no gradient flows: badly fitted records keep their say (Seitzer 2022)."""
    weight = torch.exp(beta * outputs[:, 1].clamp(*LOG_VARIANCE)).detach()
    return weight * gaussian_nll(outputs, scores)


def _standard(scale: Scale) -> Readout:
    def scores(logits: torch.Tensor) -> torch.Tensor:
        return functional.softmax(logits, dim=1) @ scale.steps.to(logits)

    def variances(logits: torch.Tensor) -> torch.Tensor:
        squares = functional.softmax(logits, dim=1) @ scale.steps.to(logits) ** 2
        return squares - scores(logits) ** 2

    def perfect(given: torch.Tensor) -> torch.Tensor:
        return two_steps(given, scale).log().clamp(min=-_CERTAIN)

    return Readout("standard", len(scale.steps), scores, variances, perfect)


def _ordinal(scale: Scale) -> Readout:
    def scores(logits: torch.Tensor) -> torch.Tensor:
        return scale.lowest + torch.sigmoid(logits).sum(dim=1)

    def variances(logits: torch.Tensor) -> torch.Tensor:
        """Of the steps above the lowest: E[n^2] is the sum of (2 k - 1) P(n >= k). Chances that are not in order
        (nothing makes them) are put so."""
        chances = torch.sort(torch.sigmoid(logits), dim=1, descending=True).values
        odd = 2 * torch.arange(1, chances.shape[1] + 1).to(logits) - 1
        return chances @ odd - chances.sum(dim=1) ** 2

    def perfect(given: torch.Tensor) -> torch.Tensor:
        return torch.logit(at_least(given, scale)).clamp(-_CERTAIN, _CERTAIN)

    return Readout("ordinal", len(scale.steps) - 1, scores, variances, perfect)


def _heteroscedastic(scale: Scale) -> Readout:
    def scores(outputs: torch.Tensor) -> torch.Tensor:
        return outputs[:, 0].clamp(scale.lowest, scale.highest)

    def variances(outputs: torch.Tensor) -> torch.Tensor:
        return torch.exp(outputs[:, 1].clamp(*LOG_VARIANCE))

    def perfect(given: torch.Tensor) -> torch.Tensor:
        # as sure as `LOG_VARIANCE` lets it be
        return torch.stack([given, torch.full_like(given, -math.inf)], dim=1)

    return Readout("heteroscedastic", 2, scores, variances, perfect)
