"""Recorder and night of clips, from names, files and columns together."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from chorus.errors import DataError, ParameterError
from chorus.options import parse
from chorus.survey import (
    ClipTable,
    SurveyOptions,
    assumptions_in_words,
    check_nights,
    nights_to_come,
    read_clip_table,
)

EAST = timezone(timedelta(hours=10))


def _table(
    folder: Path,
    rows: dict[str, str],
    contents: dict[str, bytes] | None = None,
    header: str = "date",
    **options: str,
) -> ClipTable:
    """The table of files with a text in one column each."""
    for name in rows:
        (folder / name).write_bytes((contents or {}).get(name, b"sound"))
    lines = [f"path,label,{header}", *(f"{name},negative,{text}" for name, text in rows.items())]
    (folder / "clips.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_clip_table(folder, times=parse(SurveyOptions, options, section="survey").times)


def _nights(table: ClipTable) -> set[str]:
    assert table.rejected == []
    return set(table.rows["night"])


def _said(table: ClipTable) -> str:
    return "\n".join(assumptions_in_words(table.notes, len(table.rows)))


def _guano(timestamp: str, serial: str = "A1") -> bytes:
    text = f"GUANO|Version: 1.0\nTimestamp: {timestamp}\nSerial: {serial}\nMake: Titley\n".encode()
    text += b" " * (len(text) % 2)
    return b"RIFF\0\0\0\0WAVEguan" + struct.pack("<I", len(text)) + text


def _hexadecimal(start: datetime, count: int) -> dict[str, str]:
    return {
        f"{int((start + timedelta(minutes=30 * i)).timestamp()):08X}.WAV": "" for i in range(count)
    }


def test_one_instant_is_one_night_however_it_is_written(tmp_path):
    instant = datetime(2024, 3, 12, 20, 30, tzinfo=timezone(timedelta(hours=-8)))
    names = {
        "A_20240312_203000-0800_REC.wav": "",
        "A_20240313_043000Z.wav": "",
        "A_2024-03-13T08-30-00+0400.wav": "",
        f"A_{int(instant.timestamp())}.wav": "",
        f"{int(instant.timestamp()):08X}.WAV": "",
        "column.wav": instant.isoformat(),
        "utc.wav": instant.astimezone(UTC).isoformat(),
        "seconds.wav": str(int(instant.timestamp())),
        "local.wav": "2024-03-12 20:30",
    }
    for zone in ("-08:00", "Etc/GMT+8"):
        assert _nights(_table(tmp_path, names, time_zone=zone)) == {"2024-03-12"}
    assert _nights(_table(tmp_path, names, time_zone="Asia/Tokyo")) == {
        "2024-03-13",
        "2024-03-12",
    }  # but local.wav


def test_old_audiomoth_names_are_utc_and_need_a_zone(tmp_path):
    names = _hexadecimal(datetime(2019, 10, 12, 18, tzinfo=EAST), 20)
    assert _nights(_table(tmp_path, names, time_zone="Australia/Brisbane")) == {"2019-10-12"}
    without = _table(tmp_path, names)
    assert _nights(without) == {"2019-10-11", "2019-10-12"}
    assert "20 of 20 files are timed in UTC" in _said(
        without
    ) and "survey.time_zone is not set" in _said(without)


def test_the_only_offset_in_a_survey_serves_its_utc_names(tmp_path):
    names = _hexadecimal(datetime(2019, 10, 12, 18, tzinfo=EAST), 20) | {
        "B_20191012T180000+1000.wav": ""
    }
    table = _table(tmp_path, names)
    assert _nights(table) == {"2019-10-12"}
    assert "20 of 21 files are timed in UTC" in _said(
        table
    ) and "they take the only other offset" in _said(table)


def test_clocks_set_to_utc(tmp_path):
    names = {"20191012_083000.WAV": "", "20191012_173000.WAV": ""}
    table = _table(tmp_path, names, time_zone="+10:00", clock_zone="UTC")
    assert _nights(table) == {"2019-10-12"}
    assert _nights(_table(tmp_path, names, time_zone="+10:00")) == {"2019-10-11", "2019-10-12"}


def test_what_the_recorder_wrote_into_the_file(tmp_path):
    names = {"20191012_083000.WAV": "", "20191012_173000.WAV": "", "ZOOM0001.WAV": ""}
    contents = {
        "20191012_083000.WAV": _guano("2019-10-12T08:30:00Z"),
        "20191012_173000.WAV": _guano("2019-10-12T17:30:00Z"),
        "ZOOM0001.WAV": _guano("2019-10-13T03:30:00+10:00", "Z9"),
    }
    table = _table(tmp_path, names, contents, time_zone="Australia/Brisbane")
    assert _nights(table) == {"2019-10-12"}
    assert table.rows["recorder"].tolist() == ["A1", "A1", "Z9"]
    assert table.notes["recorders_settings"] == {
        "make": {"Titley": 3}, "source": {"GUANO": 3}, "zone": {"UTC": 2, "UTC+10:00": 1},
    }  # fmt: skip
    assert (table.notes["night_from_metadata"], table.notes["recorder_from_metadata"]) == (1, 3)


def test_a_name_in_local_time_outweighs_a_file_in_utc(tmp_path):
    contents = {"20191012_203000.WAV": _guano("2019-10-12T10:30:00Z")}
    assert _nights(_table(tmp_path, {"20191012_203000.WAV": ""}, contents)) == {"2019-10-12"}


def test_local_time_may_be_a_quarter_of_an_hour_off_the_full_one(tmp_path):
    contents = {"20191012_063000.WAV": _guano("2019-10-12T00:45:00Z")}
    table = _table(tmp_path, {"20191012_063000.WAV": ""}, contents, time_zone="Asia/Kathmandu")
    assert _nights(table) == {"2019-10-11"}


def test_a_file_that_was_renamed_is_said(tmp_path):
    contents = {"20191012_203000.WAV": _guano("2019-11-12T20:30:00Z")}
    table = _table(tmp_path, {"20191012_203000.WAV": ""}, contents)
    assert _nights(table) == {"2019-10-12"}
    assert "the time written inside 1 of 1 files is a day or more from that of their name" in _said(
        table
    )


def test_a_bare_date_does_not_undo_a_known_time(tmp_path):
    """A spreadsheet's column holds the calendar date of the file name; a night goes through midnight."""
    files = {
        "A1_20240312_233000.wav": "2024-03-12",
        "A1_20240313_003000.wav": "2024-03-13",
        "A1_20240313_013000.wav": "",
        "A1_20240313_023000.wav": "2024-03-12",
        "A1_20240313_033000.wav": "2024-03-13 00:00:00",
    }
    table = _table(tmp_path, files)
    assert _nights(table) == {"2024-03-12"} and "is not that of the file" not in _said(table)


