"""WAV and its larger kin (RIFF, RIFX, RF64, BW64, W64): where the samples lie, whatever the header says."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from chorus.errors import DataError
from chorus.reading.layout import Coding, Layout, Stream, bare_samples, is_open_end, whole

_W64_GUID = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_MOST_CHUNKS = 10_000
_TAIL = 1 << 16  # bytes at the end in which chunks behind samples of unknown length are looked for
_BEHIND = (
    b"LIST",
    b"guan",
    b"bext",
    b"iXML",
    b"id3 ",
    b"ID3 ",
    b"cue ",
    b"wamd",
    b"JUNK",
    b"_PMX",
    b"axml",
    b"smpl",
)
_SUBTYPES = {
    (1, 1): "PCM_U8", (1, 2): "PCM_16", (1, 3): "PCM_24", (1, 4): "PCM_32",
    (3, 4): "FLOAT", (3, 8): "DOUBLE", (6, 1): "ALAW", (7, 1): "ULAW",
}  # fmt: skip
_ORDERS = {">": "BIG", "<": "LITTLE"}
_PCM = 1
_EXTENSIBLE = 0xFFFE
_WILDLIFE_ACOUSTICS = 0x5741


@dataclass(frozen=True)
class _Chunk:
    name: bytes
    start: int  # of the content
    size: int  # as written
    padded: bool = True  # the chunk before has its pad byte


def wav_layout(file: BinaryIO, size: int) -> Layout:
    """The layout of a WAV file; of several put together, all.

    Raises:
        DataError: it is cut off, or of a kind that nothing here reads.
    """
    streams: list[Stream] = []
    remarks: list[str] = []
    begin = 0
    # Somebody's `cat *.wav` may hold a season of clips: one after the other, as a call for each would be too deep.
    while begin < size:
        layout, begin = _one_wav(file, size, begin)
        streams += layout.streams
        remarks += layout.remarks
    if len(streams) > 1:
        remarks.append("several streams: WAV files, one behind the other, were joined")
    return Layout(tuple(streams), tuple(remarks))


def _one_wav(file: BinaryIO, size: int, begin: int) -> tuple[Layout, int]:
    """The layout of the WAV file that begins at byte `begin`, and where the next one begins, or the end of all."""
    head = _at(file, begin, 12)
    endian = "<"
    if head[:4] == b"RIFX":
        endian = ">"
    if head[:4] == b"BW64":
        raise DataError(
            "not supported: BW64, which is RF64 under another name: convert it to WAV or FLAC"
        )
    found = _chunks(file, begin + 12, size, endian)
    chunks = {chunk.name: chunk for chunk in found}
    if b"data" not in chunks or b"fmt " not in chunks:
        return Layout((Stream(((begin, size),)),)), size  # the decoder finds the words for it
    # At most so much: the size may be damaged, and a fmt chunk is short.
    form = _at(file, chunks[b"fmt "].start, min(chunks[b"fmt "].size, 64))
    coding = _coding(form, endian)
    spare = 0
    if coding:
        spare = coding.spare_bits
    start, promised = chunks[b"data"].start, chunks[b"data"].size
    unknown = is_open_end(promised)
    if b"ds64" in chunks and promised == 0xFFFFFFFF:
        written = _at(file, chunks[b"ds64"].start + 8, 8).ljust(8, b"\0")
        promised = struct.unpack("<Q", written)[0]
        unknown = is_open_end(promised, 64)
    # Where chunks follow up to the end of the file, or to the next one, the header is right about the samples.
    following = _following(file, start + promised, size, endian)
    if following is not None:
        native = None
        if coding is None or all(chunk.padded for chunk in found):
            native = Stream(((begin, following),), spare_bits=spare)
        end = start + promised
        return bare_samples(coding, start, promised, end, native=native, unknown=False), following
    if start + promised <= size or unknown:
        end = _before_chunks(file, start, size, endian)
        layout = bare_samples(coding, start, promised, end, native=None, unknown=unknown)
        return layout, size
    native = Stream(((begin, size),), spare_bits=spare)
    return bare_samples(coding, start, promised, size, native=native, unknown=False), size


def w64_layout(file: BinaryIO, size: int) -> Layout:
    """The layout of a W64 file (Sony's WAV with 64-bit sizes).

    Raises:
        DataError: it is cut off.
    """
    position, form, data = 40, b"", None
    for _ in range(_MOST_CHUNKS):
        head = _at(file, position, 24)
        if len(head) < 24:
            break
        length = struct.unpack("<q", head[16:])[0]
        if head[:4] == b"data":
            data = (position + 24, length - 24)
            break
        if head[:4] == b"fmt ":
            form = _at(file, position + 24, 64)
        # Sizes of 64 bits may be beyond all that a file can be asked for, which is no error of reading.
        if not 24 <= length <= size:
            break
        position += -(-length // 8) * 8
    if data is None or not form:
        return whole(size)
    start, promised = data
    unknown = is_open_end(promised, 64)
    end = size
    if not unknown and promised <= size - start:
        # Behind the samples stands nothing, or a chunk: two bytes of its GUID are the same for all.
        behind = _at(file, start + -(-promised // 8) * 8, 24)
        is_chunk = len(behind) == 24 and behind[4:6] == b"\xf3\xac"
        if is_chunk or size - start - promised < 8:
            end = start + promised
    native = whole(size).streams[0]
    return bare_samples(_coding(form, "<"), start, promised, end, native=native, unknown=unknown)


def is_w64(head: bytes) -> bool:
    """Whether a file begins like a W64."""
    return head.startswith(_W64_GUID)


def _coding(form: bytes, endian: str) -> Coding | None:
    """The samples' coding, from a fmt chunk; None when they are compressed.

    Raises:
        DataError: a kind that only its maker's programs read.
    """
    if len(form) < 16:
        return None
    tag, channels, rate, _, frame_bytes, bits = struct.unpack(endian + "HHIIHH", form[:16])
    valid = bits
    if tag == _EXTENSIBLE and len(form) >= 26:
        valid, tag = struct.unpack(endian + "H4xH", form[18:26])
    if tag == _WILDLIFE_ACOUSTICS:
        raise DataError(
            "not supported: Wildlife Acoustics W4V: convert it to WAV with Kaleidoscope"
        )
    if not channels or frame_bytes % channels or not rate:
        return None
    subtype = _SUBTYPES.get((tag, frame_bytes // channels))
    if subtype is None:
        return None
    spare = 0
    if tag == _PCM and 0 < valid < bits:
        spare = bits - valid
    return Coding(rate, channels, subtype, _ORDERS[endian], frame_bytes, spare)


def _chunks(file: BinaryIO, position: int, size: int, endian: str) -> list[_Chunk]:
    """The chunks up to the data, which come last in the list."""
    chunks: list[_Chunk] = []
    while position + 8 <= size and len(chunks) < _MOST_CHUNKS:
        name, length = struct.unpack(endian + "4sI", _at(file, position, 8))
        padded = _is_name(name) or not chunks or chunks[-1].size % 2 == 0
        if not padded:
            position -= 1  # a chunk of odd size without its pad byte
            name, length = struct.unpack(endian + "4sI", _at(file, position, 8))
        chunks.append(_Chunk(name, position + 8, length, padded))
        if name == b"data":
            break
        position += 8 + length + length % 2
    return chunks


def _following(file: BinaryIO, position: int, size: int, endian: str) -> int | None:
    """Where the chunks behind the samples end: the file's end, or where a second file begins.

    None when what stands there are no chunks. A few bytes that are nothing, and zeros, belong to the file.
    """
    if position > size:
        return None
    for _ in range(_MOST_CHUNKS):
        if size - position < 8:
            return size
        if _begins_wav(file, position):
            return position
        if _begins_wav(file, position + 1):
            return position + 1
        name, length = struct.unpack(endian + "4sI", _at(file, position, 8))
        if not _is_name(name):
            shifted, length = struct.unpack(
                endian + "4sI", _at(file, position + 1, 8).ljust(8, b"\0")
            )
            if not _is_name(shifted):
                if _only_zeros(file, position, size):
                    return size
                return None
            position += 1
        position += 8 + length
        if position > size + 1:
            return None
    return None


def _before_chunks(file: BinaryIO, start: int, size: int, endian: str) -> int:
    """Where samples of unknown length end: before the metadata that some recorders write at the very end."""
    first = max(start, size - _TAIL)
    tail = _at(file, first, size - first)
    places: list[int] = []
    for name in _BEHIND:
        places += _all(tail, name)
    # Four letters may stand in the sound by chance: only from where chunks lead to the very end is it metadata.
    for place in sorted(places):
        if _following(file, first + place, size, endian) == size:
            return first + place
    return size


def _all(content: bytes, name: bytes) -> list[int]:
    places, place = [], content.find(name)
    while place >= 0:
        places.append(place)
        place = content.find(name, place + 1)
    return places


def _begins_wav(file: BinaryIO, position: int) -> bool:
    head = _at(file, position, 12)
    return head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:] == b"WAVE"


def _is_name(name: bytes) -> bool:
    return len(name) == 4 and all(32 <= byte < 127 for byte in name) and name.strip() != b""


def _only_zeros(file: BinaryIO, position: int, size: int) -> bool:
    file.seek(position)
    while position < size:
        part = file.read(min(1 << 20, size - position))
        # compared as a whole: a loop over the bytes takes half a minute for 4 GB of digital silence
        if part != bytes(len(part)):
            return False
        position += len(part)
    return True


def _at(file: BinaryIO, position: int, count: int) -> bytes:
    file.seek(position)
    return file.read(count)
