"""TIMIT (LDC93S1): <TRAIN or TEST>/<DR1 .. DR8>/<speaker>/<sentence>.WAV, in SPHERE or RIFF, with .TXT beside them.

Capitals do not matter, nor folders above, nor the ending ".WAV.wav" that some copies give to converted files. Garofolo
et al. 1993, doi:10.35111/17gk-bn40.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from chorus.errors import DataError
from chorus.voices.corpora.folders import files_under
from chorus.voices.corpora.tables import read_text
from chorus.voices.utterances import Found, RecordedUtterance, about, genders

_AUDIO = re.compile(r"\.(wav|flac|sph|nist)$", re.IGNORECASE)
_PLACE = re.compile(
    r"(?:.*/)?(?:train|test)/(?P<dialect>dr[1-8])/(?P<speaker>(?P<sex>[fm])[a-z]{3}\d)/"
    r"(?P<sentence>[^/.]+)(?:\.wav)?\.\w+",
    re.IGNORECASE,
)
_TEXT = re.compile(r"\d+ \d+ (?P<words>.*)", re.DOTALL)  # first and last sample, then the words


def read(folder: Path, dataset: str) -> Found:
    """All sentences of the corpus; a file elsewhere than in the layout is rejected."""
    found = Found()
    files = files_under(folder)
    texts = {file.casefold(): file for file in files if file.casefold().endswith(".txt")}
    for file in files:
        if not _AUDIO.search(file):
            continue
        place = _PLACE.fullmatch(file)
        if place is None:
            found.rejected.append(
                (f"{dataset}/{file}", "not in the layout of TIMIT: <TRAIN or TEST>/DR1/<speaker>/")
            )
            continue
        known = about(
            dataset,
            place["speaker"].upper(),
            file,
            original_accent_label=place["dialect"].upper(),
            gender=genders(place["sex"]),
            native_language="english",
            is_validated="yes",
            transcript=_transcript(folder, texts, place),
        )
        found.utterances.append(RecordedUtterance(known, folder / file))
    return found


def _transcript(folder: Path, texts: dict[str, str], place: re.Match[str]) -> str:
    """What the .TXT beside a sentence says; "" where there is none, or it cannot be read."""
    beside = (
        PurePosixPath(place.group()).with_name(f"{place['sentence']}.txt").as_posix().casefold()
    )
    if beside not in texts:
        return ""
    try:
        words = _TEXT.fullmatch(read_text(folder / texts[beside]).strip())
    except DataError:  # the sound is as good without
        return ""
    return words["words"] if words else ""
