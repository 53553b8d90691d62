"""Made-up tables of predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from chorus.clips import NEGATIVE, POSITIVE, QUALITIES, TEST_IID, TEST_OOD, VALIDATION


def predicted(
    seed: int = 0, nights: int = 24, clips: int = 240, splits=(VALIDATION, TEST_IID, TEST_OOD)
):
    """Predictions of a fair detector: `clips` in each split, a third of them positive, on `nights` nights each."""
    rng = np.random.default_rng(seed)
    rows = []
    for split in splits:
        for number in range(clips):
            positive = number % 3 == 0
            rows.append(
                {
                    "clip_id": f"{split}_{number:05d}",
                    "split": split,
                    "label": POSITIVE if positive else NEGATIVE,
                    "score": float(1 / (1 + np.exp(-rng.normal(1.5 if positive else -1.0, 1.2)))),
                    "night": f"R{number % 2}/{split}-{rng.integers(nights)}",
                    "quality": str(rng.choice(QUALITIES)) if positive else "",
                    "call_type": str(rng.choice(["grunt", "growl"])) if positive else "",
                    "site": "Pond" if split == TEST_OOD else "Creek",
                    "recorder": f"R{number % 2}",
                }
            )
    return pd.DataFrame(rows)


def arrays(table: pd.DataFrame, split: str):
    """Labels and scores of a split."""
    part = table[table["split"] == split]
    return (part["label"] == POSITIVE).to_numpy(dtype=bool), part["score"].to_numpy()
