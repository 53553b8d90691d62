"""What the worktrees of a repository share, its references and DVC's list of runs that wait, is written in turn.

DVC's own locks lie in each worktree. Where two processes write a reference at the same moment, git's lock makes one of
them fail; and where two take lines out of the list, each counts the lines before the other did.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from dulwich.repo import Repo


def common_folder(root: str) -> Path:
    """The folder that git keeps for all worktrees of a repository.

    Args:
        root: of any of them.
    """
    with closing(Repo(root)) as repository:
        return Path(repository.commondir()).resolve()


@contextmanager
def turn(root: str) -> Iterator[None]:
    """Wait until no other process has its turn, of any worktree; see `common_folder`."""
    with (common_folder(root) / "chorus.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
