"""Many machines: processes of a Dask cluster that die in the middle, and recordings and results that lie on S3."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from clusters import Cluster

from chorus.cluster import at_scheduler, started
from chorus.commands import main
from chorus.detection.detect import KNOWN, Options, detect
from chorus.errors import ChorusError, ParameterError
from chorus.experiments.models import find_detector
from chorus.places import place
from chorus.season.detections import TABLES
from chorus.sharing.server import BUCKET
from chorus.survey.timing import TimeRules
from detectors import keep, made_up_head, write_sound
from end_to_end.sharing import storage

FILES, SECONDS = 8, 9.0
RESULTS = [f"{table}.{kind}" for table in TABLES for kind in ("parquet", "csv")]


@pytest.fixture(scope="module")
def season(tmp_path_factory):
    """A detector, recordings of two sites with a damaged one, and what a single thread finds in them."""
    folder = tmp_path_factory.mktemp("season")
    keep(made_up_head(), folder)
    for number in range(FILES):
        name = f"season/{'Pond' if number % 2 else 'Creek'}/A{number}_20240312_210000.wav"
        write_sound(folder / name, SECONDS, seed=number)
    (folder / "season/Pond/broken_20240313_210000.wav").write_bytes(b"RIFF\0\0")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        main(["detect", "models", "season", "--out", "alone", "--workers", "1"])
    return folder


def _bytes(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in RESULTS}


def test_a_dead_worker_and_a_new_scheduler_lose_and_double_nothing(season, tmp_path, monkeypatch):
    monkeypatch.chdir(season)
    harms = []
    with Cluster(tmp_path) as cluster:

        def harm(done):
            """At the first result a worker dies, at the third the scheduler with all others."""
            if done.done_files == 1 and not harms:
                cluster.kill_worker()
                harms.append("worker")
            if done.done_files == 3 and len(harms) == 1:
                cluster.kill()
                cluster.start(workers=1)
                harms.append("scheduler")

        with at_scheduler(cluster.address) as (executor, workers):
            detect(
                [Path("season")], tmp_path / "out", find_detector("models"), Options(), TimeRules(), executor,
                workers=workers, progress=harm,
            )  # fmt: skip
    assert harms == ["worker", "scheduler"]
    assert _bytes(tmp_path / "out") == _bytes(season / "alone")
    kept = list((tmp_path / "out" / KNOWN / "logits").rglob("*.npy"))
    assert len(kept) == FILES  # a unit that was done twice is kept once


@pytest.mark.slow
def test_recordings_and_results_may_lie_on_s3(season, tmp_path, monkeypatch, one_thread):
    monkeypatch.chdir(season)
    with storage(tmp_path / "s3") as keys:
        bucket = place(f"s3://{BUCKET}")
        for file in sorted(season.glob("season/*/*.wav")):
            (bucket / file.relative_to(season).as_posix()).write_bytes(file.read_bytes())
        given = ["detect", "models", f"s3://{BUCKET}/season", "--out", f"s3://{BUCKET}/found"]
        with Cluster(tmp_path, keys) as cluster:
            main([*given, "--scheduler", cluster.address])
        found = {name: (bucket / "found" / name).read_bytes() for name in RESULTS}
        # again, on this machine alone: all is known there, so that nothing is scored
        monkeypatch.setattr("chorus.detection.work.score", None)
        again = (find_detector("models"), Options(), TimeRules(), one_thread)
        (bucket / "found/raven/gone.wav.selections.txt").write_bytes(b"of an earlier run")
        summary = detect([bucket / "season"], bucket / "found", *again, workers=1)
        assert summary.of_before == ["raven/gone.wav.selections.txt"]
        assert found == {name: (bucket / "found" / name).read_bytes() for name in RESULTS}
        reasons = (bucket / "found" / "not_heard.csv").read_text()
    here = (season / "alone" / "detections.csv").read_text()
    assert found["detections.csv"].decode() == here.replace("season/", f"s3://{BUCKET}/season/")
    assert reasons.count("\n") == 2 and f"s3://{BUCKET}/season/Pond/broken" in reasons


def test_a_worker_that_chose_its_kernels_by_its_cpu_is_refused(tmp_path):
    with Cluster(tmp_path) as cluster:
        cluster.kill_worker(), cluster.kill_worker()
        plain = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", cluster.address, "--nthreads", "1",
             "--no-nanny", "--no-dashboard"],
            env={name: value for name, value in os.environ.items() if not name.startswith(("NPY", "OPENBLAS"))}
            | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")},
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        cluster.workers.append(plain)
        with (
            pytest.raises(ChorusError, match="start it with chorus worker"),
            at_scheduler(cluster.address),
        ):
            pass


def test_a_cluster_that_cannot_be_had_is_one_sentence(monkeypatch):
    monkeypatch.setattr("chorus.cluster._PATIENCE", 1)
    with (
        pytest.raises(ChorusError, match="no scheduler answers at"),
        at_scheduler("tcp://127.0.0.1:9"),
    ):
        pass
    with (
        pytest.raises(ParameterError, match="--cluster: 'pbs' is not allowed: slurm"),
        started("pbs", 1, {}),
    ):
        pass


def _batch_system(folder: Path) -> None:
    """Stands in for Slurm where there is none: sbatch runs the script at once, scancel ends it."""
    sbatch = f'bash "$1" >> {folder}/job.log 2>&1 & echo $! > {folder}/job.pid; echo "Submitted batch job $!"'
    for name, script in (("sbatch", sbatch), ("scancel", 'pkill -P "$1"; kill "$1"')):
        (folder / name).write_text(f"#!/bin/bash\n{script}\n")
        (folder / name).chmod(0o755)


def _slurm_answers() -> bool:
    """Whether there is a node that takes jobs: Debian's packages alone start nothing."""
    if not shutil.which("sinfo"):
        return False
    listed = ["sinfo", "--noheader", "--states=idle,mixed,allocated", "--format=%n"]
    asked = subprocess.run(listed, capture_output=True, text=True, timeout=60)
    return asked.returncode == 0 and bool(asked.stdout.strip())


@pytest.mark.slow
@pytest.mark.parametrize("real", [False, True], ids=["sbatch stands in", "slurm"])
def test_jobs_of_a_batch_system_do_the_work(season, tmp_path, monkeypatch, real):
    pytest.importorskip("dask_jobqueue", reason="optional: pip install dask-jobqueue")
    if real and not _slurm_answers():
        pytest.skip("no Slurm here: apt-get install slurm-wlm munge, then docs/scaling.md")
    if not real:
        _batch_system(tmp_path)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(season)
    on_cluster = ["--cluster", "slurm", "--workers", "1", "--job", "interface=lo"]
    main(["detect", "models", "season", "--out", str(tmp_path / "out"), *on_cluster])
    assert _bytes(tmp_path / "out") == _bytes(season / "alone")
