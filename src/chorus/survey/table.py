"""The user's clips.csv: read, checked row by row, and completed with what file names and defaults tell."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from chorus.clips import LABELLED, NEGATIVE, POSITIVE, UNKNOWN_SITE
from chorus.errors import DataError
from chorus.names import look_alikes, one_spelling
from chorus.survey.duplicates import precedence, settle
from chorus.survey.filenames import night_of, parse_date, parse_filename
from chorus.survey.schema import OPTIONAL, REQUIRED, VOCABULARY, find_faults

FILE_NAME = "clips.csv"
NAMES = ("site", "recorder", "speaker", "recording")  # columns that name things, as people spell them


@dataclass(frozen=True)
class ClipTable:
    """What a clips.csv says.

    rows: one dict a usable row, with the keys that `packing.ClipSource.meta` lists; source is the file's path
        relative to the folder.
    rejected: pairs of path and reason, one for each other row.
    notes: what was ignored and assumed, as names and counts.
    """

    rows: list[dict[str, str]]
    rejected: list[tuple[str, str]]
    notes: dict[str, Any]


def read_clip_table(folder: Path, *, positive_label: str = POSITIVE, negative_label: str = NEGATIVE) -> ClipTable:
    """Read and check `folder`/clips.csv. Every row of it ends in `rows` or in `rejected`.

    Args:
        positive_label, negative_label: what the table calls the two classes; capitals do not matter.

    Raises:
        DataError: there is no such file, it is no CSV in UTF-8, it has no rows, or lacks a required column.
    """
    written = _read_csv(folder / FILE_NAME)
    table = written.reindex(columns=[*REQUIRED, *OPTIONAL], fill_value="")
    for column in VOCABULARY:
        table[column] = table[column].str.casefold()
    positive, negative = positive_label.casefold(), negative_label.casefold()
    faults = find_faults(table, positive_label=positive, negative_label=negative)
    root = folder.resolve()
    rows: list[dict[str, str]] = []
    rejected: list[tuple[str, str]] = []
    for position, row in enumerate(table.to_dict("records")):
        if position in faults:
            what, column = faults[position]
            value = f"row {position + 1}" if column == "path" else str(written.at[position, column]) if column else ""
            rejected.append((row["path"], f"{what}: {value}" if value else what))
            continue
        try:
            source = _locate(root, row["path"])
        except DataError as error:
            rejected.append((row["path"], str(error)))
            continue
        label = POSITIVE if row["label"] == positive else NEGATIVE  # of a candidate "" is negative too
        rows.append({**row, "label": label, "role": row["role"] or LABELLED, "source": source})
    unrepeated, repeated = _without_repeated_files(rows)
    assert len(unrepeated) + len(repeated) + len(rejected) == len(written)
    completed, assumed = _complete(unrepeated)
    ignored = [name for name in written.columns if name not in table.columns]
    completed, alike = _spelled_alike(completed)
    assumed |= {"look_alikes": alike} if alike else {}
    return ClipTable(completed, rejected + repeated, {"rows": len(written), "ignored_columns": ignored, **assumed})


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        # header=None: with a header, pandas would take a further field at the start of all rows for an index
        cells = pd.read_csv(path, dtype=str, keep_default_na=False, header=None, encoding="utf-8-sig").fillna("")
    except FileNotFoundError:
        raise DataError(f"{path} is missing: it lists the recordings, in the columns path and label") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not in UTF-8: save it as CSV in UTF-8") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"{path} is no readable CSV file: {' '.join(str(error).split())}") from None
    cells = cells.apply(lambda column: column.str.strip())
    names = cells.iloc[0].str.casefold().tolist()
    if missing := [name for name in REQUIRED if name not in names]:
        raise DataError(f"{path} lacks the column {missing[0]!r}; it has: {', '.join(names)}")
    if twice := [name for name, uses in Counter(names).items() if uses > 1 and name in (*REQUIRED, *OPTIONAL)]:
        raise DataError(f"{path} has the column {twice[0]!r} twice")
    if len(cells) == 1:
        raise DataError(f"{path} lists no recordings")
    table = cells.iloc[1:].set_axis(names, axis=1).reset_index(drop=True)
    return table.loc[:, ~table.columns.duplicated()]


def _locate(root: Path, path: str) -> str:
    """The file's path relative to the folder, with links resolved.

    Raises:
        DataError: it lies outside the folder, or there is no such file.
    """
    try:
        # the same name may be written in two ways: macOS takes accents apart, Windows writes backslashes
        for name in (
            path,
            unicodedata.normalize("NFC", path),
            unicodedata.normalize("NFD", path),
            path.replace("\\", "/"),
        ):
            file = (root / name).resolve()
            if not file.is_relative_to(root) or Path(name).is_absolute():
                raise DataError("path outside the folder")
            if file.is_file():
                return file.relative_to(root).as_posix()
    except (OSError, RuntimeError, ValueError) as error:  # too long, not permitted; a circle of links; a zero byte
        raise DataError(f"unusable path: {getattr(error, 'strerror', None) or str(error).split(' from ')[0]}") from None
    raise DataError("missing file")


def _without_repeated_files(
    rows: Iterable[dict[str, str]],
) -> tuple[list[dict[str, str]], list[tuple[str, str]]]:
    by_file: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in sorted(rows, key=precedence):
        by_file[row["source"]].append(row)
    kept: list[dict[str, str]] = []
    repeated: list[tuple[str, str]] = []
    for same in by_file.values():
        stays = settle(same)
        kept += [] if stays is None else [same[stays]]
        reason = "path listed twice with contradicting labels" if stays is None else "path listed twice"
        repeated += [(row["path"], reason) for position, row in enumerate(same) if position != stays]
    return kept, repeated


def _spelled_alike(rows: list[dict[str, str]]) -> tuple[list[dict[str, str]], dict[str, list[str]]]:
    """The rows with one spelling for each name; and by column the names that only look like one another."""
    names = pd.DataFrame(rows, columns=list(NAMES)).apply(one_spelling)
    spelled = [{**row, **same} for row, same in zip(rows, names.to_dict("records"), strict=True)]
    alike = {column: look_alikes(names[column].unique()) for column in ("site", "recorder", "speaker")}
    return spelled, {column: [" / ".join(group) for group in found] for column, found in alike.items() if found}


def _complete(rows: Iterable[Mapping[str, str]]) -> tuple[list[dict[str, str]], dict[str, Any]]:
    """Fill what the table leaves open; also how often each thing was assumed."""
    assumed = Counter(
        quality_assumed_high=0, quality_of_negatives_ignored=0, site_unknown=0,
        recorder_from_file_name=0, recorder_assumed_site=0, night_from_file_name=0, night_unknown=0,
    )  # fmt: skip
    completed = []
    for row in rows:
        name = parse_filename(row["source"])
        site = row["site"] or UNKNOWN_SITE
        recorder = row["recorder"] or (name.recorder if name else "") or site
        moment = parse_date(row["date"]) if row["date"] else name.start if name else None
        night = night_of(moment) if moment else ""
        quality = (row["quality"] or "high") if row["label"] == POSITIVE else ""
        assumed["quality_assumed_high"] += quality != "" and not row["quality"]
        assumed["quality_of_negatives_ignored"] += quality == "" and row["quality"] != ""
        assumed["site_unknown"] += not row["site"]
        assumed["recorder_from_file_name"] += not row["recorder"] and recorder != site
        assumed["recorder_assumed_site"] += not row["recorder"] and recorder == site
        assumed["night_from_file_name"] += night != "" and not row["date"]
        assumed["night_unknown"] += night == ""
        completed.append(
            {
                **{key: row[key] for key in ("label", "call_type", "speaker", "role", "split", "source")},
                "quality": quality,
                "site": site,
                "recorder": recorder,
                "night": night,
                "recording": row["recording"] or (f"{recorder}_{night}" if night else row["source"]),
            }
        )
    return completed, dict(assumed)
