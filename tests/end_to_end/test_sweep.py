"""Grids with the real DVC, on generated clips: run, kill, continue, fail, and the same by DVC's own commands.

What a sweep measures is tested with the real stages; what it survives, with stand-ins for training and evaluation that
take half a second instead of seven.
"""

from __future__ import annotations

import os
import resource
import shlex
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from chorus.experiments.pipeline import TARGET
from chorus.experiments.study import Grid
from end_to_end.study import RUNS, SWEEP, Study, make_study, with_stand_ins

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A study with its shared stages done and nothing else."""
    return make_study(tmp_path_factory.mktemp("template").resolve())


@pytest.fixture
def study(template, tmp_path):
    """A copy with stand-ins for the stages that take long, and its own cache and memory of runs."""
    return with_stand_ins(template, tmp_path)


@pytest.fixture(scope="module")
def undisturbed(template, tmp_path_factory):
    study = with_stand_ins(template, tmp_path_factory.mktemp("undisturbed"))
    assert "4/4 done" in study.sweep()
    return study


@pytest.fixture(scope="module")
def real(template, tmp_path_factory):
    """Two runs of the real stages."""
    study = template.copy(tmp_path_factory.mktemp("real"))
    study.write(
        "sweeps/bench.yaml",
        SWEEP | {"axes": SWEEP["axes"] | {"compose.balance": [True]}, "comparisons": []},
    )
    study.commit()
    assert "2/2 done" in study.sweep()
    return study


def test_a_dry_run_lists_the_runs_with_the_sizes_of_their_training_sets(template):
    lines = template.sweep("--dry-run").splitlines()
    assert [line.split() for line in lines[1:5]] == [
        ["run_1", "1", "True", "93", "93"], ["run_2", "1", "False", "93", "256"],
        ["run_3", "2", "True", "93", "93"], ["run_4", "2", "False", "93", "256"],
    ]  # fmt: skip
    assert template.experiments() == {}


def test_a_sweep_runs_every_planned_run_with_its_parameters(undisturbed):
    experiments = undisturbed.experiments()
    assert sorted(experiments) == RUNS
    seen = [
        (experiments[name].seed, experiments[name].params["compose"]["balance"]) for name in RUNS
    ]
    assert seen == [(1, True), (1, False), (2, True), (2, False)]
    assert all(experiment.complete for experiment in experiments.values())
    assert undisturbed.run("git", "status", "--porcelain") == ""
    assert "run_3" in undisturbed.run("dvc", "exp", "show", "--csv", "--only-changed")


def test_a_second_call_does_nothing_and_is_quick(undisturbed):
    before = {name: experiment.commit.id for name, experiment in undisturbed.experiments().items()}
    start = _processor_seconds()
    output = undisturbed.sweep()
    assert _processor_seconds() - start < 8  # other work on the machine does not count
    assert "4/4 done" in output and "running" not in output
    assert {
        name: experiment.commit.id for name, experiment in undisturbed.experiments().items()
    } == before


def _processor_seconds() -> float:
    """Of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_commit_that_changes_neither_code_nor_data_repeats_nothing(undisturbed, tmp_path):
    study = undisturbed.copy(tmp_path)
    (study.folder / "NOTES.md").write_text("nothing that a run depends on\n")
    with (study.folder / "src/compose.py").open("a") as code:
        code.write("# nor is this\n")
    study.run("dvc", "repro", "-q", "fingerprint")
    study.commit()
    grid = Grid(study.folder, SWEEP, target=TARGET)
    assert sorted(grid.finished()) == RUNS
    with (study.folder / "src/compose.py").open("a") as code:
        code.write("VERSION = 2\n")
    study.run("dvc", "repro", "-q", "fingerprint")
    study.commit()
    grid = Grid(study.folder, SWEEP, target=TARGET)
    assert grid.finished() == {}
    assert sorted(grid.latest()) == RUNS


def test_real_runs_are_repeatable_and_reach_the_leaderboard(real):
    real.run("chorus", "leaderboard", "bench")
    runs = pd.read_csv(real.folder / "metrics/bench/runs.csv", index_col="run")
    for name, experiment in real.experiments().items():
        headline = experiment.json("metrics/evaluation.json")
        figures = {
            f"ood.{metric}": headline["ood"][metric]
            for metric in ("f1", "precision", "recall", "auprc")
        }
        figures |= {"iid.f1": headline["iid"]["f1"], "threshold": headline["threshold"]}
        assert runs.loc[name, list(figures)].to_dict() == pytest.approx(figures, abs=1e-6)
        assert (
            runs.loc[name, "negatives"] == experiment.json("metrics/composition.json")["negatives"]
        )
    assert runs["ood.f1"].nunique() == 2  # the seed makes a difference


