"""DVC's queue with the real DVC, in a repository of one quick stage: put in, worked off, failed, killed, tidied."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import time

import pytest
import yaml

from chorus.errors import ChorusError
from chorus.experiments.conduct import Progress, conduct
from chorus.experiments.pipeline import TARGET
from chorus.experiments.queue import Queue
from chorus.experiments.study import Grid
from folder import SOURCE, Folder

# A run whose seed is 13 fails, one whose seed is 4 or 60 takes so many seconds.
SCRIPT = """
seed=$(grep seed params.yaml | cut -d' ' -f2)
case "$seed" in 4|60) sleep "$seed";; esac
test "$seed" != 13 || { echo thirteen is refused; exit 1; }
printf '{"seed": %s}' "$seed" > metrics/evaluation.json
"""
PIPELINE = {
    "stages": {
        TARGET: {
            "cmd": "sh src/run.sh",
            "params": ["seed", "compose"],
            "deps": ["src/run.sh"],
            "outs": [{"metrics/evaluation.json": {"cache": False}}],
        }
    }
}


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A repository with one result in its commit."""
    folder = Folder(tmp_path_factory.mktemp("template").resolve())
    for name in ("src", "metrics"):
        (folder.folder / name).mkdir()
    (folder.folder / "src/run.sh").write_text(SCRIPT)
    (folder.folder / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE))
    (folder.folder / "params.yaml").write_text("seed: 1\ncompose: {balance: true}\n")
    folder.git_init()
    folder.dvc_init()
    folder.run("dvc", "repro", "-q")
    folder.commit("start")
    return folder


@pytest.fixture
def repository(template, tmp_path, monkeypatch):
    """A copy of it, and the current folder; no worker outlives the test."""
    folder = Folder(tmp_path.resolve() / "study")
    shutil.copytree(template.folder, folder.folder, symlinks=True)
    monkeypatch.chdir(folder.folder)
    yield folder
    for process in folder.processes(""):
        if process.pid != os.getpid():
            process.kill()


def _grid(folder: Folder, seeds: list[int]) -> Grid:
    sweep = {"name": "run_{}", "axes": {"seed": seeds}, "comparisons": []}
    return Grid(folder.folder, sweep, target=TARGET)


def test_a_queued_run_is_a_commit_with_its_parameters_and_the_tree_is_left_alone(repository):
    grid = _grid(repository, [7])
    queue = Queue(str(grid.start.commit.id))
    queue.put("run_1", {"seed": 7, "compose.balance": False}, [TARGET])
    (task,) = queue.tasks()
    assert (task.name, task.state) == ("run_1", "queued")
    queued = yaml.safe_load(repository.run("git", "show", f"{task.commit}:params.yaml"))
    assert queued == {"seed": 7, "compose": {"balance": False}}
    assert repository.run("git", "status", "--porcelain") == ""
    assert "run_1" in repository.run("dvc", "queue", "status")
    assert queue.result(task) is None
    assert not queue.exists("run_1")
    queue.remove([task])
    assert queue.tasks() == []
    assert "run_1" not in repository.run("dvc", "queue", "status")
    queue.close()


