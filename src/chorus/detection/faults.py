"""A file that was found and cannot be read: its own fault, the machine's (`chorus.reading.faults`), or it is gone."""

from __future__ import annotations

import os
from pathlib import Path

from chorus.errors import ChorusError, DataError
from chorus.places import is_remote
from chorus.reading import faults


def own_reason(error: DataError | OSError, path: Path) -> str:
    """Why a file is of no use, in the words of not_heard.csv.

    Args:
        error: what was raised when it was read.

    Raises:
        ChorusError: see `raise_unless_own`.
    """
    raise_unless_own(error, path)
    if isinstance(error, OSError):
        return f"unreadable: {error.strerror or error}"
    return str(error)


def raise_unless_own(error: DataError | OSError, path: Path) -> None:
    """Stop the run where what hinders is no fault of the file or the folder that was to be read.

    Raises:
        ChorusError: it is so; says what to do.
    """
    # The reader says in a sentence of ours what the system said to it, which Python keeps behind the sentence.
    said = error if isinstance(error, OSError) else error.__context__
    if not isinstance(said, OSError):
        return
    faults.raise_unless_own(said, path)
    if _is_gone(path):
        raise ChorusError(
            f"{path} is gone with all beside it; was a card or disk taken out? {faults.AGAIN}"
        ) from None


def _is_gone(path: Path) -> bool:
    """Whether nothing is left where a file was found before: a mount point without its disk is an empty folder.

    A file that alone is gone was deleted or renamed, and a link to nothing is there.
    """
    if is_remote(path) or os.path.lexists(path):
        return False
    return not path.parent.is_dir() or not any(path.parent.iterdir())
