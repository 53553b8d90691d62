"""What earlier runs have found: killed ones, those of another night, those with another minimum score.

Logits lie under the name of their unit of work; a recording that was examined lies under its path's hash,
and counts while its file is as it was (`chorus.survey.memory`). Both are no results: without them everything
is computed anew, and the same comes out.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from chorus.places import identity, write_whole
from chorus.survey.memory import Version, version_of


@dataclass(frozen=True)
class Heard:
    """A recording that can be used: length in s, whether pieces can be scored apart, and what was noticed about it."""

    sha256: str
    seconds: float
    divisible: bool
    remarks: tuple[str, ...]


class Store:
    """The folder of what is known."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def heard(self, path: Path, reader: str) -> Heard | None:
        """What is known of a file that has not changed since; None: it is to be examined.

        Args:
            reader: names how files are read.
        """
        version = version_of(path)
        return None if version is None else _read(self._of_file(path), _lasting(version), reader)

    def heard_as(self, sha256: str, suffix: str, reader: str) -> Heard | None:
        """What is known of a file of this content, whatever its name is before the suffix."""
        return _read(self._of_content(sha256, suffix), [], reader)

    def keep_heard(self, path: Path, reader: str, version: Version | None, heard: Heard) -> None:
        """Remember what was found in a file."""
        if version is not None:
            _write(self._of_file(path), _lasting(version), reader, heard)

    def keep_heard_as(self, suffix: str, reader: str, heard: Heard) -> None:
        """Remember what was found in a file's content."""
        _write(self._of_content(heard.sha256, suffix), [], reader, heard)

    def has(self, key: str) -> bool:
        """Whether the logits of a unit are known."""
        return self._of_unit(key).is_file()

    def logits(self, key: str, shape: tuple[int, int]) -> np.ndarray | None:
        """The logits of a unit, float32 of this shape; None where they are not known, or damaged."""
        try:
            content = io.BytesIO(self._of_unit(key).read_bytes())
            values = np.load(content, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        # Damaged bytes may still be an array: of another shape, or of numbers that no head puts out.
        sound = values.shape == shape and values.dtype == np.float32 and np.isfinite(values).all()
        return values if sound else None

    def keep_logits(self, key: str, logits: np.ndarray) -> None:
        """Keep the logits of a unit, whole or not at all."""
        content = io.BytesIO()
        np.save(content, logits, allow_pickle=False)
        write_whole(self._of_unit(key), content.getvalue())

    def drop(self, key: str) -> None:
        """Forget the logits of a unit."""
        self._of_unit(key).unlink(missing_ok=True)

    def _of_file(self, path: Path) -> Path:
        # A hash, as a path may be longer than a file's name may be; surrogates, as a name may be in no encoding.
        name = hashlib.sha256(identity(path).encode("utf-8", "surrogateescape")).hexdigest()
        return self._folder / "recordings" / name[:2] / f"{name}.json"

    def _of_content(self, sha256: str, suffix: str) -> Path:
        # With the suffix: the same bytes are read otherwise where the name says that they are an MP3.
        return self._folder / "contents" / sha256[:2] / f"{sha256}{suffix.lower()}.json"

    def _of_unit(self, key: str) -> Path:
        return self._folder / "logits" / key[:2] / f"{key}.npy"


def _lasting(version: Version) -> Version:
    """A version without the file's number (inode): size, and the times of the last changes.

    FAT and exFAT, as on cards and disks that go from one machine to another, know no such numbers: each time that they
    are mounted their files get others, and a season would be read again.
    """
    if len(version) == 1:  # of a storage on another machine
        return version
    size, _, *times = version
    return [size, *times]


def _read(file: Path, version: Version, reader: str) -> Heard | None:
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        if [version, reader] != [known["version"], known["reader"]]:
            return None
        facts = known["heard"]
        return Heard(facts["sha256"], facts["seconds"], facts["divisible"], tuple(facts["remarks"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # then it is examined again, which costs nothing but time


def _write(file: Path, version: Version, reader: str, heard: Heard) -> None:
    content = {"version": version, "reader": reader, "heard": asdict(heard)}
    write_whole(file, json.dumps(content).encode())
