"""Corpora of speech, each read in the layout in which it lies on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from chorus.errors import DataError
from chorus.voices.corpora import accent_archive, common_voice, coraal, listed, timit
from chorus.voices.utterances import Found

READERS: dict[str, Callable[[Path, str], Found]] = {  # by the name of a corpus's folder
    "timit": timit.read,
    "common_voice": common_voice.read,
    "coraal": coraal.read,
    "accent_archive": accent_archive.read,
}


def read(folder: Path) -> Found:
    """All corpora in a folder: timit/, common_voice/, coraal/, accent_archive/; any other folder has a clips.csv.

    Raises:
        DataError: there is no such folder or nothing in it, or the table of a corpus cannot be used: names it.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    inside = sorted(
        path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")
    )
    if not inside:
        raise DataError(
            f"{folder} holds no corpora: {', '.join(READERS)}, or any folder with a clips.csv"
        )
    found = Found()
    for corpus in inside:
        try:
            found.add(READERS.get(corpus.name, listed.read)(corpus, corpus.name))
        except DataError as error:
            raise DataError(f"{corpus.name}: {error}") from None
    return found
