"""When and by which recorder the clips of a table were recorded: what names, files and columns say, put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path

from chorus.errors import DataError
from chorus.places import below
from chorus.survey.dates import ACCEPTED, DateFormat, order_of, parse_date, plain, readings
from chorus.survey.filenames import CLOCK_NEVER_SET, TWO_TIMES, FileName, parse_filename
from chorus.survey.metadata import Metadata, read_metadata
from chorus.survey.nights import (
    LocalTime,
    dates_at_midnight,
    decide_night,
    is_utc,
    night_of,
    only_offset,
)

_A_DAY = timedelta(days=1)
_MIDNIGHT = time()
_WAV = (".wav", ".wave")
_FEW_NAMES = 20  # below, names that are all different may well be those of recorders


@dataclass(frozen=True)
class TimeRules:
    """How times are read, see `chorus.survey.options.SurveyOptions`.

    zone: the local time of the place. clock: what recorders' clocks were set to. order: of dates like 12.06.2024 or
    24-06-12.
    """

    zone: tzinfo | None = None
    clock: tzinfo | None = None
    order: DateFormat | None = None


@dataclass(frozen=True)
class Placed:
    """Recorder ("" when nothing names it) and night ("" when unknown) of a clip, and what was assumed to know them."""

    recorder: str
    night: str
    assumptions: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)


def read_dates(
    dates: Iterable[str], times: Iterable[str], order: DateFormat | None
) -> list[date | str | None]:
    """The column date, with the column time where it holds one: a moment, None, or why it is not understood.

    Args:
        dates, times: the text of the two columns, of one length; "" where nothing is written.
        order: of dates like 12.06.2024 or 24-06-12; None: the only order in which all of them exist.

    Raises:
        DataError: all dates may be read in two ways, and the order is not given.
    """
    dates = list(map(plain, dates))
    order = order or order_of(dates)
    written = [
        f"{day} {clock}" if clock and ":" not in day else day
        for day, clock in zip(dates, times, strict=True)
    ]
    moments = [_read_date(text, order) for text in written]
    refused = [text for text, moment in zip(dates, moments, strict=True) if isinstance(moment, str)]
    ambiguous = [text for text in refused if readings(text)]
    if ambiguous and len(ambiguous) == sum(map(bool, dates)):
        raise DataError(
            f"the dates of clips.csv are written as {ambiguous[0]}, which is {_spell_out(ambiguous[0])}: "
            f"set survey.date_format to {' or '.join(readings(ambiguous[0]))}"
        )
    return moments


def place_clips(
    folder: Path, files: Sequence[str], recorders: Sequence[str], columns: Sequence[date | None],
    onsets: Sequence[float], rules: TimeRules,
) -> list[Placed]:  # fmt: skip
    """Recorder and night of each clip.

    Args:
        folder, files: where the clips are, and the paths of their files in it, of several clips perhaps the same; WAV
            files are opened for what the recorder wrote beside the sound.
        recorders: what the table says, "" when nothing.
        columns: what the table's date says of the file's start: a bare date, a moment or None.
        onsets: where in its file each clip begins, in seconds.
    """
    told = _ask_files(folder, list(dict.fromkeys(files)), rules.clock)
    local = LocalTime(rules.zone, only_offset([*(file.start for file in told.values()), *columns]))
    columns = _without_midnights(columns, local)
    return [
        _place(recorder, column, told[file], local, timedelta(seconds=onset))
        for file, recorder, column, onset in zip(files, recorders, columns, onsets, strict=True)
    ]


@dataclass(frozen=True)
class Beginning:
    """What a file tells of itself: its recorder ("" when nothing names it), and when it begins.

    moment: a bare date where only that is known, None where nothing is.
    """

    recorder: str
    moment: date | None
    local: LocalTime

    def time_after(self, seconds: float) -> datetime | None:
        """The local time so long after the beginning, without zone; None when it is unknown."""
        if not isinstance(self.moment, datetime):
            return None
        return self.local.of(self.local.later(self.moment, timedelta(seconds=seconds)))

    def night_after(self, seconds: float) -> str:
        """The night, YYYY-MM-DD, in which that is; "" when it is unknown."""
        moment = self.time_after(seconds) or self.moment
        return "" if moment is None else night_of(moment)


def beginnings(files: Sequence[str], rules: TimeRules) -> dict[str, Beginning]:
    """What files tell of recorder and time: by their names, and what recorders wrote into them.

    Args:
        files: paths as they can be opened.
    """
    told = _ask_files(Path(), list(dict.fromkeys(files)), rules.clock)
    local = LocalTime(rules.zone, only_offset(file.start for file in told.values()))
    return {
        file: Beginning(
            said.name.recorder or (said.data.recorder if said.data else ""), said.start, local
        )
        for file, said in told.items()
    }


@dataclass(frozen=True)
class _Told:
    """What a file tells: its name, what the recorder wrote into it, when it begins; and what all names together do."""

    name: FileName
    data: Metadata | None
    start: date | None
    assumptions: tuple[str, ...]


def _ask_files(folder: Path, files: Sequence[str], clock: tzinfo | None) -> dict[str, _Told]:
    parsed = [parse_filename(file) for file in files]
    names = _without_counters(parsed)
    more = _of_all_names(parsed, names)
    told = {}
    for file, name, assumptions in zip(files, names, more, strict=True):
        data = read_metadata(below(folder, file)) if file.lower().endswith(_WAV) else None
        told[file] = _Told(name, data, _start(name, data, clock), assumptions)
    return told


def _read_date(text: str, order: DateFormat | None) -> date | str | None:
    if not text:
        return None
    try:
        return parse_date(text, order)
    except ValueError as error:
        found = readings(text)
        if len(set(found.values())) > 1:
            return f"ambiguous date: {text} is {_spell_out(text)}; set survey.date_format to {' or '.join(found)}"
        known = (
            str(error) if str(error).startswith(("year", "clock")) else f"write it as {ACCEPTED}"
        )
        return f"date not understood: {text} ({known})"


def _spell_out(text: str) -> str:
    return " or ".join(f"{day.day} {day:%B} {day.year}" for day in readings(text).values())


def _without_counters(names: Sequence[FileName]) -> list[FileName]:
    """Drop "recorders" of which nearly every file has its own: they are a counter or the name of a clip."""
    named = [name.recorder for name in names if name.recorder]
    if len(named) < _FEW_NAMES or len(set(named)) <= len(named) / 2:
        return list(names)
    return [name._replace(recorder="") for name in names]


def _of_all_names(parsed: Sequence[FileName], names: Sequence[FileName]) -> list[tuple[str, ...]]:
    """For each file what is assumed of its name because of all the others."""
    stamped = [name.start for name in names if name.start]
    midnight = len(stamped) > 1 and all(start.time() == _MIDNIGHT for start in stamped)
    return [
        ("names_at_midnight",) * bool(midnight and name.start)
        + ("counter_before_time",) * (before != name)
        for before, name in zip(parsed, names, strict=True)
    ]


def _start(name: FileName, data: Metadata | None, clock: tzinfo | None) -> date | None:
    """When the clip begins, by its name or else by what the recorder wrote into it; aware where either says so."""
    inside = data.start if data else None
    start = name.start or (None if name.problem == TWO_TIMES else inside)
    if start is None:
        return name.day
    if start.tzinfo is None and inside and inside.tzinfo:
        start = _in_zone_of(inside, start)
    return start.replace(tzinfo=clock) if start.tzinfo is None else start


def _in_zone_of(inside: datetime, start: datetime) -> datetime:
    """The name's time in the zone that the file gives for the same clock."""
    apart = abs(start - inside.replace(tzinfo=None))
    if is_utc(inside) and apart and not apart.total_seconds() % 1800:
        return start  # the file is in UTC and the name, hours away, in local time
    return start.replace(tzinfo=inside.tzinfo) if apart < _A_DAY else start


