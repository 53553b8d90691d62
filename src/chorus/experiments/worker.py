"""A worker of DVC's queue whose runs borrow git's objects instead of copying them.

DVC brings a commit into the checkout of its run by pushing the whole history there, and the finished experiment back
by fetching, both in pure Python: 4 of the 15 s of processor time of a run, and more with every commit. Here the
checkout borrows the objects (`gitrepository-layout`, objects/info/alternates), and libgit2 brings back what is new.
All else is DVC's: the queue, what a run does, its experiment.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pygit2
from celery.worker import state  # type: ignore[import-untyped]
from configobj import ConfigObj  # type: ignore[import-untyped]
from dvc.repo import Repo
from dvc.repo.experiments import Experiments
from dvc.repo.experiments.executor.base import TaskStatus
from dvc.repo.experiments.executor.local import TempDirExecutor
from dvc.repo.experiments.queue import tasks
from dvc.repo.experiments.queue.base import BaseStashQueue, QueueEntry
from dvc.repo.experiments.refs import EXEC_BASELINE, EXEC_HEAD, EXEC_MERGE
from dvc.repo.experiments.stash import ExpStashEntry
from dvc.scm import Git
from dvc_task.proc import tasks as _processes  # noqa: F401  # by its import Celery knows the task

from chorus.experiments import warm
from chorus.experiments.turns import common_folder, turn

_DVCS_STASH_ENTRY = BaseStashQueue.get_stash_entry
_CODE = "import sys; sys.path.insert(0, {!r}); from chorus.experiments.worker import main; main()"


def command(node: str, *, clean: bool) -> list[str]:
    """What starts a worker that imports this very library, wherever it is started.

    Args:
        node: its name in the queue.
        clean: remove the messages of finished runs when it stops.
    """
    source = str(Path(__file__).resolve().parents[2])
    # a folder of Python's own path, not PYTHONPATH: the stages that it starts must not inherit it
    return [sys.executable, "-c", _CODE.format(source), "queue-worker", node, str(int(clean))]


def main() -> None:
    """Work until the queue of the repository in the current folder is empty."""
    _, _, node, clean = sys.argv
    _take_dvcs_place()
    with closing(Repo()) as repo:
        worker = repo.experiments.celery_queue.worker
        worker.monitor = partial(_stop_at_the_end, worker.monitor)
        with warm.commands():
            worker.start(node, fsapp_clean=bool(int(clean)))


def run_at_once(entry: QueueEntry) -> None:
    """What a worker does with an entry of the queue, in this process."""
    _take_dvcs_place()
    tasks.run_exp(entry.asdict())


def _take_dvcs_place() -> None:
    """DVC has no setting for it: its tasks look these up by their names."""
    tasks.TempDirExecutor = Borrower
    BaseStashQueue.get_stash_entry = staticmethod(_begun)


def _begun(exp: Experiments, entry: QueueEntry) -> ExpStashEntry:
    """What a run that begins starts from; it leaves the list of runs that wait.

    One that is not in the list, which anybody may clear, DVC would run on top of itself, so that its experiment had no
    name and hung on no commit that anybody knows. Its entry in the queue says the same as the list.
    """
    with turn(exp.scm.root_dir):
        waiting = _DVCS_STASH_ENTRY(exp, entry)
    if waiting.stash_index is None:
        return ExpStashEntry(None, entry.head_rev, entry.baseline_rev, entry.branch, entry.name)
    return waiting


def _stop_at_the_end(monitor: Callable[[str], None], node: str) -> None:
    """DVC's monitor of a worker, which returns once the queue is empty and it has sent the worker a message to stop.

    Workers that start at once may overwrite each other's address in the file where messages look for it. Such a worker
    hears of nothing, and would wait for ever.
    """
    monitor(node)
    state.should_stop = os.EX_OK  # what the message does: no further run, and an end after this one


class Borrower(TempDirExecutor):  # type: ignore[misc]
    """Runs an experiment in a temporary checkout that borrows the objects of the repository."""

    def init_git(
        self,
        repo: Repo,
        scm: Git,
        stash_rev: str,
        entry: ExpStashEntry,
        infofile: str | None,
        branch: str | None = None,
    ) -> None:
        """Make the checkout: the commit that the run starts from, and on it what the run changes."""
        if branch:  # goes on with an experiment, which our sweeps never do
            super().init_git(repo, scm, stash_rev, entry, infofile, branch)
            return
        self.status = TaskStatus.PREPARING
        if infofile:
            self.info.dump_json(infofile)
        pygit2.init_repository(self.root_dir)
        objects = common_folder(scm.root_dir) / "objects"
        borrowed = Path(self.root_dir, ".git", "objects", "info", "alternates")
        borrowed.write_text(f"{objects}\n", encoding="utf-8")
        references = {
            EXEC_HEAD: entry.head_rev,
            EXEC_MERGE: stash_rev,
            EXEC_BASELINE: entry.baseline_rev,
        }
        for name, commit in references.items():
            self.scm.set_ref(name, commit)
        self.scm.checkout(EXEC_HEAD, detach=True)
        self.scm.stash.apply(stash_rev)
        # no commit has what is set in this repository alone: where the cache lies, who commits
        self._update_config(repo.config.read("local"))
        settings = Path(repo.scm.root_dir, ".git", "config")
        self._update_git_config(ConfigObj(str(settings), list_values=False))

    def fetch_exps(
        self,
        dest_scm: Git,
        refs: list[str],
        force: bool = False,
        on_diverged: Callable[[str], None] | None = None,
        **kwargs: Any,
    ) -> Iterable[str]:
        """Bring finished experiments into the repository.

        Raises:
            pygit2.GitError: it cannot be written, which DVC's own way passes over in silence.
        """
        home = pygit2.Repository(dest_scm.root_dir)
        # there is such an experiment already: what becomes of the two is for DVC to decide
        if not force and any(home.references.get(name) for name in refs):
            fetched: Iterable[str] = super().fetch_exps(
                dest_scm, refs, force, on_diverged, **kwargs
            )
            return fetched
        remote = home.remotes.create_anonymous(self.root_dir)
        with turn(dest_scm.root_dir):
            remote.fetch([f"+{name}:{name}" for name in refs])
        return refs
