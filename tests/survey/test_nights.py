"""From moments to nights."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.survey.nights import (
    LocalTime,
    Night,
    dates_at_midnight,
    decide_night,
    night_of,
    only_offset,
)
from chorus.survey.zones import parse_zone

_PARIS = LocalTime(parse_zone("Europe/Paris"))
_AS_WRITTEN = LocalTime()


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


@given(
    st.datetimes(datetime(2001, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)),
    st.integers(-48, 56).map(lambda quarters: timezone(timedelta(minutes=15 * quarters))),
    st.sampled_from(
        ["America/Los_Angeles", "Asia/Kathmandu", "Pacific/Kiritimati", "Europe/Paris"]
    ),
)
def test_an_instant_is_in_one_night_however_it_is_written(instant, offset, place):
    local = LocalTime(parse_zone(place))
    of_utc, of_offset = (
        decide_night(None, moment, local) for moment in (instant, instant.astimezone(offset))
    )
    assert (
        of_utc
        == of_offset
        == Night(night_of(instant.astimezone(parse_zone(place)).replace(tzinfo=None)))
    )


def test_without_a_zone_times_are_as_local_as_they_are_written():
    evening = datetime(2024, 3, 12, 20, 30, tzinfo=timezone(timedelta(hours=-8)))
    assert decide_night(None, evening, _AS_WRITTEN).night == "2024-03-12"
    assert _AS_WRITTEN.is_guess(evening.astimezone(UTC)) and not _AS_WRITTEN.is_guess(evening)


def test_the_only_offset_of_a_survey_stands_in_for_its_zone():
    east = timezone(timedelta(hours=10))
    moments = [
        datetime(2024, 3, 12, 20, tzinfo=east),
        datetime(2024, 3, 12, 8, tzinfo=UTC),
        date(2024, 3, 12),
        None,
    ]
    local = LocalTime(offset=only_offset(moments))
    assert local.offset == east
    assert local.of(datetime(2024, 3, 12, 8, tzinfo=UTC)) == datetime(2024, 3, 12, 18)
    assert (
        only_offset([*moments, datetime(2024, 3, 12, 20, tzinfo=timezone(timedelta(hours=9)))])
        is None
    )


_LATE, _EARLY = datetime(2024, 3, 12, 23, 30), datetime(2024, 3, 13, 0, 30)


@pytest.mark.parametrize(
    ("column", "file", "night"),
    [
        (None, None, Night("")),
        (None, _EARLY, Night("2024-03-12")),
        (date(2024, 3, 13), None, Night("2024-03-13")),
        (date(2024, 3, 13), _EARLY, Night("2024-03-12")),  # the calendar date of the file
        (date(2024, 3, 12), _EARLY, Night("2024-03-12")),  # the evening's date
        (date(2024, 3, 12), _LATE, Night("2024-03-12")),
        (date(2024, 5, 1), _LATE, Night("2024-05-01", contradicts=True)),
        (datetime(2024, 3, 13), _EARLY, Night("2024-03-12")),
        (datetime(2024, 3, 12), _LATE, Night("2024-03-12")),  # a midnight that is the file's date
        (datetime(2024, 3, 13, 9), _EARLY, Night("2024-03-12")),
        (datetime(2024, 3, 13, 21), _EARLY, Night("2024-03-13", contradicts=True)),
        (date(2024, 3, 13), date(2024, 3, 12), Night("2024-03-13", contradicts=True)),
    ],
)
def test_a_table_and_a_file_together(column, file, night):
    assert decide_night(column, file, _AS_WRITTEN) == night


def test_times_that_are_all_midnight_are_dates():
    first, second = datetime(2024, 3, 12), datetime(2024, 3, 13)
    assert dates_at_midnight([first, second], _AS_WRITTEN) == [first.date(), second.date()]
    assert dates_at_midnight([first, second.replace(hour=1)], _AS_WRITTEN) == []
    in_utc = [datetime(2024, 3, 11, 23, tzinfo=UTC), datetime(2024, 7, 11, 22, tzinfo=UTC)]
    assert dates_at_midnight(in_utc, _PARIS) == [date(2024, 3, 12), date(2024, 7, 12)]
    as_written = datetime(2024, 3, 12, tzinfo=UTC)
    assert dates_at_midnight([as_written], _PARIS) == [date(2024, 3, 12)]
    same_instant = as_written.astimezone(timezone(timedelta(hours=10)))
    assert dates_at_midnight([as_written, same_instant], _AS_WRITTEN) == []
