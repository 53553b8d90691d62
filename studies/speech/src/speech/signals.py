"""What is looked at after each epoch of an adapter: the signals that `chorus.health` judges, of clips of known class.

Speech is a detection: the margin of an answer is its logit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chorus.metrics.multiclass import group_consistency
from chorus.seeds import generator
from chorus.tasks import DETECTION
from chorus.training.validation import batch_means, spread
from speech.learning import Lesson
from speech.model import AudioModel, Floats, Heard


@dataclass(frozen=True, eq=False)
class Quiz:
    """Clips whose class is known, and the question they are asked with.

    speech: (n,). sources: (n,), who or what is heard. answers: first the one that says speech.
    """

    heard: Heard
    speech: NDArray[np.bool_]
    sources: NDArray[np.str_]
    prompt: str
    answers: tuple[str, str]

    def __len__(self) -> int:
        return len(self.speech)

    def lesson(self) -> Lesson:
        """The same clips with their right answers, to learn from."""
        right = [self.answers[0] if speech else self.answers[1] for speech in self.speech]
        return Lesson(self.heard, [self.prompt] * len(self), right)

    def margins(self, model: AudioModel) -> Floats:
        """(n,)."""
        return model.margins(self.heard, self.prompt, self.answers)


def of_training(model: AudioModel, learned: Quiz) -> dict[str, float]:
    """How many of the clips that were learned from are right."""
    right = (learned.margins(model) >= 0) == learned.speech
    return {"train_accuracy": float(right.mean())}


def of_validation(margins: Floats, watched: Quiz, batch_size: int, seed: int) -> dict[str, float]:
    """The validation columns of an epoch, by the names that they have in every study.

    Args:
        margins: (n,), of the watched clips. batch_size: over batches of this size the loss is said to vary.
    """
    # Two answers: the loss of a margin is that of a logistic regression.
    losses = np.logaddexp(0, -np.where(watched.speech, margins, -margins))
    # In the order of the table a batch would be one class; those of training hold both.
    dealt = generator(seed, "validation batches").permutation(len(losses))
    truth, places = watched.speech.astype(np.int64), np.arange(len(losses))
    measured = DETECTION.measure(margins[:, None].astype(np.float32), places, truth)
    consistency = group_consistency((margins >= 0).astype(np.int64), watched.sources)
    return {
        "validation_loss": float(losses.mean()),
        "validation_loss_std": spread(batch_means(losses[dealt], batch_size)),
        **{f"validation_{name}": value for name, value in measured.items()},
        "validation_group_consistency": consistency.share,
        "validation_group_consistency_chance": consistency.chance,
    }
