"""A folder as people have them: hostile in every way, and yet every good clip gets in and every bad one is named."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile as sf
from failing_files import fail_to_open

from chorus import audio, quarantine, shards, survey
from chorus.clips import CLIP_COLUMNS, WINDOW_SAMPLES
from chorus.errors import ChorusError, DataError, ParameterError
from chorus.options import parse
from chorus.survey import BuiltSurvey, SurveyOptions

BOM = "\ufeff"


def _sound(seconds: float, rate: int = 48_000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-9_000, 9_000, int(seconds * rate), dtype=np.int16)


def _survey(
    folder: Path, out: Path, *, workers: int = 1, **options: object
) -> tuple[BuiltSurvey, pd.DataFrame, dict]:
    parsed = parse(SurveyOptions, {"source": str(folder), **options}, section="survey")
    sources, rejected, notes = survey.user_sources(folder, parsed)
    padding, least = parsed.padding, parsed.min_seconds
    built = survey.build(sources, out, workers=workers, padding=padding, min_seconds=least)
    return built, quarantine.join(rejected, built.quarantine), notes


def _pcm(out: Path, clip: pd.Series) -> np.ndarray:
    return audio.decode_flac(shards.read_member(out / clip["shard"], f"{clip['clip_id']}.flac"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A folder with good and bad files and rows; what should become of each is in GOOD and BAD."""
    parent = tmp_path_factory.mktemp("hostile")
    folder = parent / "my recordings ü"
    (folder / "Étang 1").mkdir(parents=True)
    sf.write(folder / "good.wav", _sound(3), 48_000, subtype="PCM_16")
    sf.write(folder / "Étang 1" / "grenouille verte.flac", _sound(3, seed=1), 48_000)
    sf.write(folder / "eight bit.wav", _sound(2, 8_000, 2).reshape(-1, 2), 8_000, subtype="PCM_U8")
    sf.write(folder / "ten minutes.wav", _sound(600, 8_000, 3), 8_000)
    sf.write(folder / "SM4_20240312_013000.ogg", _sound(3, seed=4), 48_000)
    sf.write(folder / "a.mp3", _sound(3, seed=5), 48_000)
    sf.write(folder / "copy of good.wav", _sound(3), 48_000, subtype="PCM_16")
    sf.write(folder / "twice.wav", _sound(3, seed=6), 48_000)
    sf.write(folder / "contradicting.wav", _sound(3, seed=7), 48_000)
    for name in ("yes.wav", "no.flac"):
        sf.write(folder / name, _sound(3, seed=8), 48_000)
    (folder / "zero.wav").touch()
    (folder / "text.wav").write_text("dear diary, " * 500)
    sf.write(folder / "nan.wav", np.full(144_000, np.nan), 48_000, subtype="FLOAT")
    sf.write(folder / "silence.wav", np.zeros(144_000), 48_000)
    sf.write(folder / "one sample.wav", np.array([0.5]), 48_000)
    sf.write(parent / "outside.wav", _sound(3, seed=9), 48_000)
    (folder / "link.wav").symlink_to(parent / "outside.wav")
    rows = [(name, "positive") for name in GOOD] + [(name, label) for name, label, _ in BAD]
    lines = [" Path , Label ", *(f"{name},{label}" for name, label in rows)]
    (folder / "clips.csv").write_bytes((BOM + "\r\n".join(lines)).encode("utf-8"))
    return folder


