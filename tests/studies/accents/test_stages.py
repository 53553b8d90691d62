"""The stages by the real DVC, on the demo and on a person's own corpora: the same bytes again, and nothing lost."""

from __future__ import annotations

import hashlib
import shutil
import sys

import pandas as pd
import pytest
import yaml

import speech_trees as trees
from end_to_end.project import ROOT
from folder import Folder

STUDY = "studies/accents"


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Folder:
    root = Folder(tmp_path_factory.mktemp("repository"))
    ignored = shutil.ignore_patterns("__pycache__", "data", "metrics", "code", "dvc.lock", "models")
    for name in ("src", STUDY):
        shutil.copytree(ROOT / name, root.folder / name, ignore=ignored)
    (root.folder / ".gitignore").write_text("__pycache__/\n")
    (root.folder / ".dvcignore").write_text("__pycache__\n")
    root.git_init()
    root.run("dvc", "init", "-q")
    return root


@pytest.fixture
def study(repository) -> Folder:
    return Folder(repository.folder / STUDY)


def change(study: Folder, **values) -> None:
    path = study.folder / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["corpus"] |= values
    path.write_text(yaml.safe_dump(params))


def python(stage: str) -> tuple[str, str, str]:
    return sys.executable, "../../src/run.py", stage


def digests(study: Folder) -> dict[str, str]:
    files = [
        path
        for folder in ("data", "metrics")
        for path in (study.folder / folder).rglob("*")
        if path.is_file()
    ]
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.name != ".gitignore"
    }


def table(study: Folder, name: str) -> pd.DataFrame:
    return pd.read_csv(study.folder / "data" / name, dtype=str, keep_default_na=False)


def test_the_demo_gives_the_same_bytes_again_on_one_processor(study):
    change(study, demo={"voices": 3, "sentences": 3, "seed": 1})
    output = study.run("dvc", "repro")
    assert "the demo corpus is synthetic" in output
    assert "test_ood" in output
    first = digests(study)
    assert {"samples.csv", "splits.csv", "corpus.json", "splits.json"} <= set(first)
    samples, splits = table(study, "corpus/samples.csv"), table(study, "manifests/splits.csv")
    set_aside = table(study, "manifests/set_aside.csv")
    assert samples["region_label"].nunique() == 8
    assert len(splits) + len(set_aside) == len(samples)
    study.run("taskset", "-c", "0", *python("corpus"))
    assert digests(study) == first


def corpora(folder, speakers=4) -> None:
    """A folder of one's own with four speakers for each class."""
    lines = ["path,speaker,state,transcript"]
    for number, state in enumerate(["TX", "GA"] * speakers):
        for sentence in range(5):
            name = f"{number}_{sentence}.wav"
            trees.wav(folder / "mine" / name, trees.tone(100 + 5 * number + sentence))
            lines.append(f"{name},s{number},{state},sentence {sentence}")
    lines += ["gone.wav,s0,TX,", f"{name},s0,XX,sentence 9"]
    trees.write(folder / "mine" / "clips.csv", "\n".join(lines) + "\n")


def test_a_persons_own_corpora_are_one_parameter(study, tmp_path):
    corpora(tmp_path)
    change(study, folder=str(tmp_path))
    output = study.run("dvc", "repro")
    assert "in quarantine, missing file: 1" in output
    samples = table(study, "corpus/samples.csv")
    assert samples["region_label"].value_counts().to_dict() == {"West": 20, "South Atlantic": 19}
    report = yaml.safe_load((study.folder / "metrics/corpus.json").read_text())
    assert report["unusable"] == {
        "listed twice with contradicting speakers or labels": 2,
        "missing file": 1,
    }
    audit = yaml.safe_load((study.folder / "metrics/splits.json").read_text())["leakage_audit"]
    assert audit["speaker_ids_in_one_split"] == 8


def test_a_parameter_that_is_none_is_one_line(study):
    change(study, folder="demo", classes="nine")
    output = study.run(*python("corpus"), fails=True)
    assert "error: corpus.classes: 'nine' is not allowed: five, seven, eight, twelve" in output
    change(study, classes="eight")
