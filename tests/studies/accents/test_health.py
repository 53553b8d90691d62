"""What the study's health asks beyond the house: wrong labels, unlearned datasets, classes of one speaker."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from accents import health, suspecting
from chorus.clips import TRAIN, VALIDATION
from chorus.health.diagnosis import Details, diagnose

CLASSES = ("North", "South", "West")


def predictions(samples=240, wrong=0.0, sure=0.8, seed=1) -> pd.DataFrame:
    """Training samples of three classes in two datasets, a share of them wrongly labelled, by a network that knows."""
    random = np.random.default_rng(seed)
    truth = np.arange(samples) % 3
    flipped = random.permutation(samples) < round(wrong * samples)
    label = np.where(flipped, (truth + 1) % 3, truth)
    shares = np.full((samples, 3), (1 - sure) / 2) + random.uniform(-0.05, 0.05, (samples, 3))
    shares[np.arange(samples), truth] += sure - (1 - sure) / 2
    shares /= shares.sum(axis=1, keepdims=True)
    table = pd.DataFrame(
        {
            "sample_id": [f"s{number}" for number in range(samples)],
            "split": TRAIN,
            "label": np.array(CLASSES)[label],
            "speaker_id": [f"p{number % 12}" for number in range(samples)],
            "dataset_name": np.where(np.arange(samples) < samples / 2, "studio", "phone"),
        }
    )
    for number, name in enumerate(CLASSES):
        table[f"score_{name}"] = shares[:, number]
    return table


@pytest.mark.parametrize("wrong", [0.0, 0.1, 0.3])
def test_as_many_labels_are_contradicted_as_are_wrong(wrong):
    assert suspecting.contradicted(predictions(wrong=wrong)) == pytest.approx(wrong, abs=0.02)


def test_where_nothing_is_known_of_training_samples_nothing_is_contradicted():
    assert suspecting.contradicted(predictions()[:0]) is None


def test_a_dataset_that_is_not_learned_is_seen_from_the_others():
    said = predictions()
    assert health.unlearned_dataset(said) == pytest.approx(0.0)
    noise = said["dataset_name"] == "phone"
    said.loc[noise, "label"] = CLASSES[0]  # right for a third of them
    assert health.unlearned_dataset(said) == pytest.approx(2 / 3)
    assert health.unlearned_dataset(said[~noise]) is None


def test_the_class_with_the_fewest_training_speakers_counts():
    said = predictions()
    assert health.fewest_speakers(said) == 4
    lonely = said.assign(speaker_id=said["speaker_id"].where(said["label"] == "North", "one"))
    assert health.fewest_speakers(lonely) == 1
    assert health.fewest_speakers(lonely.assign(split=VALIDATION)) is None


def findings(**signals) -> set[str]:
    """What the study's rules find in a training that ended well on validation."""
    history = pd.DataFrame({"epoch": range(1, 13), "validation_accuracy": 0.8})
    found = diagnose(history, Details(classes=3, signals=signals), health.rules("calibrated"))
    return {one.name for one in found.findings}


@pytest.mark.parametrize(("share", "named"), [(0.05, set()), (0.1, {"mislabelled"})])
def test_labels_that_the_network_doubts_are_said_to_be_wrong(share, named):
    signals = {"training.contradicted": share, "sources.unlearned": 0.0}
    assert findings(**signals) == named
    assert findings(**signals | {"sources.unlearned": 0.5}) == {"corrupted_samples"}


@pytest.mark.parametrize(
    ("voices", "named"), [(1, "too_little_validation"), (3, "suspiciously_good")]
)
def test_one_voice_that_is_easier_than_others_is_no_leak(voices, named):
    signals = {"split.lead_errors": 5.0, "validation.rarest": 50}
    assert findings(**signals, **{"validation.rarest_nights": voices}) == {named}


def test_the_guide_is_the_houses_and_what_is_calibrated_the_studys():
    names = {
        profile: {rule.name for rule in health.rules(profile).rules} for profile in health.PROFILES
    }
    assert "too_few_speakers" in names["calibrated"] - names["guide"]
    assert "saturated" in names["guide"] - names["calibrated"]
