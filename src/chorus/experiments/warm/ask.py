"""Is a script, as far as its caller can tell, while a copy of `serve.py` runs it; see `chorus.experiments.warm`.

python -IS ask.py ADDRESS PYTHON SCRIPT ARGUMENT...
"""

import json
import os
import resource
import signal
import socket
import struct
import sys

LENGTH, STATUS = struct.Struct("!Q"), struct.Struct("!i")
PASSED_ON = (signal.SIGINT, signal.SIGTERM)
LIMITS = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]


def main() -> None:
    _, address, python, *arguments = sys.argv
    connection = None
    # a signal waits until there is a copy to pass it on to, or Python has started as always
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    # a script, and no options of Python; pathlib would take longer to load than all the rest
    if arguments and os.path.isfile(arguments[0]):  # noqa: PTH113
        connection = asked(address, arguments)
    if connection is None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
        os.execv(python, [python, *arguments])
    for number in PASSED_ON:
        signal.signal(number, lambda number, _: connection.send(bytes([number])))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    answer = connection.recv(STATUS.size)
    end_as(STATUS.unpack(answer)[0] if answer else 1)


def asked(address: str, arguments: list[str]) -> socket.socket | None:
    """The connection to the copy that runs the script; None if there is nothing to copy, or it would not do."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        folder = os.getcwd()  # noqa: PTH109
        request = {
            "arguments": arguments,
            "folder": folder,
            "environment": dict(os.environ),
            "umask": umask(),
            "processors": list(os.sched_getaffinity(0)),
            "limits": [[limit, resource.getrlimit(limit)] for limit in LIMITS],
        }
        content = json.dumps(request).encode("ascii")
        connection.connect(address)
        socket.send_fds(connection, [LENGTH.pack(len(content))], [0, 1, 2])
        connection.sendall(content)
        begun = connection.recv(1)
    except OSError:
        return None
    return connection if begun else None


def umask() -> int:
    mask = os.umask(0)  # it can only be read by setting it
    os.umask(mask)
    return mask


def end_as(status: int) -> None:
    """End with an exit code, or by the signal that ended the copy (negative)."""
    if status < 0:
        if -status != signal.SIGKILL:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


if __name__ == "__main__":
    main()
