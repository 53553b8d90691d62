"""Which files are recordings, in folders as people keep them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from chorus.detection.files import find


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def _file(path: str) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    return file


def test_linked_folders_are_looked_into(tmp_path):
    _file("season/Pond/a.wav")
    _file("drive/card 1/b.wav")
    _file("drive/card 1/c.wav")
    Path("season/Creek").symlink_to(tmp_path / "drive/card 1")
    found = find([Path("season")])
    assert found.recordings == {
        "season/Creek/b.wav": "Creek",
        "season/Creek/c.wav": "Creek",
        "season/Pond/a.wav": "Pond",
    }
    assert not found.unreadable and not found.others


def test_a_recording_is_called_as_it_is_without_a_link_and_counts_once():
    _file("season/Pond/a.wav")
    Path("season/All of it").symlink_to("Pond")
    assert find([Path("season")]).recordings == {"season/Pond/a.wav": "Pond"}


def test_circles_of_links_end(tmp_path):
    _file("elsewhere.wav")
    _file("season/Pond/a.wav")
    Path("season/Pond/season").symlink_to("..")
    Path("season/up").symlink_to(tmp_path)
    Path("season/self").symlink_to("self")
    Path("season/b.wav").symlink_to("b.wav")
    found = find([Path("season")])
    assert found.recordings == {"season/Pond/a.wav": "Pond"}
    assert found.unreadable == {"season/b.wav": "unreadable: Too many levels of symbolic links"}


def test_a_name_in_another_encoding_is_refused_before_any_work():
    _file("season/a.wav")
    for name in (b"season/Ca\xf1on.wav", b"season/\xc1rea/b.wav"):
        _file(os.fsdecode(name))
    found = find([Path("season")])
    assert list(found.recordings) == ["season/a.wav"]
    assert found.unreadable == {
        "season/Ca\\xf1on.wav": "name not in UTF-8: rename it",
        "season/\\xc1rea/b.wav": "name not in UTF-8: rename it",
    }


def test_what_lies_in_a_folder_that_may_be_listed_and_not_entered_is_named(monkeypatch):
    _file("season/a.wav")
    _file("season/Shut/b.wav")
    Path("season/Shut/below").mkdir()
    stat = Path.stat

    def refuse(path, **named):
        if path.parent.name == "Shut":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return stat(path, **named)

    monkeypatch.setattr(Path, "stat", refuse)
    found = find([Path("season")])
    assert list(found.recordings) == ["season/a.wav"]
    assert found.unreadable == {"season/Shut/b.wav": "unreadable: Permission denied"}
