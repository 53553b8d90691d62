"""Does a run repeat the commit's results? The stages whose inputs are the same to the byte, and whose outputs not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pygit2

from chorus.experiments.history import History
from chorus.experiments.snapshot import locked_stages

_INPUTS = ("cmd", "params", "deps")


def unrepeated(root: Path) -> list[str]:
    """The stages of the study in `root` that gave other results here than in the current commit, from the same inputs.

    What comes after them has other inputs, and is not named: it may be as well repeatable as before. None where there
    is no commit, or no dvc.lock.
    """
    lock = root / "dvc.lock"
    if not lock.is_file() or pygit2.discover_repository(str(root)) is None:
        return []  # nothing was run here as a pipeline, or there is no commit to repeat
    history = History(root)
    if history.git.head_is_unborn:
        return []
    there = locked_stages(history.current().bytes("dvc.lock") or b"")
    here = locked_stages(lock.read_bytes())
    both = [name for name in there if name in here]
    return [name for name in both if _other_results(there[name], here[name])]


def _other_results(there: Mapping[str, Any], here: Mapping[str, Any]) -> bool:
    same_inputs = all(there.get(kind) == here.get(kind) for kind in _INPUTS)
    return same_inputs and there.get("outs") != here.get("outs")
