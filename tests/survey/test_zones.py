"""Time zones by name and by offset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from chorus.survey.zones import fixed_zone, parse_zone


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("+10:00", 10),
        ("-0330", -3.5),
        ("UTC+2", 2),
        ("UTC", 0),
        ("Z", 0),
        ("+05:45", 5.75),
        ("-08", -8),
    ],
)
def test_offsets(text, hours):
    assert parse_zone(text) == timezone(timedelta(hours=hours))


def test_names_of_iana_know_summer_time():
    zone = parse_zone("Europe/Paris")
    winter, summer = (
        datetime(2024, month, 12, tzinfo=UTC).astimezone(zone).utcoffset() for month in (1, 7)
    )
    assert (winter, summer) == (timedelta(hours=1), timedelta(hours=2))


@pytest.mark.parametrize(
    "text", ["", "Paris", "+25:00", "../zones", "Europe/../Europe/Paris", "+10:07", "600"]
)
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError, match="IANA"):
        parse_zone(text)


def test_no_place_is_more_than_14_hours_from_utc():
    assert fixed_zone("+", "14", "00") is not None
    assert fixed_zone("+", "14", "15") is None and fixed_zone("-", "99", "99") is None
