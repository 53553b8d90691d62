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

from chorus.errors import one_line


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


def test_yaml_that_is_none():
    sentence = one_line(_raised(lambda: yaml.safe_load("a: [")))
    assert sentence.startswith("YAML: ") and "\n" not in sentence


def test_a_folder_of_another_user_says_what_to_do():
    error = pygit2.GitError("repository path '/x' is not owned by current user")
    assert "git config --global --add safe.directory" in one_line(error)


def test_encodings_are_named():
    assert "0xc9 at 3" in one_line(_raised(lambda: "ab Étang".encode("cp1252").decode("utf-8")))
    assert one_line(_raised(lambda: "stüdy".encode("ascii"))).startswith("'ü' cannot be written in ascii")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EEXIST])
def test_the_disk_names_the_file(code):
    assert one_line(OSError(code, os.strerror(code), "/a/file")) == f"{os.strerror(code)}: /a/file"


@pytest.mark.parametrize("error", [KeyError("a"), ValueError("b"), OSError(errno.ECHILD, "c"), TypeError("d")])
def test_what_may_be_a_bug_stays_one(error):
    assert one_line(error) is None