def test_a_column_that_is_always_midnight_holds_dates(tmp_path):
    for midnight in (" 00:00:00", "T00:00:00Z", " 12:00 AM", "T00:00"):
        assert _nights(
            _table(tmp_path, {"a.wav": f"2024-03-12{midnight}", "b.wav": "2024-03-12"})
        ) == {"2024-03-12"}
    dates = {"a.wav": "2024-03-12 00:00:00", "b.wav": "2024-03-12 00:30:00"}
    assert _nights(_table(tmp_path, dates)) == {"2024-03-11"}


def test_a_column_time_completes_the_date(tmp_path):
    rows = {"a.wav": "2024-03-13,00:30", "b.wav": "2024-03-12,9:30 PM"}
    assert _nights(_table(tmp_path, rows, header="date,time")) == {"2024-03-12"}
    rows = {"a.wav": "2024-03-13,75.0", "b.wav": "2024-03-13,12.5"}  # seconds into a recording
    table = _table(tmp_path, rows, header="date,time")
    assert _nights(table) == {"2024-03-13"} and table.notes["ignored_columns"] == ["time"]


def test_a_contradiction_is_said_and_the_table_believed(tmp_path):
    table = _table(tmp_path, {"A1_20240312_213000.wav": "2024-05-01", "A1_20240313_213000.wav": ""})
    assert _nights(table) == {"2024-05-01", "2024-03-13"}
    assert (
        "the date of 1 of 2 files in clips.csv is not that of the file, e.g. A1_20240312_213000.wav"
        in _said(table)
    )


def test_a_clock_that_was_never_set_is_said(tmp_path):
    table = _table(tmp_path, {"A1_19700101_000554.WAV": "", "A1_20240312_213000.WAV": ""})
    assert table.rows[["source", "recorder", "night"]].to_numpy().tolist() == [
        ["A1_19700101_000554.WAV", "A1", ""],
        ["A1_20240312_213000.WAV", "A1", "2024-03-12"],
    ]
    assert "the clock was never set for 1 of 2 files" in _said(table)
    assert "night unknown for 1 of 2 files: each is a group of its own" in _said(table)


def test_names_at_midnight_are_questioned(tmp_path):
    names = {"A1_20240312_000000.wav": "", "A1_20240313_000000.wav": ""}
    assert "all 2 file names that hold a time say 00:00:00" in _said(_table(tmp_path, names))
    assert "00:00:00" not in _said(_table(tmp_path, names | {"A1_20240312_210000.wav": ""}))


def test_a_date_without_a_time_in_a_name_is_said(tmp_path):
    table = _table(tmp_path, {"frog_2024-03-12_clip7.wav": ""})
    assert _nights(table) == {
        "2024-03-12"
    } and "1 of 1 file names have a date without a time" in _said(table)


def test_counters_before_a_stamp_are_no_recorders(tmp_path):
    names = {f"{i:03d}_20240312_20{i:02d}00.wav": "" for i in range(30)}
    table = _table(tmp_path, names)
    assert set(table.rows["recorder"]) == {"unknown"} and "taken for a counter" in _said(table)
    names = {f"A{i % 3}_20240312_20{i:02d}00.wav": "" for i in range(30)}
    (tmp_path / "few").mkdir()
    assert set(_table(tmp_path / "few", names).rows["recorder"]) == {"A0", "A1", "A2"}


