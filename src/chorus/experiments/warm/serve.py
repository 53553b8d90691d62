"""Becomes each script that it is asked for, in a copy, with the libraries loaded that earlier ones have needed.

python serve.py DESCRIPTOR FOLDER   a socket that listens, and where copies leave word; see `chorus.experiments.warm`

Started by its path and never imported, so that nothing of ours is loaded in it.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import struct
import sys
import sysconfig
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

LENGTH, STATUS = struct.Struct("!Q"), struct.Struct("!i")
STANDARD_INPUT = 0
EXIT_FAILURE = 1
INSTALLED = tuple(
    sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")
)


def main() -> None:
    status = EXIT_FAILURE  # of an exception that nothing catches
    atexit.register(lambda: leave(status))  # registered first, it is called last
    listener, folder = socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2])
    request, files = next_request(listener, folder)
    known = frozenset(sys.modules)
    atexit.register(lambda: tell(folder, known))
    become(request, files)
    try:
        runpy.run_path(request["arguments"][0], run_name="__main__")
        status = os.EX_OK
    except SystemExit as end:
        status = exit_status(end.code)
        raise


def next_request(listener: socket.socket, folder: Path) -> tuple[dict[str, Any], list[int]]:
    """Wait for requests for ever: only copies return, each with its own."""
    while True:
        ready, _, _ = select.select([listener.fileno(), STANDARD_INPUT], [], [])
        if STANDARD_INPUT in ready:
            os._exit(os.EX_OK)  # whose commands we run has ended
        connection, _ = listener.accept()
        forget_ended()
        learn(folder)
        if os.fork() == 0:
            listener.close()
            return kept(connection)
        connection.close()


def forget_ended() -> None:
    """Let go of the keepers of copies that have come to their end."""
    with suppress(ChildProcessError):  # there are none
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def learn(folder: Path) -> None:
    """Load what copies had to load themselves, in their order."""
    lists = sorted(folder.glob("*.json"))
    for file in lists:
        for module in json.loads(file.read_text(encoding="utf-8")):
            with suppress(
                Exception
            ):  # what cannot be loaded beforehand, a script loads or misses by itself
                importlib.import_module(module)
        file.unlink()
    if lists:
        gc.freeze()  # or the first collection in a copy would touch, and so double, all that was loaded


def tell(folder: Path, known: frozenset[str]) -> None:
    """Leave word of the installed modules that this copy had to load."""
    new = [name for name in sys.modules if name not in known and is_installed(name)]
    if new:
        file = folder / f"{os.getpid()}.new"
        file.write_text(json.dumps(new), encoding="utf-8")
        file.rename(file.with_suffix(".json"))


def is_installed(name: str) -> bool:
    """Whether a module is Python's or an installed package's, not a file of the checkout that a run belongs to."""
    spec = getattr(sys.modules[name], "__spec__", None)
    return spec is not None and str(spec.origin).startswith(INSTALLED)


def kept(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Copy this process once more, and keep the copy: pass signals on to it, and its end back to who asked."""
    start, files, _, _ = socket.recv_fds(connection, LENGTH.size, 3)
    if len(start) < LENGTH.size:
        os._exit(os.EX_OK)  # who asked is gone
    request = json.loads(received(connection, LENGTH.unpack(start)[0]))
    if told(request["environment"]) != told(os.environ):
        os._exit(os.EX_OK)  # a Python started now would be another one
    copy = os.fork()
    if copy == 0:
        os.setpgid(0, 0)  # it and what it starts can be ended together
        connection.close()
        return request, files
    for file in files:
        os.close(file)
    with suppress(PermissionError, ProcessLookupError):  # the copy was faster
        os.setpgid(copy, copy)
    connection.send(b"1")
    end = os.pidfd_open(copy)
    while end not in select.select([end, connection.fileno()], [], [])[0]:
        signals = connection.recv(16)
        if not signals:  # who asked is gone
            os.killpg(copy, signal.SIGKILL)
            os._exit(os.EX_OK)
        for number in signals:
            os.kill(copy, number)
    _, status = os.waitpid(copy, 0)
    connection.send(STATUS.pack(os.waitstatus_to_exitcode(status)))
    os._exit(os.EX_OK)


def told(environment: Mapping[str, str]) -> dict[str, str]:
    """What an environment tells Python at its start: where it looks for modules, and whether it writes them."""
    return {name: value for name, value in environment.items() if name.startswith("PYTHON")}


def received(connection: socket.socket, length: int) -> bytes:
    content = b""
    while len(content) < length:
        part = connection.recv(length - len(content))
        if not part:
            os._exit(os.EX_OK)  # who asked is gone
        content += part
    return content


def become(request: dict[str, Any], files: list[int]) -> None:
    """Take over what a process has of its caller: files, folder, environment and arguments."""
    for standard, file in enumerate(files):
        os.dup2(file, standard)
        os.close(file)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = request["arguments"]
    if "numpy" in sys.modules:  # or all copies would draw the same numbers where nobody gave a seed
        sys.modules["numpy"].random.seed()
    # the first place is the folder of the script that Python was started with
    if not sys.flags.safe_path:
        sys.path[0] = str(Path(sys.argv[0]).resolve().parent)


def exit_status(code: object) -> int:
    """What Python makes of the argument of sys.exit."""
    if code is None:
        return os.EX_OK
    return code & 0xFF if isinstance(code, int) else EXIT_FAILURE


def leave(status: int) -> None:
    """End at once: taking all modules down would touch, and so double, all that was loaded."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
