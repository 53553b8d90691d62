"""The survey stage under DVC: killed at any moment, and fed one night more."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from end_to_end.project import Project, stages_run

RATE = 8_000


def _night(folder: Path, night: int, clips: int = 25) -> None:
    """More recordings, and a table that lists all there are."""
    for number in range(clips):
        noise = np.random.default_rng((night, number)).integers(-9_000, 9_000, 3 * RATE, dtype=np.int16)
        sf.write(folder / f"A1_202403{night:02d}_2{number // 60}{number % 60:02d}00.wav", noise, RATE)
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
    project = Project(tmp_path / "project")
    project.params({"survey.source": str(tmp_path / "recordings")})
    project.dvc("repro", "survey")
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
def test_a_survey_killed_at_any_moment_leaves_the_old_one_and_the_next_makes_it_good(project, tmp_path):
    raw, memory = project.folder / "data" / "raw", project.folder / "data" / ".survey.json"
    before = _bytes(raw)
    _night(tmp_path / "recordings", 4)
    memory.unlink()  # so that all is read, and there is time to kill it
    begin = time.monotonic()
    project.dvc("repro", "survey")
    lasted = time.monotonic() - begin
    after = _bytes(raw)
    for share in np.linspace(0.2, 1, 9):
        project.git("checkout", "--", "dvc.lock", "metrics")
        project.dvc("checkout", "--force", "data/raw")
        memory.unlink(missing_ok=True)
        process = project.start("dvc", "repro", "survey")
        survey = _child(process.pid, share * lasted)
        if survey:
            survey.kill()
        process.communicate()
        assert _bytes(raw) == before or survey is None or not survey.is_running()
        assert _bytes(raw) in (before, after)
        if _bytes(raw) == before:
            project.dvc("checkout", "data/raw")  # without --force: nothing there is in its way
            assert "data/.raw" not in project.git("status", "--porcelain")
        project.dvc("repro", "survey")
        assert _bytes(raw) == after
        assert sorted(path.name for path in raw.parent.glob(".raw*")) == []


def _child(dvc: int, patience: float):
    """The process of the stage, after a while; None when DVC has ended by then."""
    import psutil

    time.sleep(patience)
    try:
        children = psutil.Process(dvc).children(recursive=True)
    except psutil.NoSuchProcess:
        return None
    return next((child for child in children if "src/survey.py" in child.cmdline()), None)
