"""Is the data what a commit says, byte for byte, on this machine and on the remote?

DVC names objects by their MD5 and trusts the names: it notices neither a damaged object in its cache, nor a missing one
of a folder on the remote, whose list of files it finds there and takes for the files.

It also trusts what it collected for an earlier push or pull, interrupted or not: the half of a list is taken for the
whole ever after (the cause of what https://github.com/treeverse/dvc/issues/10977 describes; #4343 was of that kind).
`Store.push` therefore asks the remote for each object, and `Store.forget` removes what was collected.
"""

from __future__ import annotations

import hashlib
import re
import shutil
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
from dvc.repo import Repo, lock_repo
from dvc_data.hashfile.hash_info import HashInfo
from dvc_data.hashfile.tree import Tree
from dvc_objects.errors import ObjectFormatError

from chorus.errors import ChorusError, DataError, without_keys
from chorus.sharing.halves import remove_abandoned, remove_halves
from chorus.sharing.patience import limit_waiting, refuse_silent, refuse_unanswered

State = Literal["whole", "missing", "damaged"]
_CONNECTIONS = 8
_BATCH = 64  # objects between two steps of a progress bar


def _ignore(_: int) -> None:
    """No progress bar."""


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
        limit_waiting()
        self._repo = Repo()
        self._cache: Any = self._repo.cache.local
        self._name = remote
        self._answered = False

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._repo.close()

    def objects(self, revision: str = "", outputs: Collection[str] | None = None) -> list[Object]:
        """What the outputs of a commit consist of; a folder whose list is not here is looked up on the remote.

        Args:
            revision: a commit, or the name of an experiment; "": the files as they are now.
            outputs: only these, by their paths in dvc.yaml; None: all.

        Raises:
            DataError: there is no such commit.
            ChorusError: the list of a folder is neither here nor on the remote.
        """
        revisions = None
        if revision:
            revisions = [revision]
        found: dict[str, list[str]] = {}
        # DVC's brancher sets its repository to a commit for as long as the loop's body runs.
        try:
            for _ in self._repo.brancher(revs=revisions, workspace=False):
                for path, name in self._parts_of_outputs(outputs):
                    found.setdefault(name, []).append(path)
        except DvcException as error:
            raise DataError(
                f"{revision or 'the workspace'}: {' '.join(str(error).split())}"
            ) from None
        return [Object(name, tuple(dict.fromkeys(paths))) for name, paths in found.items()]

    def _parts_of_outputs(self, outputs: Collection[str] | None) -> Iterator[tuple[str, str]]:
        for output in self._repo.index.outs:
            wanted = outputs is None or output.def_path in outputs
            # What git keeps is in no cache, and what no run has made yet has no hash.
            if wanted and output.use_cache and output.hash_info:
                yield from self._parts(output.hash_info, str(output))

    def here(
        self, objects: Collection[Object], advance: Callable[[int], None]
    ) -> dict[Object, State]:
        """The state of objects in the cache, from reading them."""
        return self._states(self._cache, objects, advance)

    def there(
        self, objects: Collection[Object], advance: Callable[[int], None]
    ) -> dict[Object, State]:
        """The state of objects on the remote, from reading them.

        Raises:
            ChorusError: there is no remote, or it cannot be read.
        """
        with using_remote():
            remote = self._reachable()
            return self._states(remote, objects, advance)

    def upload(self, objects: Collection[Object], advance: Callable[[int], None] = _ignore) -> None:
        """Put objects from the cache on the remote, in place of what is there: first files, then lists of files.

        Whoever finds a list there, finds all its files; each object is there whole or not at all.

        Raises:
            ChorusError: the remote cannot be written.
        """
        names = sorted([item.name for item in objects], key=_files_first)
        with using_remote():
            remote = self._remote
            for start in range(0, len(names), _BATCH):
                batch = names[start : start + _BATCH]
                paths = [self._cache.oid_to_path(name) for name in batch]
                # whatever is there: it may be damaged; and who uploads looks afterwards what has arrived
                remote.add(
                    paths,
                    self._cache.fs,
                    batch,
                    check_exists=False,
                    verify=False,
                    batch_size=_CONNECTIONS,
                )
                advance(len(batch))

    def lacking(self, objects: Collection[Object]) -> list[Object]:
        """The objects that the remote has not, or in another size; it is asked for each, and none is read.

        Raises:
            ChorusError: there is no remote, or it cannot be read.
        """
        with using_remote():
            remote = self._reachable(writing=True)
            with ThreadPoolExecutor(_CONNECTIONS) as pool:
                found = list(pool.map(partial(self._stored, remote), objects))
        return [item for item, stored in zip(objects, found, strict=True) if not stored]

    def push(
        self, objects: Collection[Object], advance: Callable[[int], None] = _ignore
    ) -> list[Object]:
        """Bring to the remote what it lacks, whatever DVC has noted about it, and look whether it arrived.

        Returns:
            what was uploaded.

        Raises:
            DataError: an object is neither here nor on the remote; all files that are here have been uploaded, but no
                list of files.
            ChorusError: there is no remote, it cannot be used, or an object has not arrived.
        """
        self.forget()
        lacking = self.lacking(objects)
        lost = [item for item in lacking if not self._is_here(item)]
        # Whoever finds a list on the remote takes its files to be there: where some are lost, no list goes up.
        uploaded = []
        for item in lacking:
            is_list_of_lost = bool(lost) and item.name.endswith(".dir")
            if item not in lost and not is_list_of_lost:
                uploaded.append(item)
        advance(len(objects) - len(uploaded))
        self.upload(uploaded, advance)
        if lost:
            raise DataError(
                f"{_counted(lost)} neither here nor on the remote, {lost[0].paths[0]} first: "
                "bring the data here first (dvc pull of another remote, or dvc repro)"
            )
        # Some servers confirm an upload and do not keep it.
        if left := self.lacking(uploaded):
            raise ChorusError(
                f"{_counted(left)} not on the remote although it took the upload: {left[0].paths[0]}"
            )
        if self._remote.fs.protocol == "local":
            remove_abandoned(Path(self._remote.path))
        return uploaded

    def forget(self) -> None:
        """Remove what DVC has collected for earlier pushes and pulls, and noted about remotes; it collects it anew.

        And the halves of files that it left when it was killed.
        """
        with lock_repo(self._repo):
            remove_halves(self._repo)
            shutil.rmtree(Path(self._repo.site_cache_dir) / "index", ignore_errors=True)
        self._repo.close()
        self._repo = Repo()  # the old one would go on with the databases that it has open

    def refuse_silent_remote(self) -> None:
        """Before a pull, ask the default remote once, if it is a server: DVC itself asks very patiently.

        Raises:
            ChorusError: it does not answer.
        """
        if self._repo.config["core"].get("remote"):
            with using_remote():
                if self._remote.fs.protocol in ("s3", "http", "https"):
                    self._reachable()

    def discard(self, objects: Collection[Object]) -> None:
        """Remove objects from the cache, and their damaged copies in the study: the next pull brings them again."""
        # of another commit's objects the files here are no copies, though they have their names
        meant: dict[str, str] = {}
        for item in self.objects():
            meant |= dict.fromkeys(item.paths, item.name)
        for item in objects:
            Path(self._cache.oid_to_path(item.name)).unlink()
            for path in item.paths:
                copy, is_meant = Path(path), meant.get(path) == item.name
                if is_meant and copy.is_file() and not _whole(item.name, copy.open("rb")):
                    copy.unlink()

    @property
    def _remote(self) -> Any:
        try:
            return self._repo.cloud.get_remote_odb(self._name or None)
        except (NoRemoteError, DvcException) as error:
            raise ChorusError(f"no remote to look at: {' '.join(str(error).split())}") from None

    @property
    def _address(self) -> str:
        """The remote's name and where it is asked, without keys."""
        name = self._name or self._repo.config["core"]["remote"]
        options = self._repo.config["remote"][name]
        return f"{name} ({without_keys(options.get('endpointurl') or options['url'])})"

    def _reachable(self, *, writing: bool = False) -> Any:
        """The remote, seen to answer: without its bucket or disk, every object would be "missing".

        Args:
            writing: the last part of a folder on this machine may not be there yet, DVC makes it. Not more of it: what
                is pushed to where an unmounted disk belongs is not shared with anybody.
        """
        remote = self._remote
        if remote.fs.protocol in ("s3", "http", "https"):
            # Once: the list of each folder that is not here is looked up there.
            if not self._answered:
                place = remote.path
                if remote.fs.protocol == "s3":
                    place = place.split("/")[0]  # the bucket
                refuse_silent(self._address, remote.fs, place)
            self._answered = True
            # connected here: of threads that ask at once, each would connect anew, one after the other
            _ = remote.fs.fs
        elif remote.fs.protocol == "local":
            folder = Path(remote.path)  # FOLDER/files/md5
            if writing:
                folder = folder.parents[2]
            if not folder.is_dir():
                raise ChorusError(
                    f"the remote's folder {folder} is not there: is its disk mounted?"
                )
        return remote

    def _is_here(self, item: Object) -> bool:
        return Path(self._cache.oid_to_path(item.name)).is_file()

    def _stored(self, remote: Any, item: Object) -> bool:
        try:
            size = remote.fs.info(remote.oid_to_path(item.name))["size"]
        except FileNotFoundError as error:
            refuse_unanswered(error)
            return False
        # Another size is a half; without the object here there is nothing to compare with.
        if not self._is_here(item):
            return True
        return bool(size == Path(self._cache.oid_to_path(item.name)).stat().st_size)

    def _parts(self, info: HashInfo, path: str) -> Iterator[tuple[str, str]]:
        """Path and name of what an output consists of."""
        assert info.value is not None
        yield path, info.value
        if info.isdir:
            for key, _, part in self._tree(info, path):
                yield "/".join((path, *key)), part.value

    def _tree(self, info: HashInfo, path: str) -> Any:
        with suppress(FileNotFoundError, ObjectFormatError):
            return Tree.load(self._cache, info)
        with using_remote(), suppress(ObjectFormatError):
            try:
                return Tree.load(self._reachable(writing=True), info)  # as at a first push
            except FileNotFoundError as error:
                refuse_unanswered(error)
        raise ChorusError(
            f"the list of files of {path} is neither here nor on the remote:"
            " chorus verify --remote --repair on a machine that has it"
        )

    def _states(
        self, store: Any, objects: Collection[Object], advance: Callable[[int], None]
    ) -> dict[Object, State]:
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
        is_whole = _whole(item.name, stream)
    except FileNotFoundError as error:
        refuse_unanswered(error)
        return "missing"
    if not is_whole:
        return "damaged"
    return "whole"


