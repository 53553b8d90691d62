"""When and by which recorder the clips of a table were recorded: what names, files and columns say, put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path

import numpy as np
import pandas as pd

from chorus.errors import DataError
from chorus.places import below
from chorus.survey.dates import ACCEPTED, DateFormat, order_of, parse_date, plain, readings
from chorus.survey.distinct import Flags, Numbers, choose, number, spread
from chorus.survey.filenames import CLOCK_NEVER_SET, TWO_TIMES, FileName, parse_filename
from chorus.survey.metadata import Metadata, read_metadata
from chorus.survey.nights import (
    Days,
    LocalTime,
    Moments,
    dates_at_midnight,
    decide_nights,
    is_utc,
    night_of,
    only_offset,
)

_A_DAY = timedelta(days=1)
_MIDNIGHT = time()
_WAV = (".wav", ".wave")
_PROBLEMS = {CLOCK_NEVER_SET: "clock_never_set", TWO_TIMES: "two_times_in_name"}
_OF_FILES = (  # assumptions about a file, whatever the table says
    "name_contradicts_metadata",
    "clock_never_set",
    "two_times_in_name",
    "names_at_midnight",
    "counter_before_time",
)
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
    """Where clips belong, one row each.

    recorders, nights: compact columns of text, "" where nothing names the one or tells the other.
    assumed: assumption -> whether it was made of each clip.
    settings: what recorders wrote into their files: setting -> value -> clips.
    """

    recorders: pd.Series
    nights: pd.Series
    assumed: dict[str, Flags]
    settings: dict[str, dict[str, int]]


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
    # A date that cannot be read stays among them, as its reason: one bad row must not move the others.
    moments: list[date | str | None] = []
    ambiguous: list[str] = []
    for day, clock in zip(dates, times, strict=True):
        moment = _read_date(_with_clock(day, clock), order)
        moments.append(moment)
        if isinstance(moment, str) and readings(day):
            ambiguous.append(day)
    # One ambiguous date is a row for the quarantine. All of them are a whole survey, which one parameter makes good.
    if ambiguous and len(ambiguous) == sum(map(bool, dates)):
        raise DataError(
            f"the dates of clips.csv are written as {ambiguous[0]}, which is {_spell_out(ambiguous[0])}: "
            f"set survey.date_format to {' or '.join(readings(ambiguous[0]))}"
        )
    return moments


def _with_clock(day: str, clock: str) -> str:
    # A date that holds a time already keeps it: the column time may then be that of something else.
    if not clock or ":" in day:
        return day
    return f"{day} {clock}"


def place_clips(folder: Path, clips: pd.DataFrame, columns: Moments, rules: TimeRules) -> Placed:
    """Recorder and night of each clip.

    Args:
        folder: where the clips are.
        clips: file, its path in the folder, and recorder, what the table says or "", both compact (see `distinct`);
            begin, where in its file each clip begins, in seconds, NaN for whole files. WAV files are opened, each once,
            for what the recorder wrote beside the sound.
        columns: what the table's date says of the file's start.
    """
    numbers, first = number([clips["file"]])
    told = list(_ask_files(folder, clips["file"].iloc[first].tolist(), rules.clock).values())
    files = Moments([file.start for file in told], numbers)
    place = LocalTime(rules.zone, only_offset([*files.different, *columns.different]))
    columns = Moments(_without_midnights(columns.different, place), columns.numbers)
    nights, contradicts = decide_nights(
        columns, files, place, clips["begin"].fillna(0.0).to_numpy()
    )
    known = ~np.isnat(nights)
    recorders, of_recorder = _recorders(clips["recorder"], told, numbers)
    # In this order they are told, where several were first made of one clip.
    assumed = {
        **of_recorder,
        **_night_assumptions(told, columns, files, known),
        "night_contradicts_file": contradicts,
        **_file_assumptions(told, numbers, _OF_FILES[:1]),
        **_zone_assumptions(columns, files, place, known),
        **_file_assumptions(told, numbers, _OF_FILES[1:]),
    }
    settings = _count_settings(told, np.bincount(numbers, minlength=len(told)))
    return Placed(recorders, _in_words(nights, clips.index), assumed, settings)


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
        if moment is None:
            return ""
        return night_of(moment)


def beginnings(files: Sequence[str], rules: TimeRules) -> dict[str, Beginning]:
    """What files tell of recorder and time: by their names, and what recorders wrote into them.

    Args:
        files: paths as they can be opened.
    """
    told = _ask_files(Path(), list(dict.fromkeys(files)), rules.clock)
    local = LocalTime(rules.zone, only_offset(file.start for file in told.values()))
    begun = {}
    for file, said in told.items():
        begun[file] = Beginning(said.name.recorder or said.recorder_inside, said.start, local)
    return begun


@dataclass(frozen=True)
class _Told:
    """What a file tells: its name, what the recorder wrote into it, when it begins; and what all names together do."""

    name: FileName
    data: Metadata | None
    start: date | None
    assumptions: tuple[str, ...]

    @property
    def recorder_inside(self) -> str:
        """The recorder as it wrote its own name into the file; "" where it did not."""
        if self.data is None:
            return ""
        return self.data.recorder

    @property
    def is_timed_by_name(self) -> bool:
        """Whether its name says when it begins, or at least on which day."""
        return bool(self.name.start or self.name.day)


def _ask_files(folder: Path, files: Sequence[str], clock: tzinfo | None) -> dict[str, _Told]:
    parsed = [parse_filename(file) for file in files]
    names = _without_counters(parsed)
    more = _of_all_names(parsed, names)
    told = {}
    for file, name, assumptions in zip(files, names, more, strict=True):
        data = None
        if file.lower().endswith(_WAV):
            data = read_metadata(below(folder, file))
        said = (*_of_file(name, data), *assumptions)
        told[file] = _Told(name, data, _start(name, data, clock), said)
    return told


def _of_file(name: FileName, data: Metadata | None) -> tuple[str, ...]:
    """What is assumed of a file by its own name and metadata."""
    if data and _are_apart(name.start, data.start):
        return ("name_contradicts_metadata",)
    if name.problem:
        return (_PROBLEMS[name.problem],)
    return ()


def _read_date(text: str, order: DateFormat | None) -> date | str | None:
    if not text:
        return None
    try:
        return parse_date(text, order)
    except ValueError as error:
        # 12.12.2024 is one day in all orders, so that readings are counted by what they mean.
        found = readings(text)
        if len(set(found.values())) > 1:
            return f"ambiguous date: {text} is {_spell_out(text)}; set survey.date_format to {' or '.join(found)}"
        # Of a day that exists the reason is ours; of all else it is Python's, which helps nobody to write dates.
        remedy = str(error)
        if not remedy.startswith(("year", "clock")):
            remedy = f"write it as {ACCEPTED}"
        return f"date not understood: {text} ({remedy})"


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
    all_at_midnight = len(stamped) > 1 and all(start.time() == _MIDNIGHT for start in stamped)
    assumed = []
    for before, name in zip(parsed, names, strict=True):
        of_name: tuple[str, ...] = ()
        if all_at_midnight and name.start:
            of_name += ("names_at_midnight",)
        if before != name:
            of_name += ("counter_before_time",)
        assumed.append(of_name)
    return assumed


def _start(name: FileName, data: Metadata | None, clock: tzinfo | None) -> date | None:
    """When the clip begins, by its name or else by what the recorder wrote into it; aware where either says so."""
    start, inside = name.start, None
    if data:
        inside = data.start
    # Where a name has two times neither is taken, nor a third one.
    if start is None and name.problem != TWO_TIMES:
        start = inside
    if start is None:
        return name.day
    if start.tzinfo is None and inside and inside.tzinfo:
        start = _in_zone_of(inside, start)
    if start.tzinfo is None:
        start = start.replace(tzinfo=clock)
    return start


def _in_zone_of(inside: datetime, start: datetime) -> datetime:
    """The name's time in the zone that the file gives for the same clock."""
    apart = abs(start - inside.replace(tzinfo=None))
    # The file is in UTC and the name, hours away, in local time: by quarters of an hour, as in Nepal.
    if is_utc(inside) and apart and not apart.total_seconds() % 900:
        return start
    if apart >= _A_DAY:
        return start
    return start.replace(tzinfo=inside.tzinfo)


