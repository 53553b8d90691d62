"""Listening that teaches: a season is detected, listened to in a browser, and what was heard becomes a new model."""

from __future__ import annotations

import csv
import json
import re
import resource
from pathlib import Path

import numpy as np
import pytest
import soundfile
from browser import browser, needs_browser, wait_for

from end_to_end.project import TINY, Project, stages_run

RATE = 16_000
NIGHTS, CLIPS, WINDOWS = 8, 6, 12
SEASON = ("Marsh", "Creek", "Meadow")  # a recorder each; at the first it calls


def _sound(seed: int, calls: bool) -> np.ndarray:
    """Three seconds of noise, and a pulsed tone that is often faint."""
    random = np.random.default_rng(seed)
    time = np.arange(3 * RATE) / RATE
    call = np.sin(2 * np.pi * random.uniform(500, 1500) * time) * (np.sin(9 * np.pi * time) > 0)
    return np.asarray(
        0.05 * random.standard_normal(len(time)) + random.uniform(0.02, 0.3) * call * calls
    )


def _recordings(folder: Path) -> None:
    """A survey of three sites, half of its clips with a call."""
    folder.mkdir()
    with (folder / "clips.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["path", "label", "site"])
        for number, site in enumerate(("Pond", "Stream", "Lake")):
            for place in range(NIGHTS * CLIPS):
                night, clip = divmod(place, CLIPS)
                name = f"A{number}_202403{night + 1:02d}_21{clip:02d}00.wav"
                soundfile.write(folder / name, _sound(1_000 * number + place, clip % 2 == 0), RATE)
                table.writerow([name, "negative" if clip % 2 else "positive", site])


def _season(folder: Path) -> set[str]:
    """Recordings of some nights of three recorders; returns the names of the windows with a call."""
    calling = set()
    for number, site in enumerate(SEASON):
        for night in range(3):
            with_call = [site == "Marsh" and place % 3 == 0 for place in range(WINDOWS)]
            name = f"{site}/B{number}_202405{night + 1:02d}_210000.wav"
            seeds = [50_000 + 1_000 * number + 100 * night + place for place in range(WINDOWS)]
            whole = np.concatenate(
                [_sound(seed, calls) for seed, calls in zip(seeds, with_call, strict=True)]
            )
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(folder / name, whole, RATE)
            calling |= {
                f"season/{name}@{3 * place}-{3 * place + 3}" for place in np.flatnonzero(with_call)
            }
    return calling


def _listen(page: Path, calling: set[str], downloads: Path) -> Path:
    """Answer every window by key, as somebody who hears right."""
    found = re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    queue = json.loads(found[1])
    with browser(downloads) as window:
        window.open(page)
        window.type("#who", "Ada")
        window.press(*("2" if clip["window"] in calling else "0" for clip in queue["clips"]))
        assert "all answered" in window.text("#count")
        window.click("#export")
        return wait_for(downloads / f"reviewed_{queue['queue']}.csv")


def _seconds_of(project: Project, *command: str) -> tuple[str, float]:
    """What a command said, and the processor seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = project.run(*command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return said, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.fixture
def project(tmp_path):
    """A study of somebody's own recordings, run up to its evaluation, and a season that it never heard."""
    (tmp_path / "study").mkdir()
    project = Project.new(tmp_path / "study")
    project.environment |= {"PYTHONPATH": "src"}
    _recordings(project.folder / "recordings")
    (project.folder / ".git/info/exclude").write_text("/recordings/\n/season/\n/detections/\n")
    own = {"survey.source": "recordings", "split.ood_sites": ["Lake"]}
    project.params({key: value for key, value in TINY.items() if "demo" not in key} | own)
    project.dvc("repro", "evaluate")
    project.commit("before listening")
    return project


@pytest.mark.slow
@needs_browser
def test_a_label_travels_from_the_season_into_a_new_model(project, tmp_path):
    (tmp_path / "downloads").mkdir()
    calling = _season(project.folder / "season")
    project.run("chorus", "detect", "models", "season", "--workers", "1")
    said = project.run("chorus", "season", "detections")
    assert all(site in said for site in SEASON)
    assert (project.folder / "detections/season.html").is_file()
    few = ("--uncertain", "6", "--unconfirmed", "3", "--random", "12")
    project.run("chorus", "review-queue", "detections", *few)

    answers = _listen(project.folder / "detections/queue.html", calling, tmp_path / "downloads")
    said = project.run("chorus", "labels", "recordings", "--review", str(answers))
    assert "recall in the season" in said
    project.git("checkout", "-q", "-b", "listened")
    said, seconds = _seconds_of(project, "dvc", "repro", "evaluate")
    assert {"survey", "encode", "split", "compose", "train", "evaluate"} <= stages_run(said)
    assert seconds < 30  # of one core: what it costs to learn from an evening of listening
    project.commit("what was heard in the season")

    comment = project.run("chorus", "review", "main", "listened")
    assert "main (" in comment and "| ood.f1 |" in comment
    assert re.search(r"training set, entered: .*B0_2024050", comment)
    gain = r"\| test_ood f1 \| [\d.]+ \| [\d.]+ \| [+-][\d.]+ \| [+-][\d.]+ to [+-][\d.]+ \|"
    assert re.search(gain, comment)
