"""What names of files say about time and recorder."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.survey.filenames import night_of, parse_date, parse_filename


@pytest.mark.parametrize(
    ("name", "start", "recorder"),
    [
        ("20240312_053000.WAV", datetime(2024, 3, 12, 5, 30), ""),
        ("20240312_053000T.WAV", datetime(2024, 3, 12, 5, 30), ""),
        ("24F319046055D4A7_20240312_053000.WAV", datetime(2024, 3, 12, 5, 30), "24F319046055D4A7"),
        ("5E8A1B2C.WAV", datetime(2020, 4, 5, 17, 53, 48), ""),  # date -u -d @$((0x5E8A1B2C))
        ("5E8A1B2C_clip3.WAV", datetime(2020, 4, 5, 17, 53, 48), ""),
        ("SM4_20240312_053000.wav", datetime(2024, 3, 12, 5, 30), "SM4"),
        ("S4A01234_20190610_213000.wav", datetime(2019, 6, 10, 21, 30), "S4A01234"),
        ("POND-A_0+1_20100312_213000.wav", datetime(2010, 3, 12, 21, 30), "POND-A"),
        ("POND_2_20100312$213000.wav", datetime(2010, 3, 12, 21, 30), "POND_2"),
        ("night 1/Préau_20240312_053000_12s.flac", datetime(2024, 3, 12, 5, 30), "Préau"),
    ],
)
def test_recorders_names_are_understood(name, start, recorder):
    parsed = parse_filename(name)
    assert parsed is not None
    assert (parsed.start, parsed.recorder) == (start, recorder)


@pytest.mark.parametrize(
    "name",
    [
        "frog.wav", "20240312.wav", "20241312_053000.wav", "20240312_993000.wav", "20240312_0530001.wav",
        "deadbeef.wav", "DEADBEEF.wav", "12345678.wav", "00000000_000000.wav", "20240312_053000/frog.wav", "",
    ],
)  # fmt: skip
def test_other_names_say_nothing(name):
    assert parse_filename(name) is None


@given(st.text())
def test_no_name_is_too_strange(name):
    parsed = parse_filename(name)
    assert parsed is None or 1900 <= parsed.start.year <= 2100


@pytest.mark.parametrize(
    ("moment", "night"),
    [
        (datetime(2024, 3, 1, 11, 59, 59), "2024-02-29"),
        (datetime(2024, 3, 1, 12, 0), "2024-03-01"),
        (datetime(2024, 3, 1, 23, 59), "2024-03-01"),
        (datetime(2024, 1, 1, 0, 0), "2023-12-31"),
        (date(2024, 3, 1), "2024-03-01"),
    ],
)
def test_a_night_begins_at_noon(moment, night):
    assert night_of(moment) == night


def test_dates_with_and_without_a_time():
    assert parse_date("2024-03-12") == date(2024, 3, 12)
    assert not isinstance(parse_date("2024-03-12"), datetime)
    assert parse_date("2024-03-12 05:30") == datetime(2024, 3, 12, 5, 30)
    assert night_of(parse_date("2024-03-12T05:30:00+02:00")) == "2024-03-11"


@pytest.mark.parametrize("text", ["12.03.2024", "2024-02-30", "yesterday", "0001-01-01T03:00", "2024-03-12T25:00", ""])
def test_other_dates_are_refused(text):
    with pytest.raises(ValueError):
        parse_date(text)
