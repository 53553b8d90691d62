"""Dates and times as tables hold them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal

from chorus.survey.filenames import MONTHS, YEARS, clock_never_set
from chorus.survey.zones import parse_zone

DateFormat = Literal["DMY", "MDY", "YMD"]

ACCEPTED = "2024-03-12, 2024-03-12 20:30, 2024-03-12T20:30:00+10:00, seconds since 1970"
_FORMATS: tuple[DateFormat, ...] = ("DMY", "MDY", "YMD")
_PARTS = {
    "DMY": ("three", "two", "one"),
    "MDY": ("three", "one", "two"),
    "YMD": ("one", "two", "three"),
}
_HYPHENS = str.maketrans("\u2010\u2011\u2012\u2013\u2212", "-----")  # as word processors write them
_A_DAY = timedelta(days=1)
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})(?P<sep>[-/. ])(?P<month>\d\d?)(?P=sep)(?P<day>\d\d?)(?P<rest>\D.*)?"
)
_TURNED = re.compile(
    r"(?P<one>\d\d?)(?P<sep>[-/. ])(?P<two>\d\d?)(?P=sep)(?P<three>\d{4}|\d\d)(?P<rest>\D.*)?"
)
_NAMED = re.compile(
    r"(?P<day>\d\d?)[- .]{1,2}(?P<month>[A-Za-z]{3})[a-z]*[- .]{1,2}(?P<year>\d{4})(?P<rest>\D.*)?"
)
_STAMP = re.compile(r"(?P<date>\d{8})[_ T-]?(?P<time>\d{6}|\d{4})(?P<zone>Z|[-+]\d\d:?\d\d)?")
_EPOCH = re.compile(r"(?P<seconds>\d{10})(?:\d{3})?(?:\.\d+)?")
_TIME = re.compile(
    r"[T ,]\s*(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?"
    r"\s*(?:(?P<half>[AaPp])\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|[-+]\d\d(?::?\d\d)?)?"
)
_CLOCK_LETTERS = re.compile(r"(\d\d?)h(\d\d)(?:m?(\d\d)s?|m)?", re.IGNORECASE)  # 20h30, 20h30m00s
_CLOCK_DIGITS = re.compile(r"([0-2]\d)([0-5]\d)([0-5]\d)?")  # 0230


@lru_cache(maxsize=65_536)  # a column repeats its dates
def parse_date(text: str, order: DateFormat | None = None) -> date:
    """A date, or a date and time (then a datetime, aware where an offset from UTC is written).

    Args:
        text: with the year first as ISO writes it or nearly so, with the month's English name, as a recorder's stamp,
            or in seconds since 1970; in other orders, and with years of two digits, only as `order` says.

    Raises:
        ValueError: none of these, a day that does not exist, a year before 1900 or after 2100, or what a clock shows
            that was never set. The text says which.
    """
    moment = _read(text, order)
    if moment.year not in YEARS:
        raise ValueError("year outside 1900 to 2100")
    if clock_never_set(moment):
        raise ValueError("clock never set")
    return moment


def readings(text: str) -> dict[DateFormat, date]:
    """The days that a date like "12.06.2024" or "24-06-12" may mean, by the order in which it is read."""
    found: dict[DateFormat, date] = {}
    # Of a date in any other form the order of day and month is no question.
    if not _TURNED.fullmatch(text):
        return found
    for order in _FORMATS:
        try:
            found[order] = _read(text, order)
        except ValueError:
            continue
    return found


def order_of(column: Iterable[str]) -> DateFormat | None:
    """The only order in which a column's dates of that kind all exist (25.06.2024 has one), or None."""
    possible = set(_FORMATS)
    for text in set(column):
        if days := readings(text):
            possible &= set(days)
    if len(possible) != 1:
        return None
    return possible.pop()


def is_clock(text: str) -> bool:
    """Whether a text is a time of day ("20:30", "8:30:05 PM"), or nothing."""
    return text == "" or _TIME.fullmatch(f" {text}") is not None


def plain(text: str) -> str:
    """A date or time with plain blanks and hyphens, whatever a word processor made of them."""
    return " ".join(text.split()).translate(_HYPHENS)


def clocks(column: Mapping[str, int]) -> dict[str, str] | None:
    """A column's times of day, all with colons; None: most of it is something else, seconds into a recording perhaps.

    Digits alone ("0230") are times when the whole column is of that form and one of them begins with a zero.

    Args:
        column: each different text, and how many rows hold it.

    Returns:
        text -> time.
    """
    texts = {text: plain(text) for text in column}
    form = _clock_form(list(filter(None, texts.values())))
    written = {}
    filled = known = 0
    for text, rows in column.items():
        time = _with_colons(form.fullmatch(texts[text]), texts[text])
        written[text] = time
        if time:
            filled += rows
            known += rows * is_clock(time)
    # A few that are no times are typing errors, for the quarantine; where most are none, the column means no times.
    if 2 * known < filled:
        return None
    return written


def _clock_form(filled: list[str]) -> re.Pattern[str]:
    # "0230" is half past two, and "2030" alone may be a year or a number of seconds: the zero tells.
    if not all(map(_CLOCK_DIGITS.fullmatch, filled)):
        return _CLOCK_LETTERS
    if not any(text.startswith("0") for text in filled):
        return _CLOCK_LETTERS
    return _CLOCK_DIGITS


def _with_colons(match: re.Match[str] | None, text: str) -> str:
    if match is None:
        return text
    return ":".join(filter(None, match.groups()))


def _read(text: str, order: DateFormat | None) -> date:
    if match := _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(match["seconds"]), UTC)
    if match := _STAMP.fullmatch(text):
        return datetime.fromisoformat(f"{match['date']}T{match['time']}{match['zone'] or ''}")
    if match := _YEAR_FIRST.fullmatch(text):
        return _with_time(int(match["year"]), int(match["month"]), int(match["day"]), match["rest"])
    if match := _NAMED.fullmatch(text):
        number = MONTHS.index(match["month"].lower()) + 1  # ValueError: no month
        return _with_time(int(match["year"]), number, int(match["day"]), match["rest"])
    if order and (match := _TURNED.fullmatch(text)):
        written, month, day = match.group(*_PARTS[order])
        year = int(written)
        if len(written) == 2:  # no recorder has heard another century
            year += 2000
        return _with_time(year, int(month), int(day), match["rest"])
    return date.fromisoformat(text)


def _with_time(year: int, month: int, day: int, rest: str | None) -> date:
    bare = date(year, month, day)
    if rest is None:
        return bare
    match = _TIME.fullmatch(rest)
    if not match:
        raise ValueError(f"no time: {rest}")
    hour, half = int(match["hour"]), match["half"]
    if half and not 1 <= hour <= 12:
        raise ValueError(f"no hour before or after noon: {hour}")
    if half:  # 12 AM is midnight, 12 PM noon
        hour = hour % 12 + 12 * (half in "Pp")
    zone = None
    if match["zone"]:
        zone = parse_zone(match["zone"])
    second = int(match["second"] or 0)
    clock = timedelta(hours=hour, minutes=int(match["minute"]), seconds=second)
    if clock > _A_DAY or second > 60:  # the end of a day is written 24:00 too, and a leap second 60
        raise ValueError(f"no time: {rest}")
    try:
        return datetime.combine(bare, time(), zone) + clock
    except OverflowError:  # 9999-12-31 24:00
        raise ValueError(f"no time: {rest}") from None
