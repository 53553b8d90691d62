"""What was assumed about a survey, in sentences: nobody should learn of it from a strange result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from chorus.errors import DataError

_SENTENCES = {
    "night_unknown": "night unknown for {n} of {all} files: each is a group of its own, e.g. {file}; name the night "
    "in the column date, or what belongs together in the column recording",
    "clock_never_set": "the clock was never set for {n} of {all} files, e.g. {file}: their file names say nothing of "
    "the night",
    "two_times_in_name": "{n} of {all} file names hold two times, e.g. {file}: neither is taken",
    "night_contradicts_file": "the date of {n} of {all} files in clips.csv is not that of the file, e.g. {file}: "
    "clips.csv is believed",
    "night_in_utc": "{n} of {all} files are timed in UTC, e.g. {file}, and survey.time_zone is not set: their nights "
    "run from noon to noon in UTC",
    "night_in_offset_of_others": "{n} of {all} files are timed in UTC, e.g. {file}, and survey.time_zone is not set: "
    "they take the only other offset from UTC in the survey",
    "name_contradicts_metadata": "the time written inside {n} of {all} files is a day or more from that of their name, "
    "e.g. {file}: the name is believed",
    "counter_before_time": "what stands before the time in {n} of {all} file names, e.g. {file}, differs from file to "
    "file: it is taken for a counter and not for the recorder",
    "night_from_bare_date": "{n} of {all} file names have a date without a time, e.g. {file}: it is taken for the "
    "evening's",
    "names_at_midnight": "all {n} file names that hold a time say 00:00:00, e.g. {file}: if they mean a date, name the "
    "night in the column date",
    "recorder_assumed_site": "no recorder is named for {n} of {all} files, e.g. {file}: their site stands for it",
    "site_unknown": "no site is named for {n} of {all} files, e.g. {file}: they count as one site, 'unknown'",
    "quality_assumed_high": "no quality is named for {n} of {all} files, e.g. {file}: they count as high",
}


def assumptions_in_words(notes: Mapping[str, Any], clips: int) -> Iterator[str]:
    """The sentences that a person should read.

    Args:
        notes: of a `ClipTable`; of a survey that needed none, any other.
        clips: how many clips the notes are about.
    """
    if notes.get("blank_rows"):
        yield f"{notes['blank_rows']} blank rows of clips.csv were skipped"
    if notes.get("nothing_known"):
        yield f"{notes['nothing_known']} cells of clips.csv say that nothing is known (NA, unknown ...): taken as empty"
    if example := notes.get("no_times_of_day"):
        yield (
            f"the column 'time' of clips.csv holds no times of day, e.g. {example!r}, and is ignored: write them as "
            "20:30, or a date without a time counts as the evening's"
        )
    for column, meant in notes.get("columns_meant", {}).items():
        yield f"the column {column!r} of clips.csv is ignored; rename it to {meant!r} if it means that"
    if unknown := notes.get("unknown_labels"):
        found = ", ".join(f"{label} ({rows})" for label, rows in unknown.items())
        yield (
            f"labels that are neither survey.positive_label nor survey.negative_label are in quarantine: {found}"
        )
    if notes.get("respelt_paths"):
        yield f"{notes['respelt_paths']} paths of clips.csv are spelt otherwise on disk: capitals, accents, backslashes"
    for column, groups in notes.get("look_alikes", {}).items():
        yield f"names in the column {column} that look like one another, but count as different: {', '.join(groups)}"
    for assumption, sentence in _SENTENCES.items():
        if count := notes.get(assumption):
            yield sentence.format(n=count, all=clips, file=notes["examples"][assumption])


def nights_to_come(rows: Sequence[Mapping[str, str]], today: date) -> Iterator[str]:
    """A sentence about clips of nights that have not been: a recorder's clock is wrong, or a date mistyped.

    Args:
        rows: of clips, with night and source.
        today: somewhere on Earth it is tomorrow already.
    """
    # Nights are compared as text: YYYY-MM-DD sorts as the days do, and "", an unknown night, comes before all of them.
    last = (today + timedelta(days=1)).isoformat()
    ahead = [row["source"] for row in rows if row["night"] > last]
    if ahead:
        yield f"the night of {len(ahead)} of {len(rows)} files is in the future, e.g. {ahead[0]}: it is believed"


def check_nights(notes: Mapping[str, Any], clips: int, allowed: float) -> None:
    """Refuse to go on when too little is known about nights.

    Args:
        clips: how many clips the notes are about.
        allowed: the share of clips whose night may be unknown, 0 to 1.

    Raises:
        DataError: the night of a larger share is unknown.
    """
    unknown = notes.get("night_unknown", 0)
    if unknown > allowed * clips:
        raise DataError(
            f"night unknown for {unknown} of {clips} files, e.g. {notes['examples']['night_unknown']}, more than "
            f"survey.max_unknown_night_share allows ({allowed:.1%}): name it in the column date of clips.csv"
        )
