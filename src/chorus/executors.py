"""Work on any executor of concurrent.futures, where what is lost is given out anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def as_done(
    executor: Executor, work: Callable[[Item], Result], items: Sequence[Item], *, most: int
) -> Iterator[tuple[int, Result]]:
    """The number of each item and `work(item)`, as they are done.

    Args:
        work: importable by name where it is done; done twice for an item, it gives the same.
        most: how many items wait at once, which bounds memory. A cluster that loses its scheduler cancels them.

    Raises:
        Exception: whatever `work` raises, at once; work not yet begun is dropped.
    """
    given: dict[Future[Any], int] = {}
    left = iter(range(len(items)))
    try:
        while True:
            while len(given) < most and (number := next(left, None)) is not None:
                given[executor.submit(work, items[number])] = number
            if not given:
                return
            for future in wait(given, return_when=FIRST_COMPLETED).done:
                number = given.pop(future)
                if future.cancelled():
                    given[executor.submit(work, items[number])] = number
                else:
                    yield number, future.result()
    finally:
        for future in given:
            future.cancel()
