"""Mozilla Common Voice: validated.tsv and clips/. The accent is free text in `accents`, a code in `accent` before 8.0.

Ardila et al. 2020, arXiv:1912.06670. In later releases an accent may hold several descriptions, with "," between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from chorus.errors import DataError
from chorus.survey.paths import Folder
from chorus.voices.corpora.folders import files_under, is_audio
from chorus.voices.corpora.tables import read_rows
from chorus.voices.utterances import Found, RecordedUtterance, about, genders, unlisted

TABLE = "validated.tsv"
CLIPS = "clips"


def read(folder: Path, dataset: str) -> Found:
    """The validated clips. Of rows about one file that differ in speaker or accent none is used.

    Raises:
        DataError: the table is missing, not in UTF-8, or lacks client_id, path, or a column of accents.
    """
    found = Found()
    files = Folder(folder)
    by_file: dict[str, list[dict[str, str]]] = defaultdict(list)
    for line, row in read_rows(folder / TABLE, ("client_id", "path")):
        if isinstance(row, str):
            found.rejected.append((f"{dataset}/{TABLE}:{line}", row))
            continue
        if "accents" not in row and "accent" not in row:
            raise DataError(f"{TABLE} lacks the column 'accents'; it has: {', '.join(row)}")
        try:
            by_file[_file(files, row)].append(row)
        except DataError as error:
            found.rejected.append(
                (f"{dataset}/{CLIPS}/{row['path'] or f'line {line}'}", str(error))
            )
    for file, rows in sorted(by_file.items()):
        if against := _contradiction(rows):
            found.rejected += [
                (f"{dataset}/{file}", f"listed twice with contradicting {against}")
            ] * len(rows)
            continue
        found.rejected += [(f"{dataset}/{file}", "listed twice")] * (len(rows) - 1)
        found.utterances.append(_utterance(folder, dataset, file, rows[0]))
    audio = (
        [file for file in files_under(folder / CLIPS) if is_audio(file)]
        if (folder / CLIPS).is_dir()
        else []
    )
    # What was rejected has its reason already.
    named = {source.partition("/")[2] for source, _ in found.rejected} | set(by_file)
    found.left_out += unlisted(dataset, [f"{CLIPS}/{file}" for file in audio], named, TABLE)
    return found


def _file(files: Folder, row: Mapping[str, str]) -> str:
    if not row["client_id"]:
        raise DataError("no client_id: whose voice it is cannot be told")
    if not row["path"]:
        raise DataError("empty path")
    # The first releases left the ending out.
    name = row["path"] if "." in row["path"] else f"{row['path']}.mp3"
    return files.find(f"{CLIPS}/{name}")


def _contradiction(rows: list[dict[str, str]]) -> str:
    for column, what in (("client_id", "speakers"), ("accents", "accents"), ("accent", "accents")):
        if len({row.get(column, "") for row in rows}) > 1:
            return what
    return ""


def _utterance(folder: Path, dataset: str, file: str, row: Mapping[str, str]) -> RecordedUtterance:
    known = about(
        dataset,
        row["client_id"],
        file,
        transcript=row.get("sentence", ""),
        original_accent_label=row.get("accents", "") or row.get("accent", ""),
        gender=genders(row.get("gender", "")),
        age=row.get("age", ""),
        is_validated="yes",
        quality_score=_share_of_votes(row.get("up_votes", ""), row.get("down_votes", "")),
    )
    return RecordedUtterance(known, folder / file)


def _share_of_votes(up: str, down: str) -> str:
    """The share of listeners who agreed with the sentence; "" when nobody listened."""
    if not (up.isdecimal() and down.isdecimal()) or int(up) + int(down) == 0:
        return ""
    return f"{int(up) / (int(up) + int(down)):.3f}"
