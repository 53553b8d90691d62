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
        return "" if moment is None else night_of(moment)


def beginnings(files: Sequence[str], rules: TimeRules) -> dict[str, Beginning]:
    """What files tell of recorder and time: by their names, and what recorders wrote into them.

    Args:
        files: paths as they can be opened.
    """
    told = _ask_files(Path(), list(dict.fromkeys(files)), rules.clock)
    local = LocalTime(rules.zone, only_offset(file.start for file in told.values()))
    return {
        file: Beginning(said.name.recorder or said.recorder_inside, said.start, local)
        for file, said in told.items()
    }


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
        return self.data.recorder if self.data else ""


def _ask_files(folder: Path, files: Sequence[str], clock: tzinfo | None) -> dict[str, _Told]:
    parsed = [parse_filename(file) for file in files]
    names = _without_counters(parsed)
    more = _of_all_names(parsed, names)
    told = {}
    for file, name, assumptions in zip(files, names, more, strict=True):
        data = read_metadata(below(folder, file)) if file.lower().endswith(_WAV) else None
        said = (*_of_file(name, data), *assumptions)
        told[file] = _Told(name, data, _start(name, data, clock), said)
    return told


def _of_file(name: FileName, data: Metadata | None) -> tuple[str, ...]:
    """What is assumed of a file by its own name and metadata."""
    if _are_apart(name.start, data.start if data else None):
        return ("name_contradicts_metadata",)
    return (_PROBLEMS[name.problem],) if name.problem else ()


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


def _in_words(nights: Days, index: pd.Index) -> pd.Series:
    numbers, different = pd.factorize(nights, use_na_sentinel=False)
    words = ["" if np.isnat(night) else str(night) for night in different.astype("M8[D]")]
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
    of_name = np.array([bool(file.name.start or file.name.day) for file in told], bool)[
        files.numbers
    ]
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
    made = {name: np.array([name in file.assumptions for file in told], bool) for name in names}
    return {name: of_files[numbers] for name, of_files in made.items()}


def _zone_name(start: datetime | None) -> str:
    return str(start.tzinfo) if start and start.tzinfo else ""


def _count_settings(told: Sequence[_Told], clips: Numbers) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for file, rows in zip(told, clips.tolist(), strict=True):
        for setting, value in _settings(file.data).items():
            if value:
                counts.setdefault(setting, Counter())[value] += rows
    return {setting: dict(sorted(values.items())) for setting, values in sorted(counts.items())}


def _settings(data: Metadata | None) -> dict[str, str]:
    if data is None:
        return {}
    return {"source": data.source, **data.settings, "zone": _zone_name(data.start)}
