"""What lies in the folder of a corpus."""

from __future__ import annotations

import os
from pathlib import Path

from chorus.errors import DataError

AUDIO = frozenset(
    (".wav", ".flac", ".mp3", ".ogg", ".opus", ".sph", ".aiff", ".aif", ".au", ".w64", ".caf")
)


def files_under(folder: Path) -> list[str]:
    """The files below a folder, sorted: paths relative to it; hidden ones are left out.

    Raises:
        DataError: there is no such folder.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    found = []
    # A link to a folder above would be walked for ever.
    for inner, folders, names in os.walk(folder, followlinks=False):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            Path(inner, name).relative_to(folder).as_posix()
            for name in names
            if not name.startswith(".")
        ]
    return sorted(found)


def is_audio(file: str) -> bool:
    """Whether a file's name is that of a sound."""
    return Path(file).suffix.casefold() in AUDIO
