"""Files are written whole or not at all, and the same content gives the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dvc.utils.serialize import parse_yaml

from chorus import files
from chorus.errors import ParameterError
from end_to_end.project import ROOT


def test_a_failed_write_leaves_the_old_file_and_no_scraps(tmp_path):
    path = tmp_path / "a.txt"
    files.write_text(path, "old")
    with pytest.raises(RuntimeError), files.replacing(path) as beside:
        beside.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_a_killed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    files.write_text(path, "old")
    code = (
        "import time, sys; from chorus import files\n"
        f"with files.replacing({str(path)!r}) as beside:\n"
        "    beside.write_text('half'); print('writing', flush=True); time.sleep(60)"
    )
    source = Path(files.__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(source)},
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(0.05)
    assert path.read_text() == "old"


def test_git_does_not_see_what_a_kill_leaves_beside(tmp_path):
    """An experiment in a folder of its own takes along whatever git sees and does not know."""
    (tmp_path / ".gitignore").write_bytes((ROOT / ".gitignore").read_bytes())
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    data = tmp_path / "studies/own/data"
    with (
        files.replacing(data / "manifests/splits.csv"),
        files.replacing_folder(data / "corpus") as half,
    ):
        (half / "clip.wav").write_bytes(b"half")
        assert len(list(data.rglob("*.*"))) > 2
        seen = subprocess.run(
            ["git", "status", "--porcelain", "-uall"], cwd=tmp_path, capture_output=True, text=True
        ).stdout
    assert seen == "?? .gitignore\n"


def test_json_is_valid_rounded_and_keeps_its_order(tmp_path):
    path = tmp_path / "deep" / "a.json"
    files.write_json(
        path,
        {"b": float("nan"), "a": (np.float32(0.1), np.int64(3), None, "é"), "t": np.bool_(True)},
    )
    assert (
        "".join(path.read_text(encoding="utf-8").split())
        == '{"b":null,"a":[0.1,3,null,"é"],"t":true}'
    )
    assert files.read_json(path) == {"b": None, "a": [0.1, 3, None, "é"], "t": True}


def test_text_in_a_table_stays_text(tmp_path):
    path = tmp_path / "a.csv"
    table = pd.DataFrame({"recorder": ["007", "NA", ""], "score": [1 / 3, 1.0, 0.0]})
    files.write_csv(path, table)
    assert path.read_bytes() == b"recorder,score\n007,0.333333\nNA,1\n,0\n"
    assert list(files.read_csv(path)["recorder"]) == ["007", "NA", ""]


def test_a_threshold_is_kept_in_full_so_that_the_score_it_was_chosen_by_still_reaches_it(tmp_path):
    score = 0.1234567890123
    files.write_json(tmp_path / "a.json", {"threshold": files.Exact(score), "figure": score})
    assert files.read_json(tmp_path / "a.json") == {"threshold": score, "figure": 0.123457}
    files.write_csv(tmp_path / "a.csv", pd.DataFrame({"score": [score]}), digits=17)
    assert float(files.read_csv(tmp_path / "a.csv")["score"][0]) == score


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"seed: 1\nseed: 2\n", "'seed' stands twice"),
        (b"train: {epochs: 1, epochs: 2}\n", "'epochs' stands twice"),
        (b"- {a: 1}\n- {? [1] : 2}\n", "not valid YAML"),
        ("site: Étang\n".encode("cp1252"), "not in UTF-8, see line 1"),
        ("a: 1\nsite: Étang\n".encode("utf-16"), "not in UTF-8, see line 1"),
        (b"a: [\n", "not valid YAML"),
        (b"a: \0\n", "not valid YAML"),
        (b"[" * 20_000, "maximum nesting depth"),
        (b"a: [" + b"1," * 600_000 + b"]", "at most 1,000,000 are allowed"),
    ],
)
def test_yaml_that_cannot_be_meant_is_refused(tmp_path, text, words):
    path = tmp_path / "params.yaml"
    path.write_bytes(text)
    with pytest.raises(ParameterError, match=words):
        files.read_yaml(path)


@pytest.mark.parametrize(
    "text",
    [
        "0123", "-012", "09", "0777", "0o17", "0x1F", "1_000", "1:30", "190:20:30.15", "yes", "No", "on", "OFF", "y",
        "true", "1e3", "1e-05", "1.e3", "-.5", "5.", "685.230_15e+03", ".inf", "-.INF", "nan", "null", "~", "'0123'",
        "2024-03-12", "+10:00", "1e", "123abc", "0.1.2",
    ],
)  # fmt: skip
def test_yaml_is_read_as_dvc_reads_it(tmp_path, text):
    """Else the record would hold another value than the one that was run."""
    path = tmp_path / "params.yaml"
    path.write_text(f"seed: {text}\n")
    ours, theirs = files.read_yaml(path)["seed"], parse_yaml(path.read_text(), str(path))["seed"]
    assert (ours, type(ours)) == (theirs, type(theirs))


def test_yaml_keeps_merged_keys_and_may_override_them(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("base: &base {a: 1, b: 2}\nmine: {<<: *base, b: 3}\n")
    assert files.read_yaml(path)["mine"] == {"a": 1, "b": 3}


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 2}', '{"x": {"a": 1, "a": 1}}', '{"a": NaN}', "[Infinity]", "[1e999]"]
)
def test_json_with_a_key_twice_or_a_number_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"stands twice|no number"):
        files.parse_json(text)


def _fill(folder, text):
    (folder / "a").write_text(text)


def test_a_folder_is_replaced_as_a_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "raw"
    with files.replacing_folder(folder) as beside:
        _fill(beside, "old")
        assert not folder.exists()
    with pytest.raises(RuntimeError), files.replacing_folder(folder) as beside:
        _fill(beside, "half")
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["raw"] and (
        folder / "a"
    ).read_text() == "old"
    with files.replacing_folder(folder) as beside:
        _fill(beside, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["raw"] and (
        folder / "a"
    ).read_text() == "new"


def test_what_a_killed_replacement_left_is_put_right(tmp_path):
    for name, text in ((".raw.old", "old"), (".raw.new", "half")):  # killed between the two renames
        (tmp_path / name).mkdir()
        _fill(tmp_path / name, text)
    with files.replacing_folder(tmp_path / "raw") as beside:
        assert (tmp_path / "raw" / "a").read_text() == "old" and list(beside.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["raw"] and list(
        (tmp_path / "raw").iterdir()
    ) == []