def test_the_leaderboard_groups_ranks_and_compares(undisturbed):
    output = undisturbed.run("chorus", "leaderboard", "bench")
    assert "4 runs" in output and "balance" in output
    folder = undisturbed.folder / "metrics/bench"
    runs = pd.read_csv(folder / "runs.csv", index_col="run")
    board = pd.read_csv(folder / "leaderboard.csv")
    assert sorted(board["runs"]) == ["run_1, run_3", "run_2, run_4"] and board["n"].tolist() == [
        2,
        2,
    ]
    assert board["ood.f1__mean"].is_monotonic_decreasing
    comparison = pd.read_csv(folder / "comparisons.csv")
    difference = (
        runs.loc[["run_2", "run_4"], "ood.f1"].mean()
        - runs.loc[["run_1", "run_3"], "ood.f1"].mean()
    ).item()
    assert comparison.loc[2, "ood.f1"] == pytest.approx(difference, abs=1e-5)
    assert (
        "4/4 done" in undisturbed.sweep()
    )  # what the leaderboard writes is no change that matters


def test_runs_of_two_versions_are_mixed_only_on_demand_and_marked(undisturbed, tmp_path):
    study = undisturbed.copy(tmp_path)
    with (study.folder / "src/stand_in.py").open("a") as code:
        code.write("VERSION = 2\n")
    study.run("dvc", "repro", "-q", "fingerprint")
    study.commit()
    study.write("sweeps/bench.yaml", SWEEP | {"axes": SWEEP["axes"] | {"seed": [1]}})
    study.commit()
    assert "2/2 done" in study.sweep()
    study.write("sweeps/bench.yaml", SWEEP)
    output = study.run("chorus", "leaderboard", "bench", fails=True)
    assert "error: the runs come from several versions of code or data:" in output
    output = study.run("chorus", "leaderboard", "bench", "--mixed")
    assert "* from another version of code or data" in output


def test_uncommitted_changes_are_refused(study):
    with (study.folder / "src/train.py").open("a") as code:
        code.write("# not committed\n")
    assert "error: commit or undo your changes first: src/train.py" in study.sweep(fails=True)
    assert study.experiments() == {}


def test_an_experiment_of_that_name_with_other_parameters_is_not_overwritten(study):
    head = study.run("git", "rev-parse", "HEAD").strip()
    study.run("git", "update-ref", f"refs/exps/{head[:2]}/{head[2:]}/run_2", head)
    assert "error: run_2 is an experiment of this commit with other parameters" in study.sweep(
        fails=True
    )
    assert study.run("git", "rev-parse", f"refs/exps/{head[:2]}/{head[2:]}/run_2").strip() == head


def test_a_full_disk_ends_the_sweep_and_the_next_call_goes_on(template, undisturbed, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if (
        shutil.which("mount") is None
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=120m", "none", disk]).returncode
    ):
        pytest.skip("only root can mount a small disk")
    try:
        study = with_stand_ins(template, disk)
        ballast = disk / "ballast"
        # without a buffer, whose rest would be written once more when the file is closed
        with ballast.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(2**16))
        os.truncate(
            ballast, ballast.stat().st_size - 19 * 2**20
        )  # the queue has room, the second run has not
        assert "error: the disk is full: make room" in study.sweep(fails=True)
        assert study.processes("queue-worker") == []
        ballast.unlink()
        assert "4/4 done" in study.sweep()
        assert study.results() == undisturbed.results()
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_killed_with_everything_it_started_it_is_continued_with_the_same_results(
    study, undisturbed
):
    sweep = study.start("chorus", "sweep", "bench", "--jobs", "2")
    study.wait_for("stand_in.py train")
    for what in ("chorus", "queue-worker", "exec-run", "src/"):
        for process in study.processes(what):
            process.send_signal(signal.SIGKILL)
    sweep.communicate()
    scratch = study.folder / ".dvc/tmp/exps"  # and what a kill in the middle of writing can leave
    half_written = [
        scratch / "celery/broker/in/0_0.celery.msg",
        scratch / "celery/broker/control/celery.exchange",
    ]
    for file in half_written:
        file.write_text('{"body": "')
    (scratch / "rwlock").write_text("")
    (scratch / "tmpabandoned").mkdir()
    lock = study.folder / ".git/refs/exps/celery/stash.lock"
    lock.touch()
    assert "4/4 done" in study.sweep()
    assert not half_written[0].exists() and not lock.exists()
    assert study.results() == undisturbed.results()
    assert "Running" not in study.run("dvc", "queue", "status")
    assert study.run("git", "status", "--porcelain") == ""
    assert not list((study.folder / ".dvc/tmp/exps").glob("tmp*"))


