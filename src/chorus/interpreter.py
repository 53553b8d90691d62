"""The Python that runs this: DVC starts `dvc` and `python` by name, and both must be of its environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def own_python_first() -> None:
    """Have DVC run the stages with this very Python, whether or not its environment is activated."""
    own = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "")
    if path.split(os.pathsep)[0] != own:
        os.environ["PATH"] = f"{own}{os.pathsep}{path}"
