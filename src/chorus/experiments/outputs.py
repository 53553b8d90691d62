"""Outputs of any commit, read from DVC's cache or its remote without checking anything out.

A commit's dvc.lock names the hash of each output, and cache and remote keep the file under that hash.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from chorus.errors import DataError
from chorus.experiments.history import History
from chorus.experiments.snapshot import Snapshot
from chorus.sharing.patience import limit_waiting

if TYPE_CHECKING:
    from dvc.repo import Repo


def output_of(run: str, path: str, root: Path = Path()) -> bytes:
    """An output of the newest experiment of this name, or else of the commit that it names.

    Raises:
        DataError: there is none of this name, or see `Outputs.content`.
    """
    commit = History(root).named(run)
    if commit is None:
        raise DataError(
            f"{run} is no run and no revision here; runs of others: dvc exp pull origin {run}"
        )
    return Outputs(root).content(commit, path)


def from_remote(repo: Repo, md5: str) -> bytes | None:
    """A file of the remote by its hash: an experiment older than the remote does not know it.

    Returns:
        None where there is no remote that can be reached, or it has no such file.
    """
    from dvc.exceptions import DvcException

    try:
        remote = repo.cloud.get_remote_odb(hash_name="md5")
        with remote.fs.open(remote.oid_to_path(md5), "rb") as stream:
            return bytes(stream.read())
    except (DvcException, OSError):
        return None


class Outputs:
    """The cache, and behind it the remote, of the study in a folder.

    Raises:
        DataError: the folder is in no DVC repository.
    """

    def __init__(self, root: Path) -> None:
        from dvc.exceptions import NotDvcRepoError
        from dvc.repo import Repo

        limit_waiting()
        try:
            self._repo = Repo(str(root))
        except NotDvcRepoError:
            raise DataError(f"{root} is in no DVC repository: models are kept by DVC") from None

    def content(self, commit: Snapshot, path: str) -> bytes:
        """An output, or a file in an output that is a folder, as the commit has it.

        Raises:
            DataError: the commit has none, it is neither in the cache nor to be had from the remote, or is damaged.
        """
        md5 = commit.output_hash(path) or self._hash_in_folder(commit, path)
        if md5 is None:
            raise DataError(
                f"the dvc.lock of {commit.name} knows no {path}: no model was trained there"
            )
        return self._read(md5, path, commit.name)

    def _hash_in_folder(self, commit: Snapshot, path: str) -> str | None:
        """DVC keeps a folder as a list of its files, under a hash that says so."""
        for folder in PurePosixPath(path).parents:
            listed = commit.output_hash(str(folder))
            if listed is None or not listed.endswith(".dir"):
                continue
            within = str(PurePosixPath(path).relative_to(folder))
            for file in json.loads(self._read(listed, str(folder), commit.name)):
                if file["relpath"] == within:
                    return str(file["md5"])
        return None

    def _read(self, md5: str, path: str, name: str) -> bytes:
        file = Path(self._repo.cache.local.oid_to_path(md5))
        data = file.read_bytes() if file.is_file() else from_remote(self._repo, md5)
        if data is None:
            raise DataError(
                f"{path} of {name} is not on this machine, nor in a remote that can be reached:"
                f" dvc exp pull <git remote> {name}, or dvc pull"
            )
        # DVC trusts the names of files: a rotten one would be taken for the model
        if hashlib.md5(data, usedforsecurity=False).hexdigest() != md5.removesuffix(".dir"):
            raise DataError(f"{path} of {name} is damaged in the cache: pull or run it again")
        return data