def _files_first(name: str) -> tuple[bool, str]:
    """The order in which objects are uploaded: lists of files last."""
    return name.endswith(".dir"), name


def _whole(name: str, stream: BinaryIO) -> bool:
    # it names objects and secures nothing: machines on which MD5 is forbidden allow it so
    digest = hashlib.md5(usedforsecurity=False)
    with stream:
        while block := stream.read(2**20):
            digest.update(block)
    return digest.hexdigest() == name.removesuffix(".dir")


def _counted(objects: Collection[Object]) -> str:
    if len(objects) == 1:
        return "1 object is"
    return f"{len(objects)} objects are"


# What S3 servers say, and what to do about it; the first that fits counts, so that the vague ones stand below.
_REMEDIES = (
    (
        r"token.*expired|ExpiredToken",
        "the session token has expired: log in again, or set a new session_token",
    ),
    (
        r"PermanentRedirect|Moved Permanently|must be addressed using|IllegalLocationConstraint|wrong region",
        "the bucket lies in another region: dvc remote modify NAME region REGION",
    ),
    (
        r"bucket does not exist|NoSuchBucket",
        "make the bucket, or correct its name: dvc remote modify NAME url s3://...",
    ),
    (r"TooSkewed|current time is too large", "the clock of this machine is wrong"),
    (r"SlowDown|reduce your request rate", "the server is busy: the same command again, later"),
    (r"Bad Request", "wrong keys, an expired session token or another region"),
    (
        r"Unable to parse response|not well-formed|invalid XML",
        "no S3 server answers there: a login page of a network?",
    ),
    (
        r"Could not connect|Connection was closed",
        "is the server up, and this machine on the network?",
    ),
)


@contextmanager
def using_remote() -> Iterator[None]:
    """Turn whatever S3 and its libraries raise into one sentence, with what to do about it where that is known.

    Raises:
        ChorusError: the remote cannot be used.
    """
    try:
        yield
    except ChorusError:
        raise
    except Exception as error:
        reason = without_keys(" ".join(str(error).split())) or type(error).__name__
        words = f"{type(error).__name__} {reason} {error.__cause__ or error.__context__ or ''}"
        raise ChorusError(f"the remote cannot be used: {reason[:300]}{_advice(words)}") from None


def _advice(words: str) -> str:
    """What to do about an error, in brackets; "" where it is not known."""
    for pattern, remedy in _REMEDIES:
        if re.search(pattern, words, re.IGNORECASE | re.DOTALL):
            return f" ({remedy})"
    return ""