def test_stopped_by_ctrl_c_the_runs_in_hand_end_and_the_same_command_goes_on(study, undisturbed):
    sweep = study.start("chorus", "sweep", "bench", "--jobs", "2")
    study.wait_for("stand_in.py train")
    sweep.send_signal(signal.SIGINT)
    assert sweep.wait(60) == 130
    assert not study.processes("queue-worker")
    said = sweep.communicate()[0]
    assert "stopping when the runs in hand are done; Ctrl-C again ends them at once" in said
    assert "stopped: run the same command again" in said
    before = study.results()
    assert before and before.items() < undisturbed.results().items()
    assert "4/4 done" in study.sweep()
    assert study.results() == undisturbed.results()


def test_stopped_by_two_ctrl_c_nothing_goes_on_and_the_same_command_continues_it(
    study, undisturbed
):
    sweep = study.start("chorus", "sweep", "bench", "--jobs", "2")
    study.wait_for("stand_in.py train")
    sweep.send_signal(signal.SIGINT)
    assert "stopping when the runs in hand are done" in _line(sweep, "stopping")
    sweep.send_signal(signal.SIGINT)
    assert sweep.wait(60) == 130
    assert not study.processes("queue-worker") and not study.processes("stand_in.py")
    assert "stopped: run the same command again" in sweep.communicate()[0]
    assert len(study.experiments()) < 4
    assert "4/4 done" in study.sweep()
    assert study.results() == undisturbed.results()


def _line(process: subprocess.Popen[str], beginning: str) -> str:
    """The next line of what a process writes that begins so."""
    assert process.stdout is not None
    return next(line for line in process.stdout if line.startswith(beginning))


def test_a_killed_worker_is_replaced_and_its_run_begun_anew(study, undisturbed):
    sweep = study.start("chorus", "sweep", "bench", "--jobs", "2")
    study.wait_for("stand_in.py")
    study.wait_for("queue-worker").send_signal(signal.SIGKILL)
    output, _ = sweep.communicate(timeout=300)
    assert sweep.returncode == 0 and "4/4 done" in output
    assert study.results() == undisturbed.results()


def test_a_killed_training_fails_its_run_and_the_next_call_repeats_it_alone(study, undisturbed):
    sweep = study.start("chorus", "sweep", "bench", "--jobs", "2")
    study.wait_for("stand_in.py train").send_signal(signal.SIGKILL)
    output, _ = sweep.communicate(timeout=300)
    assert (
        sweep.returncode == 1
        and "3/4 done, 1 failed" in output
        and "error: 1 of 4 runs failed" in output
    )
    before = {experiment.commit.id for experiment in study.experiments().values()}
    assert "4/4 done" in study.sweep()
    assert before < {experiment.commit.id for experiment in study.experiments().values()}
    assert study.results() == undisturbed.results()


def test_a_failing_run_is_named_with_the_end_of_its_log(study):
    with (study.folder / "src/stand_in.py").open("a") as code:
        code.write('1 // (params["seed"] - 2)\n')
    study.commit()
    output = study.sweep(fails=True)
    assert (
        "run_3 failed; the end of its log:" in output
        and "run_4 failed; the end of its log:" in output
    )
    assert "ZeroDivisionError" in output and "error: 2 of 4 runs failed" in output
    assert sorted(study.experiments()) == ["run_1", "run_2"]


def test_two_sweeps_at_once_and_runs_taken_out_of_the_queue_are_no_success(study):
    sweep = study.start("chorus", "sweep", "bench", "--jobs", "1")
    study.wait_for("stand_in.py train")
    assert f"error: another sweep is at work in this checkout: process {sweep.pid}" in study.sweep(
        fails=True
    )
    study.run("dvc", "queue", "remove", "--queued")
    output, _ = sweep.communicate(timeout=300)
    assert (
        sweep.returncode == 1
        and "runs were taken out of DVC's queue before they were done" in output
    )
    assert "4/4 done" in study.sweep()


