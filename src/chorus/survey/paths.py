"""Which file of a folder a path means, however another system or person spelt it."""

from __future__ import annotations

import difflib
import os
import unicodedata
from collections import defaultdict
from functools import cached_property
from pathlib import Path, PurePosixPath

from chorus.errors import DataError

_MOST_GUESSES = 20  # each looks through all names
_MOST_NAMES = 20_000


class Folder:
    """The files of a folder, listed once, when the first path is looked up.

    respelt: the paths that were found only after Unicode form, capitals or backslashes were set aside.
    """

    def __init__(self, folder: Path) -> None:
        self._root = folder.resolve()
        self.respelt: set[str] = set()
        self._guesses = 0

    def find(self, path: str) -> str:
        """The file's path relative to the folder, with links resolved.

        Raises:
            DataError: it lies outside the folder, is ambiguous, or there is no such file. The text is the reason, for
                the quarantine, and names the nearest file.
        """
        # As nearly always. Resolving costs a call of the system for each folder of the path.
        if path in self._files:
            return path
        try:
            if found := self._resolve(path):
                return found
            return self._find_respelt(path)
        # too long, not permitted; a circle; a zero byte
        except (OSError, RuntimeError, ValueError) as error:
            # Python's sentence about a circle of links ends with an absolute path, which is of no use elsewhere.
            reason = getattr(error, "strerror", None) or str(error).split(" from ")[0]
            raise DataError(f"unusable path: {reason}") from None

    def _resolve(self, path: str) -> str | None:
        link = self._root / path
        file = link.resolve()
        if not file.is_relative_to(self._root):
            raise DataError(f"path outside the folder: {_why_outside(path)}")
        if file.is_file():
            return file.relative_to(self._root).as_posix()
        if link.is_symlink():
            raise DataError("missing file: a link to nothing")
        return None

    def _find_respelt(self, path: str) -> str:
        plain = path.replace("\\", "/")
        if _has_drive(plain) or _is_address(plain):
            raise DataError(f"path outside the folder: {_why_outside(plain)}")
        if found := self._resolve(plain):
            self.respelt.add(path)
            return found
        same = self._spellings.get(_spelling(plain), [])
        if len(same) == 1:
            self.respelt.add(path)
            return same[0]
        if same:
            raise DataError(
                f"missing file: {len(same)} differ from it in capitals, accents or blanks only, {', '.join(same)}"
            )
        if nearest := self._nearest(plain):
            raise DataError(f"missing file: nearest is {nearest}")
        raise DataError("missing file")

    def _nearest(self, path: str) -> str | None:
        """The only file of the same name elsewhere, or of the same name but for the suffix, or one much alike."""
        if self._guesses >= _MOST_GUESSES:
            return None
        self._guesses += 1
        name = _spelling(PurePosixPath(path).name)
        stem = PurePosixPath(name).stem
        if stem:
            for file in self._ordered:
                if _spelling(PurePosixPath(file).name) == name:
                    return file
            for file in self._ordered:
                if _spelling(PurePosixPath(file).stem) == stem:
                    return file
        # What is alike is found letter by letter: in a million names that would take longer than the survey.
        stems = {}
        for file in self._ordered[:_MOST_NAMES]:
            stems[_spelling(str(PurePosixPath(file).with_suffix("")))] = file
        wanted = _spelling(path).rpartition(".")[0]
        for close in difflib.get_close_matches(wanted, stems, n=1, cutoff=0.8):
            return stems[close]
        return None

    @cached_property
    def _files(self) -> frozenset[str]:
        """All plain files, without links: those are resolved when they are asked for."""
        return frozenset(_plain_files(self._root, ""))

    @cached_property
    def _ordered(self) -> list[str]:
        return sorted(file for file in self._files if PurePosixPath(file).name != "clips.csv")

    @cached_property
    def _spellings(self) -> dict[str, list[str]]:
        spellings: dict[str, list[str]] = defaultdict(list)
        for file in self._ordered:
            spellings[_spelling(file)].append(file)
        return dict(spellings)


def _plain_files(folder: Path | str, prefix: str) -> list[str]:
    found: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    found.append(prefix + entry.name)
                elif entry.is_dir(follow_symlinks=False):
                    found += _plain_files(entry.path, f"{prefix}{entry.name}/")
    # A folder that may not be read: a path into it is looked up by itself, and the reason said.
    except OSError:
        return found
    return found


def _spelling(path: str) -> str:
    """What two spellings of one path have in common: without capitals, in one form of accents, with single blanks.

    Signs that nobody sees (zero-width blanks, soft hyphens) are left out.
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
    if not folded.isascii():
        folded = "".join(sign for sign in folded if unicodedata.category(sign) != "Cf")
    return "/".join(" ".join(part.split()) for part in folded.split("/")).removeprefix("./")


def _has_drive(path: str) -> bool:
    return path[1:2] == ":" and path[:1].isalpha()


def _is_address(path: str) -> bool:
    """Whether a path is written as one of the web, of a storage or of a browser (file:///...)."""
    return "://" in path or path.lower().startswith("file:")


def _why_outside(path: str) -> str:
    if path.startswith("/") or _has_drive(path) or _is_address(path):
        return "paths are relative to the folder of clips.csv"
    if ".." in PurePosixPath(path).parts:
        return "it leaves the folder of clips.csv"
    return "a link leads out of the folder of clips.csv"
