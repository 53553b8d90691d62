"""Work on any executor of concurrent.futures, where what is lost is given out anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

About = TypeVar("About")
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Given(Generic[About]):
    """A function with its arguments, and what its result is about."""

    about: About
    work: Callable[..., Any]
    arguments: tuple[Any, ...]


class UnderWay(Generic[About]):
    """What an executor has been given and nobody has taken yet; `len` tells how much.

    A cluster that loses its scheduler cancels what it had; that is given out anew. So work must be importable by name
    where it is done, and give the same when it is done twice.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._futures: dict[Future[Any], _Given[About]] = {}

    def __len__(self) -> int:
        return len(self._futures)

    def give(self, about: About, work: Callable[..., Any], *arguments: Any) -> None:
        """Have `work(*arguments)` done.

        Args:
            about: comes back with the result.
        """
        self._submit(_Given(about, work, arguments))

    def results(self) -> Iterator[tuple[About, Any]]:
        """Wait for a result, and take all that are there; none at all when everything that ended was lost.

        Raises:
            Exception: whatever the work raises.
        """
        for future in wait(self._futures, return_when=FIRST_COMPLETED).done:
            given = self._futures.pop(future)
            if future.cancelled():
                self._submit(given)
            else:
                yield given.about, future.result()

    def drop(self) -> None:
        """Cancel what nobody has begun."""
        for future in self._futures:
            future.cancel()

    def _submit(self, given: _Given[About]) -> None:
        self._futures[self._executor.submit(given.work, *given.arguments)] = given


def as_done(
    executor: Executor, work: Callable[[Item], Result], items: Sequence[Item], *, most: int
) -> Iterator[tuple[int, Result]]:
    """The number of each item and `work(item)`, as they are done.

    Args:
        work: see `UnderWay`.
        most: how many items wait at once, which bounds memory.

    Raises:
        Exception: whatever `work` raises, at once; work not yet begun is dropped.
    """
    under_way = UnderWay[int](executor)
    left = iter(enumerate(items))
    try:
        while True:
            while len(under_way) < most and (following := next(left, None)) is not None:
                number, item = following
                under_way.give(number, work, item)
            if not under_way:
                return
            yield from under_way.results()
    finally:
        under_way.drop()
