"""Dates and times as tables hold them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.survey.dates import clocks, is_clock, order_of, parse_date, plain, readings

_BRISBANE = timezone(timedelta(hours=10))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-03-12", date(2024, 3, 12)),
        ("2024/3/5", date(2024, 3, 5)),
        ("20240312", date(2024, 3, 12)),
        ("12 March 2024", date(2024, 3, 12)),
        ("12-Mar-2024", date(2024, 3, 12)),
        ("2024-03-12 05:30", datetime(2024, 3, 12, 5, 30)),
        ("2024-03-12T20:30:05.123456789", datetime(2024, 3, 12, 20, 30, 5)),
        ("2024-03-12 8:30 PM", datetime(2024, 3, 12, 20, 30)),
        ("2024-03-12 12:30 a.m.", datetime(2024, 3, 12, 0, 30)),
        ("2024-03-12 24:00:00", datetime(2024, 3, 13)),
        ("2024-03-12 23:59:60", datetime(2024, 3, 13)),
        ("20240312_203000", datetime(2024, 3, 12, 20, 30)),
        ("2024-03-12T20:30:00+10:00", datetime(2024, 3, 12, 20, 30, tzinfo=_BRISBANE)),
        ("2024-03-12 20:30:00+1000", datetime(2024, 3, 12, 20, 30, tzinfo=_BRISBANE)),
        ("2024-03-12T20:30:00Z", datetime(2024, 3, 12, 20, 30, tzinfo=UTC)),
        ("20240312T203000Z", datetime(2024, 3, 12, 20, 30, tzinfo=UTC)),
        ("1710275400", datetime(2024, 3, 12, 20, 30, tzinfo=UTC)),  # date -u -d @1710275400
        ("1710275400000", datetime(2024, 3, 12, 20, 30, tzinfo=UTC)),
    ],
)
def test_dates_with_the_year_first(text, moment):
    read = parse_date(text)
    assert (read, type(read)) == (moment, type(moment))
    if isinstance(moment, datetime):
        assert read.utcoffset() == moment.utcoffset()


@pytest.mark.parametrize("order", ["DMY", "MDY"])
@pytest.mark.parametrize(
    "text", ["{}.{}.2024", "{}/{}/2024", "{}-{}-24", "{}.{}.2024 20:30", "{}/{}/2024 8:30 pm"]
)
def test_dates_with_the_year_last_need_an_order(text, order):
    written = text.format(*(("5", "6") if order == "DMY" else ("6", "5")))
    read = parse_date(written, order)
    assert (read.year, read.month, read.day) == (2024, 6, 5)
    assert not isinstance(read, datetime) or (read.hour, read.minute) == (20, 30)
    with pytest.raises(ValueError):
        parse_date(written)


@pytest.mark.parametrize(
    "text",
    [
        "12.03.2024", "2024-02-30", "yesterday", "0001-01-01T03:00", "2024-03-12T25:00", "2024-03-12 13:30 PM", "",
        "2024-03-12 24:01", "1970-01-01", "1970-01-01 00:05:54", "1899-12-30", "0", "2000-01-01 00:00:30", "2024-03",
        "45363", "1.1.", "9999-12-31 24:00",
    ],
)  # fmt: skip
def test_other_dates_are_refused(text):
    with pytest.raises(ValueError):
        parse_date(text)


def test_a_date_may_mean_two_days():
    assert readings("12.06.2024") == {"DMY": date(2024, 6, 12), "MDY": date(2024, 12, 6)}
    assert readings("25.06.2024") == {"DMY": date(2024, 6, 25)}
    assert readings("2024-06-12") == {}
    assert readings("24-06-12") == {"DMY": date(2012, 6, 24), "YMD": date(2024, 6, 12)}
    assert readings("12.06.24") == {
        "DMY": date(2024, 6, 12),
        "MDY": date(2024, 12, 6),
        "YMD": date(2012, 6, 24),
    }


def test_one_date_that_has_one_reading_tells_the_order_of_its_column():
    assert order_of(["12.06.2024", "25.06.2024", "", "2024-01-01"]) == "DMY"
    assert order_of(["6/12/2024", "6/25/2024 20:30"]) == "MDY"
    assert order_of(["12.06.2024"]) is None
    assert order_of(["25.06.2024", "06.25.2024"]) is None
    assert order_of([]) is None
    assert order_of(["24-06-12"]) is None
    assert order_of(["24-06-12", "32-01-05"]) == "YMD"
    assert order_of(["12.06.24", "25.06.2024"]) == "DMY"


def test_what_is_a_time_of_day():
    assert all(map(is_clock, ["20:30", "8:30:05 PM", "", "20:30:00Z"]))
    assert not any(map(is_clock, ["12.5", "75", "night", "2030"]))


@pytest.mark.parametrize(
    ("column", "times"),
    [
        (["20:30", "", "8:30 PM"], ["20:30", "", "8:30 PM"]),
        (["20h30", "2h30m05s", ""], ["20:30", "2:30:05", ""]),
        (["0230", "2030"], ["02:30", "20:30"]),
        (["000500", "203000"], ["00:05:00", "20:30:00"]),
        (["20:30", "21:00", "dusk"], ["20:30", "21:00", "dusk"]),  # refused as a date, and named
        (["2030", "2100"], None),  # seconds into a recording, perhaps
        (["0230", "30.5"], None),
        (["0.854", "0.104"], None),
        (["", ""], ["", ""]),
    ],
)
def test_a_column_of_times_of_day_in_one_form(column, times):
    read = clocks(Counter(column))
    assert (read and [read[text] for text in column]) == times


def test_blanks_and_hyphens_of_word_processors_are_plain():
    assert plain(" 2024\u201103\u201312\u00a0 20:30 ") == "2024-03-12 20:30"


@given(
    st.datetimes(datetime(2001, 2, 1), datetime(2099, 1, 1)).map(
        lambda moment: moment.replace(microsecond=0)
    )
)
def test_what_python_and_pandas_write_is_read(moment):
    for text in (moment.isoformat(), str(moment), moment.isoformat() + ".000000000"):
        assert parse_date(text) == moment


@given(st.text("0123456789-/.:T +ZapmM", max_size=24))
def test_no_text_is_too_strange(text):
    try:
        assert 1900 <= parse_date(text).year <= 2100
    except ValueError as error:
        assert str(error)
