"""DVC's queue of experiments: put runs in, keep workers at work, see what became of each run, tidy up after a kill."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil  # type: ignore[import-untyped]
import pygit2
from celery.result import AsyncResult  # type: ignore[import-untyped]
from dvc.repo import Repo
from dvc.repo.experiments.executor.base import BaseExecutor
from dvc.repo.experiments.queue.base import QueueEntry
from dvc.repo.experiments.queue.remove import remove_tasks
from dvc.repo.experiments.queue.tasks import run_exp
from dvc.repo.experiments.refs import CELERY_STASH, ExpRefInfo
from dvc.repo.experiments.stash import ExpStash
from dvc.repo.experiments.utils import get_exp_rwlock
from dvc.utils.serialize import modify_yaml
from dvc_task.proc.process import ManagedProcess

from chorus.errors import ChorusError
from chorus.experiments import warm, worker
from chorus.experiments.turns import common_folder, turn
from chorus.interpreter import own_python_first

State = Literal["queued", "running", "done", "failed"]


@dataclass(frozen=True)
class Task:
    """An entry of the queue.

    name: of the experiment.
    commit: the stash that holds its parameters.
    identity: of the task in the queue.
    """

    name: str
    state: State
    commit: str
    identity: str
    entry: QueueEntry


class Queue:
    """The queue of the study in the current folder.

    Args:
        start: the commit that runs start from.

    Runs are put in as git objects, as `dvc exp run --queue` stashes them, but without its detours through the working
    tree: a kill at any moment leaves the tree as it was, and ninety runs take seconds.

    Raises:
        ChorusError: git does not know who commits.
    """

    def __init__(self, start: str) -> None:
        own_python_first()  # workers start `dvc`
        self._dvc = Repo()
        self._queue = self._dvc.experiments.celery_queue
        self._git = pygit2.Repository(self._dvc.scm.root_dir)
        self._head = self._git[start].peel(pygit2.Commit)
        self._scratch = Path(self._dvc.tmp_dir) / "exps"
        # each waits for one worker, whose own record is written a moment after its start
        self._parents: list[int] = []
        self._retired: set[int] = set()
        try:
            self._author = self._git.default_signature
        except KeyError:
            missing = "git config user.name NAME; git config user.email MAIL"
            raise ChorusError(f"git does not know who commits: {missing}") from None

    @property
    def author(self) -> tuple[str, str]:
        """Name and mail of who commits."""
        return self._author.name, self._author.email

    def put(self, name: str, changes: Mapping[str, Any], stages: Sequence[str]) -> None:
        """Queue one run.

        Args:
            changes: dotted keys of params.yaml and their values.
            stages: what it runs, in this order. DVC looks at no other stage, which saves a second of every run: they
                must be up to date.
        """
        entry = self._stashed(name, changes, stages)
        self._queue.celery.signature(
            run_exp.s(entry.asdict(), copy_paths=None, message=None)
        ).delay()

    def run_here(
        self, name: str, changes: Mapping[str, Any], stages: Sequence[str]
    ) -> tuple[str | None, str]:
        """Make one run at once, as a worker would; an experiment of that name gives way to it.

        Args:
            name, changes, stages: see `put`.

        Returns:
            The reference of its experiment and ""; or None and the end of its log, if it failed.
        """
        self.tidy()
        reference = str(ExpRefInfo(str(self._head.id), name))
        if self.exists(name):
            self._dvc.scm.remove_ref(reference)
        entry = self._stashed(name, changes, stages)
        worker.run_at_once(entry)
        made = self._result(entry.stash_rev)
        if made:
            return made, ""
        return None, self.log(Task(name, "failed", entry.stash_rev, "", entry))

    def _stashed(self, name: str, changes: Mapping[str, Any], stages: Sequence[str]) -> QueueEntry:
        """A run as DVC keeps one that waits."""
        head, revision = self._head, str(self._head.id)
        tree = self._tree(head, name, changes, stages)
        message = ExpStash.format_message(revision, revision, name)
        # a stash is two commits: the index, and on top of it the working tree
        index = self._git.create_commit(None, self._author, self._author, message, tree, [head.id])
        stash = str(
            self._git.create_commit(
                None, self._author, self._author, message, tree, [head.id, index]
            )
        )
        locks = get_exp_rwlock(self._dvc, writes=["workspace", CELERY_STASH])
        with turn(self._dvc.scm.root_dir), locks:
            self._dvc.scm.set_ref(CELERY_STASH, stash, message=f"commit: {message}")
        return QueueEntry(
            self._dvc.root_dir,
            self._dvc.scm.root_dir,
            CELERY_STASH,
            stash,
            revision,
            None,
            name,
            revision,
        )

    def tasks(self) -> list[Task]:
        """All entries of the queue, finished ones too, the oldest first."""
        # read first: what a worker takes meanwhile is then in both lists, and not in neither
        waiting = [
            self._task(message, entry, "queued") for message, entry in self._queue._iter_queued()
        ]
        taken = [
            self._task(message, entry, self._state(message.headers["id"], entry))
            for message, entry in self._queue._iter_processed()
        ]
        return taken + waiting

    def remove(self, tasks: Collection[Task]) -> None:
        """Forget tasks, whatever their state; what still runs of them is ended."""
        for task in tasks:
            if task.state == "running":
                self._end(task)
                # DVC removes what has an end only
                self._queue.celery.backend.mark_as_failure(task.identity, None)
        if tasks:
            with turn(self._dvc.scm.root_dir):
                remove_tasks(self._queue, [task.entry for task in tasks])
        for task in tasks:
            if root := self._info(task.commit).get("root_dir"):
                shutil.rmtree(root, ignore_errors=True)

    def log(self, task: Task, lines: int = 15) -> str:
        """The last lines that a run has written; if it never began, the last ones of the workers."""
        own = self._record(task.commit, "out")
        files = (
            [own] if own.exists() else sorted(Path(self._queue.wdir).glob("dvc-exp-worker-*.out"))
        )
        text = [
            line
            for file in files
            for line in file.read_text(encoding="utf-8", errors="replace").splitlines()
        ]
        if self._info(task.commit).get("result_ref"):
            text.append(
                "it ran, but DVC did not bring its experiment into this repository: a damaged reference in git?"
            )
        return "\n".join(text[-lines:])

    def workers(self) -> set[int]:
        """The numbers of the workers that are alive."""
        return set(self._pids())

    def start(self, workers: Collection[int]) -> None:
        """Start the workers with these numbers, from 1 on."""
        repository = hashlib.sha256(self._queue.wdir.encode()).hexdigest()[:6]
        for number in workers:
            node = f"dvc-exp-{repository}-{number}@localhost"  # as DVC names its own
            # the first one cleans up for all when it stops, as DVC's does
            start = worker.command(node, clean=number == 1)
            name = f"dvc-exp-worker-{number}"
            parent = ManagedProcess.spawn(start, wdir=self._queue.wdir, name=name)
            assert parent is not None
            self._parents.append(parent)

    def retire(self) -> bool:
        """Have each worker end with the run that it has in hand; whether one is still alive.

        By a signal, which Celery knows: a message does not reach all workers (`chorus.experiments.worker`).
        """
        pids = set(self._pids().values())
        for pid in pids - self._retired:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(pid, signal.SIGTERM)
        self._retired |= pids
        return bool(pids) or any(map(_command, self._parents))

    def stop(self) -> None:
        """End the workers at once, and what they run."""
        for pid in (*self._pids().values(), *self._parents):
            _kill(pid)

    def busy(self) -> bool:
        """Whether a worker has a run in hand; between two runs none has, for a second or two."""
        started = [child for pid in self._pids().values() for child in _children(pid)]
        # the process that loads libraries for a worker is always there, and is not a run
        return not all(warm.serves(_command(process)) for process in started)

    def room(self) -> int:
        """Bytes free on the disk that runs work on."""
        return shutil.disk_usage(self._dvc.dvc_dir).free

    def abandoned(self) -> list[Task]:
        """Running tasks without a worker, killed with it: DVC would list them as running for ever.

        Empty also when not every living worker answers in time: then nothing is certain.
        """
        alive = self.workers()
        answers = self._queue.worker_status() if alive else {}
        if len(answers) < len(alive):
            return []
        working = {task["id"] for tasks in answers.values() for task in tasks}
        return [
            task
            for task in self.tasks()
            if task.state == "running" and task.identity not in working
        ]

    def exists(self, name: str) -> bool:
        """Whether there is an experiment of this name that starts from this commit."""
        return self._dvc.scm.get_ref(str(ExpRefInfo(str(self._head.id), name))) is not None

    def result(self, task: Task) -> str | None:
        """The git reference of the experiment that a task has become; None as long as it is none."""
        return self._result(task.commit)

    def tidy(self) -> None:
        """Remove what killed processes have left half done. Only when no worker is alive."""
        for file in self._scratch.glob("celery/**/*"):
            written = file.suffix in (".msg", ".exchange", ".json") or file.name.startswith(
                "celery-task-meta-"
            )
            if written and file.is_file() and not _is_json(file):
                file.unlink()
        lock = self._scratch / "rwlock"
        if lock.exists() and not _is_json(lock):
            lock.unlink()
        references = common_folder(self._dvc.scm.root_dir) / "refs"
        # in turn: another worktree's sweep, which may be at work, has none of these now
        with turn(self._dvc.scm.root_dir):
            for file in [*references.glob("exps/**/*.lock"), *references.glob("stash.lock")]:
                file.unlink()
        running = [task for task in self.tasks() if task.state == "running"]
        in_use = {self._info(task.commit).get("root_dir") for task in running}
        for folder in self._scratch.glob("tmp*"):  # the checkouts of runs
            if str(folder) not in in_use:
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Ask the workers to stop once their tasks are done, and let go of the repository."""
        if self._pids():
            self._queue.celery.control.shutdown()
        self._dvc.close()

    def _tree(
        self, head: pygit2.Commit, name: str, changes: Mapping[str, Any], stages: Sequence[str]
    ) -> pygit2.Oid:
        """The tree of the start with other params, and with DVC's arguments, which travel as a file."""
        folder = Path.cwd().relative_to(Path(self._git.workdir).resolve())
        with tempfile.TemporaryDirectory() as scratch:
            params, arguments = Path(scratch) / "params.yaml", Path(scratch) / "arguments"
            blob = head.tree[(folder / "params.yaml").as_posix()]
            assert isinstance(blob, pygit2.Blob)
            params.write_bytes(blob.data)
            with modify_yaml(params) as values:
                for key, value in changes.items():
                    _set(values, key, value)
            environment = {
                "DVC_EXP_BASELINE_REV": str(head.id),
                "DVC_EXP_NAME": name,
                "DVC_ROOT": self._dvc.root_dir,
            }
            BaseExecutor.pack_repro_args(
                arguments, targets=list(stages), single_item=True, run_env=environment
            )
            files = {
                (folder / "params.yaml").as_posix(): params.read_bytes(),
                Path(self._queue.args_file)
                .relative_to(self._git.workdir)
                .as_posix(): arguments.read_bytes(),
            }
        index = pygit2.Index()
        index.read_tree(head.tree)
        for path, content in files.items():
            index.add(
                pygit2.IndexEntry(path, self._git.create_blob(content), pygit2.enums.FileMode.BLOB)
            )
        return index.write_tree(self._git)

    def _task(self, message: Any, entry: QueueEntry, state: State) -> Task:
        return Task(entry.name or "", state, entry.stash_rev, message.headers["id"], entry)

    def _state(self, identity: str, entry: QueueEntry) -> State:
        if not AsyncResult(identity, app=self._queue.celery).ready():
            return "running"
        return "done" if self._result(entry.stash_rev) else "failed"

    def _pids(self) -> dict[int, int]:
        """Number -> process of the workers that are alive."""
        files = Path(self._queue.wdir).glob("dvc-exp-worker-*.json")
        pids = {int(file.stem.rpartition("-")[2]): _read(file).get("pid") for file in files}
        # of a worker that has ended the system may have given the number to another process
        return {
            number: pid for number, pid in pids.items() if pid and "queue-worker" in _command(pid)
        }

    def _end(self, task: Task) -> None:
        """End what a worker that is gone has left running."""
        pid = _read(self._record(task.commit, "json")).get("pid")
        if pid and task.commit in _command(pid):
            _kill(pid)

    def _record(self, commit: str, kind: str) -> Path:
        return Path(self._queue.pid_dir) / commit / f"{commit}.{kind}"

    def _result(self, commit: str) -> str | None:
        """DVC writes the reference down before it brings it here, and says nothing when it cannot."""
        reference: str | None = self._info(commit).get("result_ref")
        return reference if reference and self._git.references.get(reference) is not None else None

    def _info(self, commit: str) -> dict[str, Any]:
        return _read(self._record(commit, "run"))


def _set(values: Any, key: str, value: Any) -> None:
    *sections, name = key.split(".")
    for section in sections:
        values = values[section]
    values[name] = value


def _kill(pid: int) -> None:
    """End a process and all that it has started."""
    # children first: once it is dead, nobody knows whose they were
    for process in [*_children(pid), pid]:
        with suppress(ProcessLookupError):  # it may end by itself meanwhile
            os.kill(process, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    """All processes that a process has started, directly or through others."""
    try:
        return [process.pid for process in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _command(pid: int) -> str:
    """The command line of a process; "" if there is none."""
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


def _read(file: Path) -> dict[str, Any]:
    """A JSON record; empty if it is missing or not written to its end."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_bytes())
    except ValueError:
        return False
    return True
