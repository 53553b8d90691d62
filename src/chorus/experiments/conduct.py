"""Bring a grid to its end: queue what is not yet done, keep the workers at work, and say how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from chorus.errors import ChorusError
from chorus.experiments.plan import PlannedRun
from chorus.experiments.queue import Queue, Task
from chorus.experiments.snapshot import Snapshot
from chorus.experiments.study import Grid

_POLL_SECONDS = 1.0
# polls in which no worker does anything, though it should, after which they are replaced
_STALLED = 30
# bytes free on the disk, below which workers would fail in ways that DVC never notices
_ROOM = 20 * 2**20
_RESTARTS = 5  # of every worker, without a run coming to its end in between


@dataclass(frozen=True)
class Progress:
    """How far a grid is: counts of runs, and the experiments that have come to their end since the last report.

    stopping: the runs in hand are the last ones, see `conduct`.
    """

    total: int
    done: int
    failed: int
    running: int
    queued: int
    new: Sequence[Snapshot]
    stopping: bool = False


@dataclass(frozen=True)
class Failure:
    """A run that failed, and the last lines that it wrote."""

    name: str
    log: str


def conduct(grid: Grid, *, jobs: int, report: Callable[[Progress], None]) -> list[Failure]:
    """Run what is not yet done of a grid, on `jobs` workers of DVC's queue; returns the runs that failed.

    Whatever was killed before (this process, a worker, a run) is tidied up first, and those runs start anew. After
    Ctrl-C the workers end the runs that they have in hand, and no further one begins; a second Ctrl-C ends these, too.
    Either leaves nothing in the queue. Where this process is killed, they go on with what is queued.

    Args:
        grid: of the study in the current folder.
        report: called about every second.

    Raises:
        ChorusError: the workers stop again and again, the disk is full, an experiment of that name is something
            else, or runs were taken out of the queue meanwhile.
        KeyboardInterrupt: no worker is left then.
    """
    done = grid.finished()
    # before any work: what was done already must not count for the speed
    report(Progress(len(grid.runs), len(done), 0, 0, 0, list(done.values())))
    if len(done) == len(grid.runs):
        return []
    queue = Queue(str(grid.start.commit.id))
    conductor = _Conductor(grid, queue, jobs, done)
    try:
        return conductor.conduct(report)
    except KeyboardInterrupt:
        # being asked to stop, as below, is not heard by all workers: these would go on with all that is queued
        queue.stop()
        conductor.withdraw()
        raise
    finally:
        queue.close()


def refuse_taken(queue: Queue, runs: Iterable[PlannedRun]) -> None:
    """Refuse to overwrite what somebody has made under the name of a run.

    Raises:
        ChorusError: there is an experiment of that name that is not this run.
    """
    for run in runs:
        if queue.exists(run.name):
            remedy = f"dvc exp rename or dvc exp remove {run.name}"
            raise ChorusError(
                f"{run.name} is an experiment of this commit with other parameters: {remedy}"
            )


class _Conductor:
    def __init__(self, grid: Grid, queue: Queue, jobs: int, done: Mapping[str, Snapshot]) -> None:
        self._grid, self._queue, self._jobs = grid, queue, jobs
        self._todo = {key: run for key, run in grid.planned.items() if run.name not in done}
        self._reported: set[str] = set()
        self._lost: set[str] = set()
        self._stalled = self._starts = 0

    def conduct(self, report: Callable[[Progress], None]) -> list[Failure]:
        self._prepare()
        try:
            return self._to_the_end(report)
        except KeyboardInterrupt:
            self._wind_down(report)
            raise

    def withdraw(self) -> None:
        """Take what is not done out of the queue: another sweep would run it first. Only when no worker is alive."""
        self._queue.tidy()
        unfinished = [
            task for task in self._tasks().values() if task.state in ("queued", "running")
        ]
        self._queue.remove(unfinished)

    def _to_the_end(self, report: Callable[[Progress], None]) -> list[Failure]:
        while True:
            tasks = self._tasks()
            progress = self._progress(tasks)
            report(progress)
            if not progress.running and not progress.queued:
                return self._ended(tasks)
            self._staff(tasks, progress)
            time.sleep(_POLL_SECONDS)

    def _wind_down(self, report: Callable[[Progress], None]) -> None:
        """Wait for the runs in hand, which may have taken an hour so far, and have no further one begin."""
        alive = True
        while alive:
            # asked each time: a worker that was being started is seen a moment later
            alive = self._queue.retire()
            report(replace(self._progress(self._tasks()), stopping=True))
            if alive:
                time.sleep(_POLL_SECONDS)

    def _ended(self, tasks: Mapping[str, Task]) -> list[Failure]:
        """The runs that failed, once all others are there: what was taken out of the queue is not.

        Raises:
            ChorusError: some are neither done nor failed.
        """
        failed = {key: task for key, task in tasks.items() if task.state == "failed"}
        done = self._grid.finished()
        lost = [
            run.name
            for key, run in self._todo.items()
            if key not in failed and run.name not in done
        ]
        if lost:
            raise ChorusError(
                f"{len(lost)} of {len(self._grid.runs)} runs were taken out of DVC's queue before they were done,"
                f" {lost[0]} for one: the same command runs them"
            )
        return [
            Failure(self._todo[key].name, self._queue.log(task)) for key, task in failed.items()
        ]

    def _prepare(self) -> None:
        """Clear what earlier calls have left, and queue what is missing."""
        self._need_room()
        # what a living worker is about to write looks as half done as what a dead one has left
        if not self._queue.workers():
            self._queue.tidy()
        lost = {task.identity for task in self._queue.abandoned()}
        names = {run.name for run in self._todo.values()}
        alive: dict[str, str] = {}
        stale = []
        for task in self._queue.tasks():
            key = self._grid.key_of(task.commit)
            wanted = key in self._todo
            under_way = task.state in ("queued", "running") and task.identity not in lost
            # a task that is taken at this moment is listed twice, and is one commit
            if wanted and under_way and alive.setdefault(key, task.commit) == task.commit:
                continue
            # what else stands in the queue as this run would be run beside it
            if wanted or task.name in names:
                stale.append(task)
        self._queue.remove(stale)
        self._put(set(self._todo) - alive.keys())

    def _need_room(self) -> None:
        if self._queue.room() < _ROOM:
            self._queue.stop()
            raise ChorusError("the disk is full: make room, then the same command goes on")

    def _put(self, keys: set[str]) -> None:
        for key, run in self._todo.items():
            if key in keys:
                refuse_taken(self._queue, [run])
                self._queue.put(run.name, run.changes, self._grid.stages)

    def _tasks(self) -> dict[str, Task]:
        """The tasks of this grid by key."""
        tasks = {self._grid.key_of(task.commit): task for task in self._queue.tasks()}
        return {key: tasks[key] for key in self._todo if key in tasks}

    def _progress(self, tasks: Mapping[str, Task]) -> Progress:
        states = [task.state for task in tasks.values()]
        new = {
            key: task
            for key, task in tasks.items()
            if task.state == "done" and key not in self._reported
        }
        self._reported |= set(new)
        if new:
            self._starts = 0
        before = len(self._grid.runs) - len(self._todo)
        return Progress(
            total=len(self._grid.runs),
            done=before + states.count("done"),
            failed=states.count("failed"),
            running=states.count("running"),
            queued=states.count("queued"),
            new=[
                self._grid.at(reference)
                for task in new.values()
                if (reference := self._queue.result(task))
            ],
        )

    def _staff(self, tasks: Mapping[str, Task], progress: Progress) -> None:
        """Start missing workers; take tasks from the dead. A worker stops by itself when it finds the queue empty."""
        self._need_room()
        self._stalled = 0 if self._queue.busy() else self._stalled + 1
        if self._stalled >= _STALLED:
            self._stalled = 0
            self._queue.stop()
        alive = self._queue.workers()
        # each worker has one run in hand: more runs than workers are those of dead ones
        if progress.running > len(alive):
            lost = {task.identity for task in self._queue.abandoned()}
            # asked twice: a worker writes several files, one after the other
            again = {key: task for key, task in tasks.items() if task.identity in lost & self._lost}
            self._queue.remove(list(again.values()))
            self._put(set(again))
            self._lost = lost
        # no more than runs that wait: another one would find the queue empty and stop, as if it had failed
        missing = [number for number in range(1, self._jobs + 1) if number not in alive][
            : progress.queued
        ]
        self._starts += len(missing)
        if self._starts > _RESTARTS * self._jobs:
            raise ChorusError(
                "the workers stop again and again; their logs are .dvc/tmp/exps/celery/*.out"
            )
        self._queue.start(missing)