def _without_midnights(columns: Sequence[date | None], local: LocalTime) -> list[date | None]:
    """Times that are all 00:00:00 as the dates that a program made them of; other times as they are."""
    moments = [moment for moment in columns if isinstance(moment, datetime)]
    dates = iter(dates_at_midnight(moments, local) or moments)
    meant: list[date | None] = []
    for moment in columns:
        if isinstance(moment, datetime):
            moment = next(dates)
        meant.append(moment)
    return meant


def _are_apart(name: datetime | None, inside: datetime | None) -> bool:
    """Whether two times of one file are no two ways of writing one: a day or more apart."""
    if name is None or inside is None:
        return False
    return abs(name.replace(tzinfo=None) - inside.replace(tzinfo=None)) >= _A_DAY


def _in_words(nights: Days, index: pd.Index) -> pd.Series:
    numbers, different = pd.factorize(nights, use_na_sentinel=False)
    days = different.astype("M8[D]")
    words = np.where(np.isnat(days), "", np.datetime_as_string(days))
    return spread(pd.Series(words, dtype="str"), numbers, index)


def _recorders(
    written: pd.Series, told: Sequence[_Told], numbers: Numbers
) -> tuple[pd.Series, dict[str, Flags]]:
    """Recorders as the table names them, else the file's name, else the recorder itself; and which named them."""
    names = pd.Series([file.name.recorder for file in told], dtype="str")
    inside = pd.Series([file.recorder_inside for file in told], dtype="str")
    in_name, in_file = (names != "").to_numpy()[numbers], (inside != "").to_numpy()[numbers]
    silent = (written == "").to_numpy()

    of_files = spread(names.where(names != "", inside), numbers, written.index)
    return choose(written, of_files, ~silent), {
        "recorder_from_file_name": silent & in_name,
        "recorder_from_metadata": silent & ~in_name & in_file,
    }


