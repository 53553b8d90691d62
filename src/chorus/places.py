"""Where files lie: a path of this machine, or a URL such as s3://bucket/season that fsspec reads.

A remote place behaves like a path (universal_pathlib): it opens, lists and joins. What differs is said here: how it is
written whole, what tells that it has changed, and what lies below it. Credentials and endpoint are those of AWS's own
tools (AWS_PROFILE, AWS_ENDPOINT_URL, ...).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from chorus.errors import DataError
from chorus.files import replacing

MARK = "://"  # in the name of every remote place


def place(name: str | Path) -> Path:
    """The path or the remote place of that name.

    Raises:
        DataError: a URL of a kind that fsspec does not know.
    """
    if not is_remote(name):
        return Path(name)
    from upath import UPath

    try:
        return cast(Path, UPath(name))
    except (ValueError, ImportError) as error:
        raise DataError(f"{name} cannot be reached: {error}") from None


def is_remote(where: str | Path) -> bool:
    """Whether it lies on another machine."""
    return MARK in str(where)


def is_file(where: Path) -> bool:
    """Whether it is there.

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


def below(folder: Path, name: str) -> Path:
    """A file that is named as seen from a folder, or by a URL of its own."""
    if is_remote(name):
        return place(name)
    return folder / name


def for_others(where: Path) -> Path:
    """As processes in other folders, or on machines that share its file system, find it."""
    if is_remote(where):
        return where
    return where.absolute()


def identity(where: Path) -> str:
    """One name for one place, however it was written."""
    if is_remote(where):
        return where.as_posix()
    return str(where.resolve())


def write_whole(where: Path, content: bytes) -> None:
    """Write a file whole or not at all; an object of S3 always is."""
    if is_remote(where):
        where.write_bytes(content)
        return
    with replacing(where) as beside:
        beside.write_bytes(content)


def remote_version(where: Path) -> list[int]:
    """What a storage says of a file's state (of S3: size, time and ETag), as numbers."""
    file = cast(Any, where)
    return [int(file.fs.ukey(file.path), 16)]


def files_below(folder: Path) -> Iterator[tuple[str, ...]]:
    """The parts of the path of each file below a remote folder, as seen from there."""
    remote = cast(Any, folder)
    root = remote.path.rstrip("/")
    for key in remote.fs.find(root):
        yield tuple(key.removeprefix(f"{root}/").split("/"))


@contextmanager
def results_in(where: Path) -> Iterator[Path]:
    """A folder of this machine whose files, when the block ends well, lie in `where`."""
    if not is_remote(where):
        yield where
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
        remote = cast(Any, where)
        for file in sorted(filter(Path.is_file, Path(name).rglob("*"))):
            inside = file.relative_to(name).as_posix()
            remote.fs.put_file(str(file), f"{remote.path.rstrip('/')}/{inside}")
