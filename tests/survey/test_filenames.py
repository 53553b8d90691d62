"""What names of files say about time and recorder."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.survey.filenames import CLOCK_NEVER_SET, TWO_TIMES, FileName, parse_filename

with (Path(__file__).parent / "recorder_names.csv").open(encoding="utf-8", newline="") as _file:
    REAL_NAMES = list(csv.DictReader(_file))


def _start(written: str) -> str:
    return datetime.fromisoformat(written).isoformat() if written else ""


@pytest.mark.parametrize("real", REAL_NAMES, ids=[real["name"] for real in REAL_NAMES])
def test_names_that_real_recorders_and_programs_write(real):
    parsed = parse_filename(f"some folder/2019-01-01_00-00-00/{real['name']}")
    start = parsed.start.isoformat() if parsed.start else ""
    assert (parsed.recorder, start) == (real["recorder"], _start(real["start"]))
    assert parsed.problem == "" and parsed.day is None


def test_every_real_name_has_a_source():
    assert len(REAL_NAMES) > 100 and all(real["source"] for real in REAL_NAMES)
    assert len({real["name"] for real in REAL_NAMES}) == len(REAL_NAMES)


@pytest.mark.parametrize(
    "name",
    [
        "frog.wav", "20240312.wav", "20241312_053000.wav", "20240312_993000.wav", "20240312_0530001.wav",
        "deadbeef.wav", "DEADBEEF.wav", "12345678.wav", "00000000_000000.wav", "20240312_053000/frog.wav", "",
        "20191016.wav",  # Batlogger 2019's recording 1016
        "frog_20240312_12.wav", "20240312_0001.wav", "frog.", ".wav", "12.06.2024.wav", "20240230_203000.wav",
    ],
)  # fmt: skip
def test_other_names_say_nothing(name):
    assert parse_filename(name) == FileName()


@pytest.mark.parametrize(
    ("name", "recorder"),
    [
        ("A1_19700101_000554.WAV", "A1"),
        ("A1_20000101_003000.WAV", "A1"),
        ("19800106_000000.wav", ""),
        ("19691231T160000-0800.wav", ""),
        ("frog_1970-01-01.wav", "frog"),
        ("0000A1B2.WAV", ""),
    ],
)
def test_a_clock_that_nobody_set_is_not_believed(name, recorder):
    assert parse_filename(name) == FileName(recorder, problem=CLOCK_NEVER_SET)


@pytest.mark.parametrize(
    "name", ["EMER_20000605_133112.wav", "19850612_203000.wav", "20010101_000500.wav"]
)
def test_old_recordings_are_believed(name):
    assert parse_filename(name).start is not None


def test_two_times_in_a_name():
    """Start and end are one; an export's time and a recording's are none."""
    start = datetime(2024, 3, 12, 20, 30)
    assert parse_filename("A1_20240312_203000_20240312_213000.wav") == FileName("A1", start)
    for name in (
        "20240401_120000_A1_20240312_203000.wav",
        "A1_20240312_203000_20240501_090000.wav",
    ):
        assert parse_filename(name).problem == TWO_TIMES


def test_a_bare_date_needs_separators():
    assert parse_filename("pond/frog_2024-03-12_clip7.wav") == FileName(
        "frog", day=date(2024, 3, 12)
    )
    assert parse_filename("frog_2024-02-30.wav") == FileName()
    assert parse_filename("frog_2024-03-12_2030.wav").start is None  # may be a counter


def test_a_recorder_may_be_called_by_a_date():
    assert parse_filename("20240101_20240312_203000.wav") == FileName(
        "20240101", datetime(2024, 3, 12, 20, 30)
    )


def test_a_counter_behind_a_stamp_is_no_offset():
    for name in (
        "A_20240312_203000-01.wav",
        "A_20240312_203000-0001.wav",
        "A_20240312_203000-1.wav",
    ):
        assert parse_filename(name).start == datetime(2024, 3, 12, 20, 30)


@given(st.text())
def test_no_name_is_too_strange(name):
    parsed = parse_filename(name)
    assert parsed.start is None or 1900 <= parsed.start.year <= 2100


@given(
    st.datetimes(datetime(2001, 2, 1), datetime(2099, 12, 30)).map(
        lambda moment: moment.replace(microsecond=0)
    ),
    st.sampled_from(
        ["%Y%m%d_%H%M%S", "%Y%m%dT%H%M%S", "%Y-%m-%d_%H-%M-%S", "%Y-%m-%d %Hh%Mm%S", "%y%m%d%H%M%S"]
    ),
    st.sampled_from(["", "SM4_", "Étang 3_", "24F319046055D4A7_", "0.812_4_A1_"]),
    st.sampled_from(["", "_000", "T", "_clip", " (2)"]),
)
def test_a_moment_is_read_back_however_it_is_written(moment, pattern, prefix, suffix):
    if suffix == "T" and "T" in pattern:
        suffix = ""
    parsed = parse_filename(f"{prefix}{moment.strftime(pattern)}{suffix}.wav")
    assert parsed.start == moment
    assert parsed.recorder == prefix.removeprefix("0.812_4_").rstrip("_")
