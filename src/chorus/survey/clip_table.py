"""The user's clips.csv: read, checked, and completed with what names, files and defaults tell.

It is worked on by columns (see `chorus.survey.distinct`): a table of a million rows takes seconds, and not much more
memory than it has text. What is said of a single row, in words, is said of the few rows that need it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chorus.clips import CANDIDATE, LABELLED, NEGATIVE, POSITIVE, UNKNOWN_SITE
from chorus.errors import DataError
from chorus.names import comparable, look_alikes, one_spelling
from chorus.survey.cuts import contradicted, holds_seconds, read_spans
from chorus.survey.dates import DateFormat, clocks
from chorus.survey.distinct import Flags, blank, choose, compact, count, each, number, spread
from chorus.survey.duplicates import contradiction, precedence
from chorus.survey.nights import Moments
from chorus.survey.paths import Folder
from chorus.survey.reading import WrittenTable, read_table, suggest_columns
from chorus.survey.schema import OPTIONAL, REQUIRED, SPAN, VOCABULARY, find_faults
from chorus.survey.timing import Placed, TimeRules, place_clips, read_dates

FILE_NAME = "clips.csv"
# Columns that name things, as people spell them.
NAMES = ("site", "recorder", "speaker", "recording")
_COLUMNS = (*REQUIRED, *OPTIONAL)
_MOST_NAMED = 10  # values in one message
# How R, pandas, spreadsheets and people write that nothing is known.
_NOTHING = ("na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none", "unknown", "-", "?")
_ALWAYS_TOLD = (
    "quality_assumed_high",
    "quality_of_negatives_ignored",
    "site_unknown",
    "recorder_from_file_name",
    "recorder_assumed_site",
    "night_from_file_name",
    "night_unknown",
)
Rejected = tuple[str, str]


@dataclass(frozen=True)
class ClipTable:
    """What a clips.csv says.

    rows: one row a usable clip, text in the columns that `packing.ClipSource.meta` lists, as categories but for source:
        the file's path relative to the folder, with "@onset-end" behind it where the clip is a piece of the file.
    cuts: what each of the rows is cut from: file, and onset and end in seconds, NaN where it is the whole file.
    rejected: pairs of path and reason, one for each other row that is not blank.
    notes: what was ignored, assumed and found, as names and counts, for `assumptions_in_words`.
    """

    rows: pd.DataFrame
    cuts: pd.DataFrame
    rejected: list[Rejected]
    notes: dict[str, Any]


def read_clip_table(
    folder: Path,
    *,
    positive_label: str = POSITIVE,
    negative_label: str = NEGATIVE,
    times: TimeRules | None = None,
) -> ClipTable:
    """Read and check `folder`/clips.csv. Every row of it that is not blank ends in `rows` or in `rejected`.

    Args:
        positive_label, negative_label: what the table calls the two classes; capitals do not matter.
        times: how times are read.

    Raises:
        DataError: the table as a whole cannot be used: it is missing, no text, another program's, has no rows, lacks a
            required column, names its classes otherwise, or its dates may be read in two ways.
    """
    times = times or TimeRules()
    labels = (positive_label.casefold(), negative_label.casefold())
    clips, dates, notes = _understand(
        read_table(folder / FILE_NAME, REQUIRED, _COLUMNS), labels, times.order
    )
    files = Folder(folder)
    clips = _as_clips(_find_files(clips, files), labels[0])
    notes["respelt_paths"] = int(clips["path"][clips["file"] != ""].isin(files.respelt).sum())
    rejected: list[Rejected] = []
    # In this order: a row that is no clip, or one too many, must not contradict a good one.
    for check in (_without_faults, _without_repeats, _at_one_site, _without_contradictions):
        clips, more = check(clips)
        rejected += more
    # Nothing is lost: each row is a clip, or has a reason.
    assert len(clips) + len(rejected) == notes["rows"]
    placed = place_clips(folder, clips, _moments(clips, dates), times)
    rows, assumed = _complete(clips, placed)
    rows, alike = _spelled_alike(rows)
    notes |= {**assumed, "look_alikes": alike, "recorders_settings": placed.settings}
    cuts = clips[["file", "begin", "stop"]].set_axis(["file", "onset", "end"], axis=1)
    return ClipTable(rows, cuts.reset_index(drop=True), rejected, notes)


def _understand(
    written: WrittenTable, labels: tuple[str, str], order: DateFormat | None
) -> tuple[pd.DataFrame, Sequence[date | str | None], dict[str, Any]]:
    """The rows as they are meant; their dates; and what was noticed.

    Returns:
        table: all known columns, compact; onset and end in seconds too (begin, stop) and as one text (span); moment,
            which of the dates is the row's; and reason, the first fault that shows in the table, "" for none.
        dates: what the columns date and time hold, each once: a moment, None, or why it is not understood.
        notes: see `ClipTable`.
    """
    table = _known_columns(written.cells)
    nothing = _blank_out(table)
    no_times = _settle_times(table)
    unknown_labels = _check_labels(table["label"], written.cells["label"], labels)
    moments, first = number([table["date"], table["time"]])
    dates = read_dates(table["date"].iloc[first], table["time"].iloc[first], order)
    reasons = _faults(table, written, labels)
    not_understood = pd.Series([_reason(moment) for moment in dates], dtype="str")
    spans = read_spans(table["onset"], table["end"])
    # A row has one reason, the first: what its words say, then its date, then its span.
    for later in (spread(not_understood, moments, table.index), spans["reason"]):
        reasons = choose(reasons, later, reasons != "")
    ignored = [name for name in written.cells if name not in table or _is_set_aside(name, table)]
    notes = {
        "rows": len(table),
        "ignored_columns": ignored,
        "columns_meant": _columns_meant(written.cells, ignored),
        "unknown_labels": unknown_labels,
        "respelt_paths": 0,
        **written.notes,
    }
    if nothing:
        notes["nothing_known"] = nothing
    if no_times:
        notes["no_times_of_day"] = no_times
    seconds = spans[["onset", "end"]].set_axis(["begin", "stop"], axis=1)
    more = {"span": spans["span"], "moment": moments.astype(np.int32), "reason": reasons}
    return table.join(seconds).assign(**more), dates, notes


def _reason(moment: date | str | None) -> str:
    """Why a date is not understood; "" where it is."""
    if isinstance(moment, str):
        return moment
    return ""


def _known_columns(cells: pd.DataFrame) -> pd.DataFrame:
    table = pd.DataFrame(index=cells.index)
    for name in _COLUMNS:
        if name in cells:
            table[name] = cells[name]
        else:
            table[name] = blank(cells.index)
    for column in VOCABULARY:
        table[column] = each(table[column], str.casefold)
    if "onset" not in cells and not holds_seconds(table["end"].cat.categories):
        table["end"] = blank(table.index)  # the time at which recorders stopped
    return table


def _blank_out(table: pd.DataFrame) -> int:
    """Empty the cells that say that nothing is known, as R and pandas write them; returns how many there were."""
    cells = 0
    # Not in these columns: a class may well be called "none", and a span that is written so is a fault to be told.
    for name in table.columns.drop(["path", "label", *SPAN]):
        said = each(table[name], _unless_nothing)
        cells += int(((said == "") & (table[name] != "")).sum())
        table[name] = said
    return cells


def _unless_nothing(text: str) -> str:
    if text.casefold() in _NOTHING:
        return ""
    return text


def _settle_times(table: pd.DataFrame) -> str:
    """Write the column time in one way, or empty it when it holds no times of day; returns an example of those."""
    texts = count(table["time"])
    times = clocks(texts)
    if times is not None:
        table["time"] = each(table["time"], lambda text: times.get(text, text))
        return ""
    table["time"] = blank(table.index)
    return next(text for text in texts if text)


def _columns_meant(cells: pd.DataFrame, ignored: Sequence[str]) -> dict[str, str]:
    in_seconds = [name for name in ignored if holds_seconds(cells[name].unique())]
    return suggest_columns(ignored, set(OPTIONAL) - set(cells), in_seconds)


def _is_set_aside(name: str, table: pd.DataFrame) -> bool:
    """Whether a column of a name that we know turned out to mean something else, or nothing."""
    return name in ("time", "end") and not (table[name] != "").any()


def _check_labels(
    labels: pd.Series, written: pd.Series, classes: tuple[str, str]
) -> dict[str, int]:
    """The labels that are neither of the two classes, and how often.

    Raises:
        DataError: there are more of them than of the two: then the classes have other names.
    """
    known = labels.isin(classes)
    unknown = count(written[~known & (labels != "")])
    # A few unknown labels are typing errors, for the quarantine; more than the known ones are another vocabulary.
    if sum(unknown.values()) > known.sum():
        found = []
        for label, rows in count(written).most_common(_MOST_NAMED):
            found.append(f"{label} ({rows})")
        raise DataError(
            f"most labels of {FILE_NAME} are neither {classes[0]!r} nor {classes[1]!r}; it has: {', '.join(found)}: "
            "set survey.positive_label and survey.negative_label to what it calls the two classes"
        )
    return dict(unknown.most_common(_MOST_NAMED))


def _faults(table: pd.DataFrame, written: WrittenTable, labels: tuple[str, str]) -> pd.Series:
    """The first fault of each row that its text alone shows, in words; "" for none."""
    found = find_faults(table, positive_label=labels[0], negative_label=labels[1])
    faults = pd.Series("", table.index, dtype=object)
    for column, rows in found.groupby("column"):
        faults[rows.index] = rows["what"]
        if column:
            faults[rows.index] += ": " + _shown(written.cells, str(column), rows.index)
    for position, fields in written.overlong.items():
        more = f"{fields} fields under {len(written.cells.columns)} columns"
        faults[position] = f"too many fields: {more}; text with a separator in it needs quotes"
    return compact(faults)


def _shown(cells: pd.DataFrame, column: str, rows: pd.Index) -> pd.Series:
    """What faulty rows have in a column, as it is written; of an empty path the number of the row."""
    if column != "path":
        return cells.loc[rows, column].astype("str")
    return "row " + pd.Series(rows + 1, rows).astype("str")


def _find_files(table: pd.DataFrame, files: Folder) -> pd.DataFrame:
    """The table with the files that its paths mean; each is looked up once, those of faulty rows are not."""
    usable = table["reason"] == ""
    found: dict[str, str] = {}
    missing: dict[str, str] = {}
    for path in table.loc[usable, "path"].unique():
        try:
            found[path] = files.find(path)
        except DataError as reason:
            missing[path] = str(reason)
    of_paths = each(table["path"], lambda path: missing.get(path, ""))
    files_of_paths = each(table["path"], lambda path: found.get(path, ""))
    file = choose(files_of_paths, blank(table.index), usable)
    return table.assign(file=file, reason=choose(of_paths, table["reason"], usable))


def _as_clips(table: pd.DataFrame, positive: str) -> pd.DataFrame:
    """The rows with the label and the role of a clip, and the source that names it."""
    # Unknown labels are faults by now: whatever is not positive is negative, and of a candidate "" is too.
    classes = {positive: POSITIVE}
    return table.assign(
        label=each(table["label"], lambda label: classes.get(label, NEGATIVE)),
        role=each(table["role"], lambda role: role or LABELLED),
        source=_pieces(table["file"], table["span"]),
    )


def _pieces(files: pd.Series, spans: pd.Series) -> pd.Series:
    """How `cuts.Cut.source` names them: "path" or "path@onset-end"."""
    return files.astype("str") + each(spans, _behind_file).astype("str")


def _behind_file(span: str) -> str:
    if not span:
        return ""
    return f"@{span}"


def _without_faults(clips: pd.DataFrame) -> tuple[pd.DataFrame, list[Rejected]]:
    """Rows that are clips; and all others, each with the reason."""
    faulty = clips["reason"] != ""
    rejected = clips.loc[faulty, ["path", "reason"]].itertuples(index=False, name=None)
    return clips[~faulty], list(rejected)


def _in_order(clips: pd.DataFrame) -> pd.DataFrame:
    """Sorted by source, those that only candidates name last: no other order of the rows then matters."""
    clips = clips.iloc[clips["source"].argsort()]
    pool = clips["role"] == CANDIDATE
    if not pool.any():
        return clips
    # A source that a person labelled too stays with the labelled ones, so that its rows remain neighbours.
    twice = _are_repeated(clips["source"])
    pool[twice] = pool[twice].groupby(clips.loc[twice, "source"]).transform("all")
    return pd.concat([clips[~pool], clips[pool]])


def _are_repeated(sources: pd.Series) -> Flags:
    """Whether there are others of the same name, of names of which equal ones are neighbours."""
    same = np.zeros(len(sources) + 1, bool)  # as the one before
    same[1:-1] = sources.array[1:] == sources.array[:-1]
    repeated: Flags = same[1:] | same[:-1]
    return repeated


def _without_repeats(clips: pd.DataFrame) -> tuple[pd.DataFrame, list[Rejected]]:
    """Clips that name one file, or one piece of a file, once; and those left out, each with the reason."""
    clips = _in_order(clips)
    repeated = clips[_are_repeated(clips["source"])]
    if repeated.empty:
        return clips, []
    written = _as_written(repeated)
    stays: list[int] = []
    rejected: list[Rejected] = []
    for _, rows in groupby(_records(repeated[[*_COLUMNS, "file", "source"]]), _source_of):
        same = sorted(rows, key=lambda row: precedence(row[1]))
        against = contradiction([row for _, row in same])
        reason = "path listed twice"
        if against:
            reason = f"path listed twice with contradicting {against}"
        else:
            stays.append(same.pop(0)[0])
        rejected += [(written[position], reason) for position, _ in same]
    left_out = repeated.index.difference(stays)
    return clips.drop(left_out), rejected


def _records(clips: pd.DataFrame) -> Iterator[tuple[int, dict[str, str]]]:
    """The index and the values of each row; ten times as fast as pandas does it."""
    names = list(clips.columns)
    columns = [clips[name].astype(object).tolist() for name in names]
    for position, values in zip(clips.index.tolist(), zip(*columns, strict=True), strict=True):
        yield position, dict(zip(names, values, strict=True))


def _source_of(record: tuple[int, Mapping[str, str]]) -> str:
    return record[1]["source"]


def _as_written(clips: pd.DataFrame) -> dict[int, str]:
    """Index -> the path as the table writes it, with the piece of the file behind it."""
    return dict(_pieces(clips["path"], clips["span"]).items())


def _at_one_site(clips: pd.DataFrame) -> tuple[pd.DataFrame, list[Rejected]]:
    """Clips of which those of one file name one site, or none; and those left out, each with the reason.

    A file was recorded at one place: pieces for which no site is named are where the others are.
    """
    pieces = clips["file"].duplicated(keep=False)
    named = clips.loc[pieces & (clips["site"] != ""), ["file", "site"]]
    named = named.assign(form=each(named["site"], comparable)).drop_duplicates(["file", "form"])
    several = named["file"].duplicated(keep=False)
    home = dict(named.loc[~several, ["file", "site"]].itertuples(index=False, name=None))
    of_file = each(clips["file"], lambda file: home.get(file, ""))
    clips = clips.assign(site=choose(clips["site"], of_file, clips["site"] != ""))
    # Which of several sites is right nobody can tell; taken for that of the wrong one, a piece would leak.
    divided: dict[str, list[str]] = defaultdict(list)
    for file, site in named.loc[several, ["file", "site"]].itertuples(index=False, name=None):
        divided[file].append(site)
    misplaced = clips["file"].isin(list(divided))
    written = _as_written(clips[misplaced])
    rejected = []
    for position, file in clips.loc[misplaced, "file"].items():
        sites = " / ".join(divided[file])
        rejected.append((written[position], f"pieces of one file at contradicting sites: {sites}"))
    return clips[~misplaced], rejected


def _without_contradictions(clips: pd.DataFrame) -> tuple[pd.DataFrame, list[Rejected]]:
    """Clips of which no piece of sound has two labels; and those left out, each with the reason."""
    # By position and not by index: the rows are no longer in the order of the table.
    found = contradicted(clips)
    if not found:
        return clips, []
    positions = sorted(found)
    written = _as_written(clips.iloc[positions]).values()
    rejected = []
    for path, position in zip(written, positions, strict=True):
        other = clips["source"].iloc[found[position]]
        rejected.append((path, f"overlapping spans with contradicting labels: {other}"))
    return clips.drop(clips.index[positions]), rejected


def _moments(clips: pd.DataFrame, dates: Sequence[date | str | None]) -> Moments:
    """The dates of clips, none of which is a reason: those of faulty rows."""
    numbers, different = pd.factorize(clips["moment"])
    moments: list[date | None] = []
    for position in different:
        moment = dates[position]
        assert not isinstance(moment, str)
        moments.append(moment)
    return Moments(moments, numbers)


def _complete(clips: pd.DataFrame, placed: Placed) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Fill what the table leaves open; also how often each thing was assumed, and the first file of each."""
    positive = clips["label"] == POSITIVE
    named = clips["quality"] != ""
    quality = each(clips["quality"], lambda quality: quality or "high")
    site = each(clips["site"], lambda site: site or UNKNOWN_SITE)
    recorder = choose(placed.recorders, site, placed.recorders != "")
    known = placed.nights != ""
    # What one recorder heard in one night is not independent; of an unknown night each file stands for itself.
    by_night = choose(_join(recorder, placed.nights), clips["file"], known)
    rows = clips[["label", "call_type", "speaker", "role", "split", "source"]].assign(
        quality=choose(quality, blank(clips.index), positive),
        site=site,
        recorder=recorder,
        night=placed.nights,
        recording=choose(clips["recording"], by_night, clips["recording"] != ""),
    )
    said = {
        "quality_assumed_high": (positive & ~named).to_numpy(bool),
        "quality_of_negatives_ignored": (~positive & named).to_numpy(bool),
        "site_unknown": (clips["site"] == "").to_numpy(bool),
        "recorder_assumed_site": (placed.recorders == "").to_numpy(bool),
        **placed.assumed,
        "night_unknown": (~known & (clips["recording"] == "")).to_numpy(bool),
    }
    return rows.reset_index(drop=True), _tally(said, clips["source"])


