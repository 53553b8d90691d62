"""OGG (Vorbis, Opus, FLAC): the streams in a file, page by page, with every page's check sum.

A decoder that meets one stream behind another stops after the first, and skips damaged pages without a word.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from chorus.errors import DataError
from chorus.reading.layout import Layout, Stream

_BEGINS, _ENDS = 2, 4  # flags of a page
_LITTLE_REST = 4096  # bytes behind the last page that are nothing but a tag
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class _Page:
    start: int
    end: int
    flags: int
    serial: int
    number: int


def ogg_layout(file: BinaryIO, size: int) -> Layout:
    """The layout of an OGG file: one stream behind another.

    Raises:
        DataError: it is cut off or damaged, or holds several streams at the same time.
    """
    links: list[list[_Page]] = []
    for page in _pages(file, size):
        if page.flags & _BEGINS:
            # The pages of streams that run side by side all begin first, before any goes on.
            if links and links[-1][-1].flags & _BEGINS:
                raise DataError(
                    "not supported: several OGG streams at the same time, as in a video"
                )
            links.append([page])
        elif not links or page.serial != links[-1][-1].serial:
            raise DataError(f"damaged: the OGG page at byte {page.start:,} belongs to no stream")
        elif page.number != links[-1][-1].number + 1:
            missing = page.number - links[-1][-1].number - 1
            raise DataError(f"damaged: {missing} OGG pages are missing before byte {page.start:,}")
        else:
            links[-1].append(page)
        del links[-1][1:-1]  # only the first and the last page of a stream are needed
    streams = tuple(Stream(((link[0].start, link[-1].end),)) for link in links)
    remarks = []
    if len(links) > 1:
        remarks.append(
            f"several streams: {len(links)} OGG streams, one behind the other, were joined"
        )
    if not all(link[-1].flags & _ENDS for link in links):
        remarks.append("no end mark: the OGG stream ends without one, perhaps too early")
    return Layout(streams, tuple(remarks))


def _pages(file: BinaryIO, size: int) -> Iterator[_Page]:
    """The pages from the file's start to its end."""
    position = 0
    while size - position > 0:
        file.seek(position)
        head = file.read(27)
        if head[:4] != b"OggS":
            if position and size - position < _LITTLE_REST:
                return
            raise DataError(f"damaged: no OGG page at byte {position:,}, where one should be")
        lacing = b""
        if len(head) == 27:
            lacing = file.read(head[26])
        content = file.read(sum(lacing))
        if len(head) < 27 or len(lacing) < head[26] or len(content) < sum(lacing):
            raise DataError(
                f"cut off: the last OGG page, at byte {position:,} of {size:,}, is incomplete"
            )
        flags, _, serial, number, check = struct.unpack("<BqIII", head[5:26])
        if _check_sum(head[:22] + b"\0\0\0\0" + head[26:27] + lacing + content) != check:
            raise DataError(
                f"damaged: the OGG page at byte {position:,} is not what was written (check sum)"
            )
        end = position + 27 + len(lacing) + len(content)
        yield _Page(position, end, flags, serial, number)
        position = end


def _check_sum(page: bytes) -> int:
    """OGG's check sum is zlib's with the bits of all bytes, and of the result, in the other order."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
