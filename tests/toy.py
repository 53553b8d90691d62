"""Small made-up examples for tests of training."""

from __future__ import annotations

import numpy as np

from chorus.training import Examples


def toy_examples(name: str, clips: int = 80, windows: int = 1, dimensions: int = 6, distance: float = 3.0) -> Examples:
    """Clips in nights of eight, a third of them positive and shifted by `distance` along the first dimension."""
    random = np.random.default_rng(sum(name.encode()))
    clip = np.repeat(np.arange(clips), windows)
    labels = (clip % 3 == 0).astype(np.int64)
    features = random.standard_normal((len(clip), dimensions)).astype(np.float32)
    features[:, 0] += distance * labels
    features[:, 1] = features[:, 1] * 50 + 1000  # a head that forgets to standardise learns nothing from this
    ids = np.array([f"{name}{number:04d}" for number in clip])
    nights = np.array([f"{name}/{number // 8:02d}" for number in clip])
    return Examples(features, labels, nights, ids)
