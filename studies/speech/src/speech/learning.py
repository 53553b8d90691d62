"""Steps of gradient descent on answers to questions about sounds: what pretraining and fine-tuning share."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field

from chorus.errors import ModelError
from chorus.options import options
from chorus.training.validation import spread
from speech.model import AudioModel, Heard


@options
class StepOptions:
    """batch_size: clips of a step. accumulation: batches of a step of the optimiser. warm_up: share of the steps."""

    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    batch_size: Annotated[int, Field(ge=1)] = 16
    accumulation: Annotated[int, Field(ge=1)] = 1
    warm_up: Annotated[float, Field(ge=0, lt=1)] = 0.1
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    gradient_clip: Annotated[float, Field(gt=0)] = 1.0


@dataclass(frozen=True, eq=False)
class Lesson:
    """Sounds, what is asked of each, and what is to be answered: n of each.

    facts: what else is known of each, (n, m) or none."""

    heard: Heard
    prompts: Sequence[str]
    answers: Sequence[str]
    facts: Sequence[Sequence[bool]] = ()

    def __len__(self) -> int:
        return len(self.answers)

    def take(self, rows: Sequence[int]) -> Lesson:
        """Some of it."""
        return Lesson(
            self.heard.take(list(rows)),
            [self.prompts[row] for row in rows],
            [self.answers[row] for row in rows],
        )


class Descent:
    """AdamW with warm-up and a cosine, on the answer's tokens alone."""

    def __init__(self, model: AudioModel, given: StepOptions, steps: int) -> None:
        self.model, self.given = model, given
        self.parameters = [each for each in model.network.parameters() if each.requires_grad]
        self.optimiser = torch.optim.AdamW(
            self.parameters,
            lr=given.learning_rate,
            weight_decay=given.weight_decay,
            fused=True,  # the other kernel's roots have the CPU's own last digits (`chorus.roots`)
        )
        warm = max(1, round(given.warm_up * steps))

        def factor(step: int) -> float:
            if step < warm:
                return (step + 1) / warm
            return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))

        # By steps, not epochs: a small set has few steps to warm up in.
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, factor)
        self.tokens: dict[tuple[str, str], list[int]] = {}

    def epoch(self, lesson: Lesson, order: Sequence[int]) -> dict[str, float]:
        """Every clip once, in this order.

        Returns:
            Mean and SD of the losses and gradient norms of the steps, the share of steps that were clipped, and the
            learning rate of the first.

        Raises:
            ModelError: a gradient is not finite.
        """
        self.model.network.train()
        rate = float(self.schedule.get_last_lr()[0])
        losses: list[float] = []
        norms: list[float] = []
        for step in _batches(order, self.given.batch_size * self.given.accumulation):
            losses.append(self._step(lesson, step))
            # Clipped after all batches of the step have been added up.
            norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.given.gradient_clip)
            norms.append(float(norm))
            if not math.isfinite(norms[-1]):
                raise ModelError("training broke down: a gradient is not finite: learn more slowly")
            self.optimiser.step()
            self.schedule.step()
            self.optimiser.zero_grad()
        self.model.network.eval()
        return {
            "learning_rate": rate,
            "train_loss": float(np.mean(losses)),
            "train_loss_std": spread(losses),
            "grad_norm": float(np.mean(norms)),
            "grad_norm_std": spread(norms),
            "clipped_share": float(np.mean(np.array(norms) > self.given.gradient_clip)),
        }

    def _step(self, lesson: Lesson, rows: Sequence[int]) -> float:
        """Add up the gradients of a step; its loss."""
        total = 0.0
        for batch in _batches(rows, self.given.batch_size):
            part = lesson.take(batch)
            answers = list(map(self._tokens, part.prompts, part.answers))
            given = self.model.inputs(part.heard, part.prompts, answers)
            # By its size, so that the clips of a small last batch count no more than others.
            loss = self._loss(given) * len(batch) / len(rows)
            loss.backward()
            total += float(loss.detach())
        return total

    def _loss(self, given: dict[str, torch.Tensor]) -> Any:
        device = self.parameters[0].device
        for name, each in given.items():
            given[name] = each.to(device)
        return self.model.network(**given).loss

    def _tokens(self, prompt: str, answer: str) -> list[int]:
        if (prompt, answer) not in self.tokens:
            self.tokens[prompt, answer] = self.model.answer_tokens(prompt, answer)
        return self.tokens[prompt, answer]


def _batches(rows: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
