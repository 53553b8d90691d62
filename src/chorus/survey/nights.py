"""From what names, columns and files say about time to the night of a clip.

A night runs from noon to noon of the local time and carries the evening's date. One instant is in one night, in
whatever offset from UTC it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

import numpy as np

from chorus.survey.distinct import Flags, Numbers

Seconds = np.ndarray[Any, np.dtype[np.float64]]
Times = np.ndarray[Any, np.dtype[np.datetime64]]
Days = np.ndarray[Any, np.dtype[np.datetime64]]
Spans = np.ndarray[Any, np.dtype[np.timedelta64]]

_MIDNIGHT = time()
_HALF_A_DAY = np.timedelta64(12, "h")


@dataclass(frozen=True)
class LocalTime:
    """How moments become local time.

    zone: of the place of recording. None: moments are as local as they are written, but those in UTC take `offset`.
    offset: the only offset from UTC, other than none, that the survey's own times are written with; None: no such.
    """

    zone: tzinfo | None = None
    offset: tzinfo | None = None

    def of(self, moment: datetime) -> datetime:
        """The local time of a moment, without a time zone; a naive moment is local as it is."""
        if moment.tzinfo is None:
            return moment
        # A time with an offset of its own is local as it is; UTC is what recorders write that know no place.
        target = self.zone
        if target is None and is_utc(moment):
            target = self.offset
        if target:
            moment = moment.astimezone(target)
        return moment.replace(tzinfo=None)

    def later(self, moment: datetime, after: timedelta) -> datetime:
        """What the moment's clock shows so much later, though it may be put forward or back in between."""
        zone = moment.tzinfo or self.zone
        if not after or zone is None:
            return moment + after
        # By way of UTC: Python adds to what the clock shows, and a recording goes on while the clock is put back.
        passed = (moment.replace(tzinfo=zone).astimezone(UTC) + after).astimezone(zone)
        if moment.tzinfo is None:
            passed = passed.replace(tzinfo=None)
        return passed

    def is_guess(self, moment: date | None) -> bool:
        """Whether the moment is in UTC, and nothing says what the time was at the pond."""
        return isinstance(moment, datetime) and is_utc(moment) and not self.zone and not self.offset

    def takes_offset(self, moment: date | None) -> bool:
        """Whether the moment is in UTC and becomes local by the offset of other times in the survey."""
        if self.zone or self.offset is None:
            return False
        return isinstance(moment, datetime) and is_utc(moment)


@dataclass(frozen=True)
class Moments:
    """When things were, one row each: a time, a bare date, or None where nothing is known.

    different: every moment once. numbers: which of them is that of each row.
    """

    different: Sequence[date | None]
    numbers: Numbers

    @property
    def days(self) -> Days:
        """The bare dates, one a row; NaT for all else."""
        return np.array([_bare(moment) for moment in self.different], "M8[D]")[self.numbers]

    def where(self, judge: Callable[[date | None], bool]) -> Flags:
        """What is so of each row's moment, asked once for each different one."""
        return np.array([judge(moment) for moment in self.different], bool)[self.numbers]

    def local(self, place: LocalTime, onsets: Seconds | None = None) -> Times:
        """The local times, so many seconds later; NaT for what is no time."""
        begins = np.array([_shown(moment, place) for moment in self.different], "M8[us]")
        if onsets is None:
            return begins[self.numbers]
        # By columns where clocks go evenly, which is nearly everywhere; one by one in files that meet a change.
        after = np.rint(onsets * 1e6).astype("m8[us]")
        times: Times = begins[self.numbers] + after
        for row in np.flatnonzero(self._meet_change(begins, after, place)).tolist():
            times[row] = _shown(self.different[self.numbers[row]], place, after[row].item())
        return times

    def _meet_change(self, begins: Times, after: Spans, place: LocalTime) -> Flags:
        """Rows in whose file clocks are put forward or back.

        No zone has done that twice in a week since 1900, and no file has more than two days: where all of it goes by
        evenly, each part does.
        """
        longest = np.zeros(len(begins), "m8[us]")
        np.maximum.at(longest, self.numbers, after)
        ends = begins + longest
        for number in np.flatnonzero(longest).tolist():
            ends[number] = _shown(self.different[number], place, longest[number].item())
        uneven: Flags = ~np.isnat(begins) & (ends - begins != longest)
        return uneven[self.numbers]


