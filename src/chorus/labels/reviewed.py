"""Answers that were given on a page of `chorus review-queue` become clips, with who, when and by which model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pandas as pd

from chorus.audio import encode_flac
from chorus.clips import NEGATIVE, POSITIVE, QUALITIES
from chorus.detection.faults import raise_unless_own
from chorus.errors import DataError
from chorus.files import replacing
from chorus.labels.marks import Refused
from chorus.places import below, is_remote
from chorus.season.listening import read_window
from chorus.season.queue import ANSWERS, UNSURE
from chorus.season.queue_page import EXPORTED
from chorus.storages import is_file, without_kind
from chorus.survey.cuts import Span, read_span

CUT = "reviewed"  # the folder of windows that were cut out of recordings elsewhere
ADDED = ("reviewed_by", "reviewed_at", "reviewed_model", "reviewed_quality")
_LONGEST_NAME = 200  # bytes; disks allow 255, and the place of the window is added, and more while it is written
_NUMBERS = ("start", "end", "score", "threshold", "stratum_size")


@dataclass
class Added:
    """What became of answers: the new table of clips, how many rows are new, and what was kept out."""

    clips: pd.DataFrame
    new: int = 0
    known: int = 0
    unsure: int = 0
    refused: list[Refused] = field(default_factory=list)


def read_reviews(paths: Iterable[Path]) -> pd.DataFrame:
    """Exported tables, one below the other: the columns `EXPORTED`, numbers as numbers; also windows without an answer.

    Raises:
        DataError: a file is missing, is no such table, or holds an answer, a quality or a number that cannot be; names
            file and line.
    """
    tables = [_read(path) for path in paths]
    # An export may come back in several files, of one queue or of many; queues are told apart by a column.
    if tables:
        return pd.concat(tables, ignore_index=True)
    # Without a table the columns have their types all the same, so that nobody has to ask for this case.
    empty = pd.DataFrame(columns=list(EXPORTED), dtype="str")
    return empty.astype(dict.fromkeys(_NUMBERS, "float64"))


def confirmed_sites(reviews: pd.DataFrame) -> set[str]:
    """Sites at which somebody heard a call."""
    return set(reviews.loc[reviews["label"] == POSITIVE, "site"])


def add_reviews(
    folder: Path,
    clips: pd.DataFrame,
    reviews: pd.DataFrame,
    recordings: Path,
    names: tuple[str, str] = (POSITIVE, NEGATIVE),
) -> Added:
    """Add answers to a table of clips.

    A window of a recording in the folder is a row with its onset and end. One of a recording elsewhere is cut out, into
    `CUT`. What is in the table already stays as it is: the same answer again is known, another one is refused. So are
    answers on which people disagree.

    Args:
        folder: of the survey. clips: its clips.csv, as text. recordings: against which the reviews' files are relative,
            where they are not URLs (`chorus.places`).
        names: what the table calls positive and negative.
    """
    added = Added(clips)
    rows = []
    cut: dict[str, str] = {}
    # Known before cut: a second pass over the same answers writes no file anew.
    for row in _settled(reviews, added):
        try:
            place = _place(folder, recordings, row)
            new = _row(row, place, names, clips)
            if _is_known(clips, new):
                added.known += 1
                continue
            # a.wav and a.flac beside each other would be cut out to one file, the later over the earlier.
            if new["path"] in cut:
                raise DataError(f"one name for two windows: {new['path']} is {cut[new['path']]}")
            _cut(folder, recordings, row, new)
        except DataError as reason:
            raise_unless_own(reason, below(recordings, row["file"]))
            added.refused.append(Refused(row["window"], 0, str(reason)))
            continue
        rows.append(new)
        if not new["onset"]:
            cut[new["path"]] = row["window"]
    columns = list(dict.fromkeys([*clips.columns, *_columns(clips)]))
    records = [*clips.to_dict("records"), *rows]
    added.clips = pd.DataFrame(records, columns=columns, dtype=str).fillna("")
    added.new = len(rows)
    return added


def _read(path: Path) -> pd.DataFrame:
    if not is_file(path):
        raise DataError(f"there is no {path}")
    try:
        with path.open("rb") as file:
            # All text: a site called "NA" is a site. The mark at the beginning is Excel's.
            table = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"{path} is no table in UTF-8: {str(error).splitlines()[0]}") from None
    if missing := [name for name in EXPORTED if name not in table]:
        raise DataError(f"{path} is no export of a review queue: it lacks {', '.join(missing)}")
    table = table[list(EXPORTED)]
    # The file was out of our hands, in a browser's downloads: whatever becomes a label is looked at again.
    _one_of(path, table, "label", ("", *ANSWERS))
    _one_of(path, table, "quality", ("", *QUALITIES))
    _named(path, table)
    for name in _NUMBERS:
        table[name] = _numbers(path, table, name)
    empty = table.index[table["end"] <= table["start"]]
    if len(empty):
        raise DataError(f"{path}, line {empty[0] + 2}: the window ends before it begins")
    unsigned = table[(table["label"] != "") & (table["who"].str.strip() == "")]
    if len(unsigned):
        raise DataError(
            f"{path}, line {unsigned.index[0] + 2}: an answer of nobody, the column who is empty"
        )
    return table


def _one_of(path: Path, table: pd.DataFrame, name: str, allowed: Sequence[str]) -> None:
    strange = table.index[~table[name].isin(allowed)]
    if len(strange):
        value = table.at[strange[0], name]
        raise DataError(
            f"{path}, line {strange[0] + 2}: {name} {value!r} is not allowed: {', '.join(allowed[1:])}"
        )


def _named(path: Path, table: pd.DataFrame) -> None:
    """Refuse a queue or a file whose name cannot be one: both become the names of files."""
    for name, pattern in (("queue", r"\w[\w-]*"), ("file", r"[^\0]*[^\0/.][^\0]*")):
        strange = table.index[~table[name].str.fullmatch(pattern)]
        if len(strange):
            value = table.at[strange[0], name]
            raise DataError(
                f"{path}, line {strange[0] + 2}: {name} {value!r} is no name of a {name}"
            )


def _numbers(path: Path, table: pd.DataFrame, name: str) -> pd.Series:
    # What is no number becomes NaN, which lies between no two numbers.
    numbers = pd.to_numeric(table[name], errors="coerce")
    strange = table.index[~numbers.between(0, 1e9)]
    if len(strange):
        raise DataError(
            f"{path}, line {strange[0] + 2}: {name} {table.at[strange[0], name]!r} is no number from 0 on"
        )
    return numbers


def _settled(reviews: pd.DataFrame, added: Added) -> list[dict[str, str]]:
    """One answer a window, the last of each person; where people disagree, none."""
    # Whoever answers a window twice has thought again.
    given = reviews[reviews["label"] != ""].sort_values("when", kind="stable")
    last = given.drop_duplicates(["window", "who"], keep="last")
    settled = []
    for window, answers in last.groupby("window", sort=True):
        sure = answers[answers["label"] != UNSURE]
        if sure["label"].nunique() > 1:
            said = "; ".join(sure["who"] + ": " + sure["label"])
            added.refused.append(Refused(str(window), 0, f"people disagree: {said}"))
        elif sure.empty:
            added.unsure += 1
        else:
            settled.append(sure.iloc[-1].to_dict())
    # By recording: each file is then examined once, however many windows are cut out of it.
    return sorted(settled, key=lambda row: (row["file"], float(row["start"])))


def _place(folder: Path, recordings: Path, row: dict[str, str]) -> tuple[str, str, str]:
    """Path, onset and end of a window in the survey's folder; empty ones for a file that is cut out."""
    source = below(recordings, row["file"])
    span = Span(float(row["start"]), float(row["end"]))
    if not is_remote(source) and source.resolve().is_relative_to(folder.resolve()):
        onset, _, end = str(span).partition("-")
        return source.resolve().relative_to(folder.resolve()).as_posix(), onset, end
    # The name comes from a table: no part of it may lead out of the folder, or hold what a disk refuses.
    named = PurePosixPath(without_kind(row["file"]))
    parts = []
    for part in named.with_suffix("").parts:
        if part not in ("/", ".."):
            parts.append(re.sub(r"[^\w.+ -]", "_", part))
    # The end of a name that is too long for a disk: there stands when it was recorded.
    parts[-1] = parts[-1].encode()[-_LONGEST_NAME:].decode(errors="ignore")
    return f"{CUT}/{'/'.join(parts)}_{span.onset:.1f}s_{span.end:.1f}s.flac", "", ""


