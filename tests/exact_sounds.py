"""Sounds that are the same to the bit on every machine: integers only."""

from __future__ import annotations

import numpy as np

SAMPLES = 144_000  # 3 s at 48 kHz


def sounds(n: int) -> np.ndarray:
    """Square waves that come and go, in noise: float32 in [-1, 1], (n, 144000)."""
    rng = np.random.default_rng(0)
    time = np.arange(SAMPLES)
    windows = []
    for number in range(n):
        half_period = (68, 26, 10, 4)[number % 4]
        wave = time // half_period % 2 * 2 - 1
        sounding = time // (7_000 + 500 * number) % 2
        windows.append(6_000 * wave * sounding + rng.integers(-400, 401, SAMPLES))
    return np.stack(windows).astype(np.float32) / 32768
