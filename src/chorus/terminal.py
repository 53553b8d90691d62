"""What stage scripts and commands show a person who waits."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(what: str, total: int, unit: str = "clip") -> Iterator[Callable[[int], None]]:
    """A progress bar with rate and time left; yields the function that advances it."""
    from tqdm import tqdm

    every = 10.0  # seconds; a log file needs no thousand lines
    if sys.stderr.isatty():
        every = 0.5
    with tqdm(
        total=total, desc=what, unit=unit, smoothing=0.1, mininterval=every, maxinterval=2 * every
    ) as bar:

        def advance(done: int) -> None:
            bar.update(done)

        yield advance
