"""Parts of a file, and bytes between them, seen as one file."""

from __future__ import annotations

import bisect
import io
from collections.abc import Sequence
from itertools import accumulate
from typing import BinaryIO

Span = tuple[int, int]  # the first byte, and the one behind the last


class Spans(io.RawIOBase):
    """Parts of an open file, one behind the other, read as if nothing lay between them.

    Nothing is copied: a recording of 4 GB with a wrong header is read where it lies.
    """

    def __init__(
        self, file: BinaryIO, pieces: Sequence[Span | bytes], *, owned: bool = False
    ) -> None:
        """
        Args:
            file: seekable, open while this is used.
            pieces: in order; parts of the file, or bytes that stand there instead.
            owned: closing this closes the file.
        """
        super().__init__()
        self._file = file
        self._owned = owned
        self._pieces = [piece for piece in pieces if _length(piece) > 0]
        self._ends = list(accumulate(map(_length, self._pieces)))
        self._position = 0

    def readinto(self, buffer: object) -> int:
        """Fill a writable buffer from the present position; returns the number of bytes."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        if not len(view) or self._position >= self._size():
            return 0
        number = bisect.bisect_right(self._ends, self._position)
        left = self._ends[number] - self._position
        piece = self._pieces[number]
        if isinstance(piece, bytes):
            data = piece[len(piece) - left :][: len(view)]
        else:
            self._file.seek(piece[1] - left)
            data = self._file.read(min(left, len(view)))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to `size` bytes, fewer only at the end; all that are left when it is negative."""
        left = max(0, self._size() - self._position)
        wanted = left
        if size is not None and size >= 0:
            wanted = min(size, left)
        # At the seam of two parts a single read ends early, as io allows; who reads would take that for the end of all.
        parts = []
        while wanted and (part := super().read(wanted)):
            parts.append(part)
            wanted -= len(part)
        return b"".join(parts)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a position; returns it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size()}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """The present position."""
        return self._position

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def close(self) -> None:
        """Close this, and the file if it is owned."""
        if self._owned:
            self._file.close()
        super().close()

    def _size(self) -> int:
        if not self._ends:
            return 0
        return self._ends[-1]


def _length(piece: Span | bytes) -> int:
    if isinstance(piece, bytes):
        return len(piece)
    begin, end = piece
    return end - begin