def _row(
    row: dict[str, str], place: tuple[str, str, str], names: tuple[str, str], clips: pd.DataFrame
) -> dict[str, str]:
    path, onset, end = place
    label, quality = names[1], ""
    if row["label"] == POSITIVE:
        label, quality = names[0], row["quality"]
    new = {
        "path": path, "label": label, "onset": onset, "end": end, "site": row["site"],
        "recorder": row["recorder"], "date": row["night"], "reviewed_by": row["who"], "reviewed_at": row["when"],
        "reviewed_model": row["model"], "reviewed_quality": row["quality"],
    }  # fmt: skip
    if _names_quality(clips):
        new["quality"] = quality
    return new


def _names_quality(clips: pd.DataFrame) -> bool:
    """Whether the table grades its positives: in a table that does not, one graded row would put out all others."""
    return "quality" in clips and bool((clips["quality"] != "").any())


def _columns(clips: pd.DataFrame) -> list[str]:
    columns = ["path", "label", "onset", "end", "site", "recorder", "date"]
    if _names_quality(clips):
        columns.append("quality")
    return [*columns, *ADDED]


def _is_known(clips: pd.DataFrame, new: dict[str, str]) -> bool:
    """Whether the table has the same clip already.

    Raises:
        DataError: it has it with another label, or one that overlaps it.
    """
    same = clips[clips["path"] == new["path"]]
    if not len(same):
        return False
    # All rows of the recording, not only that of the span: half a second further a window is another row, but the
    # same sound.
    mine = _span(new["onset"], new["end"])
    for row in same.to_dict("records"):
        span = _span(row.get("onset", ""), row.get("end", ""))
        overlaps = span.onset < mine.end and mine.onset < span.end
        if overlaps and row["label"].casefold() != new["label"].casefold():
            raise DataError(
                f"clips.csv says {row['label']} of {span}, {new['reviewed_by']} says {new['label']}"
            )
        if span == mine:
            return True
    return False


def _span(onset: str, end: str) -> Span:
    # A row without a span is the whole recording, however long it is.
    return read_span(onset, end) or Span(0.0, float("inf"))


def _cut(folder: Path, recordings: Path, row: dict[str, str], new: dict[str, str]) -> None:
    """Cut a window of a recording elsewhere out into the folder; one in the folder must be there."""
    source = below(recordings, row["file"])
    if new["onset"]:
        # A row of clips.csv would name what nobody can read.
        if not source.is_file():
            raise DataError(f"no such file: {source}")
        return
    samples = read_window(source, float(row["start"]), float(row["end"]))
    # Whole or not at all: a row of clips.csv is written only when its sound is there.
    with replacing(folder / new["path"]) as beside:
        beside.write_bytes(encode_flac(samples))
