"""The paired gain of a review: on shared clips only, with the interval of the statistics that it rests on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from experiments.review.test_comment import NOTHING

from chorus.clips import TEST_IID, TEST_OOD
from chorus.experiments.review import comment
from chorus.experiments.review.gain import paired_gains
from chorus.statistics import compare

NAMES = ("main", "listened")


def _predictions(seed: int, better: float) -> pd.DataFrame:
    """Forty nights of either test split; `better` moves positives and negatives apart."""
    nights = np.arange(480) // 6
    label = np.where(np.arange(480) % 2, "positive", "negative")
    noise = np.random.default_rng(seed).normal(0, 0.15, 480)
    score = np.clip(0.5 + np.where(label == "positive", 0.1, -0.1) * (1 + better) + noise, 0, 1)
    return pd.DataFrame(
        {
            "clip_id": [f"c{number:03}" for number in range(480)],
            "split": np.where(nights < 40, TEST_OOD, TEST_IID),
            "label": label,
            "night": nights.astype(str),
            "score": score,
            "threshold": 0.5,
        }
    )


def test_the_gain_is_that_of_the_comparison_on_the_same_clips():
    before, after = _predictions(1, better=0), _predictions(2, better=1)
    ood, _ = paired_gains(before, after, NAMES)
    expected = compare(after.assign(seed=7), before.assign(seed=7), names=("listened", "main"))
    assert ood.differences == (expected.differences["f1"], expected.differences["auprc"])
    assert ood.differences[0].low > 0 and "listened is better than main" in ood.sentence
    assert (ood.clips, ood.others) == (240, 0)


def test_clips_of_one_side_and_corrected_labels_are_left_out_and_counted():
    before, after = _predictions(1, better=0), _predictions(2, better=1)
    after = after[after["clip_id"] != "c000"]
    after.loc[after["clip_id"] == "c001", "label"] = "negative"
    ood, iid = paired_gains(before, after, NAMES)
    assert (ood.clips, ood.others, iid.others) == (238, 2, 0)
    text = comment(replace(NOTHING, gains=[ood, iid]))
    assert "test_ood, 238 clips (2 others were not judged by both, or not with one label)" in text
    low, high = ood.differences[0].low, ood.differences[0].high
    assert f"{low:+.3f} to {high:+.3f} |" in text


@pytest.mark.parametrize("lost", [0, 1])
def test_without_predictions_of_both_nothing_is_claimed(lost):
    both = [_predictions(1, 0), _predictions(2, 0)]
    both[lost] = None
    assert paired_gains(*both, NAMES) == []
    assert "Paired gain" not in comment(NOTHING)


def test_a_test_split_of_one_class_is_said_to_be_no_comparison():
    before = _predictions(1, 0)
    before = before[(before["split"] == TEST_IID) | (before["label"] == "positive")]
    gains = paired_gains(before, _predictions(2, 0), NAMES)
    assert "needs both classes" in gains[0].why_not and not gains[1].why_not
    assert "* test_ood: not compared: " in comment(replace(NOTHING, gains=gains))
