"""Work for a Dask scheduler: chorus detect --scheduler gives it what to do.

dask scheduler                          on one machine; it prints its address
chorus worker tcp://10.0.0.1:8786       on each machine, once a core (--workers N starts so many)

It is Dask's own worker with one thread, and the kernels by which all machines compute the same digits. It ends with the
scheduler, and when none answers for a minute: start it by what restarts services, such as systemd.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys

from chorus.errors import ParameterError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("scheduler", metavar="ADDRESS", help="tcp://HOST:PORT")
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N", help="processes (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Start them, and wait until they end."""
    from chorus.cluster import environment

    if arguments.workers < 1:
        raise ParameterError(f"--workers: {arguments.workers} is not allowed: 1 or more")
    command = [sys.executable, "-m", "distributed.cli.dask_worker", arguments.scheduler]
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "60"]
    known = os.environ | environment()
    if arguments.workers == 1:  # then a signal to this process is one to the worker
        os.execve(sys.executable, [*command, *options], known)
    processes = []
    # Whoever stops this process stops them all: a worker left behind would go on taking work.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for _ in range(arguments.workers):
            processes.append(subprocess.Popen([*command, *options], env=known))
        for process in processes:
            process.wait()
    finally:
        for process in processes:
            process.terminate()
