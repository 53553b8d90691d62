"""The user's clips.csv: read, checked row by row, and completed with what names, files and defaults tell."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from chorus.clips import CANDIDATE, LABELLED, NEGATIVE, POSITIVE, UNKNOWN_SITE
from chorus.errors import DataError
from chorus.names import comparable, look_alikes, one_spelling
from chorus.survey.cuts import Cut, contradicted, holds_seconds, read_span
from chorus.survey.dates import clocks
from chorus.survey.duplicates import contradiction, precedence
from chorus.survey.paths import Folder
from chorus.survey.reading import WrittenTable, read_table, suggest_columns
from chorus.survey.schema import OPTIONAL, REQUIRED, SPAN, VOCABULARY, find_faults
from chorus.survey.timing import Placed, TimeRules, count_settings, place_clips, read_dates

FILE_NAME = "clips.csv"
NAMES = (
    "site",
    "recorder",
    "speaker",
    "recording",
)  # columns that name things, as people spell them
_MOST_NAMED = 10  # values in one message
_NOTHING = (
    "na",
    "n/a",
    "#n/a",
    "<na>",
    "nan",
    "nat",
    "null",
    "none",
    "unknown",
    "-",
    "?",
)  # how programs write it


@dataclass(frozen=True)
class ClipTable:
    """What a clips.csv says.

    rows: one dict a usable row, with the keys that `packing.ClipSource.meta` lists; source is the file's path
        relative to the folder, with "@onset-end" behind it where the clip is a piece of the file.
    cuts: for each of the rows the file, and the piece of it.
    rejected: pairs of path and reason, one for each other row that is not blank.
    notes: what was ignored, assumed and found, as names and counts, for `assumptions_in_words`.
    """

    rows: list[dict[str, str]]
    cuts: list[Cut]
    rejected: list[tuple[str, str]]
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
    written = read_table(folder / FILE_NAME, REQUIRED, (*REQUIRED, *OPTIONAL))
    table = _known_columns(written.cells)
    nothing = _blank_out(table)
    no_times = _settle_times(table)
    positive, negative = positive_label.casefold(), negative_label.casefold()
    unknown_labels = _check_labels(table, written.cells["label"], positive, negative)
    dates = read_dates(table["date"].tolist(), table["time"].tolist(), times.order)
    faults = _faults(table, written, dates, positive, negative)
    files = Folder(folder)
    rows: list[dict[str, str]] = []
    rejected: list[tuple[str, str]] = []
    cut_of: dict[str, Cut] = {}
    for position, row in enumerate(_records(table)):
        try:
            if position in faults:
                raise DataError(faults[position])
            span = read_span(row["onset"], row["end"])
            cut = Cut(files.find(row["path"]), span)
        except DataError as reason:
            rejected.append((row["path"], str(reason)))
            continue
        label = (
            POSITIVE if row["label"] == positive else NEGATIVE
        )  # of a candidate "" is negative too
        row |= {
            "label": label,
            "role": row["role"] or LABELLED,
            "file": cut.file,
            "source": cut.source,
        }
        cut_of[row["source"]] = cut
        rows.append(row)
    unrepeated, repeated = _without_repeats(rows)
    placed_once, misplaced = _at_one_site(unrepeated)
    consistent, contradicting = _without_contradictions(placed_once)
    rejected += repeated + misplaced + contradicting
    assert len(consistent) + len(rejected) == len(table)
    cuts = [cut_of[row["source"]] for row in consistent]
    moments = dict(
        zip(zip(table["date"].tolist(), table["time"].tolist(), strict=True), dates, strict=True)
    )
    placed = _place(folder, consistent, cuts, moments, times)
    completed, assumed = _complete(consistent, placed)
    completed, alike = _spelled_alike(completed)
    ignored = [name for name in written.cells if name not in table or _is_set_aside(name, table)]
    notes = {
        "rows": len(table),
        "ignored_columns": ignored,
        "columns_meant": _columns_meant(written.cells, ignored),
        "unknown_labels": unknown_labels,
        "respelt_paths": files.respelt,
        **written.notes,
        **{
            note: value
            for note, value in (("nothing_known", nothing), ("no_times_of_day", no_times))
            if value
        },
        **assumed,
        "look_alikes": alike,
        "recorders_settings": count_settings(placed),
    }
    return ClipTable(completed, cuts, rejected, notes)


def _records(table: pd.DataFrame) -> Iterator[dict[str, str]]:
    """The rows as dicts; ten times as fast as pandas does it."""
    names = list(table.columns)
    for values in zip(*(table[name].tolist() for name in names), strict=True):
        yield dict(zip(names, values, strict=True))


def _known_columns(cells: pd.DataFrame) -> pd.DataFrame:
    table = cells.reindex(columns=[*REQUIRED, *OPTIONAL], fill_value="")
    for column in VOCABULARY:
        table[column] = table[column].str.casefold()
    if "onset" not in cells and not holds_seconds(
        table["end"].unique()
    ):  # the time at which recorders stopped
        table["end"] = ""
    return table


def _blank_out(table: pd.DataFrame) -> int:
    """Empty the cells that say that nothing is known, as R and pandas write them; returns how many there were."""
    names = table.columns.drop(["path", "label", *SPAN])  # a class may well be called "none"
    nothing = table[names].apply(lambda column: column.str.casefold().isin(_NOTHING))
    table[names] = table[names].mask(nothing, "")
    return int(nothing.to_numpy().sum())


def _settle_times(table: pd.DataFrame) -> str:
    """Write the column time in one way, or empty it when it holds no times of day; returns an example of those."""
    times = clocks(table["time"].tolist())
    example = "" if times is not None else next(text for text in table["time"] if text)
    table["time"] = "" if times is None else times
    return example


def _columns_meant(cells: pd.DataFrame, ignored: Sequence[str]) -> dict[str, str]:
    in_seconds = [name for name in ignored if holds_seconds(cells[name].unique())]
    return suggest_columns(ignored, set(OPTIONAL) - set(cells), in_seconds)


def _is_set_aside(name: str, table: pd.DataFrame) -> bool:
    """Whether a column of a name that we know turned out to mean something else, or nothing."""
    return name in ("time", "end") and not table[name].any()


def _check_labels(
    table: pd.DataFrame, written: pd.Series, positive: str, negative: str
) -> dict[str, int]:
    """The labels that are neither of the two, and how often.

    Raises:
        DataError: there are more of them than of the two: then the classes have other names.
    """
    known = table["label"].isin([positive, negative])
    unknown = Counter(written[~known & (table["label"] != "")])
    if sum(unknown.values()) > known.sum():
        found = ", ".join(
            f"{label} ({rows})" for label, rows in Counter(written).most_common(_MOST_NAMED)
        )
        raise DataError(
            f"most labels of {FILE_NAME} are neither {positive!r} nor {negative!r}; it has: {found}: "
            "set survey.positive_label and survey.negative_label to what it calls the two classes"
        )
    return dict(unknown.most_common(_MOST_NAMED))


def _faults(
    table: pd.DataFrame,
    written: WrittenTable,
    dates: Sequence[date | str | None],
    positive: str,
    negative: str,
) -> dict[int, str]:
    """Position of a row -> its first fault, in words."""
    faults: dict[int, str] = {}
    for position, fields in written.overlong.items():
        more = f"{fields} fields under {len(written.cells.columns)} columns"
        faults[position] = f"too many fields: {more}; text with a separator in it needs quotes"
    found = find_faults(table, positive_label=positive, negative_label=negative)
    for position, (what, column) in found.items():
        value = str(written.cells.at[position, column]) if column else ""
        value = f"row {position + 1}" if column == "path" else value
        faults.setdefault(position, f"{what}: {value}" if value else what)
    for position, moment in enumerate(dates):
        if isinstance(moment, str):
            faults.setdefault(position, moment)
    return faults


def _without_repeats(
    rows: Iterable[dict[str, str]],
) -> tuple[list[dict[str, str]], list[tuple[str, str]]]:
    """Rows that name one file, or one piece of a file, once; and those left out, each with the reason."""
    by_source: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["role"] == CANDIDATE, row["source"])):
        by_source[row["source"]].append(row)
    kept: list[dict[str, str]] = []
    repeated: list[tuple[str, str]] = []
    for rows_of_source in by_source.values():
        if len(rows_of_source) == 1:  # nearly all
            kept += rows_of_source
            continue
        same = sorted(rows_of_source, key=precedence)
        against = contradiction(same)
        stays = [] if against else same[:1]
        reason = (
            f"path listed twice with contradicting {against}" if against else "path listed twice"
        )
        kept += stays
        repeated += [(_written(row), reason) for row in same[len(stays) :]]
    return kept, repeated


def _at_one_site(
    rows: Sequence[dict[str, str]],
) -> tuple[list[dict[str, str]], list[tuple[str, str]]]:
    """Rows of which those about one file name one site, or none; and those left out, each with the reason.

    A file was recorded at one place: pieces for which no site is named are where the others are.
    """
    pieces = Counter(row["file"] for row in rows)
    sites: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        if row["site"] and pieces[row["file"]] > 1:
            sites[row["file"]].setdefault(comparable(row["site"]), row["site"])
    kept = [
        row if row["site"] else {**row, "site": "".join(sites[row["file"]].values())}
        for row in rows
    ]
    divided = {file: " / ".join(named.values()) for file, named in sites.items() if len(named) > 1}
    rejected = [
        (row, f"pieces of one file at contradicting sites: {divided[row['file']]}")
        for row in rows
        if row["file"] in divided
    ]
    return [row for row in kept if row["file"] not in divided], [
        (_written(row), reason) for row, reason in rejected
    ]


def _without_contradictions(
    rows: Sequence[dict[str, str]],
) -> tuple[list[dict[str, str]], list[tuple[str, str]]]:
    """Rows of which no piece of sound has two labels; and those left out, each with the reason."""
    by_file: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_file[row["file"]].append(row)
    reasons: dict[str, str] = {}
    for same in by_file.values():
        for position, other in contradicted(same).items() if len(same) > 1 else ():
            reasons[same[position]["source"]] = (
                f"overlapping spans with contradicting labels: {same[other]['source']}"
            )
    kept = [row for row in rows if row["source"] not in reasons]
    return kept, [
        (_written(row), reasons[row["source"]]) for row in rows if row["source"] in reasons
    ]


def _written(row: Mapping[str, str]) -> str:
    """The path as the table writes it, with the piece of the file behind it."""
    return Cut(row["path"], read_span(row["onset"], row["end"])).source


def _place(
    folder: Path,
    rows: Sequence[Mapping[str, str]],
    cuts: Sequence[Cut],
    moments: Mapping[tuple[str, str], date | str | None],
    times: TimeRules,
) -> list[Placed]:
    files = [cut.file for cut in cuts]
    onsets = [cut.span.onset if cut.span else 0.0 for cut in cuts]
    recorders = [row["recorder"] for row in rows]
    columns = [moments[row["date"], row["time"]] for row in rows]
    dates = [moment for moment in columns if not isinstance(moment, str)]  # those of faulty rows
    assert len(dates) == len(rows)
    return place_clips(folder, files, recorders, dates, onsets, times)


def _spelled_alike(rows: list[dict[str, str]]) -> tuple[list[dict[str, str]], dict[str, list[str]]]:
    """The rows with one spelling for each name; and by column the names that only look like one another."""
    names = pd.DataFrame(rows, columns=list(NAMES)).apply(one_spelling)
    spelled = [{**row, **same} for row, same in zip(rows, _records(names), strict=True)]
    alike = {
        column: look_alikes(names[column].unique()) for column in ("site", "recorder", "speaker")
    }
    return spelled, {
        column: [" / ".join(group) for group in found] for column, found in alike.items() if found
    }


def _complete(
    rows: Sequence[Mapping[str, str]], placed: Sequence[Placed]
) -> tuple[list[dict[str, str]], dict[str, Any]]:
    """Fill what the table leaves open; also how often each thing was assumed, and the first file of each."""
    assumed = Counter(
        quality_assumed_high=0, quality_of_negatives_ignored=0, site_unknown=0,
        recorder_from_file_name=0, recorder_assumed_site=0, night_from_file_name=0, night_unknown=0,
    )  # fmt: skip
    examples: dict[str, str] = {}
    completed = []
    for row, place in zip(rows, placed, strict=True):
        site = row["site"] or UNKNOWN_SITE
        recorder, night = place.recorder or site, place.night
        quality = (row["quality"] or "high") if row["label"] == POSITIVE else ""
        said = {
            "quality_assumed_high": quality != "" and not row["quality"],
            "quality_of_negatives_ignored": quality == "" and row["quality"] != "",
            "site_unknown": not row["site"],
            "recorder_assumed_site": not place.recorder,
            **dict.fromkeys(place.assumptions, True),
            "night_unknown": not night and not row["recording"],
        }
        for assumption in (name for name, true in said.items() if true):
            assumed[assumption] += 1
            examples.setdefault(assumption, row["source"])
        completed.append(
            {
                **{
                    key: row[key]
                    for key in ("label", "call_type", "speaker", "role", "split", "source")
                },
                "quality": quality,
                "site": site,
                "recorder": recorder,
                "night": night,
                "recording": row["recording"] or (f"{recorder}_{night}" if night else row["file"]),
            }
        )
    return completed, {**assumed, "examples": examples}
