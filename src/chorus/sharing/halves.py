"""What DVC leaves when it is killed while it copies: a half of a file, under a temporary name beside the whole one's.

In a folder of the study it stops the next pull or checkout ("Can't remove the following unsaved files"); in the cache
and in a remote's folder it would lie for ever, for `dvc gc` passes over it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

_NAME = re.compile(r".*\.[\w-]{22}\.tmp")  # dvc_objects.fs.utils.tmp_fname
_ABANDONED = 3600  # seconds without a change, after which nobody writes it any more


def remove_halves(repo: Any) -> None:
    """Remove them from the outputs of a study and from its cache. Only with the lock of its DVC repository.

    Nobody else writes outputs then. A cache may be that of several clones, and a sweep's workers write into it without
    the lock: what changed there in the last hour stays.
    """
    for out in repo.index.outs:
        for half in _of_output(Path(out.fs_path)):
            half.unlink(missing_ok=True)
    remove_abandoned(Path(repo.cache.local.path))


def remove_abandoned(store: Path) -> None:
    """Remove the halves in a cache, or in a remote's folder, that have not changed for an hour."""
    for half in _halves(store.glob("??/*")):
        # whose copying has come to its end since it was listed has got its name
        with suppress(FileNotFoundError):
            if time.time() - half.stat().st_ctime > _ABANDONED:
                half.unlink()


def _of_output(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from _halves(path.rglob("*"))
    # Of a file the halves lie beside it, where other people's files lie too: only what bears its name is ours.
    elif path.parent.is_dir():
        for half in _halves(path.parent.iterdir()):
            if half.name.startswith((".", f"{path.name}.")):
                yield half


def _halves(files: Iterable[Path]) -> Iterator[Path]:
    for file in files:
        if is_half(file.name) and file.is_file():
            yield file


def is_half(name: str) -> bool:
    """Whether a file of this name is one of them."""
    return _NAME.fullmatch(name) is not None
