"""Commands that start in a copy of a Python which has loaded what the commands before them needed.

Half of the processor time of a small run went into importing DVC, torch, pandas and scikit-learn, in five processes
(docs/sweeps.md). A worker of a sweep has `serve.py` beside it, which loads what is installed once; the `python` and the
`dvc` that runs find first on their PATH are `ask.py`, which has that process copied (os.fork). The copy then is the
command: folder, arguments, environment, files, limits and exit code are those of the caller.

Nothing of ours is loaded beforehand, so that a run uses the source of its own checkout. A command that a copy could not
do alike starts as it always did: Python is given options, the environment is another one, a library has started threads
when it was loaded, the process has ended, there is no Linux.
"""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

_HERE = Path(__file__).parent
_ADDRESS = "address"
EXEC_RUN = _HERE / "exec_run.py"


@contextmanager
def commands() -> Iterator[None]:
    """While it lasts, `python SCRIPT` and `dvc` start in copies of a process that has loaded their libraries."""
    with prepared(EXEC_RUN, os.environ) as folder:
        before = os.environ["PATH"]
        if folder:
            os.environ["PATH"] = os.pathsep.join([str(folder), before])
        try:
            yield
        finally:
            os.environ["PATH"] = before


@contextmanager
def prepared(dvc: Path, environment: Mapping[str, str]) -> Iterator[Path | None]:
    """The folder of such a `python` and `dvc`, for the beginning of a PATH; None where they cannot be had.

    Args:
        dvc: the script that `dvc` is.
        environment: of the commands to come; in another one they start as they always did.
    """
    with ExitStack() as stack:
        folder = None
        if sys.platform == "linux":  # os.pidfd_open, and a fork that the libraries survive
            # no room on the disk, or a folder whose path is too long for a socket's, 107 bytes
            with suppress(OSError):
                folder = _start(stack, dvc, environment)
        yield folder


def serves(command: str) -> bool:
    """Whether a process with this command line is the prepared one, or a copy of it."""
    return str(_HERE / "serve.py") in command


def _start(stack: ExitStack, dvc: Path, environment: Mapping[str, str]) -> Path:
    scratch = tempfile.TemporaryDirectory(prefix="chorus-", ignore_cleanup_errors=True)
    folder = Path(stack.enter_context(scratch))
    _write_commands(folder, dvc)
    server = _serve(folder, environment)
    stack.callback(server.wait)
    stack.callback(server.kill)
    return folder


def _serve(folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / _ADDRESS))
        listener.listen()
        descriptor = listener.fileno()
        command = [sys.executable, str(_HERE / "serve.py"), str(descriptor), str(folder)]
        # its standard input ends when this process does, however that ends
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, pass_fds=[descriptor], env=environment
        )


def _write_commands(folder: Path, dvc: Path) -> None:
    ask = [sys.executable, "-IS", str(_HERE / "ask.py"), str(folder / _ADDRESS), sys.executable]
    scripts = {"python": ask, "dvc": [*ask, str(dvc)]}
    for name, command in scripts.items():
        file = folder / name
        file.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', encoding="utf-8")
        file.chmod(0o700)
