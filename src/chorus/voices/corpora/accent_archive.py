"""The Speech Accent Archive, as packed in 2017: speakers_all.csv, and below recordings/ an MP3 a speaker.

All read one paragraph. The accent is where a speaker was born, which is not always where it was acquired. Weinberger,
accent.gmu.edu.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from chorus.survey.reading import read_table
from chorus.voices.corpora.folders import files_under, is_audio
from chorus.voices.utterances import Found, RecordedUtterance, about, genders, unlisted

TABLE = "speakers_all.csv"
_COLUMNS = ("filename", "speakerid", "birthplace", "native_language")
_TRUE = ("true", "1", "yes")


def read(folder: Path, dataset: str) -> Found:
    """The speakers whose recording is there.

    Raises:
        DataError: the table is missing, not in UTF-8, or lacks a column.
    """
    cells = read_table(folder / TABLE, _COLUMNS, _COLUMNS).cells
    rows = [
        dict(zip(cells.columns, values, strict=True)) for values in cells.itertuples(index=False)
    ]
    audio = [file for file in files_under(folder) if is_audio(file)]
    by_stem = {PurePosixPath(file).stem: file for file in audio}
    files = [row["filename"] for row in rows]
    speakers = [row["speakerid"] for row in rows]
    found = Found()
    for row in rows:
        source = f"{dataset}/{row['filename'] or TABLE}"
        if fault := _fault(row, by_stem, files, speakers):
            found.rejected.append((source, fault))
            continue
        found.utterances.append(_utterance(folder, dataset, by_stem[row["filename"]], row))
    listed = [by_stem[name] for name in files if name in by_stem]
    found.left_out += unlisted(dataset, audio, listed, TABLE)
    return found


def _fault(
    row: Mapping[str, str], by_stem: Mapping[str, str], files: list[str], speakers: list[str]
) -> str:
    if not row["filename"]:
        return "empty filename"
    if not row["speakerid"]:
        return "no speakerid: whose voice it is cannot be told"
    # The table also lists speakers whose recordings were never packed.
    if row.get("file_missing?", "").casefold() in _TRUE or row["filename"] not in by_stem:
        return "missing file"
    if files.count(row["filename"]) > 1:
        return "listed twice"
    if speakers.count(row["speakerid"]) > 1:
        return f"two speakers with one speakerid: {row['speakerid']}"
    return ""


def _utterance(folder: Path, dataset: str, file: str, row: Mapping[str, str]) -> RecordedUtterance:
    known = about(
        dataset,
        row["speakerid"],
        file,
        original_accent_label=row["birthplace"],
        state=_state(row["birthplace"]),
        gender=genders(row.get("sex", "")),
        age=row.get("age", ""),
        native_language=row["native_language"],
        transcript="please call stella",  # the paragraph's name: all read it
    )
    return RecordedUtterance(known, folder / file)


def _state(birthplace: str) -> str:
    """The state in "atlanta, georgia, usa"; "" elsewhere, as in "tbilisi, georgia"."""
    parts = [part.strip() for part in birthplace.split(",")]
    return parts[-2] if len(parts) > 1 and parts[-1].casefold() in ("usa", "us") else ""
