"""What is heard of samples: the same with any number of workers, found again by name, and never of a torn file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from chorus.audio import encode_flac
from chorus.encoders import EncodeOptions
from chorus.errors import DataError
from chorus.shards import write_shard
from chorus.tasks import Classification
from chorus.training import HeadOptions
from chorus.voices import plain, sequences
from chorus.voices.listening import embeddings_of, half_frames
from chorus.voices.utterances import SAMPLE_RATE

CLASSES = ("a", "b", "c")


def pcm(number: int) -> np.ndarray:
    """A tone of its class in noise of its own, 1 to 4 s."""
    random = np.random.default_rng(number)
    time = np.arange(SAMPLE_RATE * (1 + number % 4)) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * (400, 900, 2_000)[number % 3] * time)
    return (4_000 * (tone + 0.1 * random.standard_normal(len(time)))).astype(np.int16)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """36 samples in three shards: their table, and the folder."""
    folder = tmp_path_factory.mktemp("corpus")
    rows = [
        {
            "sample_id": f"s{number:02d}",
            "shard": f"{number % 3}.tar",
            "region_label": CLASSES[number % 3],
            "speaker_id": f"p{number // 3}",
            "voice": f"p{number // 3}",
        }
        for number in range(36)
    ]
    for shard in range(3):
        inside = range(shard, 36, 3)
        write_shard(
            folder / f"{shard}.tar",
            {f"s{number:02d}.flac": encode_flac(pcm(number), SAMPLE_RATE) for number in inside},
        )
    return pd.DataFrame(rows), folder


def test_the_number_of_workers_does_not_show_and_each_sample_is_its_own(corpus, tmp_path):
    table, folder = corpus
    done = []
    one = sequences.hear(table, folder, half_frames, workers=1, progress=done.append)
    two = sequences.hear(table.sample(frac=1, random_state=1), folder, half_frames, workers=2)
    assert sum(done) == 36
    for number, heard in enumerate((one, two)):
        sequences.write(tmp_path / str(number), heard)
    first, second = ((tmp_path / name / "values.npy").read_bytes() for name in "01")
    assert first == second
    again = sequences.read(tmp_path / "0")
    expected = half_frames(torch.from_numpy(pcm(5).astype(np.float32) / 32_768)).float()
    torch.testing.assert_close(again.of(["s05"])[0], expected, rtol=0, atol=0)


def test_what_was_not_heard_is_named(corpus, tmp_path):
    table, folder = corpus
    heard = sequences.hear(table[:3], folder, half_frames, workers=1)
    with pytest.raises(DataError, match="sample s35"):
        heard.of(["s35"])
    strange = table.assign(sample_id=table["sample_id"].replace("s00", "gone"))
    with pytest.raises(DataError, match=r"0\.tar lacks sample gone"):
        sequences.hear(strange, folder, half_frames, workers=1)
    sequences.write(tmp_path, heard)
    (tmp_path / "samples.json").write_text('{"s00": 1}')
    with pytest.raises(DataError, match="lists 1"):
        sequences.read(tmp_path)
    (tmp_path / "values.npy").unlink()
    with pytest.raises(DataError, match="holds nothing that was heard"):
        sequences.read(tmp_path)


def test_a_plain_head_learns_from_embeddings_of_windows(corpus):
    table, folder = corpus
    listen = embeddings_of(EncodeOptions(encoder="logmel"))
    heard = sequences.hear(table, folder, listen, workers=1)
    assert heard.lengths.tolist() == [1 + (number % 4) // 3 for number in _in_order(heard)]
    task = Classification(CLASSES)
    # enough for any seed: after 30 epochs seven of eight seeds are below
    options = HeadOptions(
        hidden_units=16, epochs=100, validation="split", refit=False, batch_size=8
    )
    learn, judge = table[:24], table[24:]
    head = plain.fit(learn, judge, heard, task, options, seed=1)
    shares = plain.probabilities(head, judge, heard)
    truth = task.numbers(judge.set_index("sample_id")["region_label"])
    assert np.mean(shares.argmax(axis=1) == truth) > 0.9
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def _in_order(heard):
    return [int(sample[1:]) for sample in heard.sample_ids]