GOOD = {  # file -> windows
    "good.wav": 1,
    "Étang 1/grenouille verte.flac": 1,
    "eight bit.wav": 1,
    "ten minutes.wav": 200,
    "SM4_20240312_013000.ogg": 1,
    "a.mp3": 1,
    "twice.wav": 1,
}
BAD = [
    ("zero.wav", "positive", "empty file"),
    ("text.wav", "positive", "no audio: a text"),
    ("nan.wav", "positive", "NaN or infinite samples"),
    ("silence.wav", "negative", "silent"),
    ("one sample.wav", "negative", "too short: 2.08e-05 s of at least 0.5 s"),
    ("twice.wav", "positive", "path listed twice"),
    ("contradicting.wav", "positive", "path listed twice with contradicting labels"),
    ("contradicting.wav", "negative", "path listed twice with contradicting labels"),
    ("../outside.wav", "positive", "path outside the folder: it leaves the folder of clips.csv"),
    (
        "link.wav",
        "positive",
        "path outside the folder: a link leads out of the folder of clips.csv",
    ),
    (
        "good.wav/../../outside.wav",
        "positive",
        "path outside the folder: it leaves the folder of clips.csv",
    ),
    ("none.wav", "negative", "missing file"),
    ("a.mp3", "frog", "unknown label: frog"),
    ("copy of good.wav", "positive", "same audio as another clip: good.wav"),
    ("yes.wav", "positive", "same audio with contradicting labels: no.flac"),
    ("no.flac", "negative", "same audio with contradicting labels: yes.wav"),
]


@pytest.fixture(scope="module")
def result(hostile, tmp_path_factory):
    out = tmp_path_factory.mktemp("raw")
    built, rejected, notes = _survey(hostile, out)
    return out, built.clips, rejected, notes


def test_the_good_clips_are_all_kept(result):
    out, clips, _, _ = result
    kept = dict(zip(clips["source"], clips["windows"], strict=True))
    # the copy that sorts first stays: "copy of good.wav" < "good.wav"
    assert kept == {
        ("copy of good.wav" if name == "good.wav" else name): windows
        for name, windows in GOOD.items()
    }
    assert list(clips.columns) == list(CLIP_COLUMNS)
    for _, clip in clips.iterrows():
        pcm = _pcm(out, clip)
        assert len(pcm) == clip["windows"] * WINDOW_SAMPLES and audio.sha256(pcm) == clip["sha256"]


def test_the_bad_rows_are_all_in_quarantine_with_their_reason(result):
    _, _, rejected, _ = result
    expected = {(source, reason) for source, _, reason in BAD if source != "copy of good.wav"}
    expected.add(("good.wav", "same audio as another clip: copy of good.wav"))
    assert set(zip(rejected["source"], rejected["reason"], strict=True)) == expected
    assert len(rejected) == len(BAD)
    assert set(rejected["stage"]) == {"survey"} and set(rejected["clip_id"]) == {""}


def test_a_good_clip_is_in_its_shard_bit_by_bit(result):
    out, clips, _, _ = result
    flac = clips[clips["source"] == "Étang 1/grenouille verte.flac"].iloc[0]
    np.testing.assert_array_equal(_pcm(out, flac), _sound(3, seed=1))
    assert (
        flac["clip_id"] == f"unknown_{audio.sha256(_sound(3, seed=1))[:12]}"
        and flac["shard"] == "unknown.tar"
    )


def test_a_short_stereo_clip_is_padded_with_silence(result):
    out, clips, _, _ = result
    pcm = _pcm(out, clips[clips["source"] == "eight bit.wav"].iloc[0])
    assert pcm[:48_000].std() > 1_000 and not pcm[48_000:].any()  # one second of it


def test_the_file_name_places_a_clip(result):
    _, clips, _, _ = result
    clip = clips[clips["source"] == "SM4_20240312_013000.ogg"].iloc[0]
    assert (clip["recorder"], clip["night"], clip["shard"]) == (
        "SM4",
        "2024-03-11",
        "SM4_20240311.tar",
    )


