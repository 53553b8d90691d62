"""Bring a grid to its end on a cluster: errands out, experiments back.

Who waits for what, and what is done again after a worker has died, is the cluster's; what counts as done is the grid's,
as on one machine: a sweep that was stopped goes on with the same command.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial

from chorus.errors import DataError
from chorus.executors import as_done
from chorus.experiments.calls import call
from chorus.experiments.conduct import Failure, Progress, refuse_taken
from chorus.experiments.errand import STARTS, Errand, run_errand
from chorus.experiments.plan import PlannedRun
from chorus.experiments.queue import Queue
from chorus.experiments.snapshot import Snapshot
from chorus.experiments.study import Grid
from chorus.sharing.integrity import Store


def distribute(
    grid: Grid,
    executor: Executor,
    *,
    workers: int,
    repository: str,
    report: Callable[[Progress], None],
) -> list[Failure]:
    """Run what is not yet done of a grid on an executor of other machines; returns the runs that failed.

    Args:
        grid: of the study in the current folder.
        workers: how many runs the executor works on at once.
        repository: where workers get the code from and bring experiments to: a path or an address that they see.
        report: called whenever a run has ended.

    Raises:
        ChorusError: the repository or the remote of the data cannot be used, or an experiment of that name is
            something else.
    """
    done = grid.finished()
    total = len(grid.runs)
    report(Progress(total, len(done), 0, 0, 0, list(done.values())))
    todo = [run for run in grid.runs if run.name not in done]
    if not todo:
        return []
    # first what may be refused: nothing is pushed for a grid that cannot run
    errands = _errands(grid, todo, repository)
    _share(grid, repository)
    failures: list[Failure] = []
    # one in hand and one that waits: no worker is idle until we have answered it
    given = as_done(executor, run_errand, errands, most=2 * workers)
    for ended, (number, ran) in enumerate(given, start=1):
        new: Sequence[Snapshot] = []
        if ran.reference:
            new = [_collect(grid, todo[number], repository, ran.reference)]
        else:
            failures.append(Failure(todo[number].name, ran.log))
        left = len(todo) - ended
        ended_well = len(done) + ended - len(failures)
        running = min(left, workers)
        report(Progress(total, ended_well, len(failures), running, left - running, new))
    return failures


def _errands(grid: Grid, todo: Sequence[PlannedRun], repository: str) -> list[Errand]:
    start = str(grid.start.commit.id)
    queue = Queue(start)
    try:
        refuse_taken(queue, todo)
        author = queue.author
    finally:
        queue.close()
    errand = partial(
        Errand,
        repository=repository,
        start=start,
        folder=grid.start.folder,
        inputs=tuple(grid.data_read()),
        outputs=tuple(grid.outputs_made),
        author=author,
        stages=tuple(grid.stages),
    )
    return [errand(name=run.name, changes=run.changes) for run in todo]


def _share(grid: Grid, repository: str) -> None:
    """What all runs start from, for others to fetch: the commit, and the data that they read."""
    start = str(grid.start.commit.id)
    call(grid.root, "git", "push", "-q", repository, f"+{start}:{STARTS}{start}")
    with Store() as store:
        store.push(store.objects(outputs=grid.data_read()))


def _collect(grid: Grid, run: PlannedRun, repository: str, reference: str) -> Snapshot:
    """The experiment that a worker has pushed.

    Raises:
        DataError: it is no run of this grid.
    """
    call(grid.root, "git", "fetch", "-q", "--no-tags", repository, f"+{reference}:{reference}")
    experiment = grid.at(reference)
    if not experiment.complete or grid.planned.get(experiment.key) != run:
        raise DataError(f"the experiment {run.name} of a worker is not this run: {reference}")
    return experiment
