"""A toy of random weights, smaller than the study's: what does not depend on what was learned is tested on it."""

from __future__ import annotations

import numpy as np
import torch

from speech import toy, wording
from speech.model import AudioModel

PROMPT = "Is this SPEECH or NONSPEECH? A) SPEECH B) NONSPEECH"
LETTERS = ("A", "B")


def random_toy(seed: int = 1, batch_size: int = 8) -> AudioModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        size = toy.ToyOptions(width=32, layers=1, vocabulary=320)
        return AudioModel(*toy.build(size, wording.texts()), batch_size)


def noises(count: int, samples: int = 32_000, seed: int = 1) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    loud = rng.uniform(0.001, 0.5, count)
    return [(each * rng.standard_normal(samples)).astype(np.float32) for each in loud]
