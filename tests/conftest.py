"""Helpers that tests import by name lie beside this file (`tables.py`)."""

import sys
from pathlib import Path

import chorus  # noqa: F401  # before NumPy is loaded, as in stages

# isort: split
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

# A deadline would measure how busy the machine is, not the code.
settings.register_profile("chorus", deadline=None)
settings.load_profile("chorus")
