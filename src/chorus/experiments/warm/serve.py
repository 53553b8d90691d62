"""Becomes each script that it is asked for, in a copy, with the libraries loaded that earlier ones have needed.

python serve.py DESCRIPTOR FOLDER   a socket that listens, and where copies leave word; see `chorus.experiments.warm`

Started by its path and never imported, so that nothing of ours is loaded in it.
"""

import atexit
import ctypes
import gc
import importlib
import io
import json
import os
import resource
import runpy
import select
import shutil
import signal
import socket
import struct
import sys
import sysconfig
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

LENGTH, STATUS = struct.Struct("!Q"), struct.Struct("!i")
STANDARD_INPUT = 0
EXIT_FAILURE = 1
C = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1
INSTALLED = tuple(
    sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")
)
# No library looks at them when it is loaded. An activated environment exports its prompt, PS1, and the shell that
# starts a stage takes it away again.
HARMLESS = {"PATH", "PWD", "OLDPWD", "SHLVL", "_", "LINES", "COLUMNS", "LC_CTYPE", "PS1", "PS2"}
OF_A_RUN = ("DVC_", "CELERY_", "_MP_FORK_LOG")  # and of the worker that has it in hand
FORKED_WELL = {"jemalloc_bg_thd"}  # threads that their library starts anew in a copy
WRITTEN = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)
AT_START = dict(os.environ)


def main() -> None:
    status = EXIT_FAILURE  # of an exception that nothing catches
    atexit.register(lambda: leave(status))  # registered first, it is called last
    listener, folder = socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2])
    request, files = next_request(listener, folder)
    known = frozenset(sys.modules)
    atexit.register(lambda: tell(folder, known))
    become(request, files)
    try:
        runpy.run_path(str(Path(sys.argv[0]).absolute()), run_name="__main__")
        status = os.EX_OK
    except SystemExit as end:
        status = exit_status(end.code)
        raise
    except KeyboardInterrupt:
        status = -signal.SIGINT
        raise


def next_request(listener: socket.socket, folder: Path) -> tuple[dict[str, Any], list[int]]:
    """Wait for requests, and keep the copies that run them: only copies return, each with its own request."""
    copies: list[Copy] = []
    awaited: list[Any] = [listener, STANDARD_INPUT]
    while awaited or copies:
        events = [event for copy in copies for event in copy.events]
        ready, _, _ = select.select([*awaited, *events], [], [])
        copies = [copy for copy in copies if copy.lives_on(ready)]
        # whose commands we run has ended, perhaps without tidying up; what it began goes on, as it would elsewhere
        if STANDARD_INPUT in ready:
            shutil.rmtree(folder, ignore_errors=True)
            awaited.clear()
        elif listener in ready:
            learn(folder)
            # a lock that another thread holds would be held in a copy for ever: from here all start as always
            if threads() - FORKED_WELL:
                awaited.clear()
                listener.close()
                continue
            connection, _ = listener.accept()
            asked = received_request(connection)
            if asked is None:
                connection.close()
                continue
            process = forked()
            if process == 0:
                become_a_group()
                for one in [listener, connection, *(copy.caller for copy in copies)]:
                    one.close()  # or its other end would not see it close
                return asked
            close(*asked[1])
            if process is None:
                connection.close()
            else:
                copies.append(Copy(process, connection))
    os._exit(os.EX_OK)


def learn(folder: Path) -> None:
    """Load what copies had to load themselves, in their order."""
    lists = sorted(folder.glob("*.json"))
    # what is loaded stays, and collections would look through it again and again
    gc.disable()
    for file in lists:
        for module in json.loads(file.read_text(encoding="utf-8")):
            # what cannot be loaded beforehand, a script loads or misses by itself
            with suppress(Exception):
                importlib.import_module(module)
        file.unlink()
    if lists:
        # or the first collection in a copy would touch, and so double, all that was loaded
        gc.freeze()
        # or each copy would say again what a module said when it was loaded
        flush(sys.stdout, sys.stderr)
    gc.enable()


def threads() -> set[str]:
    """The names of the threads of this process beside its first."""
    own = str(os.getpid())
    return {
        (task / "comm").read_text(encoding="utf-8").strip()
        for task in Path("/proc/self/task").iterdir()
        if task.name != own
    }


def tell(folder: Path, known: frozenset[str]) -> None:
    """Leave word of the installed modules that this copy had to load."""
    new = [name for name in sys.modules if name not in known and is_installed(name)]
    if not new:
        return
    with suppress(OSError):  # the worker has ended, or the disk is full: nobody will miss it
        file = folder / f"{os.getpid()}.new"
        file.write_text(json.dumps(new), encoding="utf-8")
        file.rename(file.with_suffix(".json"))


