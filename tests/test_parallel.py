"""Work on processes: results in order, whatever their number; faults reach the caller."""

import os
import signal

import pytest

from chorus import parallel
from chorus.errors import ChorusError, DataError

_offset = 0


def _set_offset(value: int) -> None:
    global _offset
    _offset = value


def _add(number: int) -> int:
    return number + _offset


def _fail(number: int) -> int:
    if number == 2:
        raise DataError("clip 2 is broken")
    return number


def _die(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items(workers):
    seen: list[int] = []
    results = parallel.each(
        _add, range(20), workers=workers, initializer=_set_offset, initargs=(100,), progress=seen.append
    )
    assert results == list(range(100, 120))
    assert sorted(seen) == results


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_reaches_the_caller(workers):
    with pytest.raises(DataError, match="clip 2 is broken"):
        parallel.each(_fail, range(5), workers=workers)


def test_a_killed_worker_is_one_plain_sentence():
    with pytest.raises(ChorusError, match="a worker process died"):
        parallel.each(_die, range(5), workers=2)
