"""Shards: the same bytes for the same clips, readable by any tar, and never silently cut off."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus import shards
from chorus.errors import DataError

MEMBERS = {"b.flac": b"bb" * 300, "a.flac": b"a", "c.flac": b""}


def test_members_come_back_sorted(tmp_path):
    shards.write_shard(tmp_path / "s.tar", MEMBERS)
    assert list(shards.read_shard(tmp_path / "s.tar")) == sorted(MEMBERS.items())
    assert shards.read_member(tmp_path / "s.tar", "b.flac") == MEMBERS["b.flac"]


def test_the_order_of_members_and_the_time_do_not_show(tmp_path, monkeypatch):
    shards.write_shard(tmp_path / "s.tar", MEMBERS)
    monkeypatch.setattr("time.time", lambda: 4e9)
    shards.write_shard(tmp_path / "t.tar", dict(reversed(MEMBERS.items())))
    assert (tmp_path / "s.tar").read_bytes() == (tmp_path / "t.tar").read_bytes()


def test_no_owner_time_or_permission_is_kept(tmp_path):
    shards.write_shard(tmp_path / "s.tar", MEMBERS)
    with tarfile.open(tmp_path / "s.tar") as tar:
        seen = {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode, m.type) for m in tar}
    assert seen == {(0, 0, 0, "", "", 0o644, tarfile.REGTYPE)}


def test_the_tar_command_opens_it(tmp_path):
    shards.write_shard(tmp_path / "s.tar", MEMBERS)
    subprocess.run(["tar", "-xf", "s.tar"], cwd=tmp_path, check=True)
    assert {name: (tmp_path / name).read_bytes() for name in MEMBERS} == MEMBERS


def test_an_empty_shard_is_read(tmp_path):
    shards.write_shard(tmp_path / "s.tar", {})
    assert list(shards.read_shard(tmp_path / "s.tar")) == []


@pytest.mark.parametrize("kept", [0, 100, 700, 1536, 2100, 2900, 3100])
def test_a_shard_cut_off_anywhere_is_refused_by_name(tmp_path, kept):
    path = tmp_path / "s.tar"
    shards.write_shard(path, MEMBERS)  # headers at 0, 1024, 2560; the end at 3072
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match=r"the shard s\.tar is damaged"):
        list(shards.read_shard(path))


def test_a_broken_header_in_the_middle_is_refused(tmp_path):
    path = tmp_path / "s.tar"
    shards.write_shard(path, MEMBERS)
    data = bytearray(path.read_bytes())
    data[1024 + 150] ^= 1  # the checksum of the second member's header
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"the shard s\.tar is damaged"):
        list(shards.read_shard(path))


def test_what_is_no_tar_or_missing_is_refused(tmp_path):
    (tmp_path / "text.tar").write_text("text " * 1000)
    with pytest.raises(DataError, match=r"text\.tar is damaged"):
        list(shards.read_shard(tmp_path / "text.tar"))
    with pytest.raises(DataError, match=r"none\.tar is missing"):
        list(shards.read_shard(tmp_path / "none.tar"))
    shards.write_shard(tmp_path / "s.tar", MEMBERS)
    with pytest.raises(DataError, match=r"s\.tar has no member d\.flac"):
        shards.read_member(tmp_path / "s.tar", "d.flac")


def test_a_link_in_a_shard_is_refused(tmp_path):
    with tarfile.open(tmp_path / "s.tar", "w") as tar:
        link = tarfile.TarInfo("a.flac")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    with pytest.raises(DataError, match=r"s\.tar is damaged"):
        list(shards.read_shard(tmp_path / "s.tar"))


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), shards.open_shard(tmp_path / "s.tar") as add:
        add("a.flac", io.BytesIO(b"a"))
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_some_members_of_several_shards(tmp_path):
    shards.write_shard(tmp_path / "s.tar", MEMBERS)
    shards.write_shard(tmp_path / "t.tar", {"d.flac": b"d"})
    both = [tmp_path / "s.tar", tmp_path / "t.tar"]
    some = shards.Members(both, ["d.flac", "b.flac"])
    assert {name: file.read() for name, file in some.items()} == {
        "b.flac": MEMBERS["b.flac"],
        "d.flac": b"d",
    }
    shards.write_shard(tmp_path / "u.tar", some)
    assert dict(shards.read_shard(tmp_path / "u.tar")) == {
        "b.flac": MEMBERS["b.flac"],
        "d.flac": b"d",
    }
    with pytest.raises(DataError, match=r"no shard has the member e\.flac"):
        shards.Members(both, ["e.flac"])


def test_shards_are_named_for_recorder_and_night():
    assert shards.shard_name("Moth01", "2024-03-12") == "Moth01_20240312.tar"
    assert shards.shard_name("Moth01", "") == "Moth01.tar"


def test_plain_names_stay_and_shared_ones_are_told_apart():
    names = shards.slugs(["Moth01", "Mare du Préau", "a b", "a_b", "../../etc", "青蛙"])
    assert (
        names["Moth01"] == "Moth01"
        and names["Mare du Préau"] == "Mare-du-Preau"
        and names["../../etc"] == "etc"
    )
    assert (
        names["a b"].startswith("a-b-")
        and names["a_b"].startswith("a-b-")
        and names["a b"] != names["a_b"]
    )
    assert len(names["青蛙"]) == 8


@given(st.sets(st.text(min_size=1) | st.text("aA_-/. ", min_size=1), min_size=1, max_size=8))
def test_any_recorders_have_different_safe_names(recorders):
    names = shards.slugs(recorders)
    assert names == shards.slugs(sorted(recorders, reverse=True))
    assert len({name.casefold() for name in names.values()}) == len(recorders)
    for name in names.values():
        assert (
            name and len(name) < 80 and all(c.isascii() and (c.isalnum() or c == "-") for c in name)
        )
        assert Path(shards.shard_name(name, "2024-03-12")).name == shards.shard_name(
            name, "2024-03-12"
        )
