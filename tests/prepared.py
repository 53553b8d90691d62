"""`chorus`, `dvc` and `python SCRIPT` as the tests start them: in copies of a process that has loaded what they need.

Most of what a command of a test costs is importing DVC, torch and pandas. What is copied is the real thing, as in the
runs of a sweep (`chorus.experiments.warm`); what a copy could not do alike starts as it always did. `Folder.start`
starts everything as always, and so do `Folder.run` and `Folder.begin` with CHORUS_COLD=1.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil

from chorus.experiments import warm

DVC = Path(sys.executable).parent / "dvc"
MOST_BYTES = 1 << 30  # of what one has loaded, before it makes room for a new one


class Process:
    """A prepared process; folder: of its commands, None where they start as always."""

    def __init__(self, of: Mapping[str, str]) -> None:
        self._stack = ExitStack()
        cold = "CHORUS_COLD" in os.environ
        self.folder = None if cold else self._stack.enter_context(warm.prepared(DVC, of))

    def end(self) -> None:
        self._stack.close()

    def serves(self) -> bool:
        """Whether it still takes requests, and is not too large."""
        if self.folder is None:
            return True
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(self.folder / "address"))
        except OSError:
            return False
        return all(one.memory_info().rss < MOST_BYTES for one in self.found())

    def found(self) -> list[psutil.Process]:
        """It itself, while it lives."""
        found = []
        for child in psutil.Process().children():
            with suppress(psutil.Error):  # of a test that kills, a child that nobody has waited for
                if str(self.folder) in child.cmdline():
                    found.append(child)
        return found


_processes: dict[frozenset[tuple[str, str]], Process] = {}


@contextmanager
def processes() -> Iterator[None]:
    """While it lasts, prepared processes live on after the command that they were started for."""
    try:
        yield
    finally:
        end_all_but({})


def end_all_but(environment: Mapping[str, str]) -> None:
    """End those of other environments, which no other file of tests will ask for, and what no longer serves."""
    kept = frozenset(environment.items())
    for known, process in list(_processes.items()):
        if known != kept or not process.serves():
            process.end()
            del _processes[known]


def environment(of: Mapping[str, str]) -> dict[str, str]:
    """The environment of a command, with the prepared commands of such an environment first on its PATH."""
    known = frozenset(of.items())
    if known not in _processes:
        _processes[known] = Process(of)
    folder = _processes[known].folder
    if folder is None:
        return dict(of)
    return {**of, "PATH": os.pathsep.join([str(folder), of["PATH"]])}
