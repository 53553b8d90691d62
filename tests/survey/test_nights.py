"""From moments to nights."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.survey.nights import (
    LocalTime,
    Moments,
    dates_at_midnight,
    decide_nights,
    night_of,
    only_offset,
)
from chorus.survey.zones import parse_zone


def _night(column: date | None, file: date | None, place: LocalTime, onset: float = 0.0) -> Any:
    """The night of one clip, and whether the table says another than the file."""
    of_column, of_file = (Moments([moment], np.array([0])) for moment in (column, file))
    nights, contradicts = decide_nights(of_column, of_file, place, np.array([onset]))
    return nights[0].item(), bool(contradicts[0])


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
        _night(None, moment, local) for moment in (instant, instant.astimezone(offset))
    )
    there = instant.astimezone(parse_zone(place)).replace(tzinfo=None)
    assert of_utc == of_offset == (date.fromisoformat(night_of(there)), False)


def test_without_a_zone_times_are_as_local_as_they_are_written():
    evening = datetime(2024, 3, 12, 20, 30, tzinfo=timezone(timedelta(hours=-8)))
    assert _night(None, evening, _AS_WRITTEN) == (date(2024, 3, 12), False)
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
        (None, None, (None, False)),
        (None, _EARLY, (date(2024, 3, 12), False)),
        (date(2024, 3, 13), None, (date(2024, 3, 13), False)),
        (date(2024, 3, 13), _EARLY, (date(2024, 3, 12), False)),  # the calendar date of the file
        (date(2024, 3, 12), _EARLY, (date(2024, 3, 12), False)),  # the evening's date
        (date(2024, 3, 12), _LATE, (date(2024, 3, 12), False)),
        (date(2024, 5, 1), _LATE, (date(2024, 5, 1), True)),
        (datetime(2024, 3, 13), _EARLY, (date(2024, 3, 12), False)),
        (
            datetime(2024, 3, 12),
            _LATE,
            (date(2024, 3, 12), False),
        ),  # a midnight that is the file's date
        (datetime(2024, 3, 13, 9), _EARLY, (date(2024, 3, 12), False)),
        (datetime(2024, 3, 13, 21), _EARLY, (date(2024, 3, 13), True)),
        (date(2024, 3, 13), date(2024, 3, 12), (date(2024, 3, 13), True)),
    ],
)
def test_a_table_and_a_file_together(column, file, night):
    assert _night(column, file, _AS_WRITTEN) == night


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
