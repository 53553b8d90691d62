"""The stages by the real DVC, on the demo and on a person's own corpora: the same bytes again, and nothing lost."""

from __future__ import annotations

import hashlib
import json
import shutil

import pandas as pd
import pytest
import yaml

import corpus_trees as trees
from end_to_end.project import ROOT
from folder import ON_ONE_PROCESSOR, Folder

STUDY = "studies/accents"
# The stage, ended right after the page of its second epoch.
KILLED_TRAINING = """import os, runpy, signal, sys
sys.path[:0] = ['../../src', 'src']
import stage
from accents import live
from chorus.voices import checkpoint
def save(*args, real=checkpoint.Checkpoint.save, **more):
    real(*args, **more)
    if len(args[4]) == 2:
        save.done = True
def show(*args, real=live.show):
    real(*args)
    if getattr(save, 'done', False):
        print('kills itself', flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
checkpoint.Checkpoint.save, live.show = save, show
sys.argv = ['src/train.py']
runpy.run_path('src/train.py', run_name='__main__')
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Folder:
    root = Folder(tmp_path_factory.mktemp("repository"))
    made = (
        "data",
        "metrics",
        "plots",
        "reports",
        "code",
        "dvc.lock",
        "models",
        "config.local",
        "tmp",
    )
    for name, ignored in (("src", ()), (STUDY, made)):
        ignore = shutil.ignore_patterns("__pycache__", *ignored)
        shutil.copytree(ROOT / name, root.folder / name, ignore=ignore)
    (root.folder / ".gitignore").write_text("__pycache__/\n")
    (root.folder / ".dvcignore").write_text("__pycache__\n")
    root.git_init()
    root.dvc_init()
    return root


@pytest.fixture
def study(repository) -> Folder:
    return Folder(repository.folder / STUDY)


def change(study: Folder, **values) -> None:
    """Parameters of the corpus; and a training of seconds, without BirdNET, which takes a minute to start twice."""
    path = study.folder / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["corpus"] |= values
    params["train"] |= {"epochs": 3, "batch_size": 8}
    params["model"]["tdnn"] |= {"channels": 16, "attention": 8, "embedding": 16}
    params["encode"]["encoders"] = ["tdnn", "logmel"]
    params["baseline"]["encoders"] = ["logmel"]
    params["baseline"]["head"] |= {"epochs": 2, "hidden_units": 8}
    path.write_text(yaml.safe_dump(params))


def python(stage: str) -> tuple[str, str, str]:
    return "python", "../../src/run.py", stage


def digests(study: Folder) -> dict[str, str]:
    files = [
        path
        for folder in ("data", "models", "metrics", "plots", "reports")
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


def test_the_demo_gives_the_same_corpus_on_one_processor_and_on_all(study):
    change(study, demo={"voices": 3, "sentences": 3, "texts": 9, "seed": 1})
    # a busy machine takes more than five minutes
    output = study.run(*ON_ONE_PROCESSOR, "dvc", "repro", patience=1200)
    assert "the demo corpus is synthetic" in output
    assert "test_ood" in output
    first = digests(study)
    assert {"samples.csv", "splits.csv", "corpus.json", "splits.json"} <= set(first)
    samples, splits = table(study, "corpus/samples.csv"), table(study, "manifests/splits.csv")
    set_aside = table(study, "manifests/set_aside.csv")
    assert samples["region_label"].nunique() == 8
    assert len(splits) + len(set_aside) == len(samples)
    study.run(*python("corpus"))  # of encode, tests/voices/test_sequences.py asks that
    assert digests(study) == first
    curves = pd.read_csv(study.folder / "plots/training/curves.csv")
    assert curves["epoch"].tolist() == [1, 2, 3]
    evaluation = json.loads((study.folder / "metrics/evaluation.json").read_text())
    assert {"validation", "test_iid", "test_ood"} == set(evaluation)
    assert set(evaluation["test_iid"]) >= {"accuracy", "accuracy_low", "logmel_head_accuracy"}
    profiles = json.loads((study.folder / "metrics/health_profiles.json").read_text())
    assert {name: one["profile"] for name, one in profiles.items()} == {
        "calibrated": "calibrated",
        "guide": "guide",
    }
    page = (study.folder / "reports/health.html").read_text()
    panels = ("Validation loss", "Macro F1", "Spread of the training loss", "Group consistency")
    assert all(panel in page for panel in (*panels, "Accuracy by dataset", "Top confusions"))
    suspects = pd.read_csv(study.folder / "metrics/suspects.csv")
    assert len(suspects) == (splits["split"] == "train").sum()
    assert (study.folder / "data/suspects.html").read_text().count("<audio") == 20


def test_a_training_that_is_killed_goes_on_in_the_stage_and_can_be_watched(study, tmp_path):
    """After the test above: its files are there."""
    before = digests(study)
    script = tmp_path / "killed.py"
    script.write_text(KILLED_TRAINING)
    assert study.run("python", str(script), fails=True).endswith("kills itself\n")
    assert (study.folder / "data/unfinished/state.safetensors").is_file()
    watching = study.start(*python("watch"))
    page = study.folder / "reports/live.html"
    assert watching.stdout is not None
    assert "epoch 2: reports/live.html" in watching.stdout.readline()
    assert "http-equiv" in page.read_text()
    study.run(*python("train"))
    watching.communicate(timeout=60)
    page.unlink()
    assert digests(study) == before


def test_watching_where_nothing_trains_is_one_line(study):
    assert "error: no training is under way here" in study.run(*python("watch"), fails=True)


def corpora(folder, speakers=4) -> None:
    """A folder of one's own with four speakers for each of three classes."""
    lines = ["path,speaker,state,transcript"]
    for number, state in enumerate(["TX", "GA", "ME"] * speakers):
        for sentence in range(5):
            name = f"{number}_{sentence}.wav"
            trees.wav(folder / "mine" / name, trees.tone(100 + 5 * number + sentence))
            lines.append(f"{name},s{number},{state},sentence {sentence}")
    lines += ["gone.wav,s0,TX,", f"{name},s0,XX,sentence 9"]
    trees.write(folder / "mine" / "clips.csv", "\n".join(lines) + "\n")


def test_a_persons_own_corpora_are_one_parameter(study, tmp_path):
    """As far as the stages know where sounds come from."""
    corpora(tmp_path)
    change(study, folder=str(tmp_path))
    output = study.run(*ON_ONE_PROCESSOR, "dvc", "repro", "split")
    assert "in quarantine, missing file: 1" in output
    samples = table(study, "corpus/samples.csv")
    classes = samples["region_label"].value_counts().to_dict()
    assert classes == {"West": 20, "South Atlantic": 20, "New England": 19}
    report = yaml.safe_load((study.folder / "metrics/corpus.json").read_text())
    assert report["unusable"] == {
        "listed twice with contradicting speakers or labels": 2,
        "missing file": 1,
    }
    audit = yaml.safe_load((study.folder / "metrics/splits.json").read_text())["leakage_audit"]
    assert audit["speaker_ids_in_one_split"] == 12


def test_a_parameter_that_is_none_is_one_line(study):
    change(study, folder="demo", classes="nine")
    output = study.run(*python("corpus"), fails=True)
    assert "error: corpus.classes: 'nine' is not allowed: five, seven, eight, twelve" in output
    change(study, classes="eight")
