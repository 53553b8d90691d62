"""Which labels are wrong: planted ones are found, and the page holds what is to be heard."""

from __future__ import annotations

import base64
import io
import tarfile

import numpy as np
import pandas as pd
import pytest
import torch

from accents import fitting
from accents.fitting import Run, fit
from accents.suspecting import page, sounds, suspects
from chorus.errors import DataError
from chorus.voices.augment import AugmentOptions
from chorus.voices.frames import MELS
from chorus.voices.networks import ModelOptions
from chorus.voices.sequences import Sequences
from chorus.voices.tdnn import TdnnOptions
from chorus.voices.training import TrainOptions

CLASSES = np.array(["North", "South", "West"])
SMALL = ModelOptions(tdnn=TdnnOptions(channels=16, attention=8, embedding=16))


def toys(samples=150):
    """Samples whose class is a rhythm, in two splits, and their frames."""
    random = torch.Generator().manual_seed(1)
    classes = np.arange(samples) % 3
    frames = []
    for number in range(samples):
        one = torch.randn(40 + number % 7, MELS, generator=random)
        one[:: 1 + classes[number], :10] += 3
        frames.append(one.numpy())
    ids = [f"s{number:03d}" for number in range(samples)]
    table = pd.DataFrame(
        {
            "sample_id": ids,
            "split": np.where(np.arange(samples) < 0.7 * samples, "train", "validation"),
            "region_label": CLASSES[classes],
            "speaker_id": [f"p{number // 5}" for number in range(samples)],
            "voice": [f"p{number // 5}" for number in range(samples)],
            "dataset_name": "toys",
            "recording": ids,
            "duration": "0.4",
        }
    )
    lengths = np.array([len(one) for one in frames])
    return table, Sequences(np.concatenate(frames), lengths, tuple(ids))


def test_most_of_the_first_suspects_are_planted_ones():
    table, heard = toys()
    train = np.flatnonzero(table["split"] == "train")
    wrong = np.random.default_rng(1).permutation(train)[:20]
    planted = table.copy()
    place = pd.Index(CLASSES).get_indexer(table.loc[wrong, "region_label"])
    planted.loc[wrong, "region_label"] = CLASSES[(place + 1) % 3]
    options = TrainOptions(epochs=8, batch_size=8, learning_rate=0.01)
    run = Run(SMALL, AugmentOptions(seconds=0.5), options, seed=1)
    ranked = suspects(fit(planted, heard, run).predictions)
    assert len(ranked) == len(train)
    assert ranked["score"].is_monotonic_increasing
    first = ranked.head(20)
    assert first["clip_id"].isin(table.loc[wrong, "sample_id"]).mean() >= 0.8
    found = first[first["clip_id"].isin(table.loc[wrong, "sample_id"])]
    truth = table.set_index("sample_id").loc[found["clip_id"], "region_label"]
    assert (found["likely"].to_numpy() == truth.to_numpy()).mean() >= 0.8


def test_the_page_holds_the_sound_and_what_is_said(tmp_path):
    with tarfile.open(tmp_path / "one.tar", "w") as tar:
        member = tarfile.TarInfo("a.flac")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"fLaC"))
    about = pd.DataFrame([{"sample_id": "a", "shard": "one.tar", "transcript": "<b>Hm & ha"}])
    heard = sounds(tmp_path, about)
    assert heard == {"a": b"fLaC"}
    row = {"clip_id": "a", "label": "North", "score": 0.01, "likely": "West", "speaker_id": "p"}
    text = page(pd.DataFrame([row]), about, heard, 7)
    assert base64.b64encode(b"fLaC").decode() in text
    assert "&lt;b&gt;Hm &amp; ha" in text
    with pytest.raises(DataError, match=r"no shard has the member b\.flac"):
        sounds(tmp_path, about.assign(sample_id="b"))


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_killed_training_does_not_go_on_under_other_labels(tmp_path, monkeypatch, split):
    """Of more than a thousand labels, NumPy writes the first and the last three."""
    table, heard = toys(1800)
    known = []

    class SeenError(Exception):
        pass

    def train(*_given, checkpoint, **_more):
        known.append(checkpoint.identity)
        raise SeenError

    monkeypatch.setattr(fitting, "train", train)
    relabelled = table.copy()
    places = np.flatnonzero(table["split"] == split)
    middle = places[len(places) // 2]
    relabelled.loc[middle, "region_label"] = CLASSES[(middle + 1) % 3]
    for samples in (table, table, relabelled):
        run = Run(SMALL, AugmentOptions(), TrainOptions(), seed=1)
        with pytest.raises(SeenError):
            fit(samples, heard, run, unfinished=tmp_path / "state.safetensors")
    assert known[0] == known[1] != known[2]
