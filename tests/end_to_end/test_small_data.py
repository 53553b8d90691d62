"""A first hour with a handful of recordings ends with results, and a sentence for each thing that could not be done."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from end_to_end.project import Project
from folder import ON_ONE_PROCESSOR

STAGES = (
    "survey", "encode", "split", "mine", "compose", "train",
    "evaluate", "diagnose", "gallery",
)  # fmt: skip
RATE = 16_000


def _sound(number: int, positive: bool, seconds: float = 3) -> np.ndarray:
    """Noise, and in positives a pulsed tone."""
    time = np.arange(int(RATE * seconds)) / RATE
    noise = 0.05 * np.random.default_rng(number).standard_normal(len(time))
    call = (
        0.3 * np.sin(2 * np.pi * (700 + 30 * (number % 5)) * time) * (np.sin(9 * np.pi * time) > 0)
    )
    return noise + call * positive


def _folder(folder: Path, labels: Sequence[str], **columns: Sequence[str]) -> None:
    """A folder of recordings with the columns path and label, and these."""
    folder.mkdir(parents=True)
    with (folder / "clips.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["path", "label", *columns])
        for number, label in enumerate(labels):
            soundfile.write(folder / f"{number:03d}.wav", _sound(number, label == "positive"), RATE)
            table.writerow(
                [f"{number:03d}.wav", label, *(values[number] for values in columns.values())]
            )


def _study(folder: Path, labels: Sequence[str], **columns: Sequence[str]) -> Project:
    project = Project.new(folder)
    _folder(folder / "recordings", labels, **columns)
    project.params(
        {
            "survey.source": "recordings",
            "split.ood_sites": [],
            "encode.encoder": "logmel",
            "evaluate.resamples": 100,
        }
    )
    return project


IN_ONE_PROCESS = """import os, runpy, sys
sys.path.insert(0, os.path.abspath("src"))
for script in {scripts}:
    sys.argv = [script]
    runpy.run_path(script, run_name="__main__")
"""


def _stages(project: Project) -> str:
    """What all stages say, in the order in which `make run` runs them; nine starts of Python would take most of it."""
    code = IN_ONE_PROCESS.format(scripts=[f"src/{stage}.py" for stage in STAGES])
    (project.folder / "stages.py").write_text(code)
    return project.run(*ON_ONE_PROCESSOR, "python", "stages.py")


def _metrics(project: Project, name: str) -> dict:
    return json.loads((project.folder / "metrics" / f"{name}.json").read_text())


def test_48_clips_of_6_nights_run_through_the_pipeline(tmp_path):
    labels = ["positive" if number % 3 == 0 else "negative" for number in range(48)]
    nights = [f"2024-05-{1 + number // 8:02d}" for number in range(48)]
    project = _study(tmp_path, labels, site=["Pond"] * 48, recorder=["R1"] * 48, date=nights)
    output = project.run(*ON_ONE_PROCESSOR, "dvc", "repro")
    said = project.run("chorus", "summary")
    assert "note: no clip was scored, because there is none to score" in output
    assert "Survey  48 clips, 1 recorders, 6 nights" in said
    assert "training health: unknown" in said.replace("\n", " ")
    assert _metrics(project, "health")["verdict"] == "unknown"
    assert _metrics(project, "suspects")["auroc_of_unheard_nights"] > 0.9
    assert (project.folder / "reports/health.html").is_file()
    assert "up to date" in project.dvc("status")
    project.dvc("plots", "show")
    assert "unknown" in project.dvc("metrics", "show")


@pytest.mark.parametrize(
    "what", ["12 clips", "path and label only", "positives only", "negatives only"]
)
def test_less_than_that_runs_through_the_stages(what, tmp_path):
    if what == "12 clips":
        labels = ["positive" if number % 3 == 0 else "negative" for number in range(12)]
        columns = {
            "site": ["Pond"] * 12,
            "date": [f"2024-05-0{1 + number % 2}" for number in range(12)],
        }
    else:
        kinds = {"path and label only": ("positive", "negative"), "positives only": ("positive",)}
        labels = [*kinds.get(what, ("negative",)) * 12]
        columns = {}
    project = _study(tmp_path, labels, **columns)
    said = " ".join(_stages(project).split())
    assert "Traceback" not in said and "error:" not in said
    verdict = _metrics(project, "health")["verdict"]
    assert verdict in ("unknown", "trouble")
    assert f"training health: {verdict}" in said
    if what in ("positives only", "negatives only"):
        lacking = "negative" if what == "positives only" else "positive"
        assert f"note: the training set has no {lacking} clips" in said
        assert _metrics(project, "training")["epochs"] == 0
