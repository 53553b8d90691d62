"""A window of a recording to look at and listen to."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chorus.errors import DataError
from chorus.pictures import PictureOptions, thumbnail
from chorus.places import below
from chorus.reading import Recording, examine
from chorus.storages import is_file
from chorus.survey.memory import version_of


@dataclass(frozen=True)
class Sight:
    """picture: PNG; sound: FLAC; missing: why there are none, or ""."""

    picture: bytes = b""
    sound: bytes = b""
    missing: str = ""

    def as_dict(self) -> dict[str, str]:
        """For a page that holds all that it shows."""
        return {
            "picture": _data(self.picture, "image/png"),
            "sound": _data(self.sound, "audio/flac"),
            "missing": self.missing,
        }


def sights(
    windows: Iterable[tuple[str, float, float]], folder: Path, shown: PictureOptions
) -> list[Sight]:
    """What can be seen and heard of windows, in their order.

    Args:
        windows: file (a path, or a URL as in `chorus.places`), start and end in seconds.
        folder: against which the files' paths are relative.
    """
    return [_sight(below(folder, file), start, end, shown) for file, start, end in windows]


def read_window(path: Path, start: float, end: float) -> NDArray[np.int16]:
    """A piece of a recording, int16 (n,) at 48 kHz.

    Raises:
        DataError: the file is missing, damaged, or shorter than that.
    """
    if not is_file(path):
        raise DataError(f"no such file: {path}")
    # A file without a version changed a moment ago: what was found in it may not hold, and is not kept.
    version = version_of(path)
    recording = _examined(path, tuple(version)) if version else examine(path)
    blocks = list(recording.blocks(start, end))
    if not blocks or not sum(map(len, blocks)):
        raise DataError(f"{path} ends before {start:g} s")
    return np.concatenate(blocks)


def _sight(path: Path, start: float, end: float, shown: PictureOptions) -> Sight:
    from chorus.reports.hardest import listenable

    # A window whose recording is gone stays on the page, with the reason: its score was counted.
    try:
        samples = read_window(path, start, end)
    except DataError as reason:
        return Sight(missing=str(reason))
    return Sight(thumbnail(samples, shown), listenable(samples, shown.highest_hz))


# Windows of one recording come one after the other, and it is read to its end to be examined.
@lru_cache(maxsize=8)
def _examined(path: Path, _version: tuple[int, ...]) -> Recording:
    return examine(path)


def _data(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}" if content else ""
