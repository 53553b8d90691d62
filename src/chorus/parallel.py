"""Work spread over processes, with results in the order of the items: the number of workers never shows in them."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from chorus.errors import ChorusError

Item = TypeVar("Item")
Result = TypeVar("Result")

# One thread in each process: a second thread changes the order of sums (and so the last digits), and gains little.
_THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def cores() -> int:
    """The number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    workers: int,
    initializer: Callable[..., None] | None = None,
    initargs: tuple[Any, ...] = (),
    progress: Callable[[Result], None] | None = None,
) -> list[Result]:
    """`[function(item) for item in items]` on `workers` processes.

    Args:
        function, initializer: importable by name (they are sent to new processes).
        workers: 1 runs everything in this process.
        progress: called in this process with each result as it arrives, in any order.

    Raises:
        ChorusError: a worker process died (out of memory, killed).
        Exception: whatever `function` raises, at once; work not yet begun is dropped.
    """
    if workers <= 1 or len(items) <= 1:
        if initializer:
            initializer(*initargs)
        results = []
        for item in items:
            results.append(function(item))
            if progress:
                progress(results[-1])
        return results
    for setting in _THREAD_SETTINGS:
        os.environ.setdefault(setting, "1")
    pool = ProcessPoolExecutor(
        min(workers, len(items)),
        mp_context=multiprocessing.get_context("spawn"),  # a fork would copy locks held by other threads
        initializer=initializer,
        initargs=initargs,
    )
    try:
        pending: set[Future[Result]] = set()
        futures = [pool.submit(function, item) for item in items]
        pending.update(futures)
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                result = future.result()
                if progress:
                    progress(result)
        return [future.result() for future in futures]
    except BrokenProcessPool:
        raise ChorusError("a worker process died (killed, or out of memory): run the same command again") from None
    finally:
        pool.shutdown(cancel_futures=True)
