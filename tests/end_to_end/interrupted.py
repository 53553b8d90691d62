"""Run DVC and end it while it says "Collecting", at the same place each time: `python interrupted.py SIGKILL push`."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from dvc.cli import main
from dvc_data.index import collect

ENTRIES = 12  # of what it collects are noted when it ends


class Ending:
    """An index that takes so many entries and no more."""

    def __init__(self, index: Any) -> None:
        self._index = index

    def __setitem__(self, key: Any, entry: Any) -> None:
        self._index[key] = entry
        noted.append(key)
        if len(noted) == ENTRIES:
            os.kill(os.getpid(), signal.Signals[sys.argv[1]])


# A shell that puts its commands into the background has them ignore Ctrl-C, and what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

noted: list[Any] = []
original = collect._collect_from_index
collect._collect_from_index = lambda index, *args, **kwargs: original(
    Ending(index), *args, **kwargs
)
sys.exit(main(sys.argv[2:]))
