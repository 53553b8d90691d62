"""Helpers that tests import by name lie beside this file (`tables.py`)."""

import gc
import multiprocessing
import os
import sys
from pathlib import Path

import chorus  # noqa: F401  # before NumPy is loaded, as in stages

# isort: split
import pytest
from hypothesis import settings

# What is loaded to collect the tests stays: looking through it for garbage again and again takes a sixth of that time.
gc.disable()  # until `pytest_collection_finish`

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))

import prepared  # noqa: E402  # it lies beside this file

from chorus import parallel  # noqa: E402
from folder import Folder  # noqa: E402

# or DVC starts a process after each command that reports it to its makers, and costs as much as the command
os.environ["DVC_NO_ANALYTICS"] = "1"

# Those that take minutes, so that none begins last and keeps a single processor busy at the end. The first makes
# the study that the others in its folder wait for (end_to_end/conftest.py): meanwhile the second keeps the rest busy.
FIRST = (FOLDER / "end_to_end/test_demo.py", FOLDER / "studies", FOLDER / "end_to_end")

# Workers of `chorus.parallel` are copies of a fork server, and Python 3.11's has loaded nothing of the program: each
# worker would load its libraries by itself, which takes longer than the work that most tests give it.
if "CHORUS_COLD" not in os.environ:
    multiprocessing.set_forkserver_preload(["pandas", "scipy.signal", "soundfile", "torch"])

# A deadline would measure how busy the machine is, not the code.
settings.register_profile("chorus", deadline=None)
settings.load_profile("chorus")


@pytest.fixture(scope="session", autouse=True)
def prepared_processes():
    with prepared.processes():
        yield


@pytest.fixture(scope="module", autouse=True)
def one_prepared_process():
    """What commands have loaded, those of the next file of tests need not load again."""
    gc.freeze()  # nor does a collection go through what earlier files have left (`pytest_collection_finish`)
    yield
    prepared.end_all_but(Folder(FOLDER).environment)


def pytest_collection_finish():
    """Whatever collects garbage from here on (statsmodels at each call) does not go through all imported libraries."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items):
    """The files that take minutes come first."""
    items.sort(key=_place)


def _place(item) -> int:
    for place, first in enumerate(FIRST):
        if first in (item.path, *item.path.parents):
            return place
    return len(FIRST)


def pytest_xdist_auto_num_workers():
    """One more than there are processors, as tests wait for disks, servers and browsers."""
    return parallel.cores() + 1
