"""The whole study by the real DVC, small and on a person's own folder of sounds; and the same bytes again."""

from __future__ import annotations

import hashlib
import shutil

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

from chorus.files import read_json
from end_to_end.project import ROOT
from folder import Folder

STUDY = "studies/speech"
RESULTS = ("data", "metrics", "plots", "reports", "code", "dvc.lock", "models", "tmp", "cache")
SMALL = {
    "clips": {
        "folder": "mine",
        "demo": {"voices": 8, "recordings": 8, "clips": 1, "pretraining": 4, "seed": 1},
    },
    "conditions": {
        "duration": [20, 100, 1000],
        "snr": [0, 20],
        "reverb": [0, 0.3],
        "filter": ["none"],
    },
    "pretrain": {"size": {"width": 32, "layers": 1, "vocabulary": 400}, "examples": 64},
    "tune": {"adapters": ["lora_mlp"], "repeats": [], "r": 4, "epochs": 1},
    "opro": {"iterations": 1, "candidates": 2},
    "evaluate": {"resamples": 40},
}


def own_sounds(folder: Folder) -> None:
    """Chirps called speech and noises called none, two clips of each of 16 sources."""
    rng = np.random.default_rng(1)
    time = np.arange(16_000) / 16_000
    (folder.folder / "mine").mkdir()
    lines = ["file,label,source"]
    for source in range(32):
        for take in range(2):
            chirp = np.sin(2 * np.pi * rng.uniform(100, 300) * time * (1 + time))
            sound = chirp if source % 2 else rng.standard_normal(16_000)
            soundfile.write(folder.folder / f"mine/{source}_{take}.wav", 0.3 * sound, 16_000)
            label = "SPEECH" if source % 2 else "NONSPEECH"
            lines.append(f"{source}_{take}.wav,{label},person {source}")
    lines.append("missing.wav,SPEECH,person 1")
    (folder.folder / "mine/clips.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Folder:
    root = Folder(tmp_path_factory.mktemp("repository"))
    cache = shutil.ignore_patterns("__pycache__")
    made = shutil.ignore_patterns("__pycache__", *RESULTS)
    shutil.copytree(ROOT / "src", root.folder / "src", ignore=cache)
    shutil.copytree(ROOT / STUDY, root.folder / STUDY, ignore=made)
    (root.folder / ".gitignore").write_text("__pycache__/\n")
    (root.folder / ".dvcignore").write_text("__pycache__\n")
    root.git_init()
    root.dvc_init()
    study = Folder(root.folder / STUDY)
    own_sounds(study)
    path = study.folder / "params.yaml"
    params = yaml.safe_load(path.read_text())
    for section, values in SMALL.items():
        params[section] |= values
    path.write_text(yaml.safe_dump(params))
    study.run("dvc", "repro", patience=1200)
    return study


def test_the_study_runs_on_a_folder_of_ones_own_and_ends_with_the_papers_table(study):
    table = (study.folder / "reports/table.md").read_text()
    assert [line.split("|")[2].strip() for line in table.splitlines()[2:]] == [
        "no",
        "no",
        "LoRA + MLP",
        "LoRA + MLP",
    ]
    assert read_json(study.folder / "metrics/clips.json")["quarantined"] == 1
    detail = read_json(study.folder / "metrics/evaluation_detail.json")
    assert set(detail["base"]["by_condition"]) >= {
        "dur_20ms",
        "snr_20dB",
        "reverb_0.3s",
        "filter_none",
    }
    searches = read_json(study.folder / "metrics/opro.json")["searches"]
    assert {"base_42", "lora_mlp_42"} == set(searches)
    for name in ("psychometric", "reliability", "calibration", "forest"):
        assert (study.folder / f"plots/evaluation/{name}.png").read_bytes().startswith(b"\x89PNG")
    calibrated = pd.read_csv(study.folder / "metrics/calibration.csv")
    assert set(calibrated["condition"]) >= {"all", "dur_20ms", "snr_20dB"}
    decision = detail["lora_mlp"]["decision"]
    assert decision["chosen_on"] == "variants of holdout clips"
    ranked = read_json(study.folder / "metrics/tuned.json")["tuned"]
    assert ranked["balanced_accuracy"] == pytest.approx(detail["lora_mlp"]["balanced_accuracy"])
    assert study.run("dvc", "status").split() == ["fingerprint:", "always", "changed"]


def test_every_training_was_judged_by_both_profiles_and_a_page_shows_the_worst(study):
    headline = read_json(study.folder / "metrics/health.json")
    assert headline["trainings"] == 1
    by_profile = read_json(study.folder / "metrics/health_profiles.json")
    assert set(by_profile) == {"calibrated", "guide"}
    said = by_profile["calibrated"]["lora_mlp_42"]
    assert said["verdict"] == headline["verdict"]
    assert "+".join(said["findings"]) == headline["findings"].replace("none", "")
    page = (study.folder / "reports/health.html").read_text()
    assert "lora_mlp, seed 42" in page and "Group consistency" in page
    assert "Training health" in study.run("chorus", "diagnose")


def test_an_adapter_is_the_same_bytes_when_it_is_trained_again(study):
    adapter = study.folder / "models/adapters/lora_mlp_42/adapter_model.safetensors"
    before = hashlib.sha256(adapter.read_bytes()).hexdigest()
    study.run("python", "../../src/run.py", "tune")
    assert hashlib.sha256(adapter.read_bytes()).hexdigest() == before
