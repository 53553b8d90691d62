"""What an earlier survey found in each file, so that one new night does not mean to read all others again.

It is remembered by the files' contents, for as long as the code that reads them stays as it is, and holds for shards
that are byte by byte what that survey wrote. It is no result: without it everything is read, and the same comes out.

A recording is not hashed again while the file system says that it is as it was: size, inode, and the times of the last
change of its content and of its entry (mtime and ctime). That is what git's index goes by. Nobody sets ctime back with
`touch -r`; where a file system keeps none (FAT, Windows), a change that keeps the size and restores mtime goes unseen.
Shards are always hashed: DVC links and copies them.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
import soxr

import chorus
from chorus.files import write_text
from chorus.places import is_remote, remote_version

_CODE = (
    "audio.py",
    "clips.py",
    "shards.py",
    "spans.py",
    "reading",
    "survey/cuts.py",
    "survey/distinct.py",
    "survey/packing.py",
    "survey/recordings.py",
)

# ns: clocks of file systems tick up to 2 s apart (FAT's), and a second change in one tick is not seen
_UNSETTLED = 10 * 10**9

Version = list[int]  # of a file: size, inode, mtime and ctime in ns; or what a storage says
Finding = dict[str, Any]  # what follows from a clip's audio, or {"reason": why it is of no use}


@dataclass
class Memory:
    """How files were read (`reader`), each shard's hash, and what was found in it: identity -> finding.

    identities: source of a clip -> its file's version when it was hashed, and its identity.
    """

    reader: str
    hashes: dict[str, str] = field(default_factory=dict)
    findings: dict[str, dict[str, Finding]] = field(default_factory=dict)
    identities: dict[str, tuple[Version, str]] = field(default_factory=dict)

    def identity(self, source: str, version: Version | None) -> str:
        """The identity of a clip whose file has not changed since it was hashed; "" when that is not certain."""
        known, identity = self.identities.get(source, (None, ""))
        if version is None or version != known:
            return ""
        return identity

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
            identities = {}
            for source, (version, identity) in saved["identities"].items():
                identities[source] = (version, identity)
            return Memory(reader, dict(saved["hashes"]), dict(saved["findings"]), identities)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # then all is read again, which costs nothing but time
    return Memory(reader)


def save(path: Path, memory: Memory) -> None:
    """Keep it for the next survey."""
    write_text(path, json.dumps(vars(memory), sort_keys=True))


def reader_id(padding: str, min_seconds: float) -> str:
    """A name for how files are read: parameters, code and libraries."""
    digest = hashlib.sha256()
    folder = Path(chorus.__file__).parent
    # Bytes and not meanings, as fingerprints have it: a comment costs one reading, a forgotten import a wrong survey.
    for name in _CODE:
        place = folder / name
        files = [place]
        if place.is_dir():
            files = sorted(place.glob("*.py"))
        for file in files:
            digest.update(file.read_bytes())
    versions = (sf.__version__, sf.__libsndfile_version__, soxr.__version__, np.__version__)
    digest.update(repr((versions, padding, min_seconds)).encode())
    return digest.hexdigest()


def hash_file(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def version_of(path: Path) -> Version | None:
    """What the file system says of a file's state; None when there is no file, or it changed a moment ago.

    To be asked before the file is hashed: who changes it then or later leaves another version.
    """
    now = time.time_ns()
    try:
        if is_remote(path):
            return remote_version(path)
        state = path.stat()
    except OSError:  # whoever opens the file says why
        return None
    # Else a file that is written twice in one tick of the clock would have one version for two contents.
    if now - max(state.st_mtime_ns, state.st_ctime_ns) < _UNSETTLED:
        return None
    return [state.st_size, state.st_ino, state.st_mtime_ns, state.st_ctime_ns]
