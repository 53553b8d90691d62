"""What a storage on another machine says of a place (`chorus.places`), for commands: no stage of a study asks it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from chorus.places import files_below, is_remote


def is_file(where: Path) -> bool:
    """Whether it is there, on this machine or elsewhere.

    Raises:
        Exception: the storage's own, when it cannot be asked: `where.is_file()` would say that there is nothing.
    """
    if not is_remote(where):
        return where.is_file()
    remote = cast(Any, where)
    try:
        return bool(remote.fs.info(remote.path)["type"] == "file")
    except FileNotFoundError:
        return False


def files_in(folder: Path) -> Iterator[tuple[str, ...]]:
    """The parts of the path of each file in and below a folder, here or elsewhere; none if it is not there."""
    if is_remote(folder):
        yield from files_below(folder)
        return
    for file in folder.rglob("*"):
        if file.is_file():
            yield file.relative_to(folder).parts


def without_kind(name: str) -> str:
    """The name of a place without the kind of storage: bucket/season/a.wav for s3://bucket/season/a.wav."""
    return name.rpartition("://")[2]
