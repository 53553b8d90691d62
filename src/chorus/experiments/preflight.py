"""What must hold before experiments can be made here: each check ends in a sentence that says what to do."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chorus.errors import DataError
from chorus.experiments.history import History
from chorus.experiments.study import Grid


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Hold this checkout for one sweep: two would take each other's runs out of DVC's queue.

    Raises:
        DataError: another one is at work.
    """
    git = Path(History(root).git.path)  # of a worktree its own
    with (git / "sweep.lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with this process, however that ends
        except BlockingIOError:
            file.seek(0)
            raise DataError(f"another sweep is at work in this checkout: process {file.read().strip()}") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def refuse_unfit(root: Path) -> None:
    """TODO"""


def refuse_unranked(grid: Grid) -> None:
    """TODO"""
