"""A Dask cluster of separate processes on loopback, to be harmed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from end_to_end.sharing import free_port

SRC = Path(__file__).parents[1] / "src"


class Cluster:
    """A scheduler and its workers, each a process that `chorus worker` and Dask start; killed when the block ends.

    environment: of the workers, beside this process's.
    """

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self.workers: list[subprocess.Popen[bytes]] = []
        self._folder = folder
        own = {"PYTHONPATH": str(SRC), "DASK_TEMPORARY_DIRECTORY": str(folder)}
        self._environment = os.environ | own | (environment or {})

    def __enter__(self) -> Cluster:
        self.start(workers=2)
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self, workers: int) -> None:
        """The scheduler, with so many workers."""
        port = self.address.rpartition(":")[2]
        self.scheduler = self._run(
            "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", port,
            "--no-dashboard",
        )  # fmt: skip
        for _ in range(workers):
            self.add_worker()

    def add_worker(self) -> None:
        """Another one, as a person starts it."""
        self.workers.append(self._run("chorus", "worker", self.address))

    def kill_worker(self) -> None:
        """The first, without a chance to say so."""
        self.workers[0].kill()
        self.workers.pop(0).wait()

    def kill(self) -> None:
        """All of it."""
        for process in (self.scheduler, *self.workers):
            process.kill()
            process.wait()
        self.workers = []

    def _run(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / "cluster.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=self._folder, env=self._environment, stdout=log, stderr=log,
            )  # fmt: skip
