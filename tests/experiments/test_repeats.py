"""A stage that gives other results from the same inputs is named; one whose inputs changed is not."""

from __future__ import annotations

import yaml

from chorus.experiments.repeats import unrepeated
from folder import Folder


def _lock(embeddings: str, scores: str) -> bytes:
    encode = {
        "cmd": "python src/encode.py",
        "deps": [{"path": "data/raw", "md5": "1"}],
        "params": {"params.yaml": {"encode": {"encoder": "birdnet"}}},
        "outs": [{"path": "data/embeddings", "md5": embeddings}],
    }
    train = {
        "cmd": "python src/train.py",
        "deps": [{"path": "data/embeddings", "md5": embeddings}],
        "outs": [{"path": "models/detector.safetensors", "md5": scores}],
    }
    return yaml.safe_dump({"schema": "2.0", "stages": {"encode": encode, "train": train}}).encode()


def test_the_first_stage_that_differs_is_named_and_not_what_follows_from_it(tmp_path):
    study = Folder(tmp_path)
    study.run("git", "init", "-q")
    study.introduce("test")
    (tmp_path / "dvc.lock").write_bytes(_lock("a", "b"))
    study.run("git", "add", ".")
    study.run("git", "commit", "-q", "-m", "results")
    assert unrepeated(tmp_path) == []
    (tmp_path / "dvc.lock").write_bytes(_lock("other", "other"))
    assert unrepeated(tmp_path) == ["encode"]
    (tmp_path / "dvc.lock").write_bytes(_lock("a", "other"))
    assert unrepeated(tmp_path) == ["train"]


def test_without_a_lock_or_a_commit_there_is_nothing_to_repeat(tmp_path):
    assert unrepeated(tmp_path) == []
    (tmp_path / "dvc.lock").write_bytes(_lock("a", "b"))
    assert unrepeated(tmp_path) == []
    Folder(tmp_path).run("git", "init", "-q")
    assert unrepeated(tmp_path) == []
