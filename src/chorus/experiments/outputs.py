"""Outputs of any commit, read from DVC's cache or its remote without checking anything out.

A commit's dvc.lock names the hash of each output, and cache and remote keep the file under that hash.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from chorus.errors import DataError
from chorus.experiments.history import Snapshot
from chorus.sharing.patience import limit_waiting


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
        """An output, a single file, as the commit has it.

        Raises:
            DataError: the commit has none, it is neither in the cache nor to be had from the remote, or is damaged.
        """
        md5 = commit.output_hash(path)
        if md5 is None:
            raise DataError(
                f"the dvc.lock of {commit.name} knows no {path}: no model was trained there"
            )
        file = Path(self._repo.cache.local.oid_to_path(md5))
        data = file.read_bytes() if file.is_file() else self._from_remote(md5, path, commit.name)
        if hashlib.md5(data).hexdigest() != md5:
            raise DataError(
                f"{path} of {commit.name} is damaged in the cache: pull or run it again"
            )
        return data

    def _from_remote(self, md5: str, path: str, name: str) -> bytes:
        """By the hash: an experiment older than the remote does not know it."""
        from dvc.exceptions import DvcException

        try:
            remote = self._repo.cloud.get_remote_odb(hash_name="md5")
            with remote.fs.open(remote.oid_to_path(md5), "rb") as stream:
                return bytes(stream.read())
        except (DvcException, OSError):
            raise DataError(
                f"{path} of {name} is not on this machine, nor in a remote that can be reached:"
                f" dvc exp pull <git remote> {name}, or dvc pull"
            ) from None
