"""`chorus worker` starts Dask's own, and takes them along when it is ended."""

from __future__ import annotations

import time

import psutil
import pytest

from end_to_end.sharing import free_port
from folder import Folder


@pytest.fixture
def started(tmp_path):
    process = Folder(tmp_path).start(
        "chorus", "worker", f"tcp://127.0.0.1:{free_port()}", "--workers", "2"
    )
    yield psutil.Process(process.pid)
    process.kill()
    process.communicate()


def test_its_workers_end_with_it(started):
    until = time.monotonic() + 60
    while len(workers := started.children()) < 2:
        assert time.monotonic() < until
        time.sleep(0.05)
    started.terminate()
    _, alive = psutil.wait_procs(workers, timeout=30)
    for worker in alive:
        worker.kill()
    assert not alive
