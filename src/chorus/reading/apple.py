"""AIFF, AIFC, CAF and AU: where the samples lie, whatever the header says."""

from __future__ import annotations

import math
import struct
from typing import BinaryIO

from chorus.reading.layout import Coding, Layout, Stream, bare_samples, is_open_end, whole

_AIFC = {
    b"NONE": ("PCM", "BIG"), b"twos": ("PCM", "BIG"), b"sowt": ("PCM", "LITTLE"),
    b"in24": ("PCM", "BIG"), b"in32": ("PCM", "BIG"), b"raw ": ("PCM_U8", "BIG"),
    b"fl32": ("FLOAT", "BIG"), b"FL32": ("FLOAT", "BIG"), b"fl64": ("DOUBLE", "BIG"),
    b"FL64": ("DOUBLE", "BIG"), b"ulaw": ("ULAW", "BIG"), b"ULAW": ("ULAW", "BIG"),
    b"alaw": ("ALAW", "BIG"), b"ALAW": ("ALAW", "BIG"),
}  # fmt: skip
_BYTES = {"FLOAT": 4, "DOUBLE": 8, "ULAW": 1, "ALAW": 1, "PCM_U8": 1}
_PCM = {1: "PCM_S8", 2: "PCM_16", 3: "PCM_24", 4: "PCM_32"}
_AU = {
    1: ("ULAW", 1), 2: ("PCM_S8", 1), 3: ("PCM_16", 2), 4: ("PCM_24", 3), 5: ("PCM_32", 4),
    6: ("FLOAT", 4), 7: ("DOUBLE", 8), 27: ("ALAW", 1),
}  # fmt: skip
_MOST_CHUNKS = 10_000


def aiff_layout(file: BinaryIO, size: int) -> Layout:
    """The layout of an AIFF or AIFC file.

    Raises:
        DataError: it is cut off.
    """
    coding, frames, sound = None, 0, None
    position, regular = 12, True
    for _ in range(_MOST_CHUNKS):
        head = _at(file, position, 8)
        if len(head) < 8:
            break
        name, length = struct.unpack(">4sI", head)
        regular = regular and all(32 <= byte < 127 for byte in name)
        if name == b"COMM":
            # At most so much: the length may be damaged, and a COMM chunk is short.
            coding, frames = _common(_at(file, position + 8, min(length, 64)))
        if name == b"SSND":
            offset = struct.unpack(">I", _at(file, position + 8, 4).ljust(4, b"\0"))[0]
            sound = (position + 16 + offset, length - 8 - offset)
            if is_open_end(length) or length <= 8 or position + 8 + length > size:
                break
        position += 8 + length + length % 2
    if sound is None or coding is None:
        return whole(size)
    start, written = sound
    counted = frames * coding.frame_bytes
    # a recorder that was switched off has filled in one of the two numbers, both or neither
    known = [said for said in (written, counted) if not is_open_end(said)]
    promised = max(known, default=0)
    # Where all chunks follow one another to the file's end, what stands behind the samples are chunks and no sound.
    end = size
    if regular and written > 0 and start + written <= size <= position <= size + 1:
        end = start + written
    native = None
    if written == counted:
        native = whole(size).streams[0]
    return bare_samples(coding, start, promised, end, native=native, unknown=not known)


def caf_layout(file: BinaryIO, size: int) -> Layout:
    """The layout of a Core Audio file.

    Raises:
        DataError: it is cut off.
    """
    position, coding = 8, None
    for _ in range(_MOST_CHUNKS):
        head = _at(file, position, 12)
        if len(head) < 12:
            break
        name, length = struct.unpack(">4sq", head)
        if name == b"desc":
            coding = _description(_at(file, position + 12, 32))
        if name == b"data":
            start, promised = position + 16, length - 4
            unknown = is_open_end(length, 64)
            end = size
            if not unknown and start + promised <= size:
                end = _end_of_caf(file, start + promised, size)
            if coding is None and unknown:
                return whole(size)
            native = None
            if not unknown:
                native = Stream(((0, size),))
            return bare_samples(coding, start, promised, end, native=native, unknown=unknown)
        # Sizes of 64 bits may be beyond all that a file can be asked for, which is no error of reading.
        if not 0 <= length <= size:
            break
        position += 12 + length
    return whole(size)


