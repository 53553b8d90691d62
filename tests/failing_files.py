"""Files that cannot be opened by no fault of their own, or by one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def fail_to_open(
    monkeypatch: pytest.MonkeyPatch, number: int, fails: Callable[[Path], bool]
) -> None:
    """Opening these files fails with an error of the system, by its number."""
    opened = Path.open

    def open_or_fail(path: Path, *given: Any, **named: Any) -> Any:
        if fails(path):
            raise OSError(number, os.strerror(number), str(path))
        return opened(path, *given, **named)

    monkeypatch.setattr(Path, "open", open_or_fail)