def test_on_a_machine_with_other_results_a_clone_sweeps_from_a_commit_of_its_own(study, tmp_path):
    embeddings = study.folder / "data/embeddings/generated.safetensors"
    here = embeddings.read_bytes()
    clone = _clone_of_another_machine(study, tmp_path / "clone")
    head = clone.run("git", "rev-parse", "HEAD")
    sweep = clone.start("chorus", "sweep", "bench", "--jobs", "2")
    clone.wait_for("stand_in.py train")
    for what in ("chorus", "queue-worker", "exec-run", "src/"):
        for process in clone.processes(what):
            process.send_signal(signal.SIGKILL)
    sweep.communicate()
    output = clone.sweep()
    (tag,) = clone.run("git", "tag").split()
    assert (
        "other results here than in the commit: data/embeddings: as large there, and not on this machine"
        in output
    )
    assert (
        f"so the runs start from a commit of their own, {tag};" in output and "4/4 done" in output
    )
    assert clone.run("git", "rev-parse", "HEAD") == head
    assert clone.run("git", "branch", "--format=%(refname:short)").split() == ["main"]
    assert clone.run("git", "status", "--porcelain").split() == ["M", "dvc.lock"]

    shown = clone.run("dvc", "exp", "show", "--rev", tag, "--csv", "--only-changed")
    assert all(f"\n{name}," in shown for name in RUNS)
    ranked = clone.run("chorus", "leaderboard", "bench")
    assert "4 runs" in ranked and "not done" not in ranked and "another version" not in ranked

    made = clone.folder / "data/embeddings/generated.safetensors"
    output = clone.run("chorus", "back")
    assert "neither on this machine nor in a remote: data/embeddings" in output
    assert clone.run("git", "diff", "HEAD", "--name-only") == "" and made.read_bytes() == here

    assert Grid(clone.folder, SWEEP, target=TARGET).finished() == {}
    output = clone.run("chorus", "compare", "run_1", "run_2", "--sweep", "bench", fails=True)
    assert (
        f"error: run_1 started from the results of shared stages in {tag}, and here are others: git checkout {tag} -- ."
        in output
    )
    clone.run("git", "checkout", tag, "--", ".")
    assert sorted(Grid(clone.folder, SWEEP, target=TARGET).finished()) == RUNS
    clone.run("chorus", "back")
    assert clone.run("git", "diff", "HEAD", "--name-only") == "" and made.read_bytes() == here

    before = {name: experiment.commit.id for name, experiment in clone.experiments().items()}
    assert "4/4 done" in clone.sweep()
    assert {
        name: experiment.commit.id for name, experiment in clone.experiments().items()
    } == before

    clone.run("git", "checkout", ".")
    clone.run("dvc", "checkout", fails=True)
    assert not made.exists()  # this is what DVC does; nothing is lost with it
    clone.run("chorus", "back")
    assert clone.run("git", "diff", "HEAD", "--name-only") == "" and made.read_bytes() == here
    assert clone.run("git", "tag").split() == [tag]


def _clone_of_another_machine(study: Study, folder: Path) -> Study:
    """A clone without data of `study`, in whose commit the embeddings differ in their last bits."""
    other = study.copy(folder.parent / "other")
    path = other.folder / "data/embeddings/generated.safetensors"
    with safe_open(path, "np") as file:
        about = file.metadata()
    tensors = {
        name: np.nextafter(values, np.float32(9)) for name, values in load_file(path).items()
    }
    path.unlink()
    save_file(tensors, path, about)
    other.run("dvc", "commit", "-q", "-f", "generate")
    other.commit("results of another machine")
    other.run("git", "clone", "-q", str(other.folder), str(folder))
    clone = Study(folder.resolve())
    clone.introduce("test")
    return clone


def test_the_ninety_runs_by_dvc_alone_are_the_same_configurations(study):
    page = (ROOT / "docs/sweeps.md").read_text(encoding="utf-8").replace("\\\n", " ")
    commands = [line for line in page.splitlines() if line.startswith("dvc exp run --queue")]
    assert len(commands) == 2
    for command in commands:
        study.run(*shlex.split(command))
    grid = Grid(study.folder, study.read("sweeps/stage6.yaml"), target=TARGET)
    stashes = study.run("git", "log", "-g", "--format=%H", "refs/exps/celery/stash").split()
    assert len(stashes) == len(grid.planned) == 90
    assert {grid.key_of(stash) for stash in stashes} == set(grid.planned)
