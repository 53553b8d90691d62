"""CORAAL, the Corpus of Regional African American Language: interviews, their timed turns, and who speaks.

Of each component ATL, DCA, ... it has `<component>_metadata_<version>.txt`, a folder `<component>_textfiles_<version>`
with a transcript for each sound file, and folders of sound; folders in between do not matter. Kendall & Farrington,
oraal.github.io/coraal.

A turn is used when its speaker is in the metadata (interviewers are not) and nobody else speaks meanwhile. Turns of
one speaker with nothing but a short pause between them are one utterance.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from chorus.errors import DataError
from chorus.survey.cuts import Cut, Span, read_span
from chorus.voices.corpora.folders import files_under, is_audio
from chorus.voices.corpora.tables import read_rows
from chorus.voices.utterances import Found, RecordedUtterance, about, genders, unlisted

STATES = {  # where the interviews of each component were made
    "ATL": "GA",  # Atlanta
    "DCA": "DC",
    "DCB": "DC",
    "DET": "MI",  # Detroit
    "DTA": "MI",
    "LES": "NY",  # Lower East Side
    "PRV": "NC",  # Princeville
    "ROC": "NY",  # Rochester
    "VLD": "GA",  # Valdosta
}
LONGEST_PAUSE = 0.5  # s, between turns of one utterance
_METADATA = re.compile(r"[A-Z]{3}_metadata_.*\.txt", re.IGNORECASE)
_TEXT_FOLDER = re.compile(r"[A-Z]{3}_textfiles.*", re.IGNORECASE)
_PAUSE = re.compile(r"\(pause[^)]*\)\s*", re.IGNORECASE)
# Pauses, noises, what was made unreadable, overlaps.
_NOTES = re.compile(r"\(pause[^)]*\)|<[^>]*>|/[^/]*/|[\[\]]", re.IGNORECASE)
_TURN_COLUMNS = ("Line", "Spkr", "StTime", "Content", "EnTime")


@dataclass(frozen=True)
class Turn:
    """What somebody says without a break, by a transcript. span: in seconds of the sound file."""

    line: str
    speaker: str
    span: Span
    content: str


def read(folder: Path, dataset: str) -> Found:
    """The utterances of all speakers whom the metadata know.

    Raises:
        DataError: there are no metadata, or they cannot be read.
    """
    files = files_under(folder)
    found = Found()
    speakers = _speakers(folder, files, dataset, found)
    audio = [file for file in files if is_audio(file)]
    sounds = {PurePosixPath(file).stem: file for file in audio}
    texts = [file for file in files if _is_transcript(file)]
    for text in texts:
        sound = sounds.get(PurePosixPath(text).stem)
        if sound is None:
            found.rejected.append((f"{dataset}/{text}", "missing file: no sound of that name"))
            continue
        try:
            found.add(_interview(folder, dataset, text, sound, speakers))
        except DataError as error:
            found.rejected.append((f"{dataset}/{sound}", str(error)))
    transcribed = [sounds[stem] for text in texts if (stem := PurePosixPath(text).stem) in sounds]
    found.left_out += unlisted(dataset, audio, transcribed, "any transcript")
    return found


def _is_transcript(file: str) -> bool:
    path = PurePosixPath(file)
    return path.suffix == ".txt" and bool(_TEXT_FOLDER.fullmatch(path.parent.name))


def _speakers(
    folder: Path, files: Iterable[str], dataset: str, found: Found
) -> dict[str, dict[str, str]]:
    """What the metadata say of each speaker; those who are described in two ways are left out and rejected."""
    described: dict[str, dict[str, str]] = {}
    tables = [file for file in files if _METADATA.fullmatch(PurePosixPath(file).name)]
    if not tables:
        raise DataError(f"{folder} has no metadata of CORAAL: <component>_metadata_<version>.txt")
    contradicting = set()
    for table in tables:
        for line, row in read_rows(folder / table, ("CORAAL.Spkr",)):
            if isinstance(row, str):
                found.rejected.append((f"{dataset}/{table}:{line}", row))
                continue
            speaker = row["CORAAL.Spkr"]
            known = {name.casefold(): row.get(name, "") for name in ("Gender", "Age")}
            if described.setdefault(speaker, known)["gender"] != known["gender"]:
                contradicting.add(speaker)
    for speaker in sorted(contradicting):
        del described[speaker]
        found.rejected.append(
            (f"{dataset}/{speaker}", "a speaker with two genders in the metadata")
        )
    return described


def _interview(
    folder: Path, dataset: str, text: str, sound: str, speakers: Mapping[str, Mapping[str, str]]
) -> Found:
    found = Found()
    turns = _turns(folder, text, dataset, found)
    overlapped = overlaps(turns)
    unknown = Counter(turn.speaker for turn in turns if turn.speaker not in speakers)
    for speaker, number in sorted(unknown.items()):
        reason = f"speaker without metadata: {speaker or 'nobody named'}, {number} turns"
        found.left_out.append((f"{dataset}/{text}", reason))
    for turn in (turn for turn in turns if turn.line in overlapped and turn.speaker in speakers):
        reason = f"somebody else speaks meanwhile: line {overlapped[turn.line]}"
        found.left_out.append((f"{dataset}/{Cut(sound, turn.span).source}", reason))
    for joined in stretches(turns, leave_out=set(overlapped)):
        speaker = joined[0].speaker
        if speaker in speakers:
            found.utterances.append(_utterance(folder, dataset, sound, joined, speakers[speaker]))
    return found


def _turns(folder: Path, text: str, dataset: str, found: Found) -> list[Turn]:
    """The turns of a transcript in which somebody speaks, by time; those without usable times are rejected."""
    turns = []
    for line, row in read_rows(folder / text, _TURN_COLUMNS):
        source = f"{dataset}/{text}:{line}"
        try:
            if isinstance(row, str):
                raise DataError(row)
            if _PAUSE.fullmatch(row["Content"]):
                continue
            span = read_span(row["StTime"], row["EnTime"])
            if span is None:
                raise DataError("a turn without times")
            turns.append(Turn(str(line), row["Spkr"], span, row["Content"]))
        except DataError as error:
            found.rejected.append((source, str(error)))
    return sorted(turns, key=lambda turn: (turn.span, int(turn.line)))


def overlaps(turns: Sequence[Turn]) -> dict[str, str]:
    """The turns during which another person speaks: line -> line of such another turn. Touching is no overlap.

    Args:
        turns: sorted by time.
    """
    found: dict[str, str] = {}
    running: list[Turn] = []
    for turn in turns:
        running = [other for other in running if other.span.end > turn.span.onset]
        for other in (other for other in running if other.speaker != turn.speaker):
            found.setdefault(turn.line, other.line)
            found.setdefault(other.line, turn.line)
        running.append(turn)
    return found


def stretches(turns: Sequence[Turn], leave_out: set[str]) -> list[list[Turn]]:
    """Turns of one speaker that follow each other with a short pause at most, and nobody between.

    Args:
        turns: sorted by time. leave_out: lines that belong to no stretch, and end one.
    """
    found: list[list[Turn]] = []
    before: Turn | None = None
    for turn in turns:
        if turn.line not in leave_out:
            follows = (
                before is not None
                and before.speaker == turn.speaker
                and before.line not in leave_out
            )
            if (
                follows
                and before is not None
                and turn.span.onset <= _end(found[-1]) + LONGEST_PAUSE
            ):
                found[-1].append(turn)
            else:
                found.append([turn])
        before = turn
    return found


def _end(stretch: Sequence[Turn]) -> float:
    return max(turn.span.end for turn in stretch)


def _utterance(
    folder: Path, dataset: str, sound: str, joined: Sequence[Turn], speaker: Mapping[str, str]
) -> RecordedUtterance:
    span = Span(joined[0].span.onset, _end(joined))
    component = PurePosixPath(sound).name[:3].upper()
    known = about(
        dataset,
        joined[0].speaker,
        Cut(sound, span).source,
        transcript=_NOTES.sub(" ", " ".join(turn.content for turn in joined)),
        original_accent_label=component,
        state=STATES.get(component, ""),
        gender=genders(speaker["gender"]),
        age=speaker["age"],
        native_language="english",
        is_validated="yes",
    )
    return RecordedUtterance(known, folder / sound, span)