def _without_midnights(columns: Sequence[date | None], local: LocalTime) -> list[date | None]:
    moments = [moment for moment in columns if isinstance(moment, datetime)]
    dates = iter(dates_at_midnight(moments, local) or moments)
    return [next(dates) if isinstance(moment, datetime) else moment for moment in columns]


def _are_apart(name: datetime | None, inside: datetime | None) -> bool:
    """Whether two times of one file are no two ways of writing one: a day or more apart."""
    if name is None or inside is None:
        return False
    return abs(name.replace(tzinfo=None) - inside.replace(tzinfo=None)) >= _A_DAY


def _place(
    recorder: str, column: date | None, told: _Told, local: LocalTime, after: timedelta
) -> Placed:
    name, data, start = told.name, told.data, told.start
    night = decide_night(column, start, local, after)
    inside = data.recorder if data else ""
    decisive = column if isinstance(column, datetime) else start or column
    made = {
        "recorder_from_file_name": not recorder and bool(name.recorder),
        "recorder_from_metadata": not recorder and not name.recorder and bool(inside),
        "night_from_file_name": bool(night.night)
        and column is None
        and bool(name.start or name.day),
        "night_from_metadata": bool(night.night)
        and column is None
        and not (name.start or name.day),
        "night_from_bare_date": column is None and start is not None and start == name.day,
        "night_contradicts_file": night.contradicts,
        "name_contradicts_metadata": _are_apart(name.start, data.start if data else None),
        "night_in_utc": bool(night.night) and local.is_guess(decisive),
        "night_in_offset_of_others": bool(night.night) and local.takes_offset(decisive),
        "clock_never_set": name.problem == CLOCK_NEVER_SET,
        "two_times_in_name": name.problem == TWO_TIMES,
    }
    said = tuple(assumption for assumption, true in made.items() if true) + told.assumptions
    settings = (
        {"source": data.source, **data.settings, "zone": _zone_name(data.start)} if data else {}
    )
    return Placed(recorder or name.recorder or inside, night.night, said, settings)


def _zone_name(start: datetime | None) -> str:
    return str(start.tzinfo) if start and start.tzinfo else ""


def count_settings(placed: Iterable[Placed]) -> dict[str, dict[str, int]]:
    """What recorders wrote into their files: setting -> value -> clips."""
    counts: dict[str, Counter[str]] = {}
    for clip in placed:
        for setting, value in clip.settings.items():
            if value:
                counts.setdefault(setting, Counter())[value] += 1
    return {setting: dict(sorted(values.items())) for setting, values in sorted(counts.items())}