def is_utc(moment: datetime) -> bool:
    """Whether a moment is written in UTC."""
    return moment.tzinfo is not None and moment.utcoffset() == timedelta(0)


def only_offset(moments: Iterable[date | None]) -> tzinfo | None:
    """The only offset from UTC, other than none, with which moments are written; None: there is none, or several."""
    offsets: dict[timedelta | None, tzinfo] = {}
    for moment in moments:
        if isinstance(moment, datetime) and moment.tzinfo and not is_utc(moment):
            offsets[moment.utcoffset()] = moment.tzinfo
    if len(offsets) != 1:
        return None
    return offsets.popitem()[1]


def night_of(moment: date) -> str:
    """The evening's date, YYYY-MM-DD: before noon it is the evening before; a bare date is the evening's.

    Args:
        moment: a local time, or a bare date.
    """
    if isinstance(moment, datetime):
        return (moment - timedelta(hours=12)).date().isoformat()
    return moment.isoformat()


def decide_nights(
    column: Moments, file: Moments, place: LocalTime, onsets: Seconds
) -> tuple[Days, Flags]:
    """The nights of clips. A time outweighs a bare date of the same day; else a person outweighs a recorder's clock.

    Args:
        column: what the table says of the file's start.
        file: what the file's name, or the file itself, says of it.
        onsets: how many seconds after the file's start each clip begins.

    Returns:
        the evening's dates, NaT where nothing tells; and whether the table says another night than the file.
    """
    heard = file.local(place, onsets)
    of_file = _nights(file.days, heard)
    of_column = _nights(column.days, column.local(place, onsets))
    # A table may give the date of the file's start or of the clip itself: both are no contradiction to the file.
    same_day = _is_date_of(column, file.local(place), place) | _is_date_of(column, heard, place)
    both = ~np.isnat(of_file) & ~np.isnat(of_column)
    nights = np.where(np.isnat(of_column) | both & same_day, of_file, of_column)
    return nights, both & ~same_day & (of_file != of_column)


def dates_at_midnight(moments: Sequence[datetime], local: LocalTime) -> list[date]:
    """The dates of which times were made that are all 00:00:00, as written or local; of other times nothing."""
    # Programs that know no bare dates write midnight; and midnight there is another hour in UTC.
    in_place = [local.of(moment) for moment in moments]
    for times in (moments, in_place):
        if all(moment.time() == _MIDNIGHT for moment in times):
            return [moment.date() for moment in times]
    return []


def _bare(moment: date | None) -> date | None:
    if isinstance(moment, datetime):
        return None
    return moment


def _shown(
    moment: date | None, place: LocalTime, after: timedelta = timedelta()
) -> datetime | None:
    if not isinstance(moment, datetime):
        return None
    return place.of(place.later(moment, after))


def _nights(days: Days, times: Times) -> Days:
    return np.where(np.isnat(times), days, _evening(times))


def _evening(times: Times) -> Days:
    return (times - _HALF_A_DAY).astype("M8[D]")


def _is_date_of(column: Moments, times: Times, place: LocalTime) -> Flags:
    """Whether the table holds no more than the calendar date, or the evening's, of these times."""
    # Midnight was added by a program to the calendar's date; a bare date may be that or, as people write it, the
    # evening's.
    calendar = times.astype("M8[D]")
    written = column.local(place)
    midnight = written == written.astype("M8[D]")
    days = np.where(midnight, written.astype("M8[D]"), column.days)
    same: Flags = (days == calendar) | ~midnight & (days == _evening(times))
    return same
