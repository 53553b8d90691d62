"""A copy of this repository to break: for the guards of its results."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(scope="session")
def clone(tmp_path_factory) -> Path:
    """What git keeps of this repository, results too, and none of the data."""
    folder = tmp_path_factory.mktemp("clone")
    for name in filter(None, _git(ROOT, "ls-files", "-z").split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    _git(folder, "init", "-q")
    _git(folder, "add", "-A")
    _git(
        folder,
        "-c",
        "user.name=test",
        "-c",
        "user.email=test@example.org",
        "commit",
        "-qm",
        "start",
    )
    return folder


@pytest.fixture
def broken(clone):
    """The copy, to be broken; put right again afterwards."""
    yield clone
    _git(clone, "reset", "-q", "--hard")