def test_dates_with_the_year_last(tmp_path):
    dates = {"a.wav": "12.06.2024", "b.wav": "11.06.2024 23:30"}
    with pytest.raises(
        DataError,
        match=r"12\.06\.2024, which is 12 June 2024 or 6 December 2024: set survey\.date_format",
    ):
        _table(tmp_path, dates)
    assert _nights(_table(tmp_path, dates, date_format="DMY")) == {"2024-06-12", "2024-06-11"}
    assert _nights(_table(tmp_path, dates, date_format="MDY")) == {"2024-12-06", "2024-11-06"}
    assert _nights(_table(tmp_path, dates | {"c.wav": "25.06.2024"})) == {
        "2024-06-12",
        "2024-06-11",
        "2024-06-25",
    }


def test_two_digits_may_be_a_year_at_either_end(tmp_path):
    dates = {"a.wav": "24-06-12", "b.wav": "24-06-13"}
    with pytest.raises(
        DataError, match=r"24 June 2012 or 12 June 2024: set survey\.date_format to DMY or YMD"
    ):
        _table(tmp_path, dates)
    assert _nights(_table(tmp_path, dates, date_format="YMD")) == {"2024-06-12", "2024-06-13"}


@pytest.mark.parametrize("times", [("0230", "2330"), ("2h30", "23h30"), ("2:30 AM", "NA")])
def test_a_time_in_another_form_tells_the_night_too(tmp_path, times):
    table = _table(
        tmp_path,
        {"a.wav": f"2024-03-13,{times[0]}", "b.wav": f"2024-03-12,{times[1]}"},
        header="date,time",
    )
    assert _nights(table) == {"2024-03-12"}


def test_a_column_time_that_holds_no_times_is_said(tmp_path):
    table = _table(tmp_path, {"a.wav": "2024-03-13,0.104"}, header="date,time")
    assert _nights(table) == {
        "2024-03-13"
    } and "holds no times of day, e.g. '0.104', and is ignored" in _said(table)


def test_a_share_of_unknown_nights_may_be_refused(tmp_path):
    table = _table(tmp_path, {"a.wav": "", "b.wav": "2024-03-12"})
    check_nights(table.notes, 2, 0.5)
    with pytest.raises(
        DataError,
        match=r"night unknown for 1 of 2 files, e\.g\. a\.wav, more than .*allows \(20\.0%\)",
    ):
        check_nights(table.notes, 2, 0.2)


def test_a_recording_named_in_the_table_is_a_group_without_a_night(tmp_path):
    table = _table(tmp_path, {"a.wav": "tape 1", "b.wav": "tape 1"}, header="recording")
    assert "night unknown" not in _said(table) and table.notes["night_unknown"] == 0


def test_nothing_but_paths_and_labels_is_told_in_plain_sentences(tmp_path):
    assert _said(_table(tmp_path, {"a.wav": "", "b.wav": ""})).splitlines() == [
        "night unknown for 2 of 2 files: each is a group of its own, e.g. a.wav; name the night in the column date, or "
        "what belongs together in the column recording",
        "no recorder is named for 2 of 2 files, e.g. a.wav: their site stands for it",
        "no site is named for 2 of 2 files, e.g. a.wav: they count as one site, 'unknown'",
    ]
    assert list(assumptions_in_words({"synthetic": True}, 100)) == []


@pytest.mark.parametrize("key", ["time_zone", "clock_zone"])
@pytest.mark.parametrize("value", [600, "Paris", ""])
def test_impossible_zones_are_refused(key, value):
    with pytest.raises(ParameterError, match=rf"survey\.{key}: {value!r} is not allowed"):
        parse(SurveyOptions, {key: value}, section="survey")


def test_bare_dates_stay_as_they_are(tmp_path):
    assert _nights(
        _table(tmp_path, {"a.wav": date(2024, 3, 12).isoformat()}, time_zone="+10:00")
    ) == {"2024-03-12"}


@pytest.mark.parametrize("source", ["~/recs", "~", "s3://bucket/recs", "file:///recs"])
def test_a_source_that_only_a_shell_or_a_browser_understands_is_refused(source):
    with pytest.raises(ParameterError, match="must be a folder, written out"):
        parse(SurveyOptions, {"source": source}, section="survey")


def test_nights_that_have_not_been_are_said(tmp_path):
    rows = _table(
        tmp_path, {"A_20240312_213000.wav": "", "A_20991231_213000.wav": "", "b.wav": ""}
    ).rows.to_dict("records")
    assert list(nights_to_come(rows, date(2024, 3, 11))) == [
        "the night of 1 of 3 files is in the future, e.g. A_20991231_213000.wav: it is believed"
    ]
    assert list(nights_to_come(rows, date(2099, 12, 31))) == []
