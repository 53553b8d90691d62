"""Base clips: one second, one source, one split; files of one's own beside the demo's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import soundfile

from chorus.errors import DataError, LeakageError, ParameterError
from speech import clips, demo
from speech.clips import ClipOptions, SplitOptions
from speech.conditions import CLIP, ConditionOptions, plan

SMALL = demo.DemoOptions(voices=8, recordings=8, clips=2, pretraining=4)


@pytest.fixture(scope="module")
def made() -> list[demo.BaseClip]:
    return list(demo.base_clips(SMALL))


@pytest.fixture(scope="module")
def table(made, tmp_path_factory) -> pd.DataFrame:
    return clips.write_clips(tmp_path_factory.mktemp("clips"), made)


def test_the_demo_is_of_seconds_with_their_peak_at_one_and_the_same_again(made):
    again = list(demo.base_clips(SMALL))
    assert all((one.sound == other.sound).all() for one, other in zip(made, again, strict=True))
    assert all(clip.sound.shape == (CLIP,) for clip in made)
    assert all(np.abs(clip.sound).max() == pytest.approx(1) for clip in made)
    of_study = {clip.source for clip in made if clip.part == "study"}
    assert of_study.isdisjoint(clip.source for clip in made if clip.part == "pretraining")
    assert len(made) == 2 * (8 + 8 + 4 + 4) and len({clip.clip_id for clip in made}) == len(made)


def test_sounds_are_read_as_they_were_written(made, tmp_path):
    table = clips.write_clips(tmp_path, made[:6])
    read = clips.read_clips(tmp_path, table)
    by_id = {clip.clip_id: clip.sound for clip in made}
    for name, sound in zip(table["clip_id"], read, strict=True):
        assert sound == pytest.approx(by_id[name], abs=2 / 32768)


def test_every_source_is_in_one_split_and_every_split_has_both_classes(table):
    found = clips.split(table, SplitOptions())
    assert (found.groupby("source")["split"].nunique() == 1).all()
    assert all(
        part["SPEECH_clips"] and part["NONSPEECH_clips"] for part in clips.counts(found).values()
    )
    assert set(found["part"]) == {"study"}


def test_a_new_source_moves_few_of_the_others(table):
    before = clips.split(table, SplitOptions()).set_index("clip_id")["split"]
    more = table[table["source"] != table["source"].iloc[-1]]
    after = clips.split(more, SplitOptions()).set_index("clip_id")["split"]
    assert (before[after.index] == after).mean() > 0.7


def test_a_split_by_rows_that_leaks_variants_of_one_clip_is_refused(table):
    rows = table.merge(
        pd.DataFrame({"condition": [each.name for each in plan(ConditionOptions())]}), "cross"
    )
    rows["split"] = np.where(np.arange(len(rows)) % 5 == 0, "test", "train")
    with pytest.raises(LeakageError, match="in several splits"):
        clips.audit(rows)


def test_shares_and_sources_that_do_not_go_are_refused(table):
    with pytest.raises(ParameterError, match="no source for the test"):
        clips.split(table, SplitOptions(train=0.5, development=0.3, holdout=0.2))
    with pytest.raises(DataError, match="too few"):
        clips.split(table[~table["source"].str.startswith("voice")], SplitOptions())
    mixed = table.assign(source="one")
    with pytest.raises(DataError, match="both classes"):
        clips.split(mixed, SplitOptions())


def test_a_folder_of_ones_own_is_read_and_bad_files_are_named(tmp_path):
    rng = np.random.default_rng(1)
    soundfile.write(tmp_path / "good.wav", 0.1 * rng.standard_normal(8000), 8000)
    soundfile.write(tmp_path / "silent.wav", np.zeros(8000), 8000)
    (tmp_path / "no.wav").write_text("no audio")
    listed = "file,label,source\n"
    listed += "".join(f"{name}.wav,SPEECH,anna\n" for name in ("good", "silent", "no", "missing"))
    (tmp_path / "clips.csv").write_text(listed)
    found, rejected = clips.read_folder(tmp_path)
    assert [clip.clip_id for clip in found] == ["anna_good"] and found[0].sound.shape == (CLIP,)
    assert list(rejected["file"]) == ["silent.wav", "no.wav", "missing.wav"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("file,label\n", "no column source"),
        ("file,label,source\na,speech,b\n", "'speech' of a is neither SPEECH nor NONSPEECH"),
    ],
)
def test_a_table_that_cannot_be_used_is_named(tmp_path, content, said):
    (tmp_path / "clips.csv").write_text(content)
    with pytest.raises(DataError, match=said):
        clips.read_folder(tmp_path)
    with pytest.raises(DataError, match=r"no clips\.csv"):
        clips.read_folder(tmp_path / "elsewhere")
    assert ClipOptions().folder == "demo"
