"""Randomness by name: one seed, one independent stream for each purpose, the same on every machine."""

from __future__ import annotations

import hashlib

import numpy as np


def _digest(*parts: object) -> bytes:
    # A separator that no name holds: ("a", "bc") and ("ab", "c") are two purposes.
    return hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8")).digest()


def derive(seed: int, *purpose: object) -> int:
    """A 63-bit seed for the stream named by `purpose`, e.g. `derive(123, "train", "mixup")`."""
    # A bit less than 64, as some generators take signed numbers only.
    return int.from_bytes(_digest(seed, *purpose)[:8], "big") >> 1


def generator(seed: int, *purpose: object) -> np.random.Generator:
    """A numpy generator for the stream named by `purpose`."""
    return np.random.default_rng(derive(seed, *purpose))


def stable_fraction(*key: object) -> float:
    """A number in [0, 1) that depends on `key` alone: the stable hash behind splits and draws."""
    return int.from_bytes(_digest(*key)[:8], "big") / 2**64
