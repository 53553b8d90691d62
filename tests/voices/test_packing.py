"""Utterances to shards: the house's tar files, at 16 kHz, the same bytes whatever the order and the workers."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf

import corpus_trees as trees
from chorus import audio
from chorus.errors import DataError
from chorus.shards import member_names, read_shard
from chorus.survey.cuts import Span
from chorus.voices import corpora, packing
from chorus.voices.corpora import listed
from chorus.voices.cutting import CutOptions
from chorus.voices.utterances import COLUMNS


def pack(utterances, out, workers=1):
    out.mkdir()
    return packing.pack(utterances, out, CutOptions(), workers=workers)


def own(folder, sounds, rows):
    """A folder of one's own: name -> int16 samples at 16 kHz, and the rows of its table."""
    for name, pcm in sounds.items():
        trees.wav(folder / name, pcm)
    trees.write(folder / "clips.csv", "path,speaker,label\n" + "".join(f"{row}\n" for row in rows))
    return listed.read(folder, "mine").utterances


@pytest.fixture(scope="module")
def all_corpora(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpora")
    for name in ("timit", "common_voice", "coraal", "accent_archive"):
        getattr(trees, name)(root / name)
    return corpora.read(root).utterances


def test_samples_lie_in_shards_as_their_rows_say(all_corpora, tmp_path):
    packed = pack(all_corpora, tmp_path / "out")
    assert tuple(packed.table.columns) == COLUMNS
    assert len(packed.table) == len(all_corpora)
    assert packed.quarantine.empty
    for shard, rows in packed.table.groupby("shard"):
        contents = dict(read_shard(tmp_path / "out" / shard))
        assert set(contents) == {f"{sample}.flac" for sample in rows["sample_id"]}
        for row in rows.itertuples():
            pcm = audio.decode_flac(contents[f"{row.sample_id}.flac"], rate=16_000)
            assert audio.sha256(pcm) == row.sha256
            assert len(pcm) / 16_000 == pytest.approx(float(row.duration), abs=1e-3)
    rates = packed.table.groupby("dataset_name")["sample_rate"].unique().map(list).to_dict()
    assert rates == {
        "timit": ["16000"],
        "common_voice": ["32000"],
        "coraal": ["44100"],
        "accent_archive": ["44100"],
    }


def test_sphere_samples_are_unchanged(tmp_path):
    trees.timit(tmp_path / "timit")
    utterances = corpora.read(tmp_path).utterances
    one = next(one for one in utterances if one.about["audio_path"].endswith("FCJF0/SA1.WAV"))
    sound = one.hear()
    np.testing.assert_array_equal(sound.cut(Span(0, sound.seconds)), trees.tone(1))


def test_neither_order_nor_workers_show(all_corpora, tmp_path):
    pack(all_corpora, tmp_path / "one")
    again = pack(all_corpora[::-1], tmp_path / "two", workers=2)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "two").iterdir())
    assert all(
        (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
        for name in files
    )
    assert again.table["sample_id"].is_monotonic_increasing


def test_long_recordings_are_cut_and_the_pieces_named_by_their_place(tmp_path):
    long = np.concatenate([trees.tone(number, 2.0) for number in range(9)])
    utterances = own(tmp_path / "mine", {"a.wav": long}, ["a.wav,ann,West"])
    table = pack(utterances, tmp_path / "out").table.sort_values("audio_path")
    assert list(table["audio_path"]) == [
        "mine/a.wav@0-7.5",
        "mine/a.wav@10-18",
        "mine/a.wav@5-12.5",
    ]
    assert list(table["duration"]) == ["7.500", "8.000", "7.500"]
    assert set(table["recording"]) == {"mine/a.wav"}


def test_bad_sound_is_named_and_the_rest_packed(tmp_path):
    sounds = {
        "good.wav": trees.tone(1),
        "short.wav": trees.tone(2, 0.4),
        "silent.wav": np.zeros(30_000, np.int16),
        "cut.wav": trees.tone(3),
    }
    utterances = own(tmp_path / "mine", sounds, [f"{name},ann,West" for name in sounds])
    cut = tmp_path / "mine" / "cut.wav"
    cut.write_bytes(cut.read_bytes()[:20_000])
    packed = pack(utterances, tmp_path / "out")
    assert list(packed.table["audio_path"]) == ["mine/good.wav"]
    found = {
        row.source: (row.stage, row.reason.split(":")[0]) for row in packed.quarantine.itertuples()
    }
    assert found["mine/short.wav"] == ("selection", "too short")
    assert found["mine/silent.wav"] == ("corpus", "silent")
    assert found["mine/cut.wav"][0] == "corpus"


@pytest.mark.parametrize(
    ("second", "kept", "reason"),
    [
        ("b.wav,ann,West", ["mine/a.wav"], "same audio as another sample: mine/a.wav"),
        ("b.wav,ben,West", [], "same audio with contradicting speakers"),
        ("b.wav,ben,South", [], "same audio with contradicting labels"),
    ],
)
def test_the_same_sound_twice(tmp_path, second, kept, reason):
    sounds = {"a.wav": trees.tone(1), "b.wav": trees.tone(1), "c.wav": trees.tone(2)}
    utterances = own(tmp_path / "mine", sounds, ["a.wav,ann,West", second, "c.wav,carl,West"])
    packed = pack(utterances, tmp_path / "out")
    assert (
        list(
            packed.table["audio_path"].drop(
                packed.table.index[packed.table["speaker_id"] == "mine/carl"]
            )
        )
        == kept
    )
    assert set(packed.quarantine["reason"]) == {reason}
    (shard,) = (tmp_path / "out").glob("*.tar")
    assert len(member_names(shard)) == len(packed.table)


def test_too_much_bad_input_stops_the_stage_and_what_nobody_wanted_does_not():
    bad = packing.rejections([("a", "silent")] * 3, [("b", "not listed")] * 50)
    packing.check_share(bad, 12, 0.2)
    with pytest.raises(
        DataError, match=r"3 of 13 clips .* corpus.max_quarantined_share .* silent \(3\)"
    ):
        packing.check_share(bad, 10, 0.2)
    with pytest.raises(DataError, match=r"no sample is left: not listed \(50\), silent \(3\)"):
        packing.check_share(bad, 0, 0.2)


def test_any_program_opens_a_sample(all_corpora, tmp_path):
    packed = pack(all_corpora[:1], tmp_path / "out")
    ((name, content),) = read_shard(tmp_path / "out" / packed.table["shard"][0])
    (tmp_path / name).write_bytes(content)
    about = sf.info(tmp_path / name)
    assert (about.samplerate, about.channels, about.subtype) == (16_000, 1, "PCM_16")
