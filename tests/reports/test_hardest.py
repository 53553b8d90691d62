"""The hardest clips: counted over all runs at their own thresholds, and shown only with the audio that was judged."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
import soundfile

from chorus import audio, shards
from chorus.errors import DataError
from chorus.files import write_csv
from chorus.pictures import PictureOptions
from chorus.reports.hardest import hard_clips, wrong_counts, wrong_shares

ABOUT = {
    "split": "test_ood",
    "quality": "",
    "call_type": "",
    "site": "Pond",
    "recorder": "R1",
    "night": "R1/2024-03-01",
}


def predictions(
    scores: dict[str, tuple[str, list[float]]], thresholds: list[float]
) -> pd.DataFrame:
    """clip -> (label, its score in each run)."""
    return pd.DataFrame(
        [
            {
                "run": f"run_{n}",
                "threshold": threshold,
                "clip_id": clip,
                "label": label,
                "score": values[n],
                **ABOUT,
            }
            for n, threshold in enumerate(thresholds)
            for clip, (label, values) in scores.items()
        ]
    )


def test_a_clip_is_wrong_by_the_threshold_of_each_run():
    table = predictions(
        {
            "easy": ("positive", [0.9, 0.9]),
            "half": ("positive", [0.5, 0.5]),  # detected at 0.5, missed at 0.6
            "missed": ("positive", [0.1, 0.2]),
            "taken": ("negative", [0.7, 0.6]),
            "worse": ("negative", [0.9, 0.9]),
        },
        thresholds=[0.5, 0.6],
    )
    shares = wrong_shares(table, "test_ood")
    # ties: the further the mean score is from the label, the harder
    assert shares["clip_id"].tolist() == ["worse", "missed", "taken", "half", "easy"]
    assert shares["wrong"].tolist() == [1.0, 1.0, 1.0, 0.5, 0.0]
    assert shares["mean_score"].tolist() == pytest.approx([0.9, 0.15, 0.65, 0.5, 0.9])
    assert shares["runs"].unique().tolist() == [2]


def test_bands_of_the_share_that_is_wrong():
    shares = pd.DataFrame(
        {"label": "positive", "wrong": [0, 0, 0.01, 0.1, 0.11, 0.5, 0.9, 0.91, 1]}
    )
    (row,) = wrong_counts(shares)
    assert (row["label"], row["clips"]) == ("positive", 9)
    assert list(row["counts"].values()) == [2, 2, 2, 1, 2]
    assert sum(row["counts"].values()) == 9


def test_runs_that_were_judged_on_different_clips_are_refused():
    table = predictions({"a": ("positive", [0.9, 0.9]), "b": ("negative", [0.1, 0.1])}, [0.5, 0.5])
    with pytest.raises(DataError, match="not all judged on the same clips"):
        wrong_shares(table.iloc[:-1], "test_ood")
    with pytest.raises(DataError, match="no clip of test_iid"):
        wrong_shares(table, "test_iid")


@pytest.fixture
def survey(tmp_path):
    """Two clips in a shard."""
    rng = np.random.default_rng(1)
    sounds = {clip: rng.integers(-3000, 3000, 144_000).astype(np.int16) for clip in ("a", "b")}
    shards.write_shard(
        tmp_path / "R1.tar",
        {f"{clip}.flac": audio.encode_flac(pcm) for clip, pcm in sounds.items()},
    )
    write_csv(tmp_path / "clips.csv", pd.DataFrame({"clip_id": ["a", "b"], "shard": "R1.tar"}))
    return tmp_path


SHARES = wrong_shares(
    predictions(
        {"a": ("positive", [0.1]), "b": ("negative", [0.9]), "right": ("negative", [0.1])}, [0.5]
    ),
    "test_ood",
)


def test_clips_that_are_wrong_come_with_a_picture_and_a_sound(survey):
    shown = PictureOptions(highest_hz=4000.0)
    clips, missing = hard_clips(SHARES, survey, shown)
    assert missing == ""
    assert sorted(clip.about["clip_id"] for clip in clips) == [
        "a",
        "b",
    ]  # not the one that no run gets wrong
    assert all(clip.picture is not None and clip.picture.startswith(b"\x89PNG") for clip in clips)
    sound, rate = soundfile.read(io.BytesIO(clips[0].sound or b""))
    assert (len(sound), rate) == (48_000, 16_000)  # twice what is shown can be heard
    again, _ = hard_clips(SHARES, survey, shown)
    assert [(clip.picture, clip.sound) for clip in again] == [
        (clip.picture, clip.sound) for clip in clips
    ]


def test_without_the_audio_a_sentence_says_what_to_pull(survey, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "raw"
    clips, missing = hard_clips(SHARES, elsewhere)
    assert len(clips) == 2 and all(clip.sound is None and clip.picture is None for clip in clips)
    assert missing.startswith("the audio is not on this machine: dvc pull")
    (survey / "R1.tar").unlink()
    assert hard_clips(SHARES, survey)[1] == "the shard R1.tar is missing"
    write_csv(survey / "clips.csv", pd.DataFrame({"clip_id": ["a"], "shard": "R1.tar"}))
    assert "does not hold clip b: another version of it was judged" in hard_clips(SHARES, survey)[1]