def test_git_must_know_who_commits(repository, monkeypatch):
    start = repository.run("git", "rev-parse", "HEAD").strip()
    for key in ("user.name", "user.email"):
        repository.run("git", "config", "--unset", key)
    monkeypatch.setenv("HOME", str(repository.folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(repository.folder))
    import pygit2

    level = pygit2.enums.ConfigLevel.GLOBAL
    before = pygit2.settings.search_path[level]
    pygit2.settings.search_path[level] = str(repository.folder)
    try:
        with pytest.raises(ChorusError, match=r"git config user\.name NAME"):
            Queue(start)
    finally:
        pygit2.settings.search_path[level] = before


def test_what_a_kill_has_left_half_written_is_tidied_and_the_rest_is_kept(repository):
    grid = _grid(repository, [7])
    queue = Queue(str(grid.start.commit.id))
    queue.put("run_1", {"seed": 7}, [TARGET])
    scratch = repository.folder / ".dvc/tmp/exps"
    half = [
        scratch / "celery/broker/in/0_0.celery.msg",
        scratch / "celery/broker/control/celery.exchange",
    ]
    for file in half:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text('{"body": "')
    lock = repository.folder / ".git/refs/exps/celery/stash.lock"
    lock.touch()
    (scratch / "rwlock").write_text("")
    (scratch / "tmpabandoned").mkdir()
    queue.tidy()
    assert not any(
        path.exists() for path in (*half, lock, scratch / "rwlock", scratch / "tmpabandoned")
    )
    assert [task.name for task in queue.tasks()] == ["run_1"]
    queue.close()


def test_a_grid_is_brought_to_its_end_and_a_second_call_does_nothing(repository):
    grid = _grid(repository, [7, 13, 8])
    reports: list[Progress] = []
    failures = conduct(grid, jobs=2, report=reports.append)
    assert [failure.name for failure in failures] == ["run_2"]
    assert "thirteen is refused" in failures[0].log
    assert reports[0] == Progress(total=3, done=0, failed=0, running=0, queued=0, new=[])
    assert (reports[-1].done, reports[-1].failed) == (2, 1)
    seen = [experiment.name for report in reports for experiment in report.new]
    assert sorted(seen) == ["run_1", "run_3"]
    written = {name: made.json("metrics/evaluation.json") for name, made in grid.finished().items()}
    assert written == {"run_1": {"seed": 7}, "run_3": {"seed": 8}}
    again: list[Progress] = []
    other = _grid(
        repository, [7, 8]
    )  # where seed 8 is run_2: what was run under another name is not run anew
    assert conduct(other, jobs=2, report=again.append) == []
    assert [(progress.done, len(progress.new)) for progress in again] == [(2, 2)]


def _states(grid: Grid) -> dict[str, str]:
    queue = Queue(str(grid.start.commit.id))
    assert queue.workers() == set()
    states = {task.name: task.state for task in queue.tasks()}
    queue.close()
    return states


def test_ctrl_c_lets_the_run_in_hand_end_and_no_further_one_begins(repository):
    grid = _grid(repository, [4, 7, 8])
    reports: list[Progress] = []

    def report(progress: Progress) -> None:
        reports.append(progress)
        if repository.processes("run.sh") and not progress.stopping:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        conduct(grid, jobs=1, report=report)
    assert _states(grid) == {"run_1": "done"}, "another sweep would run first what was left there"
    assert list(grid.finished()) == ["run_1"]
    assert (reports[-1].stopping, reports[-1].done, reports[-1].queued) == (True, 1, 2)
    assert conduct(grid, jobs=1, report=lambda _: None) == []
    assert sorted(grid.finished()) == ["run_1", "run_2", "run_3"]


def test_a_second_ctrl_c_ends_the_run_in_hand(repository):
    grid = _grid(repository, [60, 7])

    def report(_: Progress) -> None:
        if repository.processes("run.sh"):
            raise KeyboardInterrupt

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        conduct(grid, jobs=1, report=report)
    assert time.monotonic() - begun < 40
    assert repository.processes("run.sh") == []
    assert _states(grid) == {}
    assert not list((repository.folder / ".dvc/tmp/exps").glob("tmp*"))
    assert grid.finished() == {}


def test_workers_that_are_just_being_started_hear_ctrl_c_too(repository):
    grid = _grid(repository, [60, 7])
    queue = Queue(str(grid.start.commit.id))
    queue.put("run_1", {"seed": 60}, [TARGET])
    queue.start([1])
    while queue.retire():  # first, its record is not written yet
        time.sleep(0.1)
    time.sleep(1)  # in which one that was overlooked would have come up
    assert repository.processes("queue-worker") == []
    queue.close()


@pytest.fixture
def tree(repository):
    """A worktree of the repository beside it, with the same result; what it queues waits in a queue of its own."""
    repository.run("git", "worktree", "add", "-q", "--detach", "../tree")
    folder = Folder(repository.folder.parent / "tree")
    folder.run("dvc", "commit", "-q", "--force")
    yield folder
    for process in folder.processes(""):
        if process.pid != os.getpid():
            process.kill()


def test_a_sweep_leaves_alone_what_waits_in_another_worktree(repository, tree, monkeypatch):
    """DVC's list of runs that wait is one for all of them, and a run that was not in it lost its name and its start."""
    start = repository.run("git", "rev-parse", "HEAD").strip()
    here = Queue(start)
    monkeypatch.chdir(tree.folder)
    grid = _grid(tree, [7])
    queue = Queue(start)
    queue.put("run_1", {"seed": 7}, [TARGET])
    here.tidy()
    assert list(queue._queue.stash.stash_revs) == [task.commit for task in queue.tasks()]
    here.close()
    queue._queue.stash.clear()  # as git may, which keeps such a list for a month
    assert conduct(grid, jobs=1, report=lambda _: None) == []
    assert queue.exists("run_1")
    assert list(grid.finished()) == ["run_1"]
    queue.close()


def test_worktrees_put_runs_into_their_queues_at_the_same_moment(repository, tree):
    """Each of a few dozen would meet git's lock on a reference that they share."""
    code = """
import sys, time
from pathlib import Path
from chorus.experiments.queue import Queue
queue = Queue(sys.argv[1])
Path(f"../ready_{sys.argv[2]}").touch()
while len(list(Path("..").glob("ready_*"))) < 2:
    time.sleep(0.001)
for seed in range(25):
    queue.put(f"run_{seed}", {"seed": seed + int(sys.argv[2])}, ["diagnose"])
queue.remove(queue.tasks()[1:])
print([(task.name, task.commit) for task in queue.tasks()])
"""
    start = repository.run("git", "rev-parse", "HEAD").strip()
    environment = {"PYTHONPATH": str(SOURCE)}
    both = [
        Folder(folder.folder, environment).start("python", "-c", code, start, first)
        for folder, first in ((repository, "100"), (tree, "200"))
    ]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    left = [ast.literal_eval(text.splitlines()[-1]) for text in said]
    assert [name for ((name, _),) in left] == ["run_0", "run_0"]
    listed = repository.run("git", "log", "-g", "--format=%H", "refs/exps/celery/stash").split()
    assert sorted(listed) == sorted(commit for ((_, commit),) in left)


def test_a_lock_that_a_kill_has_left_is_removed_from_a_worktree_too(repository, tree, monkeypatch):
    monkeypatch.chdir(tree.folder)
    lock = repository.folder / ".git/refs/exps/celery/stash.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    assert conduct(_grid(tree, [7]), jobs=1, report=lambda _: None) == []


def test_an_experiment_of_that_name_with_other_parameters_stops_the_grid(repository):
    head = repository.run("git", "rev-parse", "HEAD").strip()
    repository.run("git", "update-ref", f"refs/exps/{head[:2]}/{head[2:]}/run_1", head)
    with pytest.raises(
        ChorusError, match="run_1 is an experiment of this commit with other parameters: dvc exp"
    ):
        conduct(_grid(repository, [7]), jobs=1, report=lambda _: None)


def test_a_worker_that_no_message_reaches_stops_when_the_queue_is_empty(repository):
    grid = _grid(repository, [7])
    queue = Queue(str(grid.start.commit.id))
    queue.put("run_1", {"seed": 7}, [TARGET])
    queue.start([1])
    addresses = repository.folder / ".dvc/tmp/exps/celery/broker/control/celery.pidbox.exchange"
    for _ in range(600):
        if addresses.exists() and "dvc-exp" in addresses.read_text():
            break
        time.sleep(0.05)
    addresses.write_text("[]")  # as another worker leaves it that starts at the same moment
    (process,) = repository.processes("queue-worker")
    process.wait(40)
    assert [task.state for task in queue.tasks()] == ["done"]
    queue.close()


def test_a_run_whose_worker_was_killed_is_abandoned_and_can_be_begun_anew(repository):
    grid = _grid(repository, [60])
    queue = Queue(str(grid.start.commit.id))
    queue.put("run_1", {"seed": 60}, [TARGET])
    queue.start([1])
    repository.wait_for("run.sh")
    assert queue.workers() == {1}
    started = repository.processes("warm/serve.py")
    assert len(started) == 2, "a prepared process, and its copy that is DVC"
    (checkout,) = (repository.folder / ".dvc/tmp/exps").glob("tmp*")
    assert repository.run("git", "-C", str(checkout), "log", "--format=%s").split() == ["start"]
    counts = repository.run("git", "-C", str(checkout), "count-objects", "-v").splitlines()
    assert "count: 0" in counts, "the history is borrowed, not copied"
    assert "in-pack: 0" in counts
    assert [task.state for task in queue.tasks()] == ["running"]
    assert queue.busy()
    for process in repository.processes("queue-worker"):
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert queue.workers() == set()
    (task,) = queue.abandoned()
    assert task.name == "run_1"
    queue.remove([task])
    assert queue.tasks() == []
    assert repository.processes("run.sh") == []
    assert not list((repository.folder / ".dvc/tmp/exps").glob("tmp*"))
    queue.close()


def test_a_run_that_was_queued_twice_is_run_once(repository):
    grid = _grid(repository, [7])
    for _ in range(2):
        queue = Queue(str(grid.start.commit.id))
        queue.put("run_1", {"seed": 7}, [TARGET])
        queue.close()
        time.sleep(1.1)  # or both were one commit
    assert conduct(grid, jobs=1, report=lambda _: None) == []
    queue = Queue(str(grid.start.commit.id))
    assert [task.state for task in queue.tasks()] == ["done"]
    queue.close()


def test_a_process_makes_one_run_after_the_other(repository):
    """The place of what DVC looks up is taken once: twice, a run would wait for its own turn."""
    start = str(_grid(repository, [7]).start.commit.id)
    code = (
        f"import sys; sys.path.insert(0, {str(SOURCE)!r}); from chorus.experiments.queue import Queue\n"
        f"queue = Queue({start!r})\n"
        f"made = [queue.run_here(f'run_{{seed}}', {{'seed': seed}}, [{TARGET!r}]) for seed in (7, 8)]\n"
        "print([said for _, said in made])"
    )
    assert "['', '']" in repository.run("python", "-c", code, patience=60)
    assert "run_8" in repository.run("dvc", "exp", "list", "--name-only")
