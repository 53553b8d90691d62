"""Which files are recordings: those that are named, and those below the folders that are named."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from chorus.detection.faults import own_reason, raise_unless_own
from chorus.errors import DataError
from chorus.places import files_below, identity, is_remote

# Of audio, readable here or not: what is not gets its reason, and does not pass in silence.
_READ = {".wav", ".wave", ".w64", ".rf64", ".bwf", ".flac", ".mp3", ".mp2", ".ogg", ".oga", ".opus"}
_READ |= {".aif", ".aiff", ".aifc", ".caf", ".au", ".snd", ".nist", ".sph"}
_NOT_READ = {
    ".raw",
    ".m4a",
    ".aac",
    ".mp4",
    ".wma",
    ".wac",
    ".w4v",
    ".wv",
    ".ape",
    ".amr",
    ".3gp",
    ".zc",
}
SUFFIXES = frozenset(_READ | _NOT_READ)


@dataclass(frozen=True)
class Found:
    """recordings: the path as a person would write it -> the first folder below what was given ("" at its top).

    unreadable: folders that may not be read, and what is no file -> reason. others: how many files are no audio by
    their names.
    """

    recordings: dict[str, str]
    unreadable: dict[str, str]
    others: int


def find(given: Iterable[Path]) -> Found:
    """Look for recordings, in folders at every depth; a file that is named is taken whatever it is called.

    Hidden files are left out (macOS puts one beside each recording on a card), links are followed, and what is found
    twice counts once.

    Raises:
        DataError: a path does not exist, or nothing is found.
        ChorusError: a folder cannot be listed, by no fault of its own (`chorus.detection.faults`).
    """
    recordings: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    seen: set[str] = set()
    others = 0
    paths = list(given)
    for path in paths:
        if not path.exists():
            raise DataError(f"there is no {path}")
        for file, place in _below(path, unreadable):
            # Only below a folder: a file that somebody names is meant, whatever its ending.
            if path.is_dir() and file.suffix.lower() not in SUFFIXES:
                others += 1
            elif reason := _no_recording(file):
                unreadable[shown(file)] = reason
            elif (real := identity(file)) not in seen:
                seen.add(real)
                recordings[file.as_posix()] = place
    # Folders that may not be read are told in the table of what was not heard, and are no empty season.
    if not recordings and not unreadable:
        there = f"{others} other files" if others else "it is empty"
        raise DataError(f"no recordings in {', '.join(map(str, paths))}: {there}")
    return Found(dict(sorted(recordings.items())), unreadable, others)


def _no_recording(path: Path) -> str:
    """Why something that is called like a recording is not opened: a pipe would be waited for, for ever."""
    if is_remote(path):
        return ""
    # Of another system's encoding, as an archive or an old card may hold: no table could name it.
    if shown(path) != path.as_posix():
        return "name not in UTF-8: rename it"
    # A link may lead to nothing or to itself, and a folder may be listed and not entered.
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return own_reason(error, path)
    if stat.S_ISREG(mode):
        return ""
    return "no file: a pipe, a socket or a device"


def _below(path: Path, unreadable: dict[str, str]) -> Iterator[tuple[Path, str]]:
    if not path.is_dir():
        yield path, ""
        return
    if is_remote(path):
        for parts in files_below(path):
            if not any(part.startswith(".") for part in parts):
                yield path.joinpath(*parts), parts[0] if len(parts) > 1 else ""
        return

    for folder, names in _folders(path, unreadable):
        inside = folder.relative_to(path).parts
        place = inside[0] if inside else ""
        yield from ((folder / name, place) for name in names)


def _folders(top: Path, unreadable: dict[str, str]) -> Iterator[tuple[Path, list[str]]]:
    """A folder and those below it, with the names of their files.

    Linked ones come after all others, so that a recording that is reached on two ways is called as it is without a
    link. A link that leads back up, or to what was seen, ends there.
    """

    def refused(error: OSError) -> None:
        folder = Path(error.filename)
        raise_unless_own(error, folder)
        unreadable[shown(folder)] = f"unreadable folder: {error.strerror}"

    seen = {str(folder) for folder in top.resolve().parents}
    waiting = deque([top])
    while waiting:
        # os.walk passes over what it may not read without a word, and a missing folder looks like a quiet season.
        for name, folders, names in os.walk(waiting.popleft(), onerror=refused):
            folder, visible = Path(name), _visible(folders)
            # In place, which is how os.walk learns where not to go; into a linked folder it does not go by itself.
            folders.clear()
            if (real := os.path.realpath(folder)) in seen:
                continue
            seen.add(real)
            folders += visible
            # Unlike the method of Path, this one finds no link where it may not look.
            waiting += (folder / name for name in visible if os.path.islink(folder / name))  # noqa: PTH114
            yield folder, _visible(names)


def _visible(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if not name.startswith("."))


def shown(path: Path) -> str:
    """A path as text; in a name that is not in UTF-8 the bytes that are none are spelt out."""
    if is_remote(path):
        return path.as_posix()
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")
