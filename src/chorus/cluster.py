"""Many machines: Dask as an executor of concurrent.futures, for whatever takes one.

Work is given out by the process that was started, and results come back to it; so what it writes, it writes alone. A
worker that dies has its work done by another one. When the scheduler is lost the client waits for it to come back, and
what was under way is cancelled: who gave it out gives it out anew (`chorus.executors`).

Dask's messages are pickles: a cluster is one's own processes on a network that one trusts, as its documentation says.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chorus
from chorus import parallel, pins
from chorus.errors import ChorusError, ParameterError

if TYPE_CHECKING:
    from distributed import Client

KINDS = ("slurm",)
_PATIENCE = 60  # s: for a scheduler to answer, at first and when it was lost
_RETRIES = 3  # of a unit whose worker died


@contextmanager
def at_scheduler(address: str) -> Iterator[tuple[Executor, int]]:
    """The executor of a running cluster, and how many units it works on at once.

    Args:
        address: of its scheduler, as tcp://10.0.0.1:8786. Workers are started with `chorus worker`.

    Raises:
        ChorusError: nobody answers there, no worker comes, one computes other digits, or the cluster is lost for good.
    """
    with _told(address), _settings(), _client(address) as client:
        yield _executor(client)


@contextmanager
def of_environment() -> Iterator[tuple[Executor | None, int]]:
    """For stages, which take no arguments: the cluster at $CHORUS_SCHEDULER; without it, this machine's own cores.

    Raises:
        ChorusError: see `at_scheduler`.
    """
    address = os.environ.get("CHORUS_SCHEDULER")
    if not address:
        yield None, parallel.cores()
        return
    with at_scheduler(address) as known:
        yield known


@contextmanager
def started(kind: str, workers: int, options: dict[str, Any]) -> Iterator[tuple[Executor, int]]:
    """The executor of a cluster that is started for this and ends with it.

    Args:
        kind: of KINDS; it needs dask-jobqueue. workers: jobs of one core each.
        options: of dask-jobqueue's class, as queue, account, memory, walltime.

    Raises:
        ParameterError: another kind. ChorusError: dask-jobqueue is not installed, or see `at_scheduler`.
    """
    if kind not in KINDS:
        raise ParameterError(f"--cluster: {kind!r} is not allowed: {', '.join(KINDS)}")
    try:
        from dask_jobqueue.slurm import SLURMCluster
    except ImportError:
        raise ChorusError(
            "dask-jobqueue is not installed: pip install -c constraints.txt dask-jobqueue"
        ) from None
    from distributed import Client

    one_core: dict[str, Any] = {"cores": 1, "processes": 1, "memory": "2GB", "nanny": False}
    prologue = [f"export {name}={value!r}" for name, value in environment().items()]
    given = one_core | {"python": sys.executable, "job_script_prologue": prologue} | options
    dashboard = {"dashboard_address": None}
    with (
        _told(kind),
        _settings(),
        SLURMCluster(scheduler_options=dashboard, **given) as cluster,
        Client(cluster) as client,
    ):
        cluster.scale(workers)
        try:
            client.wait_for_workers(1, timeout=_PATIENCE * 10)  # a queue may let one wait
        except TimeoutError:
            raise ChorusError(
                f"no job of {kind} has begun in {_PATIENCE * 10 // 60} minutes: is a node free?"
            ) from None
        yield _executor(client, most=workers)


def _client(address: str) -> Client:
    """Of a scheduler with a worker at least."""
    from distributed import Client

    try:
        client = Client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ChorusError(f"no scheduler answers at {address}: {reason}") from None
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError:
        client.close()
        raise ChorusError(
            f"the scheduler {address} has no worker: chorus worker {address}"
        ) from None
    return client


def environment() -> dict[str, str]:
    """What a worker's environment must hold before Python starts: the code, and one set of kernels."""
    kernels = {} if pins.digits_may_differ() else pins.KERNELS
    return {"PYTHONPATH": str(Path(chorus.__file__).parents[1])} | pins.THREADS | kernels


def _executor(client: Client, most: int | None = None) -> tuple[Executor, int]:
    """Of a client, after a look at its workers."""
    late = [name for name, wrong in client.run(computes_otherwise).items() if wrong]
    if late:
        raise ChorusError(
            f"the worker {late[0]} chose its kernels by its CPU, and may compute other digits: "
            "start it with chorus worker"
        )
    # A queue starts its jobs one by one: work is given out for those too that are still to come.
    threads = sum(client.nthreads().values())
    return _OfClient(client), max(threads, most or 1)


def computes_otherwise() -> bool:
    """Whether NumPy was loaded in this process before its kernels were chosen (`chorus.pins`)."""
    begun = Path("/proc/self/environ")
    if chorus.PINNED or pins.digits_may_differ() or not begun.is_file():
        return False
    variables = begun.read_bytes().decode(errors="replace").split("\0")
    return not {f"{name}={value}" for name, value in pins.KERNELS.items()} <= set(variables)


class _OfClient(Executor):
    """What `Client.get_executor()` is, but for one thing: no future is left pending when the scheduler is lost.

    Seen with distributed 2026.8: a result that was being fetched when the scheduler died raised inside Dask's own
    executor, and its future never ended. Here whatever cannot be fetched is cancelled.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As any executor; a unit whose worker dies is given to another one."""
        promised: Future[Any] = Future()
        # Not pure: Dask would take a call with equal arguments for one that it has answered before.
        given = self._client.submit(work, *args, **kwargs, pure=False, retries=_RETRIES)
        promised.add_done_callback(lambda ended: given.cancel() if ended.cancelled() else None)
        given.add_done_callback(lambda done: _pass_on(done, promised))
        return promised


def _pass_on(done: Any, promised: Future[Any]) -> None:
    """What became of Dask's future, told to one of concurrent.futures."""
    from distributed.comm.core import CommClosedError

    result, failed = None, None
    try:
        result = done.result()
    except (asyncio.CancelledError, CancelledError, CommClosedError):
        promised.cancel()
    except BaseException as error:  # of the work itself: it belongs to who asked for it
        failed = error
    # Of a promise that was cancelled, above or by who asked, nothing more can be told.
    if not promised.set_running_or_notify_cancel():
        return
    if failed is None:
        promised.set_result(result)
    else:
        promised.set_exception(failed)


@contextmanager
def _settings() -> Iterator[None]:
    """How long the client waits for a scheduler that was lost."""
    import dask

    with dask.config.set({"distributed.comm.timeouts.connect": f"{_PATIENCE}s"}):
        yield


@contextmanager
def _told(cluster: str) -> Iterator[None]:
    """What can become of a cluster, in one sentence."""
    from distributed import KilledWorker
    from distributed.client import ClosedClientError
    from distributed.comm.core import CommClosedError

    lost = (CommClosedError, ClosedClientError, asyncio.CancelledError)
    try:
        yield
    except KilledWorker as error:
        raise ChorusError(
            f"workers of {cluster} died one after the other of the same piece of work (memory?): {error}"
        ) from None
    except lost as error:
        raise ChorusError(
            f"the cluster {cluster} cannot be reached ({type(error).__name__}): run the same command again, "
            "what is done is kept"
        ) from None
