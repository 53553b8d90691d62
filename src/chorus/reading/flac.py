"""FLAC: how many samples there are, from the last frame and not from the header, which recorders leave wrong."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from chorus.errors import DataError
from chorus.reading.layout import Layout, Stream, whole

_MARK = b"fLaC\0\0\0\x22"  # with the header of the block that is always the first and 34 bytes long
_TAIL = 1 << 20  # bytes at the end in which the last frame begins; usual ones have 10,000
_RATES = (
    0,
    88_200,
    176_400,
    192_000,
    8_000,
    16_000,
    22_050,
    24_000,
    32_000,
    44_100,
    48_000,
    96_000,
    0,
    0,
    0,
)
_WRITTEN_RATES = {12: (1, 1000), 13: (2, 1), 14: (2, 10)}  # code -> bytes, unit in Hz
_BLOCK_SIZES = {1: 192, 2: 576, 3: 1152, 4: 2304, 5: 4608} | {
    code: 256 << (code - 8) for code in range(8, 16)
}


def flac_layout(file: BinaryIO, size: int, begin: int = 0) -> Layout:
    """The layout of a FLAC file that begins at byte `begin`; of several put together, all.

    Raises:
        DataError: it is cut off.
    """
    starts = [begin]
    for place in _find(file, _MARK, size):
        if place > begin:
            starts.append(place)
    streams, remarks = [], []
    for start, end in zip(starts, [*starts[1:], size], strict=True):
        stream, remark = _stream(file, start, end)
        streams.append(stream)
        if remark:
            remarks.append(remark)
    if len(streams) > 1:
        remarks.append(
            f"several streams: {len(streams)} FLAC files, one behind the other, were joined"
        )
    return Layout(tuple(streams), tuple(remarks))


def _stream(file: BinaryIO, start: int, end: int) -> tuple[Stream, str]:
    file.seek(start)
    head = file.read(42)
    if len(head) < 42 or (head[:8] != _MARK and head[4] & 0x7F):
        return whole(end).streams[0], ""
    # 64 bits: 20 of the rate, 3 of the channels, 5 of the bits of a sample, 36 of the number of samples.
    packed = int.from_bytes(head[18:26], "big")
    rate, promised = packed >> 44, packed & (1 << 36) - 1
    last = _last_frame(file, start + 42, end, shortest=struct.unpack(">H", head[8:10])[0])
    md5 = head[26:42]
    if not any(md5):  # zeros: the encoder has not computed it
        md5 = b""
    stream = Stream(((start, end),), md5=md5)
    if last and last.rate not in (0, rate):
        raise DataError(
            f"header and file disagree: {rate:,} Hz promised, {last.rate:,} Hz in the frames"
        )
    if last is None or last.behind == promised or not rate:
        return stream, ""  # the decoder checks each frame, and says whether all are there
    if not last.whole:
        said = _length(promised, rate, "an unknown length")
        raise DataError(
            f"cut off: {last.first / rate:.3f} s of {said} are in the file, which ends within a frame"
        )
    # Eight bytes of the header are put right on the way to the decoder; the file stays as it is.
    right = (packed >> 36 << 36 | last.behind).to_bytes(8, "big")
    said = _length(promised, rate, "no length")
    remark = f"header wrong: it says {said}, {last.behind / rate:.3f} s were read"
    return Stream(((start, start + 18), right, (start + 26, end))), remark


def _length(samples: int, rate: int, unknown: str) -> str:
    if not samples:
        return unknown
    return f"{samples / rate:.3f} s"


@dataclass(frozen=True)
class _Frame:
    first: int  # sample
    behind: int  # the sample behind its last one
    rate: int  # Hz; 0: that of the header
    whole: bool = True


def _last_frame(file: BinaryIO, start: int, end: int, *, shortest: int) -> _Frame | None:
    """The last frame that begins between two bytes of the file.

    Args:
        shortest: samples in a frame, for files whose frames are numbered.
    """
    first = max(start, end - _TAIL)
    file.seek(first)
    tail = file.read(end - first)
    place = len(tail)
    broken: _Frame | None = None
    while (place := tail.rfind(b"\xff", 0, place)) >= 0:
        frame = _frame_header(tail[place : place + 16], shortest)
        if frame is None:
            continue
        if _is_whole(tail[place:]):
            return frame
        # Bytes within the last frame look like a header once in some thousand files: then the one before it is whole.
        if broken:
            return broken
        broken = replace(frame, whole=False)
    return broken


def _frame_header(head: bytes, fixed: int) -> _Frame | None:
    """What a frame's header says; None when this is no frame's header."""
    if len(head) < 6 or head[1] & 0xFE != 0xF8:
        return None
    size_code, rate_code, channel_code = head[2] >> 4, head[2] & 15, head[3] >> 4
    if (
        not size_code
        or rate_code == 15
        or channel_code > 10
        or head[3] & 1
        or head[3] >> 1 & 7 == 3
    ):
        return None
    number, position = _coded_number(head)
    if number is None:
        return None
    # Codes 6 and 7: the block's length less one stands behind the number, in one byte or two.
    extra = {6: 1, 7: 2}.get(size_code, 0)
    block = (
        _BLOCK_SIZES.get(size_code) or int.from_bytes(head[position : position + extra], "big") + 1
    )
    position += extra
    width, hertz = _WRITTEN_RATES.get(rate_code, (0, 0))
    written = int.from_bytes(head[position : position + width], "big") * hertz
    position += width
    if position >= len(head) or _crc(head[:position], 8, 0x07) != head[position]:
        return None
    first = number
    if not head[1] & 1:  # frames of one length are numbered, others by their first sample
        first = number * fixed
    return _Frame(first, first + block, written or _RATES[rate_code])


def _coded_number(head: bytes) -> tuple[int | None, int]:
    """The frame's or sample's number, coded as UTF-8 codes characters, and the position behind it."""
    lead = head[4]
    if lead < 0x80:
        return lead, 5
    more = 8 - (lead ^ 0xFF).bit_length() - 1
    rest = head[5 : 5 + more]
    if not 1 <= more <= 6 or len(rest) < more or any(byte & 0xC0 != 0x80 for byte in rest):
        return None, 5
    number = lead & (0x3F >> more)
    for byte in rest:
        number = number << 6 | byte & 0x3F
    return number, 5 + more


def _is_whole(frame: bytes) -> bool:
    """Whether a last frame has its check sum at its end; tags and zeros may follow."""
    if frame[-128:-125] == b"TAG":
        frame = frame[:-128]
    if (tag := frame.rfind(b"APETAGEX")) >= 0:
        frame = frame[:tag]
    # Zeros behind it may be its own: up to two bytes of the check sum.
    bare = len(frame.rstrip(b"\0"))
    for end in {bare, bare + 1, bare + 2, len(frame)}:
        if not 8 < end <= len(frame):
            continue
        if _crc(frame[: end - 2], 16, 0x8005) == int.from_bytes(frame[end - 2 : end], "big"):
            return True
    return False


def _crc(content: bytes, bits: int, polynomial: int) -> int:
    table = _crc_table(bits, polynomial)
    mask, shift, value = (1 << bits) - 1, bits - 8, 0
    for byte in content:
        value = (value << 8 & mask) ^ table[value >> shift ^ byte]
    return value


def _crc_table(bits: int, polynomial: int) -> tuple[int, ...]:
    if (bits, polynomial) not in _TABLES:
        _TABLES[bits, polynomial] = tuple(
            _crc_of_byte(byte, bits, polynomial) for byte in range(256)
        )
    return _TABLES[bits, polynomial]


_TABLES: dict[tuple[int, int], tuple[int, ...]] = {}


def _crc_of_byte(byte: int, bits: int, polynomial: int) -> int:
    value = byte << bits - 8
    for _ in range(8):
        carry = value >> bits - 1
        value = value << 1 & (1 << bits) - 1
        if carry:
            value ^= polynomial
    return value


def _find(file: BinaryIO, mark: bytes, size: int) -> Iterator[int]:
    """Where in the file a mark stands."""
    position, rest = 0, b""
    file.seek(0)
    while position < size and (part := file.read(1 << 20)):
        content = rest + part
        place = content.find(mark)
        while place >= 0:
            yield position - len(rest) + place
            place = content.find(mark, place + 1)
        position += len(part)
        rest = content[-len(mark) + 1 :]  # a mark may lie across two reads
