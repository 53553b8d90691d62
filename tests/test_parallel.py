"""Work on processes: results in order, whatever their number; faults reach the caller."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from chorus import parallel, pins
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


def _threads(_number: int) -> dict[str, str | None]:
    return {name: os.environ.get(name) for name in pins.THREADS}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_has_the_pinned_number_of_threads(workers):
    assert parallel.each(_threads, range(2), workers=workers) == [pins.THREADS] * 2


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items(workers):
    seen: list[int] = []
    results = parallel.each(
        _add,
        range(20),
        workers=workers,
        initializer=_set_offset,
        initargs=(100,),
        progress=seen.append,
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


def _write_pid_and_wait(path: Path) -> None:
    path.write_text(str(os.getpid()), encoding="utf-8")
    time.sleep(600)


def test_workers_end_with_the_process_that_made_them_even_when_it_is_killed(tmp_path):
    code = (
        "from pathlib import Path\n"
        "from chorus import parallel\n"
        "from test_parallel import _write_pid_and_wait\n"
        "if __name__ == '__main__':\n"
        f"    parallel.each(_write_pid_and_wait, [Path({str(tmp_path)!r}) / name for name in 'ab'], workers=2)\n"
    )
    script = tmp_path / "run.py"
    script.write_text(code, encoding="utf-8")
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    owner = subprocess.Popen([sys.executable, str(script)], env=os.environ | {"PYTHONPATH": path})
    _wait_until(
        lambda: all((tmp_path / name).is_file() and (tmp_path / name).read_text() for name in "ab")
    )
    workers = [int((tmp_path / name).read_text()) for name in "ab"]
    assert all(_runs(pid) for pid in workers)
    owner.kill()
    owner.wait()
    try:
        _wait_until(lambda: not any(_runs(pid) for pid in workers))
    finally:
        for pid in filter(_runs, workers):
            os.kill(pid, signal.SIGKILL)


def test_results_do_not_pile_up_while_they_are_not_taken(tmp_path):
    items = [tmp_path / str(number) for number in range(40)]
    results = parallel.as_done(_touch, items, workers=2)
    next(results)
    time.sleep(0.5)
    assert len(list(tmp_path.iterdir())) <= 8
    assert len(list(results)) == 39


def _touch(path: Path) -> None:
    path.touch()


def _runs(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def _wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
