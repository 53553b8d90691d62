"""`chorus`, `dvc` and `python SCRIPT` as the tests start them: in copies of a process that has loaded what they need.

Most of what a command of a test costs is importing DVC, torch and pandas. What is copied is the real thing, as in the
runs of a sweep (`chorus.experiments.warm`); what a copy could not do alike starts as it always did. `Folder.start`
starts everything as always, and so do `Folder.run` and `Folder.begin` with CHORUS_COLD=1.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from chorus.experiments import warm

DVC = Path(sys.executable).parent / "dvc"
_stack = ExitStack()
_folders: dict[frozenset[tuple[str, str]], Path | None] = {}


@contextmanager
def processes() -> Iterator[None]:
    """While it lasts, prepared processes live on after the command that they were started for."""
    with _stack:
        yield
    _folders.clear()


def environment(of: Mapping[str, str]) -> dict[str, str]:
    """The environment of a command, with the prepared commands of such an environment first on its PATH."""
    known = frozenset(of.items())
    if known not in _folders:
        cold = "CHORUS_COLD" in os.environ
        _folders[known] = None if cold else _stack.enter_context(warm.prepared(DVC, of))
    folder = _folders[known]
    if folder is None:
        return dict(of)
    return {**of, "PATH": os.pathsep.join([str(folder), of["PATH"]])}
