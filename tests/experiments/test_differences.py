"""How far results differ, in words: of tensors, JSON, tables, folders in a cache, and of what is not at hand."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
import yaml
from safetensors.numpy import save

from chorus.experiments.differences import differences, largest_relative
from chorus.experiments.history import History
from folder import Folder

FLOATS = np.array([1.0, -4.0, 0.5], dtype=np.float32)


def test_numbers_differ_by_a_share_of_the_largest():
    other = FLOATS.copy()
    other[2] += 0.004
    assert largest_relative(
        "a.safetensors", save({"x": FLOATS}), save({"x": other})
    ) == pytest.approx(0.001, rel=1e-4)
    assert (
        largest_relative("a.json", b'{"a": [1, 2], "b": true}', b'{"a": [1, 3], "b": true}') == 0.5
    )
    assert largest_relative("a.csv", b"id,x\na,2\nb,\n", b"id,x\na,1\nb,\n") == 0.5


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("a.safetensors", save({"x": FLOATS}), save({"x": FLOATS[:2]})),
        ("a.json", b"[1]", b"[1, 2]"),
        ("a.csv", b"id\na\n", b"id\nb\n"),
        ("a.png", b"1", b"2"),
    ],
)
def test_what_has_no_matching_numbers_has_no_distance(name, old, new):
    assert largest_relative(name, old, new) is None


class _Cache:
    def __init__(self, folder):
        self.folder = folder

    def add(self, content: bytes, ending: str = "") -> str:
        md5 = hashlib.md5(content).hexdigest() + ending
        path = self.folder / "files/md5" / md5[:2] / md5[2:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return md5

    def add_folder(self, **files: bytes) -> str:
        entries = [
            {"md5": self.add(content), "relpath": f"{name}.safetensors"}
            for name, content in files.items()
        ]
        return self.add(json.dumps(entries).encode(), ".dir")


def test_each_output_that_differs_is_named_with_how_far(tmp_path):
    folder = Folder(tmp_path)
    folder.git_init()
    (tmp_path / "dvc.yaml").write_text("stages: {encode: {cmd: e}}\n")
    (tmp_path / "params.yaml").write_text("{}\n")
    cache = _Cache(tmp_path / "cache")
    near = np.nextafter(FLOATS, np.float32(9))
    a, b, c = (save({"x": values}) for values in (FLOATS, near, FLOATS[:1]))

    def commit(embeddings: str, table: str, gone: str, text: str):
        outs = [
            {"path": "data/same", "md5": "s"},
            {"path": "data/e", "md5": embeddings},
            {"path": "data/t.csv", "md5": table},
            {"path": "data/gone", "md5": gone, "size": 7},
            {"path": "m.json", "md5": text},
        ]
        (tmp_path / "dvc.lock").write_text(yaml.safe_dump({"stages": {"encode": {"outs": outs}}}))
        (tmp_path / "m.json").write_text(text)
        return History(tmp_path).at(folder.commit(), ())

    old = commit(
        cache.add_folder(one=a, two=a, three=a), cache.add(b"x,y\n1,p\n"), "0123.dir", '{"n": 200}'
    )
    new = commit(
        cache.add_folder(one=b, two=a, four=c), cache.add(b"x,y\n1,q\n"), "4567.dir", '{"n": 201}'
    )
    found = {each.path: each.how for each in differences(old, new, ["encode"], tmp_path / "cache")}
    assert found == {
        "data/e": "3 of 4 files, numbers by up to 6e-08 of the largest",
        "data/t.csv": "its wording",
        "data/gone": "as large there, and not on this machine to compare",
        "m.json": "numbers by up to 0.005 of the largest",
    }
