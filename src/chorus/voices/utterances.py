"""The vocabulary of a table of speech, and what a corpus is read into.

An *utterance* is a stretch of one person's speech in a corpus; a *sample* is the piece of it that a model hears: all
of it, or one of the cuts of a long one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from chorus.errors import DataError
from chorus.reading import Recording, examine
from chorus.survey.cuts import Span

SAMPLE_RATE = 16_000  # Hz, of everything in shards of speech
# Of a file, as `chorus.survey.cuts.Cut` names it.
_PIECE = re.compile(r"@([0-9]+(?:\.[0-9]+)?)-[0-9]+(?:\.[0-9]+)?$")

ABOUT = (  # what a corpus may say of an utterance; "" where it does not
    "dataset_name",
    "speaker_id",  # "<dataset>/<the corpus's name>": a person of another dataset is another person
    "voice",  # who is heard; the speaker, but for synthetic speakers that share a voice
    "audio_path",  # "<dataset>/<path in its folder>", with "@onset-end" behind it for a piece of a file
    "recording",  # the file or session that samples are cut from
    "transcript",
    "region_label",  # the class; filled by the study where the corpus has its own names for accents
    "original_accent_label",  # as the corpus writes it
    "state",  # of the USA, two letters
    "gender",
    "age",
    "native_language",
    "is_validated",  # yes, no
    "quality_score",  # 0 to 1
)
COLUMNS = (
    "sample_id",  # <dataset>_<speaker>_<first 12 hex digits of sha256>: names the content
    *ABOUT,
    "duration",  # s
    "sample_rate",  # Hz, of the file it came from
    "sha256",  # of the samples at 16 kHz (little-endian 16 bit)
    "shard",  # the tar file that holds <sample_id>.flac
)


class Sound(Protocol):
    """What is heard of an utterance. seconds: its length. rate: in Hz, of the file it came from."""

    @property
    def seconds(self) -> float: ...

    @property
    def rate(self) -> int: ...

    def cut(self, span: Span) -> np.ndarray:
        """A piece of it, int16 (n,) at 16 kHz; onset and end count from its start, in seconds."""
        ...


class Utterance(Protocol):
    """An utterance that can be heard; it travels to another process, so it should hold little."""

    @property
    def about(self) -> Mapping[str, str]:
        """A value for each of `ABOUT`."""
        ...

    def hear(self) -> Sound:
        """Its sound, the same whenever asked.

        Raises:
            DataError: there is no usable sound; the text is the reason, for the quarantine.
        """
        ...


@dataclass(frozen=True)
class RecordedUtterance:
    """An utterance in a file. span: the piece of the file that it is; None: all of it."""

    about: Mapping[str, str]
    file: Path
    span: Span | None = None

    def hear(self) -> Sound:
        """See `Utterance.hear`."""
        found = _examined(self.file)
        if isinstance(found, str):
            raise DataError(found)
        if self.span is not None:
            self.span.check(found.seconds, 0.0)
        return _RecordedSound(found, self.span or Span(0.0, found.seconds))


@dataclass(frozen=True)
class _RecordedSound:
    recording: Recording
    span: Span

    @property
    def seconds(self) -> float:
        return min(self.span.end, self.recording.seconds) - self.span.onset

    @property
    def rate(self) -> int:
        return self.recording.parts[0].rate

    def cut(self, span: Span) -> np.ndarray:
        onset = self.span.onset + span.onset
        whole = span.end >= self.seconds and self.span.end >= self.recording.seconds
        # A whole file is read to its end, whatever samples are behind its length in rounded seconds.
        end = math.inf if whole else self.span.onset + span.end
        blocks = list(self.recording.blocks(onset, end, rate=SAMPLE_RATE))
        return np.concatenate(blocks) if blocks else np.zeros(0, np.int16)


# The turns of an interview come one after the other: it is read to its end once. A reason is returned,
# as an exception would not be kept, and a damaged interview opened for every turn.
@lru_cache(maxsize=4)
def _examined(file: Path) -> Recording | str:
    """The recording, or the reason why it is of no use."""
    try:
        return examine(file)
    except DataError as error:
        return str(error)


@dataclass
class Found:
    """What a corpus holds.

    rejected: what cannot be used, pairs of source and reason. left_out: what is sound, and no speech of a known
    speaker that a person chose (a clip that nobody validated, an interviewer's turns), likewise.
    """

    utterances: list[Utterance] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)

    def add(self, other: Found) -> None:
        """Take in what another part of a corpus holds."""
        self.utterances += other.utterances
        self.rejected += other.rejected
        self.left_out += other.left_out


def about(dataset: str, speaker: str, path: str, **known: str) -> dict[str, str]:
    """What is known of an utterance, "" for the rest.

    Args:
        path: of its file, in the folder of the corpus, with "@onset-end" behind it for a piece.
        known: more of `ABOUT`; white space around a value, and in between, is made single blanks.
    """
    speaker_id = f"{dataset}/{speaker}"
    filled = dict.fromkeys(ABOUT, "") | {
        "dataset_name": dataset,
        "speaker_id": speaker_id,
        "voice": speaker_id,
        "audio_path": f"{dataset}/{path}",
        "recording": f"{dataset}/{_PIECE.sub('', path)}",
    }
    return filled | {column: " ".join(value.split()) for column, value in known.items()}


def piece_of(source: str, span: Span) -> str:
    """How a cut of an utterance is named: by its place in the file. source: the utterance's audio_path."""
    within = _PIECE.search(source)
    begin = float(within[1]) if within else 0.0
    return f"{_PIECE.sub('', source)}@{Span(begin + span.onset, begin + span.end)}"


def genders(text: str) -> str:
    """A corpus's word for a gender as "female", "male", or another word as it stands."""
    word = text.strip().casefold()
    known = {"f": "female", "m": "male", "female_feminine": "female", "male_masculine": "male"}
    return known.get(word, word)


def unlisted(
    dataset: str, files: Iterable[str], listed: Iterable[str], where: str
) -> list[tuple[str, str]]:
    """The files of a folder that its table does not list, each with the reason."""
    rest = sorted(set(files) - set(listed))
    return [(f"{dataset}/{file}", f"not listed in {where}") for file in rest]
