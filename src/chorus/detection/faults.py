"""Whose fault it is that a file cannot be read: its own, or the machine's, which says nothing of the recording."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from chorus.errors import ChorusError, DataError
from chorus.places import is_remote

# No room or memory, too many open files; a drive, a share or a storage that does not answer. A place of the disk that
# cannot be read (EIO) is not among them: of it one file is lost, and the others are not.
_OF_THE_MACHINE = frozenset({
    errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE, errno.ENFILE,
    errno.EBUSY, errno.EAGAIN, errno.ENODEV, errno.ENXIO, errno.ESTALE,
    errno.ENOTCONN, errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.ETIMEDOUT,
    errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH,
})  # fmt: skip
_AGAIN = "what is done is kept: run the same command again when that is mended"


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
    if said.errno in _OF_THE_MACHINE:
        raise ChorusError(f"{path} cannot be read now, {said.strerror}: {_AGAIN}") from None
    if _is_gone(path):
        raise ChorusError(
            f"{path} is gone with all beside it; was a card or disk taken out? {_AGAIN}"
        ) from None


def _is_gone(path: Path) -> bool:
    """Whether nothing is left where a file was found before: a mount point without its disk is an empty folder.

    A file that alone is gone was deleted or renamed, and a link to nothing is there.
    """
    if is_remote(path) or os.path.lexists(path):
        return False
    return not path.parent.is_dir() or not any(path.parent.iterdir())
