"""Answers of a review queue become clips, once, with who, when and by which model."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile as sf
from failing_files import fail_to_open

from chorus import survey
from chorus.commands import main
from chorus.errors import DataError
from chorus.files import read_csv, write_csv
from chorus.labels.reviewed import add_reviews, confirmed_sites, read_reviews
from chorus.places import place
from chorus.season.queue_page import EXPORTED
from chorus.sharing.server import BUCKET
from end_to_end.sharing import storage

RATE = 48_000


def answer(start: float, label: str, **more: str) -> dict[str, str]:
    """A row as the page exports it."""
    file = "season/Pond/A1_20240312_203000.wav"
    row = dict.fromkeys(EXPORTED, "") | {
        "queue": "abc", "window": f"{file}@{start:g}-{start + 3:g}", "file": file, "start": f"{start:g}",
        "end": f"{start + 3:g}", "label": label, "quality": "medium" if label == "positive" else "", "who": "Ada",
        "when": "2024-04-01T10:00:00Z", "model": "stage6_038", "threshold": "0.5", "score": "0.7",
        "reason": "random", "stratum": "random", "stratum_size": "20", "recorder": "A1", "site": "Pond",
        "night": "2024-03-12",
    }  # fmt: skip
    return row | more


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A season elsewhere, and a survey with one clip of its own."""
    (tmp_path / "season/Pond").mkdir(parents=True), (tmp_path / "survey").mkdir()
    whole = np.random.default_rng(1).integers(-9_000, 9_000, 60 * RATE, dtype=np.int16)
    sf.write(tmp_path / "season/Pond/A1_20240312_203000.wav", whole, RATE)
    sf.write(tmp_path / "survey/old.wav", whole[: 3 * RATE] // 2, RATE)
    (tmp_path / "survey/clips.csv").write_text("path,label\nold.wav,negative\n")
    return tmp_path


def exported(study: Path, *rows: dict[str, str], name: str = "reviewed_abc.csv") -> Path:
    write_csv(study / name, pd.DataFrame(rows, columns=list(EXPORTED)))
    return study / name


def review(study: Path, *rows: dict[str, str], folder: str = "survey") -> pd.DataFrame:
    path = exported(study, *rows)
    main(["labels", str(study / folder), "--review", str(path), "--recordings", str(study)])
    return read_csv(study / folder / "clips.csv")


def test_windows_are_cut_out_and_bear_who_when_and_model(study, capsys):
    clips = review(
        study,
        answer(9, "positive"),
        answer(30, "negative"),
        answer(33, "unsure"),
        answer(36, "", who=""),
    )
    assert "2 clips added" in capsys.readouterr().out
    row = clips.iloc[1]
    assert row["path"] == "reviewed/season/Pond/A1_20240312_203000_9.0s_12.0s.flac"
    assert row[["label", "site", "recorder", "date"]].tolist() == [
        "positive",
        "Pond",
        "A1",
        "2024-03-12",
    ]
    by = ["reviewed_by", "reviewed_at", "reviewed_model", "reviewed_quality"]
    assert row[by].tolist() == ["Ada", "2024-04-01T10:00:00Z", "stage6_038", "medium"]
    whole, _ = sf.read(study / "season/Pond/A1_20240312_203000.wav", dtype="int16")
    cut, _ = sf.read(study / "survey" / row["path"], dtype="int16")
    assert np.array_equal(cut, whole[9 * RATE : 12 * RATE])
    assert (
        len(read_csv(study / "survey/reviews/abc.csv")) == 4
    )  # what was not answered too: recall needs it


def test_recordings_and_answers_may_lie_on_s3(study, capsys):
    """What a page beside a season on S3 exported: the same sound as here, under a name without the kind of storage."""
    rows = [answer(9, "positive"), answer(30, "negative")]
    here = review(study, *rows)
    for row in rows:
        row["file"] = f"s3://{BUCKET}/{row['file']}"
    gone = answer(12, "positive") | {"file": f"s3://{BUCKET}/season/gone.wav", "window": "gone"}
    named = exported(study, *rows, gone, name="far.csv")
    with storage(study / "s3"):
        for file in (named, study / "season/Pond/A1_20240312_203000.wav"):
            far = place(f"s3://{BUCKET}") / file.relative_to(study).as_posix()
            far.write_bytes(file.read_bytes())
        given = ["labels", str(study / "new"), "--review", f"s3://{BUCKET}/far.csv"]
        main(given)
        assert "2 clips added" in capsys.readouterr().out
        main(given)
        assert "0 clips added" in capsys.readouterr().out
    there = read_csv(study / "new/clips.csv")
    assert there["path"].tolist() == [
        f"reviewed/{BUCKET}/season/Pond/A1_20240312_203000_{span}.flac"
        for span in ("9.0s_12.0s", "30.0s_33.0s")
    ]
    for far, near in zip(there["path"], here["path"].iloc[1:], strict=True):
        assert (study / "new" / far).read_bytes() == (study / "survey" / near).read_bytes()
    refused = read_csv(study / "new/reviews/labels_quarantine.csv")
    assert refused["reason"].tolist() == [f"no such file: s3://{BUCKET}/season/gone.wav"]
    with pytest.raises(SystemExit, match="FOLDER: s3://far/survey is not allowed: a folder of"):
        main(["labels", "s3://far/survey", "--review", str(named)])


def test_the_survey_takes_them_as_they_are(study):
    review(study, answer(9, "positive"), answer(30, "negative"))
    sources, rejected, _ = survey.user_sources(
        study / "survey", survey.SurveyOptions(source=str(study / "survey"))
    )
    assert rejected.empty and len(sources) == 3
    reviewed = [source.meta for source in sources if source.meta["source"].startswith("reviewed")]
    assert {meta["night"] for meta in reviewed} == {"2024-03-12"} and {
        meta["site"] for meta in reviewed
    } == {"Pond"}


def test_the_same_answers_again_add_nothing(study, capsys):
    first = review(study, answer(9, "positive"), answer(30, "negative"))
    second = review(study, answer(9, "positive"), answer(30, "negative"))
    pd.testing.assert_frame_equal(first, second)
    assert "0 clips added" in capsys.readouterr().out


def test_who_hands_in_second_does_not_replace_what_the_first_one_heard(study):
    review(study, answer(9, "positive"), answer(30, "", who=""))
    review(study, answer(9, "", who=""), answer(30, "negative", who="Bob"))
    kept = read_csv(study / "survey/reviews/abc.csv")
    given = kept[kept["label"] != ""]
    assert sorted(zip(given["who"], given["label"], strict=True)) == [
        ("Ada", "positive"),
        ("Bob", "negative"),
    ]


def test_the_name_of_a_queue_does_not_lead_out_of_the_folder(study):
    with pytest.raises(SystemExit, match=r"queue '[./]+abc' is no name of a queue"):
        review(study, answer(9, "positive") | {"queue": "../../abc"})
    assert not (study / "abc.csv").exists()


def test_windows_of_recordings_in_the_survey_are_pieces_of_them(study):
    (study / "clips.csv").write_text("path,label,quality,onset,end\nsurvey/old.wav,negative,,,\n")
    clips = review(study, answer(9, "positive"), folder=".")
    assert clips.iloc[1][["path", "onset", "end"]].tolist() == [
        "season/Pond/A1_20240312_203000.wav",
        "9",
        "12",
    ]
    assert (
        clips.iloc[1]["quality"] == ""
    )  # the table grades nobody: one graded row would put out all others


def test_a_table_that_grades_gets_the_grade(study):
    (study / "survey/clips.csv").write_text("path,label,quality\nold.wav,positive,high\n")
    assert review(study, answer(9, "positive"))["quality"].tolist() == ["high", "medium"]


def test_people_who_disagree_are_named_and_the_last_word_of_one_counts(study):
    rows = (
        answer(9, "positive"), answer(9, "negative", who="Bob"),
        answer(12, "positive"), answer(12, "negative", when="2024-04-02T10:00:00Z"),
    )  # fmt: skip
    clips = review(study, *rows)
    assert clips["label"].tolist() == ["negative", "negative"]
    kept_out = read_csv(study / "survey/reviews/labels_quarantine.csv")
    assert kept_out["reason"].tolist() == ["people disagree: Ada: positive; Bob: negative"]


def test_what_the_table_says_already_is_not_overruled(study):
    (study / "clips.csv").write_text(
        "path,label,onset,end\nseason/Pond/A1_20240312_203000.wav,negative,8,10\n"
    )
    clips = review(study, answer(9, "positive"), folder=".")
    assert len(clips) == 1
    reason = read_csv(study / "reviews/labels_quarantine.csv")["reason"][0]
    assert reason == "clips.csv says negative of 8-10, Ada says positive"


def test_a_recording_that_is_gone_is_named(study):
    (study / "season/Pond/A1_20240312_203000.wav").unlink()
    assert len(review(study, answer(9, "positive"))) == 1
    assert "no such file: " in read_csv(study / "survey/reviews/labels_quarantine.csv")["reason"][0]


def test_what_is_no_fault_of_a_recording_refuses_no_answer(study, monkeypatch):
    fail_to_open(monkeypatch, errno.EMFILE, lambda path: path.suffix == ".wav")
    with pytest.raises(
        SystemExit, match=r"A1_20240312_203000\.wav cannot be read now, Too many open"
    ):
        review(study, answer(9, "positive"))
    assert not (study / "survey/reviews").exists()


def test_a_recording_that_should_be_in_the_folder_and_is_not_is_named(study):
    path = exported(study, answer(9, "positive"))
    # the answers are of season/..., which begins in another folder
    main(
        [
            "labels",
            str(study / "survey"),
            "--review",
            str(path),
            "--recordings",
            str(study / "survey"),
        ]
    )
    assert len(read_csv(study / "survey/clips.csv")) == 1
    assert "no such file: " in read_csv(study / "survey/reviews/labels_quarantine.csv")["reason"][0]


def test_a_recording_with_a_name_as_long_as_a_disk_allows_is_cut_out(study):
    name = f"season/Pond/{'é' * 110}_20240312_203000.wav"
    (study / "season/Pond/A1_20240312_203000.wav").rename(study / name)
    clips = review(
        study, answer(9, "positive", file=name), answer(12, "negative", file=name, window="x")
    )
    assert clips["path"].iloc[1].endswith("é_20240312_203000_9.0s_12.0s.flac")
    assert all((study / "survey" / path).is_file() for path in clips["path"])


def test_windows_of_two_recordings_are_not_cut_out_to_one_file(study):
    wav = study / "season/Pond/A1_20240312_203000.wav"
    sf.write(wav.with_suffix(".flac"), sf.read(wav)[0] / 2, RATE)
    other = answer(9, "positive")
    other["file"] = other["file"].replace(".wav", ".flac")
    other["window"] = other["window"].replace(".wav", ".flac")
    assert len(review(study, answer(9, "positive"), other)) == 2
    reasons = read_csv(study / "survey/reviews/labels_quarantine.csv")["reason"]
    assert reasons[0].startswith("one name for two windows: reviewed/season/Pond/A1")


def test_a_path_cannot_lead_out_of_the_folder(study):
    row = answer(9, "positive", file="../../season/Pond/A1_20240312_203000.wav")
    added = add_reviews(
        study / "survey",
        read_csv(study / "survey/clips.csv"),
        read_reviews([exported(study, row)]),
        study / "a/b",
    )
    assert [one.reason[:12] for one in added.refused] == ["no such file"]
    (study / "a/b").mkdir(parents=True)
    added = add_reviews(
        study / "survey",
        read_csv(study / "survey/clips.csv"),
        read_reviews([exported(study, row)]),
        study / "a/b",
    )
    assert (
        added.clips["path"].tolist()[1] == "reviewed/season/Pond/A1_20240312_203000_9.0s_12.0s.flac"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": "frog"}, "line 2: label 'frog' is not allowed: positive, negative, unsure"),
        ({"quality": "good"}, "line 2: quality 'good' is not allowed"),
        ({"start": "soon"}, "line 2: start 'soon' is no number"),
        ({"start": "-3"}, "line 2: start '-3' is no number from 0 on"),
        ({"who": " "}, "line 2: an answer of nobody"),
        ({"end": "9"}, "line 2: the window ends before it begins"),
        ({"file": ""}, "line 2: file '' is no name"),
        ({"file": "../"}, "line 2: file '../' is no name"),
        ({"queue": "../../abc"}, "line 2: queue '../../abc' is no name"),
    ],
)
def test_exports_that_were_edited_are_refused(study, change, message):
    with pytest.raises(DataError, match=message):
        read_reviews([exported(study, answer(9, "positive") | change)])


def test_what_is_no_export_is_refused(study):
    with pytest.raises(DataError, match="is no export of a review queue: it lacks queue"):
        read_reviews([study / "survey/clips.csv"])
    (study / "odd.csv").write_bytes(b"\xff\xfe\0")
    with pytest.raises(DataError, match="is no table in UTF-8"):
        read_reviews([study / "odd.csv"])
    assert confirmed_sites(read_reviews([])) == set()
    assert confirmed_sites(read_reviews([exported(study, answer(9, "positive"))])) == {"Pond"}
