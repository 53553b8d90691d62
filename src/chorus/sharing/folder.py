"""What in a folder of recordings DVC cannot take: it stops with a riddle, hangs, or does not see a change.

DVC hashes the whole folder, whatever the table of clips lists, before the stage runs that could explain anything.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from chorus.errors import DataError

_SHOWN = 5
_ODD_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
# and *.dvc: as its own, wherever they lie in a repository
_READ_BY_DVC = ("dvc.yaml", ".dvcignore")


def refuse_what_dvc_cannot_take(folder: Path, key: str) -> None:
    """Look at each name in a folder, and at no content.

    Args:
        folder: of recordings; may itself be a link.
        key: the parameter that names it, for the message.

    Raises:
        DataError: names the first entries that DVC cannot take, why, and how many there are.
    """
    found = list(_refused(folder))
    if not found:
        return
    named = "; ".join(found[:_SHOWN])
    if len(found) > _SHOWN:
        named += f", and {len(found) - _SHOWN} more"
    raise DataError(f"{key}: DVC cannot take {named}: move it elsewhere, or replace it")


def _refused(folder: Path) -> Iterator[str]:
    for root, folders, files in os.walk(folder):
        for name in sorted([*folders, *files]):
            path = Path(root, name)
            if reason := _reason(path, name in folders):
                # A name may be what is wrong: whatever it holds can be shown.
                shown = os.fsencode(path.relative_to(folder)).decode("utf-8", "backslashreplace")
                yield f"{shown} ({reason})"


def _reason(path: Path, is_folder: bool) -> str:
    """Why DVC cannot take an entry; "": it can."""
    if not _is_utf8(path.name):
        return "its name is not in UTF-8"
    if path.name in _READ_BY_DVC or path.suffix == ".dvc":
        return "DVC takes it for a file of its own"
    if path.is_symlink() and is_folder:
        return "a link to a folder, into which DVC does not look"
    # A named pipe is the worst: DVC opens it, and waits for ever.
    try:
        mode = path.stat().st_mode
    except PermissionError:
        return "it may not be read"
    except OSError:
        return "a link to nothing"
    if kind := _ODD_KINDS.get(stat.S_IFMT(mode)):
        return kind
    rights = os.R_OK
    # without the right to enter a folder, its names can be listed and its files not be read
    if is_folder:
        rights |= os.X_OK
    if not os.access(path, rights):
        return "it may not be read"
    return ""


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
