"""Helpers that tests import by name lie beside this file (`tables.py`)."""

import gc
import sys
from pathlib import Path

import chorus  # noqa: F401  # before NumPy is loaded, as in stages

# isort: split
from hypothesis import settings

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))
LONG = (FOLDER / "end_to_end", FOLDER / "studies")  # minutes a file

# A deadline would measure how busy the machine is, not the code.
settings.register_profile("chorus", deadline=None)
settings.load_profile("chorus")


def pytest_collection_finish():
    """Whatever collects garbage from here on (statsmodels at each call) does not go through all imported libraries."""
    gc.freeze()


def pytest_collection_modifyitems(items):
    """The files that take minutes come first: one that began last would keep a single processor busy at the end."""
    items.sort(key=lambda item: not any(folder in item.path.parents for folder in LONG))
