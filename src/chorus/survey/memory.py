"""What an earlier survey found in each file, so that one new night does not mean to read all others again.

It is remembered by the files' contents, for as long as the code that reads them stays as it is, and holds for shards
that are byte by byte what that survey wrote. It is no result: without it everything is read, and the same comes out.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
import soxr

import chorus
from chorus.files import write_text

_CODE = ("audio.py", "clips.py", "spans.py", "reading", "survey/cuts.py", "survey/packing.py", "survey/recordings.py")

Finding = dict[str, Any]  # what follows from a clip's audio, or {"reason": why it is of no use}


@dataclass
class Memory:
    """How files were read (`reader`), each shard's hash, and what was found in it: identity -> finding."""

    reader: str
    hashes: dict[str, str] = field(default_factory=dict)
    findings: dict[str, dict[str, Finding]] = field(default_factory=dict)

    def trusts(self, shard: Path) -> bool:
        """Whether a shard is what the survey wrote, and something is known of its clips."""
        if shard.name not in self.findings or not shard.is_file():
            return False
        return hash_file(shard) == self.hashes.get(shard.name)


def recall(path: Path, reader: str) -> Memory:
    """What an earlier survey saved; nothing when it read in another way, or its file is missing or damaged."""
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        if saved["reader"] == reader:
            return Memory(reader, dict(saved["hashes"]), dict(saved["findings"]))
    except (OSError, ValueError, KeyError, TypeError):  # then all is read again, which costs nothing but time
        pass
    return Memory(reader)


def save(path: Path, memory: Memory) -> None:
    """Keep it for the next survey."""
    content = {"reader": memory.reader, "hashes": memory.hashes, "findings": memory.findings}
    write_text(path, json.dumps(content, sort_keys=True))


def reader_id(padding: str, min_seconds: float) -> str:
    """A name for how files are read: parameters, code and libraries."""
    digest = hashlib.sha256()
    folder = Path(chorus.__file__).parent
    for name in _CODE:
        place = folder / name
        for file in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            digest.update(file.read_bytes())
    versions = (sf.__version__, sf.__libsndfile_version__, soxr.__version__, np.__version__)
    digest.update(repr((versions, padding, min_seconds)).encode())
    return digest.hexdigest()


def hash_file(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