def au_layout(file: BinaryIO, size: int) -> Layout:
    """The layout of an AU file, of which the header may leave the length open.

    Raises:
        DataError: it is cut off.
    """
    head = _at(file, 0, 24)
    if len(head) < 24:
        return whole(size)
    order, endian = "<", "LITTLE"  # "dns.": written the other way round, by DEC's machines
    if head[:4] == b".snd":
        order, endian = ">", "BIG"
    start, promised, encoding, rate, channels = struct.unpack(order + "IIIII", head[4:])
    if encoding not in _AU or not channels or not rate or start > size:
        return whole(size)
    subtype, width = _AU[encoding]
    coding = Coding(rate, channels, subtype, endian, width * channels)
    native = whole(size).streams[0]
    return bare_samples(coding, start, promised, size, native=native, unknown=is_open_end(promised))


def _common(content: bytes) -> tuple[Coding | None, int]:
    """The coding and the number of frames of a COMM chunk."""
    if len(content) < 18:
        return None, 0
    channels, frames, bits, exponent, mantissa = struct.unpack(">hIhHQ", content[:18])
    # The rate is a float of 80 bits, as Motorola's processors had them: 15 bits of exponent, 64 of mantissa.
    power = (exponent & 0x7FFF) - 16383 - 63
    rate = 0
    # Otherwise it is 2^63 Hz or more: no rate.
    if power < 0:
        rate = _whole(math.ldexp(mantissa, power))
    compression = b"NONE"  # AIFF, which knows none
    if len(content) >= 22:
        compression = content[18:22]
    kind, endian = _AIFC.get(compression, ("", ""))
    return _linear(kind, endian, bits, channels, rate), frames


def _description(content: bytes) -> Coding | None:
    """The coding of a desc chunk; None when it is compressed."""
    if len(content) < 32:
        return None
    rate, kind, flags, _, _, channels, bits = struct.unpack(">d4sIIIII", content)
    endian = "BIG"
    if flags & 2:
        endian = "LITTLE"
    if kind in (b"ulaw", b"alaw"):
        return _linear(kind.decode().upper(), endian, bits, channels, _whole(rate))
    if kind != b"lpcm":
        return None
    # bit 0 of the flags: kCAFLinearPCMFormatFlagIsFloat; bit 1, above: ...IsLittleEndian
    subtype = "PCM"
    if flags & 1:
        subtype = "FLOAT"
        if bits == 64:
            subtype = "DOUBLE"
    return _linear(subtype, endian, bits, channels, _whole(rate))


def _linear(kind: str, endian: str, bits: int, channels: int, rate: int) -> Coding | None:
    width = _BYTES.get(kind, -(-bits // 8))
    subtype = kind
    if kind == "PCM":
        subtype = _PCM.get(width, "")
    if not subtype or channels < 1 or rate < 1:
        return None
    return Coding(rate, channels, subtype, endian, width * channels)


def _whole(rate: float) -> int:
    """A rate in Hz; 0 when it is none."""
    if not 0 < rate < 1e9:
        return 0
    return round(rate)


def _end_of_caf(file: BinaryIO, position: int, size: int) -> int:
    """Where the samples end: where the header says, if chunks follow there, else at the file's end."""
    said = position
    for _ in range(_MOST_CHUNKS):
        head = _at(file, position, 12)
        if len(head) < 12:
            return said
        name, length = struct.unpack(">4sq", head)
        if not all(32 <= byte < 127 for byte in name) or not 0 <= length <= size - position - 12:
            return size
        position += 12 + length
    return size


def _at(file: BinaryIO, position: int, count: int) -> bytes:
    file.seek(position)
    return file.read(count)