def is_installed(name: str) -> bool:
    """Whether a module is Python's or an installed package's, not a file of the checkout that a run belongs to."""
    spec = getattr(sys.modules[name], "__spec__", None)
    return spec is not None and str(spec.origin).startswith(INSTALLED)


def received_request(connection: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """What is to be run and its standard files; None if a Python started now would be another one, or nobody asks."""
    files: list[int] = []
    # who asks may be gone by now
    with suppress(OSError):
        start, files, _, _ = socket.recv_fds(connection, LENGTH.size, 3)
        length = LENGTH.unpack(start)[0] if len(start) == LENGTH.size else 0
        content = received(connection, length)
        request = json.loads(content) if content else None
        if request and told(request["environment"]) == told(AT_START):
            connection.send(b"1")
            return request, files
    close(*files)
    return None


def received(connection: socket.socket, length: int) -> bytes:
    """So many bytes; none if who sends them is gone before."""
    content = b""
    while len(content) < length:
        part = connection.recv(length - len(content))
        if not part:
            return b""
        content += part
    return content


def close(*files: int) -> None:
    for file in files:
        os.close(file)


def forked() -> int | None:
    """As os.fork; None where there is no room for a copy: this command fails, and not all that are under way."""
    try:
        return os.fork()
    except OSError:
        return None


def become_a_group() -> None:
    """It and what it starts can be ended together, and it ends with the process of which it is a copy."""
    os.setpgid(0, 0)
    C.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Copy:
    """One at work: signals are passed on to it, and its end back to its caller; without a caller it ends."""

    def __init__(self, process: int, caller: socket.socket) -> None:
        self.process, self.caller = process, caller
        with suppress(PermissionError, ProcessLookupError):  # the copy was faster
            os.setpgid(process, process)
        self.end = os.pidfd_open(process)
        self.events: tuple[Any, ...] = (self.end, caller)

    def lives_on(self, ready: list[Any]) -> bool:
        """Attend to what is ready; False: it has come to its end."""
        if self.end in ready:
            _, status = os.waitpid(self.process, 0)
            with suppress(OSError):  # who asked may be gone by now
                self.caller.send(STATUS.pack(os.waitstatus_to_exitcode(status)))
            self.caller.close()
            os.close(self.end)
            return False
        if self.caller in ready:
            signals = signals_for_copy(self.caller)
            for number in signals:
                os.kill(self.process, number)
            if not signals:  # who asked is gone
                os.killpg(self.process, signal.SIGKILL)
                self.events = (self.end,)
        return True


def told(environment: Mapping[str, str]) -> dict[str, str]:
    """What an environment tells Python and its libraries when they are loaded."""
    added = os.environ.keys() - AT_START.keys()  # by the libraries themselves
    passed_over = HARMLESS | added
    return {
        name: value
        for name, value in environment.items()
        if name not in passed_over and not name.startswith(OF_A_RUN)
    }


def signals_for_copy(connection: socket.socket) -> bytes:
    """The numbers of the signals that were passed on; none if who asked is gone."""
    try:
        return connection.recv(16)
    except ConnectionResetError:
        return b""


def become(request: dict[str, Any], files: list[int]) -> None:
    """Take over what a process has of its caller: files, folder, environment, arguments, and what it is allowed."""
    for standard, file in enumerate(files):
        os.dup2(file, standard)
        os.close(file)
    os.chdir(request["folder"])
    os.umask(request["umask"])
    os.sched_setaffinity(0, request["processors"])
    for limit, most in request["limits"]:
        resource.setrlimit(limit, most)
    added = {name: value for name, value in os.environ.items() if name not in AT_START}
    os.environ.clear()
    os.environ.update(added | request["environment"])
    time.tzset()
    sys.argv = request["arguments"]
    # or all copies would draw the same numbers where nobody gave a seed
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "torch" in sys.modules:
        sys.modules["torch"].seed()
    # from here multiprocessing's own workers load the script
    process: Any = sys.modules.get("multiprocessing.process")
    if process:
        process.ORIGINAL_DIR = request["folder"]
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
    left_open = [thing for thing in gc.get_objects() if isinstance(thing, WRITTEN)]
    flush(*left_open, sys.stdout, sys.stderr)
    C.fflush(None)
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def flush(*streams: Any) -> None:
    for stream in streams:
        with suppress(OSError, ValueError, AttributeError):  # read only, closed, or none
            stream.flush()


if __name__ == "__main__":
    main()
