"""A folder of anybody's own: audio files, and a clips.csv with a row for each: path, speaker, and what is known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from chorus.errors import DataError
from chorus.survey.cuts import Cut, read_span
from chorus.survey.paths import Folder
from chorus.survey.reading import read_table
from chorus.voices.corpora.folders import files_under, is_audio
from chorus.voices.utterances import Found, RecordedUtterance, about, genders, unlisted

TABLE = "clips.csv"
_REQUIRED = ("path", "speaker")
_OPTIONAL = {  # column -> what it is in our table
    "label": "region_label",
    "accent": "original_accent_label",
    "state": "state",
    "transcript": "transcript",
    "age": "age",
    "native_language": "native_language",
    "recording": "recording",
}


def read(folder: Path, dataset: str) -> Found:
    """The rows of the table. `label` is the class itself; else `state` or `accent` tells it.

    Raises:
        DataError: the table is missing, not in UTF-8, or lacks path, speaker, or all of label, state and accent.
    """
    written = read_table(
        folder / TABLE, _REQUIRED, (*_REQUIRED, *_OPTIONAL, "gender", "onset", "end")
    )
    if not {"label", "accent", "state"} & set(written.cells.columns):
        raise DataError(f"{TABLE} tells no accents: it needs a column label, state or accent")
    files = Folder(folder)
    found = Found()
    by_source: dict[str, list[RecordedUtterance]] = {}
    listed = set()
    for position, values in enumerate(written.cells.itertuples(index=False)):
        row = dict(zip(written.cells.columns, values, strict=True))
        try:
            if position in written.overlong:
                raise DataError(
                    f"wrong number of fields: {written.overlong[position]} under {len(row)} columns"
                )
            utterance, file = _utterance(folder, dataset, files, row)
        except DataError as error:
            found.rejected.append((f"{dataset}/{row['path'] or f'row {position + 1}'}", str(error)))
            continue
        listed.add(file)
        by_source.setdefault(utterance.about["audio_path"], []).append(utterance)
    for source, same in by_source.items():
        differ = len({(one.about["speaker_id"], one.about["region_label"]) for one in same}) > 1
        # Where rows about one piece differ, nobody knows which of them is right.
        kept = [] if differ else same[:1]
        reason = "listed twice with contradicting speakers or labels" if differ else "listed twice"
        found.utterances += kept
        found.rejected += [(source, reason)] * (len(same) - len(kept))
    audio = [file for file in files_under(folder) if is_audio(file)]
    rejected = {source.partition("/")[2] for source, _ in found.rejected}
    found.left_out += unlisted(dataset, audio, listed | rejected, TABLE)
    return found


def _utterance(
    folder: Path, dataset: str, files: Folder, row: Mapping[str, str]
) -> tuple[RecordedUtterance, str]:
    if not row["path"]:
        raise DataError("empty path")
    if not row["speaker"]:
        raise DataError("no speaker: whose voice it is cannot be told")
    cut = Cut(files.find(row["path"]), read_span(row.get("onset", ""), row.get("end", "")))
    known = {ours: row[theirs] for theirs, ours in _OPTIONAL.items() if row.get(theirs)}
    known["gender"] = genders(row.get("gender", ""))
    if "recording" in known:
        known["recording"] = f"{dataset}/{known['recording']}"
    return RecordedUtterance(
        about(dataset, row["speaker"], cut.source, **known), folder / cut.file, cut.span
    ), cut.file
