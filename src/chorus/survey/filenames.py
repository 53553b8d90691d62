"""When and by which recorder a file was recorded, as makers of recorders and programs write it into file names.

The names that were looked at, with their sources, are tests/survey/recorder_names.csv. Where a name may mean two
things, these rules decide:

* A stamp is a date *and* a time. Of the ways to write one, the first of `_STAMPS` that gives a real moment counts.
* Eight digits alone are no date: they may be a serial number or a counter. Only a date with separators (2024-03-12) is
  taken without a time. Four digits after a date are no time: they may be a counter too.
* Years of two digits come first (240312_203000 is 12 March 2024), as with all makers who leave out the century. Other
  orders of day and month are not guessed.
* Of two stamps the first counts when the other is at most a day later (start and end); otherwise neither does.
* A stamp soon after a day at which clocks start that nobody set is not believed.
* Seconds since 1970, in hexadecimal (old AudioMoth) or decimal, are UTC. Other stamps are the recorder's own time
  unless an offset from UTC follows.
* The place of a clip in its recording, "3.0s_6.0s" at the end, is added to the stamp.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from chorus.survey.zones import fixed_zone

CLOCK_NEVER_SET = "clock never set"
TWO_TIMES = "two times"

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
YEARS = range(1900, 2101)  # outside, a date is a typing error

_BASIC_DATE = r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<month>[ 01]\d)(?P<day>[ 0-3]\d)"  # some firmware: a blank for a zero
_EXTENDED_DATE = (
    r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<dash>[-_.])(?P<month>\d\d?)(?P=dash)(?P<day>\d\d?)"
)
_SHORT_DATE = r"(?<!\d)(?P<year>\d\d)(?P<month>[01]\d)(?P<day>[0-3]\d)"
_NAMED_DATE = rf"(?<!\d)(?P<day>\d\d?)[-_ ]?(?P<month>(?i:{'|'.join(MONTHS)}))[a-z]*[-_ ]?(?P<year>(?:20)?\d\d)"
_BETWEEN = r"(?:[-_ .]?[Tt]|[-_ $@]{1,2}[Tt]?|\.| at |-birdnet-(?:(?P<stream>RTSP_\w+)-)?)"
_BASIC_TIME = r"(?P<hour>[ 0-2]\d)(?P<minute>[ 0-5]\d)(?P<second>[ 0-6]\d)(?:\d{3}(?=[-+Z]))?(?!\d)"
_EXTENDED_TIME = r"(?P<hour>\d\d?)(?P<colon>[-_:.,h])(?P<minute>[0-5]\d)(?:(?P=colon)|[m,])(?P<second>[0-6]\d)(?!\d)"
_HOUR_AND_MINUTE = r"(?P<hour>\d\d?)[-:.h](?P<minute>[0-5]\d)(?![-:.]?\d)"
_STAMPS = tuple(
    re.compile(pattern)
    for pattern in (
        _BASIC_DATE
        + _BETWEEN
        + _BASIC_TIME,  # 20240312_203000: Song Meter, AudioMoth, Frontier Labs, Swift ...
        _EXTENDED_DATE
        + _BETWEEN
        + _EXTENDED_TIME,  # 2024-03-12 20-30-00: Anabat, Solo, Pettersson, BirdNET-Pi ...
        _EXTENDED_DATE + _BETWEEN + _BASIC_TIME,
        _BASIC_DATE + _BETWEEN + _EXTENDED_TIME,
        _EXTENDED_DATE + _BETWEEN + _HOUR_AND_MINUTE,
        _BASIC_DATE + _BETWEEN + _HOUR_AND_MINUTE,
        _BASIC_DATE + "[Tt]" + r"(?P<hour>[0-2]\d)(?P<minute>[0-5]\d)(?!\d)",
        _BASIC_DATE + _BASIC_TIME,  # 20240312203000
        _SHORT_DATE + "[-_T]?" + _BASIC_TIME,  # 181204100002: SoundTrap; 240312_203000: Zoom
        _NAMED_DATE + "[-_ @]+" + _EXTENDED_TIME,  # 04Jul10-20,32,45: SonoBat
    )
)
_BARE_DATE = re.compile(_EXTENDED_DATE + r"(?!\d)")
_HEXADECIMAL = re.compile(r"(?:(?P<recorder>.+)[-_ ])?(?P<seconds>[0-9A-F]{8})(?![0-9A-Za-z])")
_DECIMAL = re.compile(
    r"(?:(?P<recorder>.+)[-_ .])?(?P<seconds>1\d{9})(?:\d{3})?(?:[._]\d+)?(?:[sS])?"
)
_ZONE = re.compile(
    r"(?:[.,]\d{1,9})?(?:"
    r"[-_ ]?[Zz](?![A-Za-z0-9])"
    r"|[-_ (]*(?:UTC|GMT)(?![A-Za-z])(?:(?P<sign>[-+])(?P<hours>\d\d?)(?::?(?P<minutes>[0-5]\d))?)?"
    r"|[_ ]?\(?(?P<long_sign>[-+])(?P<long_hours>\d\d):?(?P<long_minutes>[0-5]\d)(?![\d.])"
    r"|(?P<plus>\+)(?P<plus_hours>\d\d)(?![\d.])"
    r"|(?P<minus>-)(?P<minus_hours>\d\d)(?=[_ A-Za-z])"  # at the end of a name, -01 is a counter
    r")"
)
_HALF_OF_DAY = re.compile(r"[\s_.-]?(?P<half>[AaPp])\.?[Mm](?![A-Za-z0-9])")
_CLIP = re.compile(r"_(?P<start>\d+(?:\.\d+)?)s?[-_](?P<end>\d+(?:\.\d+)?)s(?![A-Za-z0-9])")
_NO_RECORDER = re.compile(
    r"[01]\.\d+_(?:\d+_)?"  # BirdNET-Analyzer's segments: confidence and number
    r"|(?=.*-birdnet-).+-\d+-(?=\d{4}-)"  # BirdNET-Pi's extractions: species and confidence
    r"|[a-z_]+_\d+p_(?=\d{8}T)"  # BirdNET-Go's clips: species and confidence
    r"|[Ww]av\d+_(?=\d{4}_)"  # Peersonic: a counter
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}_"  # Ecosounds: the recording's UUID
    r"|S(?=\d{8}T\d+(?:\.\d+)?[-+]\d{4}_E\d{8}T)"  # Frontier Labs: start and end
)
_CHANNEL = re.compile(r"_+(?:[0-3]\+[0-3](?:_[0-3])?|(?<=__)[0-3])$")
_LOOSE_END = re.compile(r"(?:[-_ .]d)?[-_ .@$(\[]*$")  # d20140301_t000000
_FIRST_AUDIOMOTH = 1_451_606_400  # 2016
_FIRST_DECIMAL = 1_262_304_000  # 2010
_LAST = 2_145_916_800  # 2038
# Clocks start at these days when nobody sets them: Unix, FAT, GPS, Macintosh, Excel, and the makers' favourite.
_NEVER_SET = tuple(
    (first, first + timedelta(days=days))
    for first, days in (
        (datetime(1899, 12, 30), 33),
        (datetime(1903, 12, 31), 32),
        (datetime(1969, 12, 31), 366),
        (datetime(1979, 11, 30), 397),  # what FAT makes of no date at all
        (datetime(1999, 11, 30), 63),  # and clocks with two digits for the year
    )
)


class FileName(NamedTuple):
    """What a file name tells.

    recorder: the recorder's name, "" when not said.
    start: when the clip begins: aware where the name says how far from UTC it is, else in the recorder's own time;
        None when not said.
    day: the date of a name that has a date without a time, else None.
    problem: why a stamp is not believed: `CLOCK_NEVER_SET`, `TWO_TIMES` or "".
    """

    recorder: str = ""
    start: datetime | None = None
    day: date | None = None
    problem: str = ""


class _Stamp(NamedTuple):
    moment: datetime
    begin: int
    end: int
    stream: str = ""


def parse_filename(path: str) -> FileName:
    """Read what a file name tells; folders and the suffix are ignored, and so is what is not understood."""
    # By hand: PurePath takes twenty times as long, which a million names would show.
    stem = path[path.rfind("/") + 1 :]
    if (suffix := stem.rfind(".")) > 0:
        stem = stem[:suffix]
    if match := _NO_RECORDER.match(stem):
        stem = stem[match.end() :]
    stamps = _find_stamps(stem)
    if not stamps:
        return _since_1970(stem) or _bare_date(stem)
    first = stamps[0]
    recorder = first.stream or _recorder(stem[: first.begin])
    if any(not _follows(first, other) for other in stamps[1:]):
        return FileName(recorder, problem=TWO_TIMES)
    moment = first.moment
    if clip := _CLIP.search(stem, first.end):
        start, end = float(clip["start"]), float(clip["end"])
        if start < end < 1e6:  # s; else they are no places in a recording
            moment += timedelta(seconds=start)
    return _believed(recorder, moment)


def clock_never_set(moment: date) -> bool:
    """Whether a clock that nobody set shows this: soon after the day at which such clocks start."""
    if moment.year > 2000:
        return False
    plain = datetime(moment.year, moment.month, moment.day)
    return any(first <= plain < last for first, last in _NEVER_SET)


def _find_stamps(stem: str) -> list[_Stamp]:
    # The first pattern that fits takes all: a later one would find the same digits cut otherwise.
    for pattern in _STAMPS:
        if stamps := list(_read_all(pattern, stem)):
            return stamps
    return []


def _read_all(pattern: re.Pattern[str], stem: str) -> Iterator[_Stamp]:
    for match in pattern.finditer(stem):
        end = match.end()
        moment = _moment(match)
        if moment is None:
            continue
        if half := _HALF_OF_DAY.match(stem, end):
            moment = _in_half(moment, half["half"])
            end = half.end()
        zone, end = _zone(stem, end)
        yield _Stamp(
            moment.replace(tzinfo=zone), match.start(), end, match.groupdict().get("stream") or ""
        )


def _moment(match: re.Match[str]) -> datetime | None:
    fields = match.groupdict(default="0")
    second = int(fields.get("second", "0"))
    try:
        midnight = datetime(_year(fields["year"]), _month(fields["month"]), int(fields["day"]))
    except ValueError:
        return None
    time = timedelta(hours=int(fields["hour"]), minutes=int(fields["minute"]), seconds=second)
    # the end of a day is written 24:00:00 too, and a leap second 60
    if time > timedelta(days=1) or second > 60:
        return None
    return midnight + time


def _year(text: str) -> int:
    if len(text) == 2:
        return 2000 + int(text)
    return int(text)


def _month(text: str) -> int:
    if text.isalpha():
        return MONTHS.index(text.lower()) + 1
    return int(text)


def _in_half(moment: datetime, half: str) -> datetime:
    if not 1 <= moment.hour <= 12:
        return moment
    return moment.replace(hour=moment.hour % 12 + 12 * (half in "Pp"))


def _zone(stem: str, position: int) -> tuple[tzinfo | None, int]:
    match = _ZONE.match(stem, position)
    if not match:
        return None, position
    signs = (("sign", "hours", "minutes"), ("long_sign", "long_hours", "long_minutes"))
    for sign, hours, minutes in signs:
        if match[sign]:
            return _zone_until(match, fixed_zone(match[sign], match[hours], match[minutes]))
    if short := match["plus"] or match["minus"]:
        hours = match["plus_hours"] or match["minus_hours"]
        return _zone_until(match, fixed_zone(short, hours, None))
    return UTC, match.end()


def _zone_until(match: re.Match[str], zone: tzinfo | None) -> tuple[tzinfo | None, int]:
    """A zone, and where the name goes on; what looks like one and is on no map belongs to what follows."""
    if zone is None:
        return None, match.start()
    return zone, match.end()


def _follows(first: _Stamp, other: _Stamp) -> bool:
    if (first.moment.tzinfo is None) != (other.moment.tzinfo is None):
        return False
    return timedelta(0) <= other.moment - first.moment <= timedelta(days=1)


def _recorder(prefix: str) -> str:
    return _CHANNEL.sub("", _LOOSE_END.sub("", prefix))


def _believed(recorder: str, moment: datetime) -> FileName:
    if moment.year not in YEARS:
        return FileName(recorder)
    if clock_never_set(moment):
        return FileName(recorder, problem=CLOCK_NEVER_SET)
    return FileName(recorder, moment)


def _since_1970(stem: str) -> FileName | None:
    if (match := _HEXADECIMAL.match(stem)) and _is_hexadecimal(match):
        seconds = int(match["seconds"], 16)
        # In the year after 1970 a clock was never set; digits alone may as well be a counter.
        if seconds < 366 * 86_400 and not match["seconds"].isdigit():
            return FileName(match["recorder"] or "", problem=CLOCK_NEVER_SET)
        if _FIRST_AUDIOMOTH <= seconds < _LAST:
            return FileName(match["recorder"] or "", datetime.fromtimestamp(seconds, UTC))
    if match := _DECIMAL.fullmatch(stem):
        seconds = int(match["seconds"])
        if _FIRST_DECIMAL <= seconds < _LAST:
            return FileName(match["recorder"] or "", datetime.fromtimestamp(seconds, UTC))
    return None


def _is_hexadecimal(match: re.Match[str]) -> bool:
    """After a name, eight digits or letters alone may be a serial number or a word."""
    digits = match["seconds"]
    return match["recorder"] is None or not (digits.isdigit() or digits.isalpha())


def _bare_date(stem: str) -> FileName:
    match = _BARE_DATE.search(stem)
    if not match:
        return FileName()
    try:
        day = date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        return FileName()
    recorder = _recorder(stem[: match.start()])
    if clock_never_set(day):
        return FileName(recorder, problem=CLOCK_NEVER_SET)
    return FileName(recorder, day=day)
