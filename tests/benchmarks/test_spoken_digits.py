"""The benchmark of the accents network: what it reads of the digits, and its interval over speakers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import corpus_trees as trees
from benchmark import load_benchmark


@pytest.fixture(scope="module")
def networks():
    return load_benchmark("spoken_digits")


def test_the_first_takes_become_samples_with_their_speakers_and_digits(networks, tmp_path):
    recordings = tmp_path / "recordings"
    for number, name in enumerate(["3_anna_0", "3_anna_14", "3_anna_15", "7_bert_2"]):
        trees.wav(recordings / f"{name}.wav", trees.tone(number, 0.5, 8_000), rate=8_000)
    (tmp_path / "work").mkdir()
    table = networks.read_digits(recordings, tmp_path / "work")
    found = table[["speaker_id", "region_label"]].value_counts().to_dict()
    assert found == {("fsdd/anna", "3"): 2, ("fsdd/bert", "7"): 1}


def test_the_interval_is_students(networks):
    values = np.array([0.7, 0.8, 0.9, 0.75])
    low, high = stats.t.interval(0.95, 3, loc=values.mean(), scale=stats.sem(values))
    assert networks._over_speakers(values) == (
        f"{values.mean():.3f} (95 % over 4 speakers: {low:.3f} to {high:.3f})"
    )


def test_accuracy_is_the_share_of_right_predictions(networks):
    said = pd.DataFrame(
        {
            "sample_id": list("abcd"),
            "label": ["x", "y", "z", "z"],
            "score_x": [0.8, 0.1, 0.2, 0.5],
            "score_y": [0.1, 0.8, 0.2, 0.3],
            "score_z": [0.1, 0.1, 0.6, 0.2],
        }
    )
    assert networks.accuracy(said) == 0.75
