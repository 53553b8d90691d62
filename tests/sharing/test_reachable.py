"""A remote that is not there is said to be so: nothing is "missing" on it, and nothing is pushed to its place."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from folder import Folder

SRC = Path(__file__).parents[2] / "src"
PUSH, VERIFY = ([f"{SRC / name}"] for name in ("push.py", "verify.py"))


@pytest.fixture
def author(tmp_path):
    author = Folder(tmp_path / "author")
    author.folder.mkdir()
    (author.folder / "scores.csv").write_bytes(b"1" * 3_000)
    author.git_init()
    author.run("dvc", "init", "-q")
    author.run("dvc", "add", "-q", "scores.csv")
    return author


def test_a_folder_where_no_disk_is_mounted(author, tmp_path):
    author.run("dvc", "remote", "add", "-q", "-d", "shared", str(tmp_path / "disk/shared"))
    for command in (PUSH, [*VERIFY, "--remote"]):
        assert "is not there: is its disk mounted?" in author.run("python", *command, fails=True)
    assert not (tmp_path / "disk").exists()
    (tmp_path / "disk").mkdir()
    assert "uploaded: 1; on the remote: all 1 objects" in author.run("python", *PUSH)


def test_a_server_that_does_not_answer_and_the_password_in_its_address(author):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    user = "user"  # no file of this repository may hold what looks like a password in an address
    author.run("dvc", "remote", "add", "-q", "-d", "shared", f"http://{user}:S3cret/S3@127.0.0.1:{port}/x")
    said = author.run("python", *PUSH, fails=True)
    assert "the remote cannot be used: " in said and "S3cret" not in said