def _night_assumptions(
    told: Sequence[_Told], columns: Moments, files: Moments, known: Flags
) -> dict[str, Flags]:
    """What of the files the nights come from, where the table names none."""
    by_name = np.array([file.is_timed_by_name for file in told], bool)
    of_name = by_name[files.numbers]
    silent = columns.where(lambda moment: moment is None)
    return {
        "night_from_file_name": known & silent & of_name,
        "night_from_metadata": known & silent & ~of_name,
        "night_from_bare_date": silent & ~np.isnat(files.days),
    }


def _zone_assumptions(
    columns: Moments, files: Moments, place: LocalTime, known: Flags
) -> dict[str, Flags]:
    """How times in UTC became local: the table's time decides, or else the file's."""
    timed = columns.where(lambda moment: isinstance(moment, datetime))
    guessed = np.where(timed, columns.where(place.is_guess), files.where(place.is_guess))
    taken = np.where(timed, columns.where(place.takes_offset), files.where(place.takes_offset))
    return {"night_in_utc": known & guessed, "night_in_offset_of_others": known & taken}


def _file_assumptions(
    told: Sequence[_Told], numbers: Numbers, names: Iterable[str]
) -> dict[str, Flags]:
    flags = {}
    for name in names:
        of_files = np.array([name in file.assumptions for file in told], bool)
        flags[name] = of_files[numbers]
    return flags


def _zone_name(start: datetime | None) -> str:
    if start is None or start.tzinfo is None:
        return ""
    return str(start.tzinfo)


def _count_settings(told: Sequence[_Told], clips: Numbers) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for file, rows in zip(told, clips.tolist(), strict=True):
        for setting, value in _settings(file.data).items():
            if value:
                counts.setdefault(setting, Counter())[value] += rows
    # Sorted, as they go to a tracked file: files come in the order of the table.
    return {setting: dict(sorted(counts[setting].items())) for setting in sorted(counts)}


def _settings(data: Metadata | None) -> dict[str, str]:
    if data is None:
        return {}
    return {"source": data.source, **data.settings, "zone": _zone_name(data.start)}
