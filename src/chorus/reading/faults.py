"""Whose fault it is that a file cannot be read: its own, or the machine's, which says nothing of the recording."""

from __future__ import annotations

import errno
from pathlib import Path

from chorus.errors import ChorusError

# No room or memory, too many open files; a drive, a share or a storage that does not answer. A place of the disk that
# cannot be read (EIO) is not among them: of it one file is lost, and the others are not.
_OF_THE_MACHINE = frozenset({
    errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE, errno.ENFILE,
    errno.EBUSY, errno.EAGAIN, errno.ENODEV, errno.ENXIO, errno.ESTALE,
    errno.ENOTCONN, errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.ETIMEDOUT,
    errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH,
})  # fmt: skip
AGAIN = "run the same command again when that is mended"


def raise_unless_own(error: OSError, path: Path) -> None:
    """Stop where what hinders is no fault of the file or the folder that was to be read.

    Raises:
        ChorusError: it is so; says what to do.
    """
    if error.errno in _OF_THE_MACHINE:
        raise ChorusError(
            f"{path} cannot be read now, {error.strerror}, by no fault of its own: {AGAIN}"
        ) from None
