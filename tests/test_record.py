"""What is compared at the start and at the end of a stage; that a difference stops it: end_to_end/test_edits.py."""

from __future__ import annotations

import pytest

import record

PIPELINE = "stages: {train: {cmd: python src/train.py, params: [train], deps: ['${folder}']}}\n"


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_STAGE", "dvc.yaml:train")
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    return tmp_path


@pytest.mark.parametrize(
    ("written", "edited"),
    [
        ("seed: 0123", "seed: 83"),
        ("seed: 1:30", "seed: 90"),
        ("seed: yes", "seed: true"),
        ("seed: 1e-05", "seed: '1e-05'"),
    ],
)
def test_what_dvc_records_as_another_value_is_a_change(study, written, edited):
    """YAML 1.1 takes each of these for the same; DVC reads by 1.2."""
    states = []
    for line in (written, edited):
        (study / "params.yaml").write_text(f"train: {{{line}}}\nfolder: recordings\n")
        states.append(record.recorded()["train.seed"])
    assert states[0] != states[1]


@pytest.mark.parametrize("key", ["on", "off", "yes", "n", "1:30"])
def test_a_key_is_what_dvc_takes_it_for(study, key):
    (study / "dvc.yaml").write_text(PIPELINE.replace("[train]", f"['train.{key}']"))
    (study / "params.yaml").write_text(f"train: {{{key}: 5}}\nfolder: recordings\n")
    assert record.recorded()[f"train.{key}"] == "5"


@pytest.mark.parametrize("name", ["1:30", "on", "ponds"])
def test_a_folder_named_by_a_parameter_is_looked_into_where_dvc_looks(study, name):
    (study / name).mkdir()
    (study / name / "a.wav").write_text("a")
    (study / "params.yaml").write_text(f"train: {{}}\nfolder: {name}\n")
    assert [key for key in record.recorded() if key.endswith("a.wav")] == [f"{name}/a.wav"]
