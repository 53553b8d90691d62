"""A grid on a Dask cluster of separate processes: the same results as those of the queue of one machine."""

from __future__ import annotations

import signal
import subprocess
import time
from contextlib import suppress

import psutil
import pytest
from clusters import Cluster

from end_to_end.study import RUNS, SWEEP, Study, make_study, with_stand_ins

pytestmark = pytest.mark.slow

TABLES = ("runs.csv", "leaderboard.csv", "comparisons.csv")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study with its shared stages done, and a remote for its data."""
    study = make_study(tmp_path_factory.mktemp("template").resolve())
    study = with_stand_ins(study, tmp_path_factory.mktemp("study").resolve())
    remote = tmp_path_factory.mktemp("remote")
    study.run("dvc", "remote", "add", "-q", "-d", "shared", str(remote))
    study.commit("a remote")
    return study


def _board(study: Study) -> dict[str, bytes]:
    study.run("chorus", "leaderboard", "bench")
    return {name: (study.folder / "metrics/bench" / name).read_bytes() for name in TABLES}


def _on(cluster: Cluster, *more: str) -> tuple[str, ...]:
    return ("chorus", "sweep", "bench", "--scheduler", cluster.address, *more)


def _at_work(cluster: Cluster) -> subprocess.Popen[bytes]:
    """A worker in the middle of a run."""
    while True:
        for worker in cluster.workers:
            if any("stand_in.py" in command for command in _commands_below(worker.pid)):
                return worker
        time.sleep(0.05)


def _commands_below(pid: int) -> list[str]:
    commands = []
    for process in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.Error):  # it has ended meanwhile
            commands.append(" ".join(process.cmdline()))
    return commands


def test_a_grid_on_a_cluster_is_that_of_the_queue_digit_for_digit(study, tmp_path):
    here, there = study.copy(tmp_path / "here"), study.copy(tmp_path / "there")
    assert "4/4 done" in here.sweep()
    with Cluster(tmp_path) as cluster:
        sweep = there.start(*_on(cluster))
        _at_work(cluster).send_signal(signal.SIGKILL)
        output, _ = sweep.communicate(timeout=900)
        assert sweep.returncode == 0 and "4/4 done" in output
        again = there.run(*_on(cluster))
        assert "4/4 done" in again and "running" not in again
        data = [folder for clone in tmp_path.rglob("chorus-*/data") for folder in clone.iterdir()]
    assert sorted(there.experiments()) == RUNS
    assert there.results() == here.results()
    assert there.run("git", "status", "--porcelain") == ""
    assert _board(there) == _board(here)
    folders = {path.name for path in data if path.is_dir()} - {"reference"}  # which is git's
    assert folders == {"embeddings", "manifests", "subsets"}


def test_a_bare_repository_between_them_will_do_and_a_failed_run_is_named(study, tmp_path):
    study = study.copy(tmp_path)
    with (study.folder / "src/stand_in.py").open("a") as code:
        code.write('1 // (params["seed"] - 2)\n')
    study.write("sweeps/bench.yaml", SWEEP | {"axes": {"seed": [1, 2]}, "comparisons": []})
    study.commit("the second seed fails")
    bare = tmp_path / "bare.git"
    study.run("git", "init", "-q", "--bare", str(bare))
    with Cluster(tmp_path) as cluster:
        output = study.run(*_on(cluster, "--repository", str(bare)), fails=True)
    assert "1/2 done, 1 failed" in output and "ZeroDivisionError" in output
    assert "run_2 failed; the end of its log:" in output
    assert sorted(study.experiments()) == ["run_1"]
    pushed = study.run("git", "ls-remote", str(bare), "refs/exps/*").split()[1::2]
    assert [name.rpartition("/")[2] for name in pushed] == ["run_1"]


def test_without_a_remote_for_the_data_nothing_is_begun(study, tmp_path):
    study = study.copy(tmp_path)
    study.run("dvc", "remote", "remove", "shared")
    study.commit("no remote")
    with Cluster(tmp_path) as cluster:
        assert "error: no remote to look at" in study.run(*_on(cluster), fails=True)
    output = study.run("chorus", "sweep", "bench", "--repository", "x", fails=True)
    assert "error: --repository is not allowed here: it goes with --scheduler" in output
