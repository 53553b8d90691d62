"""From what names, columns and files say about time to the night of a clip.

A night runs from noon to noon of the local time and carries the evening's date. One instant is in one night, in
whatever offset from UTC it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_MIDNIGHT = time()
_NOTHING = timedelta()


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
        target = self.zone or (self.offset if is_utc(moment) else None)
        return (moment.astimezone(target) if target else moment).replace(tzinfo=None)

    def later(self, moment: datetime, after: timedelta) -> datetime:
        """What the moment's clock shows so much later, though it may be put forward or back in between."""
        zone = moment.tzinfo or self.zone
        if not after or zone is None:
            return moment + after
        passed = (moment.replace(tzinfo=zone).astimezone(UTC) + after).astimezone(zone)
        return passed if moment.tzinfo else passed.replace(tzinfo=None)

    def is_guess(self, moment: date | None) -> bool:
        """Whether the moment is in UTC, and nothing says what the time was at the pond."""
        return isinstance(moment, datetime) and is_utc(moment) and not self.zone and not self.offset

    def takes_offset(self, moment: date | None) -> bool:
        """Whether the moment is in UTC and becomes local by the offset of other times in the survey."""
        return (
            isinstance(moment, datetime)
            and is_utc(moment)
            and not self.zone
            and self.offset is not None
        )


@dataclass(frozen=True)
class Night:
    """night: the evening's date, YYYY-MM-DD, or "". contradicts: the table says another night than the file."""

    night: str
    contradicts: bool = False


def is_utc(moment: datetime) -> bool:
    """Whether a moment is written in UTC."""
    return moment.tzinfo is not None and moment.utcoffset() == timedelta(0)


def only_offset(moments: Iterable[date | None]) -> tzinfo | None:
    """The only offset from UTC, other than none, with which moments are written; None: there is none, or several."""
    aware = (moment for moment in moments if isinstance(moment, datetime) and moment.tzinfo)
    offsets = {moment.utcoffset(): moment.tzinfo for moment in aware if not is_utc(moment)}
    return next(iter(offsets.values())) if len(offsets) == 1 else None


def night_of(moment: date) -> str:
    """The evening's date, YYYY-MM-DD: before noon it is the evening before; a bare date is the evening's.

    Args:
        moment: a local time, or a bare date.
    """
    if isinstance(moment, datetime):
        return (moment - timedelta(hours=12)).date().isoformat()
    return moment.isoformat()


def decide_night(
    column: date | None, file: date | None, local: LocalTime, after: timedelta = _NOTHING
) -> Night:
    """The night of a clip. A time outweighs a bare date of the same day; else a person outweighs a recorder's clock.

    Args:
        column: what the table says, a bare date or a time.
        file: what the file's name, or the file itself, says, a bare date or a time.
        after: how long after the file's start the clip begins; both times are those of the start.
    """
    of_file, of_column = _night(file, local, after), _night(column, local, after)
    if not of_column or not of_file:
        return Night(of_column or of_file)
    if _is_date_of(column, file, local) or _is_date_of(column, _later(file, local, after), local):
        return Night(of_file)
    return Night(of_column, contradicts=of_column != of_file)


def dates_at_midnight(moments: Sequence[datetime], local: LocalTime) -> list[date]:
    """The dates of which times were made that are all 00:00:00, as written or local; of other times nothing."""
    in_place = [local.of(moment) for moment in moments]
    for times in (moments, in_place):
        if all(moment.time() == _MIDNIGHT for moment in times):
            return [moment.date() for moment in times]
    return []


def _later(moment: date | None, local: LocalTime, after: timedelta) -> date | None:
    return local.later(moment, after) if isinstance(moment, datetime) else moment


def _night(moment: date | None, local: LocalTime, after: timedelta = _NOTHING) -> str:
    moment = _later(moment, local, after)
    if moment is None:
        return ""
    return night_of(local.of(moment) if isinstance(moment, datetime) else moment)


def _is_date_of(column: date | None, file: date | None, local: LocalTime) -> bool:
    """Whether the table holds no more than the calendar date, or the evening's, of the file's time."""
    if not isinstance(file, datetime) or column is None:
        return False
    calendar = local.of(file).date()
    if isinstance(column, datetime):
        written = local.of(column)
        return written.time() == _MIDNIGHT and written.date() == calendar
    return column == calendar or column.isoformat() == _night(file, local)
