"""Shards: uncompressed tar files with one FLAC member a clip, as WebDataset and any tar tool read them.

The same clips give the same bytes: members are sorted, and carry no times, owners or permissions of their own.
"""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from chorus.errors import DataError
from chorus.files import replacing
from chorus.spans import Spans

_BLOCK = tarfile.BLOCKSIZE
_LONGEST_SLUG = 60


def slugs(recorders: Iterable[str]) -> dict[str, str]:
    """A name for each recorder that may stand in file names: letters, digits and hyphens of ASCII.

    Recorders that would get the same name (capitals aside, since some file systems see no difference) are told apart
    by a short hash.
    """
    plain = {recorder: _plain(recorder) for recorder in recorders}
    uses = Counter(slug.casefold() for slug in plain.values())
    names = {}
    for recorder, slug in plain.items():
        if not slug or uses[slug.casefold()] > 1:
            slug = _with_hash(slug, recorder)
        names[recorder] = slug
    return names


def shard_name(slug: str, night: str) -> str:
    """The file of a recorder's night: "Moth01_20240312.tar", or "Moth01.tar" when the night is unknown.

    Args:
        slug: as from `slugs`.
        night: YYYY-MM-DD or "".
    """
    return f"{'_'.join(filter(None, [slug, night.replace('-', '')]))}.tar"


@contextmanager
def open_shard(path: Path) -> Iterator[Callable[[str, BinaryIO], None]]:
    """Write a shard whole or not at all; yields `add(name, file)`, which copies a seekable file from its start.

    Members keep the order of the calls.
    """
    with replacing(path) as beside, tarfile.open(beside, "w", format=tarfile.PAX_FORMAT) as tar:

        def add(name: str, file: BinaryIO) -> None:
            # Left as it is made: with mtime 0, uid 0, gid 0, no owner's name, and mode 0644.
            member = tarfile.TarInfo(name)
            member.size = file.seek(0, io.SEEK_END)
            file.seek(0)
            tar.addfile(member, file)

        yield add


def write_shard(path: Path, members: Mapping[str, bytes] | Mapping[str, BinaryIO]) -> None:
    """Write members (name -> content, or an open file that is closed) sorted by name, whole or not at all."""
    with open_shard(path) as add:
        for name in sorted(members):
            content = members[name]
            if isinstance(content, bytes):
                content = io.BytesIO(content)
            with content as file:
                add(name, file)


def read_shard(path: Path) -> Iterator[tuple[str, bytes]]:
    """The members' names and contents, one after the other.

    Raises:
        DataError: the shard is missing, damaged or cut off: names it. Members before the damage may come first.
    """
    for name, file in open_members(path):
        yield name, file.read()


def open_members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The members' names and contents as open files, each to be read before the next one is asked for.

    Raises:
        DataError: the shard is missing, damaged or cut off: names it. Members before the damage may come first.
    """
    with _reading(path) as tar:
        end = 0
        whole = path.stat().st_size
        for member in tar:
            # Before it is given out: tarfile notices that a member is cut off only when the next one is asked for.
            if member.offset_data + member.size > whole:
                raise tarfile.ReadError(f"unexpected end of data in {member.name}")
            yield member.name, _file(tar, member)
            end = member.offset_data + -(-member.size // _BLOCK) * _BLOCK
        _check_end(path, end)


def member_names(path: Path) -> list[str]:
    """The names of a shard's members.

    Raises:
        DataError: the shard is missing or damaged.
    """
    with _reading(path) as tar:
        return tar.getnames()


def read_member(path: Path, name: str) -> bytes:
    """The content of one member.

    Raises:
        DataError: the shard is missing or damaged, or has no such member.
    """
    with _reading(path) as tar:
        for member in tar:
            if member.name == name:
                return _file(tar, member).read()
    raise DataError(f"{path.name} has no member {name}")


class Members(Mapping[str, BinaryIO]):
    """Some members of several shards as one mapping that opens a content when it is asked for."""

    def __init__(self, paths: Iterable[Path], names: Collection[str]) -> None:
        """
        Args:
            names: the members wanted.

        Raises:
            DataError: a shard is missing or damaged, or none holds one of the members.
        """
        self._places: dict[str, tuple[Path, int, int]] = {}
        wanted = set(names)
        for path in paths:
            with _reading(path) as tar:
                for member in tar:
                    if member.name in wanted:
                        self._places[member.name] = (path, member.offset_data, member.size)
        if missing := sorted(wanted - set(self._places)):
            raise DataError(f"no shard has the member {missing[0]}")

    def __getitem__(self, name: str) -> BinaryIO:
        path, offset, size = self._places[name]
        return cast(BinaryIO, Spans(path.open("rb"), [(offset, offset + size)], owned=True))

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _plain(name: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^A-Za-z0-9]+", "-", ascii_only).strip("-")[:_LONGEST_SLUG]


def _with_hash(slug: str, name: str) -> str:
    return "-".join(filter(None, [slug, hashlib.sha256(name.encode("utf-8")).hexdigest()[:8]]))


@contextmanager
def _reading(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar
    except FileNotFoundError:
        raise DataError(f"the shard {path.name} is missing") from None
    except tarfile.TarError as error:
        raise DataError(f"the shard {path.name} is damaged: {error}") from None


def _file(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = None
    if member.isreg():  # of a link tarfile would give what it points to
        file = tar.extractfile(member)
    if file is None:
        raise tarfile.ReadError(f"{member.name} is no plain file")
    return file


def _check_end(path: Path, end: int) -> None:
    """tarfile takes a damaged header for the end of the archive; a real end is two blocks of zeros or more."""
    with path.open("rb") as file:
        file.seek(end)
        rest = file.read()
    if len(rest) < 2 * _BLOCK or any(rest):
        raise tarfile.ReadError("its end is missing, or lies behind a broken header")
