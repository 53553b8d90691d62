"""The survey stage under DVC: killed at any moment, and fed one night more."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from end_to_end.project import Project, stages_run
from folder import ON_ONE_PROCESSOR

RATE = 8_000


def _night(folder: Path, night: int, clips: int = 25) -> None:
    """More recordings, and a table that lists all there are."""
    for number in range(clips):
        noise = np.random.default_rng((night, number)).integers(
            -9_000, 9_000, 3 * RATE, dtype=np.int16
        )
        sf.write(
            folder / f"A1_202403{night:02d}_2{number // 60}{number % 60:02d}00.wav", noise, RATE
        )
    rows = [f"{path.name},negative" for path in sorted(folder.glob("*.wav"))]
    (folder / "clips.csv").write_text("\n".join(["path,label", *rows]) + "\n")


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def project(tmp_path):
    (tmp_path / "project").mkdir()
    (tmp_path / "recordings").mkdir()
    for night in (1, 2, 3):
        _night(tmp_path / "recordings", night)
    project = Project.new(tmp_path / "project")
    project.params({"survey.source": str(tmp_path / "recordings")})
    project.run(*ON_ONE_PROCESSOR, "dvc", "repro", "survey")
    project.commit("own recordings")
    return project


def test_one_more_night_is_read_alone_and_the_rest_is_as_it_was(project, tmp_path):
    raw = project.folder / "data" / "raw"
    before = _bytes(raw)
    _night(tmp_path / "recordings", 4)
    output = project.dvc("repro", "survey")
    assert stages_run(output) == {"survey"} and "25 files read" in output
    after = _bytes(raw)
    assert set(after) - set(before) == {"A1_20240304.tar"}
    assert all(after[name] == before[name] for name in before if name.endswith(".tar"))
    project.git("checkout", "--", "dvc.lock", "metrics")
    project.dvc("checkout", "--force", "data/raw")
    assert _bytes(raw) == before


@pytest.mark.slow
def test_a_survey_killed_at_any_moment_leaves_the_old_one_and_the_next_makes_it_good(
    project, tmp_path
):
    raw, memory = project.folder / "data" / "raw", project.folder / "data" / ".survey.json"
    before = _bytes(raw)
    _night(tmp_path / "recordings", 4)
    memory.unlink()  # so that all is read, and there is time to kill it
    left = []
    for seconds in np.geomspace(0.3, 12, 12):
        process = project.start("python", "src/survey.py")
        try:
            process.communicate(timeout=seconds)
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        left.append(_bytes(raw))
        # The new one is in its place a moment before the process ends.
        if left[-1] != before:
            break
    assert left.count(before) > 1
    project.dvc("checkout", "data/raw", *(["--force"] if _bytes(raw) != before else []))
    assert "data/.raw" not in project.git("status", "--porcelain")
    project.dvc("repro", "survey")
    assert sorted(path.name for path in raw.parent.glob(".raw*")) == []
    killed = _bytes(raw)
    assert all(folder in (before, killed) for folder in left)
    for path in (raw, memory):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    project.run("python", "src/survey.py")
    assert _bytes(raw) == killed != before
