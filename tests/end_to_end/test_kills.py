"""The benchmark of kills: a few of them, and that it sees a difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark import load_benchmark
from end_to_end.sharing import ROOT, Machine
from folder import Folder

pytestmark = pytest.mark.slow

BENCHMARK = ROOT / "benchmarks/kills.py"


@pytest.fixture(scope="module")
def kills():
    return load_benchmark("kills")


def test_sweep_push_and_pull_end_as_without_kills(tmp_path):
    arguments = ("--times", "2", "--only", "sweep", "push", "pull")
    # as always: what it starts and kills would be copies of a process of ours otherwise
    benchmark = Folder(tmp_path).start("python", str(BENCHMARK), *arguments)
    output, _ = benchmark.communicate(timeout=1200)
    assert benchmark.returncode == 0, output
    table = [line.split() for line in output.splitlines()[-3:]]
    assert [row[:2] for row in table] == [["sweep", "2"], ["push", "2"], ["pull", "2"]]
    assert all(ends == identical != "0" for _, _, ends, identical in table)


def test_a_command_that_forgets_what_it_did_before_a_kill_is_seen(kills, tmp_path):
    """It writes a file anew each time, but for a line that it leaves when it is killed."""

    class Forgetful(kills.Command):
        words = ("python", "-c", "import time; open('log', 'a').write('begun\\n'); time.sleep(1)")

        def start(self, folder: Path, number: int) -> Machine:  # noqa: ARG002
            folder.mkdir(parents=True)
            return kills.marked(folder)

        def left(self, machine: Machine) -> dict[str, str]:
            return {"log": (machine.folder / "log").read_text()}

    counts = kills.judge("forgetful", Forgetful(), tmp_path, times=3, seed=1)
    assert counts[0] == 3 and counts[2] < counts[1]


def test_what_a_command_leaves_running_is_found_and_can_be_killed(kills, tmp_path):
    machine = Machine(tmp_path, {kills.MARK: str(tmp_path / "site")})
    daemon = "import subprocess, sys; subprocess.Popen(['sleep', '60'], start_new_session=True)"
    with kills.started(machine, ("python", "-c", daemon)) as process:
        process.wait()
    (left,) = kills.alive(machine)
    assert left.cmdline() == ["sleep", "60"]
    kills.kill_all(machine)
    assert kills.alive(machine) == []