def _join(recorder: pd.Series, night: pd.Series) -> pd.Series:
    """What a recorder recorded in a night, as one recording."""
    numbers, first = number([recorder, night])
    names = recorder.iloc[first].astype("str") + "_" + night.iloc[first].astype("str")
    return spread(names, numbers, recorder.index)


def _tally(said: Mapping[str, Flags], sources: pd.Series) -> dict[str, Any]:
    """Assumption -> clips, the first that was made first; and the first clip of each."""
    assumed = dict.fromkeys(_ALWAYS_TOLD, 0)
    examples: dict[str, str] = {}
    made = [assumption for assumption, flags in said.items() if flags.any()]
    for assumption in sorted(made, key=lambda assumption: said[assumption].argmax()):
        assumed[assumption] = int(said[assumption].sum())
        examples[assumption] = sources.iloc[said[assumption].argmax()]
    return {**assumed, "examples": examples}


def _spelled_alike(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """The rows with one spelling for each name; and by column the names that only look like one another."""
    rows = rows.assign(**{name: _one_spelling(rows[name]) for name in NAMES})
    alike = {}
    for name in ("site", "recorder", "speaker"):
        if found := look_alikes(rows[name].unique()):
            alike[name] = [" / ".join(group) for group in found]
    return rows, alike


def _one_spelling(names: pd.Series) -> pd.Series:
    numbers, first = number([names])
    return spread(one_spelling(names.iloc[first].astype("str")), numbers, names.index)
