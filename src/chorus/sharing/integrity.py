"""Is the data what a commit says, byte for byte, on this machine and on the remote?

DVC names objects by their MD5 and trusts the names: it notices neither a damaged object in its cache, nor a missing one
of a folder on the remote, whose list of files it finds there and takes for the files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal

from dvc.config import NoRemoteError
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc_data.hashfile.hash_info import HashInfo
from dvc_data.hashfile.tree import Tree
from dvc_objects.errors import ObjectFormatError

from chorus.errors import ChorusError, DataError

State = Literal["whole", "missing", "damaged"]
_CONNECTIONS = 8


@dataclass(frozen=True)
class Object:
    """What the cache and a remote hold for files of one content, or for the list of a folder's files.

    name: the MD5 of its content; that of a folder's list ends in ".dir".
    paths: from the current folder, of all files that have this content.
    """

    name: str
    paths: tuple[str, ...]


class Store:
    """The objects of the study around the current folder: in the cache of this machine and on a remote.

    Args:
        remote: its name; "": the default remote.

    Raises:
        ChorusError: there is no such remote.
    """

    def __init__(self, remote: str = "") -> None:
        self._repo = Repo()
        self._cache: Any = self._repo.cache.local
        self._name = remote

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._repo.close()

    def objects(self, revision: str = "") -> list[Object]:
        """What the outputs of a commit consist of; a folder whose list is not here is looked up on the remote.

        Args:
            revision: a commit, or the name of an experiment; "": the files as they are now.

        Raises:
            DataError: there is no such commit.
            ChorusError: the list of a folder is neither here nor on the remote.
        """
        found: dict[str, list[str]] = {}
        try:
            for _ in self._repo.brancher(revs=[revision] if revision else None, workspace=False):
                for output in self._repo.index.outs:
                    if output.use_cache and output.hash_info:
                        for path, name in self._parts(output.hash_info, str(output)):
                            found.setdefault(name, []).append(path)
        except DvcException as error:
            raise DataError(f"{revision or 'the workspace'}: {' '.join(str(error).split())}") from None
        return [Object(name, tuple(dict.fromkeys(paths))) for name, paths in found.items()]

    def here(self, objects: Collection[Object], advance: Callable[[int], None]) -> dict[Object, State]:
        """The state of objects in the cache, from reading them."""
        return self._states(self._cache, objects, advance)

    def there(self, objects: Collection[Object], advance: Callable[[int], None]) -> dict[Object, State]:
        """The state of objects on the remote, from reading them.

        Raises:
            ChorusError: there is no remote, or it cannot be read.
        """
        with _using_remote():
            return self._states(self._remote, objects, advance)

    def upload(self, objects: Collection[Object]) -> None:
        """Put objects from the cache on the remote, in place of what is there.

        Raises:
            ChorusError: the remote cannot be written.
        """
        with _using_remote():
            for item in objects:
                self._remote.fs.put_file(self._cache.oid_to_path(item.name), self._remote.oid_to_path(item.name))

    def discard(self, objects: Collection[Object]) -> None:
        """Remove objects from the cache, and their damaged copies in the study: the next pull brings them again."""
        for item in objects:
            Path(self._cache.oid_to_path(item.name)).unlink()
            for path in item.paths:
                copy = Path(path)
                if copy.is_file() and not _whole(item.name, copy.open("rb")):
                    copy.unlink()

    @property
    def _remote(self) -> Any:
        try:
            return self._repo.cloud.get_remote_odb(self._name or None)
        except (NoRemoteError, DvcException) as error:
            raise ChorusError(f"no remote to look at: {' '.join(str(error).split())}") from None

    def _parts(self, info: HashInfo, path: str) -> Iterator[tuple[str, str]]:
        """Path and name of what an output consists of."""
        assert info.value is not None
        yield path, info.value
        if info.isdir:
            for key, _, part in self._tree(info, path):
                yield "/".join((path, *key)), part.value

    def _tree(self, info: HashInfo, path: str) -> Any:
        absent = (FileNotFoundError, ObjectFormatError)
        with suppress(*absent):
            return Tree.load(self._cache, info)
        with _using_remote(), suppress(*absent):
            return Tree.load(self._remote, info)
        raise ChorusError(
            f"the list of files of {path} is neither here nor on the remote:"
            " python src/verify.py --remote --repair on a machine that has it"
        )

    def _states(self, store: Any, objects: Collection[Object], advance: Callable[[int], None]) -> dict[Object, State]:
        states: dict[Object, State] = {}
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            for item, state in zip(objects, pool.map(partial(_state, store), objects), strict=True):
                states[item] = state
                advance(1)
        return states


def faults(states: Mapping[Object, State], kind: State) -> list[Object]:
    """The objects in a state."""
    return [item for item, state in states.items() if state == kind]


def _state(store: Any, item: Object) -> State:
    try:
        stream = store.fs.open(store.oid_to_path(item.name), "rb")
        return "whole" if _whole(item.name, stream) else "damaged"
    except FileNotFoundError:
        return "missing"


def _whole(name: str, stream: BinaryIO) -> bool:
    digest = hashlib.md5(usedforsecurity=False)
    with stream:
        while block := stream.read(2**20):
            digest.update(block)
    return digest.hexdigest() == name.removesuffix(".dir")


@contextmanager
def _using_remote() -> Iterator[None]:
    try:
        yield
    except ChorusError:
        raise
    except Exception as error:  # whatever S3 and its libraries raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ChorusError(f"the remote cannot be used: {reason}") from None
