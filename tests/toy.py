"""Small made-up examples for tests of training."""

from __future__ import annotations

import numpy as np

from chorus.tasks import Classification
from chorus.training import Examples, HeadOptions, train_head

CLASSES = ("coast", "hills", "north", "south")


def toy_examples(
    name: str, clips: int = 80, windows: int = 1, dimensions: int = 6, distance: float = 3.0
) -> Examples:
    """Clips in nights of eight, a third of them positive and shifted by `distance` along the first dimension."""
    random = np.random.default_rng(sum(name.encode()))
    clip = np.repeat(np.arange(clips), windows)
    labels = (clip % 3 == 0).astype(np.int64)
    features = random.standard_normal((len(clip), dimensions)).astype(np.float32)
    features[:, 0] += distance * labels
    features[:, 1] = (
        features[:, 1] * 50 + 1000
    )  # a head that forgets to standardise learns nothing from this
    ids = np.array([f"{name}{number:04d}" for number in clip])
    nights = np.array([f"{name}/{number // 8:02d}" for number in clip])
    return Examples(features, labels, nights, ids)


def many_examples(
    name: str, clips: int = 160, windows: int = 1, distance: float = 4.0, classes=CLASSES
) -> Examples:
    """Clips in nights of eight; each class is shifted along its own dimension."""
    random = np.random.default_rng(sum(name.encode()))
    clip = np.repeat(np.arange(clips), windows)
    labels = clip * 7 // 5 % len(classes)
    features = random.standard_normal((len(clip), len(classes) + 2)).astype(np.float32)
    features[np.arange(len(clip)), labels] += distance
    ids = np.array([f"{name}{number:04d}" for number in clip])
    nights = np.array([f"{name}/{number // 8:02d}" for number in clip])
    return Examples(features, labels, nights, ids, Classification(classes))


def train(training, validation, **changes):
    """Train on examples as they are made here: few epochs, validated on the validation split."""
    options = {
        "hidden_units": 8,
        "epochs": 6,
        "learning_rate": 0.02,
        "batch_size": 8,
        "validation": "split",
    }
    return train_head(training, validation, HeadOptions(**(options | changes)), seed=1)