def test_the_summary_counts_all_of_it(result):
    _, clips, rejected, notes = result
    remarks = pd.DataFrame(
        {"source": ["a", "b"], "clip_id": ["", ""], "remark": ["clipped: 1 %", "clipped: 2 %"]}
    )
    summary = survey.summarise(clips, rejected, remarks, notes)
    assert summary["remarks"] == {"clipped": 2}
    assert summary["clips"] == len(GOOD) and summary["quarantined"] == len(BAD)
    assert summary["windows"] == sum(GOOD.values())
    assert summary["hours"] == pytest.approx(sum(GOOD.values()) * 3 / 3600)
    assert summary["label"] == {"positive": len(GOOD), "negative": 0}
    assert summary["quality"] == {"high": len(GOOD), "medium": 0, "low": 0}
    assert (summary["recorders"], summary["nights"], summary["shards"]) == (2, 1, 2)
    assert summary["quarantined_by_reason"]["path outside the folder"] == 3
    assert sum(summary["quarantined_by_reason"].values()) == len(BAD)
    assert summary["notes"]["rows"] == len(GOOD) + len(BAD)


def test_so_much_quarantine_is_an_error(result):
    _, clips, rejected, _ = result
    with pytest.raises(DataError, match=r"path outside the folder \(3\), path listed twice with"):
        quarantine.check_share(rejected, len(clips) + len(rejected), 0.2)


@pytest.mark.parametrize("workers", [1, 2])
def test_neither_workers_nor_the_order_of_rows_show(hostile, result, tmp_path, workers):
    out, clips, rejected, _ = result
    table = hostile / "clips.csv"
    written = table.read_bytes()
    lines = written.decode("utf-8-sig").split("\r\n")
    try:
        table.write_text("\n".join([lines[0], *reversed(lines[1:])]), encoding="utf-8")
        built, again, _ = _survey(hostile, tmp_path, workers=workers)
    finally:
        table.write_bytes(written)
    pd.testing.assert_frame_equal(built.clips, clips)
    pd.testing.assert_frame_equal(again, rejected)
    names = sorted(path.name for path in out.iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir()) == sorted(set(clips["shard"]))
    for name in names:
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes()


def test_padding_and_the_least_length_are_parameters(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    sf.write(folder / "a.wav", _sound(1), 48_000)
    sf.write(folder / "b.wav", _sound(0.9, seed=1), 48_000)
    (folder / "clips.csv").write_text("path,label\na.wav,negative\nb.wav,negative\n")
    built, rejected, _ = _survey(folder, tmp_path / "out", padding="repeat", min_seconds=1.0)
    np.testing.assert_array_equal(
        _pcm(tmp_path / "out", built.clips.iloc[0]), np.tile(_sound(1), 3)
    )
    assert list(built.clips["seconds"]) == ["1.000"]  # of sound, however it was padded
    assert list(rejected["reason"]) == ["too short: 0.9 s of at least 1 s"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"padding": "mirror"}, r"survey\.padding: 'mirror' is not allowed"),
        ({"min_seconds": 0}, r"survey\.min_seconds: 0 is not allowed"),
        ({"min_seconds": 4}, r"survey\.min_seconds: 4 is not allowed"),
        ({"max_quarantined_share": 1.5}, r"survey\.max_quarantined_share: 1\.5 is not allowed"),
        ({"positive_label": "Frog", "negative_label": "frog"}, "must differ"),
        ({"folder": "x"}, r"survey\.folder: unknown parameter"),
        ({"demo": {"scale": 0.0}}, r"survey\.demo\.scale: 0\.0 is not allowed"),
    ],
)
def test_impossible_parameters_are_refused(values, message):
    with pytest.raises(ParameterError, match=message):
        parse(SurveyOptions, values, section="survey")


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOMEM, errno.ESTALE])
def test_what_is_no_fault_of_a_file_is_not_told_as_its_own(tmp_path, monkeypatch, number):
    """The survey stops: in quarantine a clip would be missing from the study, and its reason be committed."""
    (tmp_path / "clips.csv").write_text("path,label\na.wav,positive\nb.wav,negative\n")
    for name in ("a.wav", "b.wav"):
        sf.write(tmp_path / name, _sound(3, seed=ord(name[0])), 48_000)
    fail_to_open(monkeypatch, number, lambda path: path.name == "b.wav")
    with pytest.raises(ChorusError, match=f"b.wav cannot be read now, {os.strerror(number)}"):
        _survey(tmp_path, tmp_path / "out")
