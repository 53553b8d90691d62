"""Other programs (git, DVC) called for an errand: an error of theirs becomes one sentence of ours."""

from __future__ import annotations

import subprocess
from pathlib import Path

from chorus.errors import ChorusError, without_keys

_LINES = 3  # of what a program says last


def call(folder: Path, *command: str) -> None:
    """Run a program in a folder.

    Raises:
        ChorusError: it failed; without the keys that addresses may hold.
    """
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        said = without_keys(last_words(done.stderr or done.stdout))
        raise ChorusError(f"{Path(command[0]).name} {' '.join(command[1:3])} failed: {said}")


def last_words(text: str) -> str:
    """The last lines of what a program has said, as one."""
    lines = text.strip().splitlines()[-_LINES:]
    return " ".join(" ".join(lines).split())
