"""Helpers that tests import by name lie beside this file (`tables.py`)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
