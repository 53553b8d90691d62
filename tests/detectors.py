"""Detectors and recordings for the tests: a real head of BirdNET embeddings with made-up weights."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile as sf

from chorus.clips import BINARY, SAMPLE_RATE
from chorus.encoders import EncodeOptions, encoder_id
from chorus.tasks import task_of
from chorus.training import Head, HeadOptions, TrainedHead, save_head

BIRDNET = EncodeOptions()


def made_up_head(classes: tuple[str, ...] = ("positive",), hidden: int = 16, seed: int = 1) -> Head:
    """A head whose scores are spread over 0 to 1, and differ between any two sounds."""
    random = np.random.default_rng(seed)
    widths = (1024, hidden, len(classes)) if hidden else (1024, len(classes))
    layers = tuple(
        (
            random.normal(0, 2 / np.sqrt(inputs), (inputs, outputs)).astype(np.float32),
            random.normal(0, 0.3, outputs).astype(np.float32),
        )
        for inputs, outputs in pairwise(widths)
    )
    mean = random.uniform(0, 0.5, 1024).astype(np.float32)
    std = random.uniform(0.2, 1.5, 1024).astype(np.float32)
    return Head(mean, std, layers, task_of(classes if len(classes) > 1 else BINARY))


def keep(head: Head, folder: Path, threshold: float | None = 0.5) -> Path:
    """The head in `folder`/models, as a study keeps it; returns that folder."""
    trained = TrainedHead(head, [], 1, threshold, {})
    options = HeadOptions(hidden_units=head.hidden_units)
    save_head(
        trained,
        folder / "models" / "detector",
        encoder_id=encoder_id(BIRDNET),
        options=options,
        seed=1,
    )
    return folder / "models"


def write_sound(
    path: Path, seconds: float, seed: int = 0, rate: int = SAMPLE_RATE, **settings: str
) -> Path:
    """A recording of tones that come and go in noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    tone = np.sin(2 * np.pi * (400 + 150 * np.sin(time * (1 + seed % 3))) * time) * (
        np.sin(time * 0.9 + seed) > 0
    )
    sf.write(path, 0.2 * tone + random.normal(0, 0.02, len(time)), rate, **settings)
    return path
