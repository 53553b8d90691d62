"""When and by which recorder a file was recorded, as the makers of recorders write it into file names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePosixPath

# SM4_20240312_053000, S4A01234_20190610_213000, NAME_0+1_20100312_053000 (Song Meter, the last with the channels of an
# SM2), 20240312_053000 (AudioMoth), each perhaps followed by what a program appended that cut clips from the file.
_STAMPED = re.compile(r"(?:(?P<recorder>.+?)_)??(?:[01]\+[01]_)?(?P<date>\d{8})[_$](?P<time>\d{6})(?!\d)")
# AudioMoth's older firmware: seconds since 1970 in hexadecimal, 5E8A1B2C.
_HEXADECIMAL = re.compile(r"(?P<seconds>[0-9A-F]{8})(?![0-9A-Za-z])")
_FIRST_AUDIOMOTH = datetime(2016, 1, 1)
_YEARS = range(1900, 2101)  # outside, a date is a typing error


@dataclass(frozen=True)
class FileName:
    """What a file name tells: the start in the recorder's own time, and the recorder's name ("" when not said)."""

    start: datetime
    recorder: str


def parse_filename(path: str) -> FileName | None:
    """Read a file name of AudioMoth or Song Meter; None for any other name. Folders are ignored."""
    stem = PurePosixPath(path).stem
    if match := _STAMPED.match(stem):
        try:
            start = datetime.strptime(match["date"] + match["time"], "%Y%m%d%H%M%S")
        except ValueError:
            return None
        return FileName(start, match["recorder"] or "") if start.year in _YEARS else None
    if match := _HEXADECIMAL.match(stem):
        start = datetime.fromtimestamp(int(match["seconds"], 16), UTC).replace(tzinfo=None)
        return FileName(start, "") if _FIRST_AUDIOMOTH <= start < datetime(2038, 1, 1) else None
    return None


def parse_date(text: str) -> date:
    """An ISO date ("2024-03-12") or date and time ("2024-03-12T05:30", "2024-03-12 05:30:00"; a zone is ignored).

    Raises:
        ValueError: anything else, or a year before 1900 or after 2100.
    """
    moment: date
    try:
        moment = date.fromisoformat(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
    if moment.year not in _YEARS:
        raise ValueError(f"the year {moment.year}")
    return moment


def night_of(moment: date) -> str:
    """The evening's date, YYYY-MM-DD: before noon it is the evening before; a bare date is the evening's."""
    if isinstance(moment, datetime):
        return (moment - timedelta(hours=12)).date().isoformat()
    return moment.isoformat()
