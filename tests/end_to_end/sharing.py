"""Machines that share data: clones of a repository, each with a cache of its own, and the S3 server between them."""

from __future__ import annotations

import hashlib
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from chorus.sharing.server import BUCKET, S3Server
from folder import Folder

ROOT = Path(__file__).parents[2]
URL = f"s3://{BUCKET}/dvc"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def keys_of(server: S3Server) -> dict[str, str]:
    """The environment in which AWS's tools, and what behaves like them, find the server."""
    return {
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_SHARED_CREDENTIALS_FILE": str(server.credentials),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def storage(folder: Path) -> Iterator[dict[str, str]]:
    """A server whose bucket this process finds by URLs, and the environment by which others do."""
    from s3fs import S3FileSystem

    with S3Server(folder, free_port()) as server, pytest.MonkeyPatch.context() as patch:
        keys = keys_of(server)
        for name, value in keys.items():
            patch.setenv(name, value)
        patch.setenv("AWS_MAX_ATTEMPTS", "1")  # when it is gone, that is known at once
        S3FileSystem.clear_instance_cache()  # those of an earlier test know an earlier server
        yield keys


# Where nobody, not even root, can keep anything: nothing reaches another machine by it. A home each would be an
# environment each, whose commands could not be copies of one prepared process.
NO_HOME = "/proc/nobody"


class Machine(Folder):
    """A clone, or another folder with a DVC repository; the keys to the server come by the environment, if at all."""

    def __init__(self, folder: Path, environment: Mapping[str, str] = {}) -> None:
        home = {
            "HOME": NO_HOME,
            "XDG_CONFIG_HOME": NO_HOME,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        super().__init__(folder, home | {"COLUMNS": "200"} | dict(environment))

    @classmethod
    def clone(
        cls, origin: Path, folder: Path, server: S3Server, environment: Mapping[str, str] = {}
    ) -> Machine:
        """As a colleague would: git clone, and one line for the keys."""
        subprocess.run(["git", "clone", "-q", origin, folder], check=True)
        machine = cls(folder, environment)
        machine.introduce(folder.name)
        machine.use_keys(server.credentials)
        return machine

    def add_remote(self, server: S3Server) -> None:
        """The remote as a team commits it: what the commands of docs/sharing.md write."""
        options = {"url": URL, "endpointurl": server.endpoint, "verify": "true"}
        with (self.folder / ".dvc/config").open("a") as config:
            config.write(_section(options))
        self.run("dvc", "remote", "default", "-q", "storage")

    def use_keys(self, credentials: Path | None, **options: str) -> None:
        """The keys, and other options of the remote, of this machine alone."""
        keys = {} if credentials is None else {"credentialpath": str(credentials)}
        (self.folder / ".dvc/config.local").write_text(_section(keys | options))

    def hashes(self, *folders: str) -> dict[str, str]:
        """Path -> MD5 of the files below some folders; without any, of all files but git's, DVC's and Python's own.

        The survey's memory of the files it has read is this machine's own too.
        """
        own = {".git", ".dvc", "__pycache__", ".cache", ".survey.json"}
        found = [file for folder in folders or ("",) for file in (self.folder / folder).rglob("*")]
        return {
            str(path): hashlib.md5((self.folder / path).read_bytes()).hexdigest()
            for path in sorted(file.relative_to(self.folder) for file in found if file.is_file())
            if not own & set(path.parts)
        }

    def hashes_of(self, paths: set[str]) -> dict[str, str]:
        """As `hashes`, of files and of all below folders."""
        return {
            path: name
            for path, name in self.hashes().items()
            if any(path == given or path.startswith(f"{given}/") for given in paths)
        }

    def cached(self) -> set[str]:
        """The names of the objects in the cache."""
        files = (self.folder / ".dvc/cache/files/md5").glob("??/*")
        return {f"{file.parent.name}{file.name}" for file in files}

    def damaged(self) -> set[str]:
        """Objects in the cache whose content is not what their name says, half-written ones included."""
        files = (self.folder / ".dvc/cache/files/md5").glob("??/*")
        return {
            file.name
            for file in files
            if hashlib.md5(file.read_bytes()).hexdigest() != f"{file.parent.name}{file.stem}"
        }


def _section(options: Mapping[str, str]) -> str:
    lines = "".join(f"    {key} = {value}\n" for key, value in options.items())
    return f"['remote \"storage\"']\n{lines}"
