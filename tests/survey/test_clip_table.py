"""The user's clips.csv: every row becomes a clip or is rejected with its reason."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chorus.errors import DataError
from chorus.survey import ClipTable, assumptions_in_words, read_clip_table


def _folder(path: Path, *names: str) -> Path:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(b"sound")
    return path


def _read(folder: Path, text: str, **labels: str) -> ClipTable:
    (folder / "clips.csv").write_bytes(text.encode("utf-8"))
    return read_clip_table(folder, **labels)


def _only(table: ClipTable) -> dict[str, str]:
    assert table.rejected == [] and len(table.rows) == 1
    return table.rows.to_dict("records")[0]


def _columns(table: ClipTable, *names: str) -> list[tuple[str, ...]]:
    return list(table.rows[list(names)].itertuples(index=False, name=None))


def test_the_smallest_table_is_completed_with_defaults(tmp_path):
    table = _read(_folder(tmp_path, "a.wav"), "path,label\na.wav,positive\n")
    assert _only(table) == {
        "label": "positive", "quality": "high", "call_type": "", "speaker": "", "site": "unknown",
        "recorder": "unknown", "night": "", "recording": "a.wav", "role": "labelled", "split": "", "source": "a.wav",
    }  # fmt: skip
    assert table.notes == {
        "rows": 1, "ignored_columns": [], "columns_meant": {}, "unknown_labels": {}, "respelt_paths": 0,
        "blank_rows": 0, "repeated_headers": 0, "quality_assumed_high": 1, "quality_of_negatives_ignored": 0,
        "site_unknown": 1, "recorder_from_file_name": 0, "recorder_assumed_site": 1, "night_from_file_name": 0,
        "night_unknown": 1, "look_alikes": {}, "recorders_settings": {},
        "examples": dict.fromkeys(
            ["quality_assumed_high", "site_unknown", "recorder_assumed_site", "night_unknown"], "a.wav"
        ),
    }  # fmt: skip


def test_a_full_table_is_taken_as_it_is(tmp_path):
    row = _only(
        _read(
            _folder(tmp_path, "x/a.wav"),
            "path,label,quality,call_type,speaker,site,recorder,date,recording,split,role\n"
            "x/a.wav,positive,low,growl,old male,Pond,M1,2024-03-12T01:00,rec7,test_iid,labelled\n",
        )
    )
    assert row == {
        "label": "positive", "quality": "low", "call_type": "growl", "speaker": "old male", "site": "Pond",
        "recorder": "M1", "night": "2024-03-11", "recording": "rec7", "role": "labelled", "split": "test_iid",
        "source": "x/a.wav",
    }  # fmt: skip


def test_the_file_name_fills_in_recorder_and_night_where_the_table_is_silent(tmp_path):
    names = ["SM4_20240312_053000.wav", "SM4_20240312_213000.wav"]
    table = _read(
        _folder(tmp_path, *names),
        f"path,label,recorder,date,site\n{names[0]},negative,,,Pond\n{names[1]},negative,M1,2024-05-01,Pond\n",
    )
    assert _columns(table, "recorder", "night", "recording") == [
        ("SM4", "2024-03-11", "SM4_2024-03-11"),
        ("M1", "2024-05-01", "M1_2024-05-01"),
    ]
    assert table.notes["recorder_from_file_name"] == table.notes["night_from_file_name"] == 1
    assert table.notes["night_contradicts_file"] == 1


def test_without_a_recorder_the_site_stands_in(tmp_path):
    assert (
        _only(_read(_folder(tmp_path, "a.wav"), "path,label,site\na.wav,negative,Pond\n"))[
            "recorder"
        ]
        == "Pond"
    )


def test_spreadsheets_are_read_as_they_write(tmp_path):
    """A byte order mark, CRLF, capitals and spaces in headers and values, quotes, accents, an empty last line."""
    _folder(tmp_path, "my sounds/grenouille verte, près.wav", "ü/蛙.wav")
    table = _read(
        tmp_path,
        '\ufeff Path , LABEL,Quality ,notes\r\n"my sounds/grenouille verte, près.wav",Positive,HIGH,x\r\n'
        "ü/蛙.wav, negative ,,\r\n\r\n",
    )
    assert table.rows["source"].tolist() == [
        "my sounds/grenouille verte, près.wav",
        "ü/蛙.wav",
    ]
    assert _columns(table, "label", "quality") == [
        ("positive", "high"),
        ("negative", ""),
    ]
    assert table.rejected == [] and table.notes["ignored_columns"] == ["notes"]


def test_names_written_on_other_systems_are_found(tmp_path):
    decomposed = "pre\u0301s.wav"
    _folder(tmp_path, decomposed, "sub/a.wav")
    table = _read(tmp_path, "path,label\nprés.wav,negative\nsub\\a.wav,negative\n")
    assert table.rows["source"].tolist() == [decomposed, "sub/a.wav"]


def test_the_classes_may_have_other_names(tmp_path):
    _folder(tmp_path, "a.wav", "b.wav", "c.wav")
    text = "path,label\na.wav,RADR\nb.wav,noise\nc.wav,positive\n"
    table = _read(tmp_path, text, positive_label="RADR", negative_label="noise")
    assert table.rows["label"].tolist() == ["positive", "negative"]
    assert table.rejected == [("c.wav", "unknown label: positive")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"path": ""}, "empty path: row 2"),
        ({"path": "none.wav"}, "missing file"),
        ({"path": "sub"}, "missing file"),
        ({"path": "../outside.wav"}, "path outside the folder: it leaves the folder of clips.csv"),
        (
            {"path": "sub/../../outside.wav"},
            "path outside the folder: it leaves the folder of clips.csv",
        ),
        ({"path": "..\\outside.wav"}, "path outside the folder: it leaves the folder of clips.csv"),
        (
            {"path": "/etc/hostname"},
            "path outside the folder: paths are relative to the folder of clips.csv",
        ),
        (
            {"path": "link.wav"},
            "path outside the folder: a link leads out of the folder of clips.csv",
        ),
        (
            {"path": "linked/outside.wav"},
            "path outside the folder: a link leads out of the folder of clips.csv",
        ),
        ({"path": "loop.wav"}, "unusable path: Symlink loop"),
        ({"path": "a" * 300 + ".wav"}, "unusable path: File name too long"),
        ({"label": "frog"}, "unknown label: frog"),
        ({"label": ""}, "no label"),
        ({"label": "positive", "quality": "superb"}, "unknown quality: superb"),
        ({"label": "positive"}, "a positive without quality in a survey that names it for others"),
        ({"split": "holdout"}, "unknown split: holdout"),
        ({"split": "candidate"}, "unknown split: candidate"),
        ({"role": "extra"}, "unknown role: extra"),
        (
            {"role": "candidate", "label": "positive", "quality": "low"},
            "a candidate labelled positive",
        ),
        ({"role": "candidate", "split": "train"}, "a candidate with a split"),
        (
            {"date": "12/03/2024"},
            "ambiguous date: 12/03/2024 is 12 March 2024 or 3 December 2024; set survey.date_format to DMY or MDY",
        ),
        (
            {"date": "yesterday"},
            "date not understood: yesterday (write it as 2024-03-12, 2024-03-12 20:30, 2024-03-12T20:30:00+10:00, "
            "seconds since 1970)",
        ),
        (
            {"date": "0001-01-01T01:00"},
            "date not understood: 0001-01-01T01:00 (year outside 1900 to 2100)",
        ),
        ({"date": "1970-01-01 00:05"}, "date not understood: 1970-01-01 00:05 (clock never set)"),
    ],
)
def test_a_faulty_row_is_rejected_with_its_reason_and_the_others_stay(tmp_path, row, reason):
    folder = tmp_path / "survey"
    _folder(folder, "good.wav", "a.wav", "sub/b.wav")
    (tmp_path / "outside.wav").write_bytes(b"sound")
    (folder / "link.wav").symlink_to(tmp_path / "outside.wav")
    (folder / "linked").symlink_to(tmp_path)
    (folder / "loop.wav").symlink_to("loop.wav")
    row = {
        "path": "a.wav",
        "label": "negative",
        "quality": "",
        "split": "",
        "role": "",
        "date": "",
    } | row
    good = "good.wav,positive,high,train,labelled,2024-03-12"
    table = _read(folder, f"{','.join(row)}\n{good}\n{','.join(row.values())}\n")
    assert table.rows["source"].tolist() == ["good.wav"]
    assert table.rejected == [(row["path"], reason)]


def test_a_candidate_needs_no_label(tmp_path):
    row = _only(_read(_folder(tmp_path, "a.wav"), "path,label,role\na.wav,,Candidate\n"))
    assert (row["label"], row["role"]) == ("negative", "candidate")


@pytest.mark.parametrize(
    ("text", "kept", "rejected"),
    [
        ("a.wav,negative,\n./a.wav,negative,\n", ["negative"], [("a.wav", "path listed twice")]),
        (
            "b.wav,negative,\nlink.wav,negative,\n",
            ["negative"],
            [("link.wav", "path listed twice")],
        ),
        (
            "a.wav,negative,\na.wav,positive,\n",
            [],
            [("a.wav", "path listed twice with contradicting labels")] * 2,
        ),
        ("a.wav,,candidate\na.wav,positive,\n", ["positive"], [("a.wav", "path listed twice")]),
    ],
)
def test_a_file_listed_twice(tmp_path, text, kept, rejected):
    _folder(tmp_path, "a.wav", "b.wav")
    (tmp_path / "link.wav").symlink_to("b.wav")
    table = _read(tmp_path, f"path,label,role\n{text}")
    assert table.rows["label"].tolist() == kept
    assert table.rejected == rejected


def test_a_file_listed_at_two_sites_goes(tmp_path):
    _folder(tmp_path, "a.wav", "b.wav", "c.wav")
    rows = "a.wav,negative,Pond\na.wav,negative,Creek\nb.wav,negative,Pond\nb.wav,negative, pond\n"
    table = _read(tmp_path, f"path,label,site\n{rows}c.wav,negative,\nc.wav,negative,Pond\n")
    assert _columns(table, "source", "site") == [
        ("b.wav", "Pond"),
        ("c.wav", "Pond"),
    ]
    reasons = ["path listed twice"] * 2 + ["path listed twice with contradicting sites"] * 2
    assert sorted(reason for _, reason in table.rejected) == reasons


def test_pieces_of_one_file_are_at_one_site(tmp_path):
    """A piece at the never-heard pond and another elsewhere: one of the sites is wrong, and would leak."""
    _folder(tmp_path, "a.wav", "b.wav")
    rows = "a.wav,negative,Pond,0,3\na.wav,negative,Creek,6,9\nb.wav,negative,Pond,0,3\nb.wav,negative,,6,9\n"
    table = _read(tmp_path, f"path,label,site,onset,end\n{rows}b.wav,negative, pond,12,15\n")
    assert _columns(table, "source", "site") == [
        (f"b.wav@{span}", "Pond") for span in ("0-3", "12-15", "6-9")
    ]
    reason = "pieces of one file at contradicting sites: Pond / Creek"
    assert table.rejected == [("a.wav@0-3", reason), ("a.wav@6-9", reason)]


@pytest.mark.parametrize("nothing", ["NA", "nan", "NULL", "None", "#N/A", "unknown", "-"])
def test_what_programs_write_for_nothing_is_nothing(tmp_path, nothing):
    table = _read(
        _folder(tmp_path, "SM4_20240312_213000.wav"),
        "path,label,quality,site,recorder,date,recording,split,role\n"
        f"SM4_20240312_213000.wav,positive,{','.join([nothing] * 7)}\n",
    )
    row = _only(table)
    assert (row["site"], row["recorder"], row["night"], row["recording"]) == (
        "unknown", "SM4", "2024-03-12", "SM4_2024-03-12",
    )  # fmt: skip
    assert (row["quality"], row["role"], row["split"], table.notes["nothing_known"]) == (
        "high",
        "labelled",
        "",
        7,
    )


def test_a_class_may_be_called_none(tmp_path):
    text = "path,label\na.wav,frog\nb.wav,none\n"
    table = _read(
        _folder(tmp_path, "a.wav", "b.wav"), text, positive_label="frog", negative_label="none"
    )
    assert table.rows["label"].tolist() == ["positive", "negative"]


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (["RADR"] * 3 + ["noise"] * 2, r"RADR \(3\), noise \(2\)"),
        (["1", "0"], r"1 \(1\), 0 \(1\)"),
        (["Positive", "frog", "frog"], r"frog \(2\), Positive \(1\)"),
    ],
)
def test_other_names_of_the_classes_are_listed_with_the_parameters_to_set(tmp_path, labels, found):
    _folder(tmp_path, *(f"{i}.wav" for i in range(len(labels))))
    text = "path,label\n" + "".join(f"{i}.wav,{label}\n" for i, label in enumerate(labels))
    with pytest.raises(
        DataError,
        match=f"neither 'positive' nor 'negative'; it has: {found}: set survey.positive_l",
    ):
        _read(tmp_path, text)


def test_a_row_with_a_separator_too_many_is_rejected_alone(tmp_path):
    _folder(tmp_path, "a.wav")
    table = _read(tmp_path, "path,label\na.wav,positive\na, b.wav,positive\n")
    assert table.rejected == [
        ("a", "too many fields: 3 fields under 2 columns; text with a separator in it needs quotes")
    ]
    assert len(table.rows) == 1


def test_one_pond_in_many_spellings_is_one_pond_and_look_alikes_are_said(tmp_path):
    sites = ["Mill Pond", "mill pond", "Mill\u00a0 Pond", "MillPond"]
    _folder(tmp_path, *(f"{i}.wav" for i in range(len(sites))))
    rows = "".join(f"{i}.wav,negative,{site}\n" for i, site in enumerate(sites))
    table = _read(tmp_path, f"path,label,site\n{rows}")
    assert table.rows["site"].tolist() == ["Mill Pond"] * 3 + ["MillPond"]
    assert any(
        "column site that look like one another" in said and "Mill Pond / MillPond" in said
        for said in assumptions_in_words(table.notes, 4)
    )


def test_blank_rows_are_skipped(tmp_path):
    table = _read(
        _folder(tmp_path, "a.wav"), "path,label,notes\n,,\na.wav,negative,\n" + ",,\n" * 30
    )
    assert _only(table)["source"] == "a.wav" and table.notes["blank_rows"] == 31


def test_a_missing_table_or_folder_is_one_sentence(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(DataError, match=r"clips\.csv is missing"):
            read_clip_table(folder)


_CELLS = st.fixed_dictionaries(
    {
        "path": st.sampled_from(["a.wav", "b.wav", "c.wav", "none.wav", "../a.wav", ""])
        | st.text(max_size=8),
        "label": st.sampled_from(["positive", "negative", "Negative ", "frog", ""])
        | st.text(max_size=4),
        "quality": st.sampled_from(["", "", "high", "low", "poor"]),
        "date": st.sampled_from(["", "2024-03-12", "2024-03-12T03:00", "1.1."])
        | st.text("0123456789-T:", max_size=12),
        "split": st.sampled_from(["", "", "train", "candidate"]),
        "role": st.sampled_from(["", "labelled", "candidate", "x"]),
    }
)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(_CELLS, min_size=1, max_size=8))
def test_every_row_ends_in_the_survey_or_in_quarantine(rows):
    with tempfile.TemporaryDirectory() as name:
        good = [
            {**dict.fromkeys(rows[0], ""), "path": f"{i}.wav", "label": "negative"}
            for i in range(9)
        ]
        folder = _folder(Path(name), "a.wav", "b.wav", "c.wav", *(row["path"] for row in good))
        with (folder / "clips.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0], quoting=csv.QUOTE_ALL)
            writer.writeheader()
            writer.writerows([*rows, *good])
        table = read_clip_table(folder)
    assert (
        len(table.rows) + len(table.rejected)
        == table.notes["rows"]
        == len(rows) + 9 - table.notes["blank_rows"]
    )
    assert all(reason for _, reason in table.rejected)
    sources = table.rows["source"].tolist()
    assert len(set(sources)) == len(sources) and {row["path"] for row in good} <= set(sources)
    assert set(sources) <= {"a.wav", "b.wav", "c.wav", *(row["path"] for row in good)}
