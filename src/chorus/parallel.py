"""Work spread over processes, with results in the order of the items: the number of workers never shows in them."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from multiprocessing.context import BaseContext
from typing import Any, TypeVar

from chorus.errors import ChorusError

Item = TypeVar("Item")
Result = TypeVar("Result")

# Items a worker that are given out or done and not yet taken: what memory holds at most.
_WAITING = 3


def cores() -> int:
    """The number of processors this process may use."""
    # A batch system or a container may give fewer than the machine has; macOS and Windows do not tell.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def each(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    workers: int,
    initializer: Callable[..., None] | None = None,
    initargs: tuple[Any, ...] = (),
    progress: Callable[[Result], None] | None = None,
) -> list[Result]:
    """`[function(item) for item in items]` on `workers` processes; see `as_done`.

    Args:
        progress: called in this process with each result as it arrives, in any order.
    """
    results: dict[int, Result] = {}
    for number, result in as_done(
        function, items, workers=workers, initializer=initializer, initargs=initargs
    ):
        results[number] = result
        if progress:
            progress(result)
    return [results[number] for number in range(len(items))]


def as_done(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    workers: int,
    initializer: Callable[..., None] | None = None,
    initargs: tuple[Any, ...] = (),
) -> Iterator[tuple[int, Result]]:
    """The number of each item and `function(item)`, as they are done; at most a few a worker wait in memory.

    The workers end with this process, however it ends.

    Args:
        function, initializer: importable by name (they are sent to other processes).
        workers: 1 runs everything in this process.

    Raises:
        ChorusError: a worker process died (out of memory, killed).
        Exception: whatever `function` raises, at once; work not yet begun is dropped.
    """
    if workers <= 1 or len(items) <= 1:
        if initializer:
            initializer(*initargs)
        for number, item in enumerate(items):
            yield number, function(item)
        return
    pool = processes(min(workers, len(items)), initializer, initargs)
    try:
        yield from _from_pool(pool, function, items, most=_WAITING * workers)
    except BrokenProcessPool:
        raise ChorusError(
            "a worker process died (killed, or out of memory): run the same command again"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def processes(
    workers: int, initializer: Callable[..., None] | None = None, initargs: tuple[Any, ...] = ()
) -> ProcessPoolExecutor:
    """An executor of so many processes of this machine, which end with this one, however it ends."""
    return ProcessPoolExecutor(
        workers, mp_context=_context(), initializer=_begin, initargs=(initializer, initargs)
    )


def _from_pool(
    pool: ProcessPoolExecutor,
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    most: int,
) -> Iterator[tuple[int, Result]]:
    numbers: dict[Future[Result], int] = {}
    for number, item in enumerate(items):
        numbers[pool.submit(function, item)] = number
        if len(numbers) >= most:
            yield from _taken(numbers)
    while numbers:
        yield from _taken(numbers)


def _taken(numbers: dict[Future[Result], int]) -> Iterator[tuple[int, Result]]:
    """Waits for a result, and takes all that are there out of `numbers`."""
    done, _ = wait(numbers, return_when=FIRST_COMPLETED)
    for future in done:
        yield numbers.pop(future), future.result()


def _context() -> BaseContext:
    """How processes are made. Never by a fork of this one, which would copy locks that other threads hold.

    Workers are copies of the fork server, which has little loaded. It would import the program's main file, and copies
    would be spared that, but Python 3.11 does not tell it which (it looks for `main_path`, and is given
    `init_main_from_path`): each worker imports for itself.
    """
    if "forkserver" in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("forkserver")
    return multiprocessing.get_context("spawn")


def _begin(initializer: Callable[..., None] | None, initargs: tuple[Any, ...]) -> None:
    threading.Thread(target=_end_with_owner, daemon=True).start()
    if initializer:
        initializer(*initargs)


def _end_with_owner() -> None:
    """Killed processes cannot end their workers, so workers look after themselves."""
    owner = multiprocessing.parent_process()
    if owner is not None:
        connection.wait([owner.sentinel])
        # sys.exit would end this thread alone, and the work would go on for nobody.
        os._exit(1)
