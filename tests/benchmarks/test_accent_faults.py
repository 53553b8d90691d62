"""The benchmark of faults in the accents study: what is planted, and that the audit sees leaked speakers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmark import load_benchmark
from chorus.errors import LeakageError
from chorus.voices import dealing, sequences
from chorus.voices.utterances import COLUMNS

CLASSES = ("North", "South", "West")


@pytest.fixture(scope="module")
def faults():
    return load_benchmark("accent_faults")


@pytest.fixture
def training(faults):
    """Twenty speakers of three classes with five samples each, in two datasets and two splits; four frames a sample."""
    rows = []
    for number in range(100):
        speaker = number // 5
        known = {
            "sample_id": f"s{number:03d}",
            "region_label": CLASSES[speaker % 3],
            "speaker_id": f"p{speaker}",
            "voice": f"p{speaker}",
            "recording": f"s{number:03d}",
            "sha256": f"{number:064d}",
            "dataset_name": "studio" if speaker < 10 else "phone",
            "sentence": "",
            "split": "validation" if speaker % 5 == 4 else "train",
        }
        rows.append(dict.fromkeys(COLUMNS, "") | known)
    table = pd.DataFrame(rows)
    values = np.random.default_rng(0).standard_normal((400, 3)).astype(np.float16)
    heard = sequences.Sequences(values, np.full(100, 4), tuple(table["sample_id"]))
    return faults.Training(table, heard, faults.options_of_the_study(1))


def planted(faults, name, training):
    return faults.FAULTS[name].plant(training, np.random.default_rng(1))


@pytest.mark.parametrize(
    ("name", "wrong"), [("20 % of labels flipped", 16), ("40 % of labels flipped", 32)]
)
def test_as_many_training_labels_are_flipped_as_the_fault_says(faults, training, name, wrong):
    after = planted(faults, name, training)
    changed = after.samples["region_label"] != training.samples["region_label"]
    assert changed.sum() == wrong
    assert set(training.samples.loc[changed, "split"]) == {"train"}


def test_one_speaker_a_class_is_left_and_validation_stays(faults, training):
    after = planted(faults, "one speaker a class", training)
    learn = after.samples[after.learns]
    assert learn.groupby("region_label")["speaker_id"].nunique().to_dict() == dict.fromkeys(
        CLASSES, 1
    )
    assert (~after.learns).sum() == (~training.learns).sum()


def test_one_dataset_becomes_noise_and_the_other_stays(faults, training):
    after = planted(faults, "a dataset is noise", training)
    changed = (after.heard.values != training.heard.values).any(axis=1).reshape(100, 4).all(axis=1)
    datasets = training.samples["dataset_name"].to_numpy()
    assert len(set(datasets[changed])) == 1
    assert changed.sum() == 50


def test_leaked_speakers_are_what_the_audit_stops(faults, training):
    stopped = []
    for name in faults.FAULTS:
        if faults.stopped_by_audit(planted(faults, name, training).samples):
            stopped.append(name)
    assert stopped == ["speakers leaked"]
    assert not faults.stopped_by_audit(training.samples)
    with pytest.raises(LeakageError, match="a speaker is in two splits"):
        dealing.audit(planted(faults, "speakers leaked", training).samples)


def test_every_second_frame_is_of_its_own_sample(faults):
    lengths = np.array([5, 4, 1])
    values = np.arange(10)[:, None]
    coarse = faults.coarser(sequences.Sequences(values, lengths, ("a", "b", "c")))
    found = [one[:, 0].tolist() for one in coarse.of("abc")]
    assert found == [[0, 2, 4], [5, 7], [9]]
