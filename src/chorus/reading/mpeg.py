"""MP3: its frames one by one. A decoder skips what is damaged and stops where a second file begins, without a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from chorus.errors import DataError
from chorus.reading.layout import Layout, Stream

# By the version's bits: 3 is MPEG-1, 2 MPEG-2, 0 the unofficial 2.5; 1 was never given out.
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_KILOBITS = {  # by (version 1?, layer)
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MOST_BEFORE = 1 << 20  # bytes before the first frame: pictures whose tag forgot to count them
_LITTLE_REST = 4096  # bytes behind the last frame: a tag that is not known here
_ROOMY = 9  # a bit rate at which a frame has room for what an information frame says
_IN_A_ROW = 4  # frames: so many headers at the right distances are no accident


@dataclass(frozen=True)
class _Frame:
    start: int
    length: int
    head: bytes
    kind: tuple[int, ...]  # version, layer, rate, mono?: a decoder does not follow when it changes
    # frames that this one, which holds no sound, says there are; None: it holds sound
    counted: int | None


def mp3_layout(file: BinaryIO, size: int) -> Layout | None:
    """The layout of an MP3 file (MPEG audio, any layer): tags left out, one stream behind another.

    Returns:
        None when there are no frames in it: it is no MP3.

    Raises:
        DataError: it is cut off or damaged.
    """
    first = _next_frame(file, _behind_tags(file, 0, size), size, _MOST_BEFORE)
    if first is None:
        return None
    streams: list[list[_Frame]] = []
    spans: list[list[tuple[int, int]]] = []
    counts: list[int] = []
    position = first
    while position < size:
        frame = _frame(file, position)
        if frame is None:
            position = _past_tag(file, position, size)
            continue
        if position + frame.length > size:
            raise DataError(
                f"cut off: the last MP3 frame, at byte {position:,} of {size:,}, is incomplete"
            )
        if not streams or frame.counted is not None or frame.kind != streams[-1][-1].kind:
            streams.append([])
            spans.append([])
            counts.append(0)
        # Of the millions of frames in a day-long file, all that is needed are the first and the last.
        streams[-1] = [*streams[-1][:1], frame]
        counts[-1] += 1
        if spans[-1] and spans[-1][-1][1] == position:
            spans[-1][-1] = (spans[-1][-1][0], position + frame.length)
        else:
            spans[-1].append((position, position + frame.length))
        position += frame.length
    checked = []
    remarks = []
    for frames, counted, pieces in zip(streams, counts, spans, strict=True):
        stream, remark = _checked(frames[0], counted, pieces)
        checked.append(stream)
        if remark:
            remarks.append(remark)
    if len(checked) > 1:
        remarks.append(
            f"several streams: {len(checked)} MP3 streams, one behind the other, were joined"
        )
    return Layout(tuple(checked), tuple(remarks))


def _checked(first: _Frame, counted: int, pieces: list[tuple[int, int]]) -> tuple[Stream, str]:
    """A stream of `counted` frames, and what is wrong with the number that its first frame tells."""
    if first.counted is None and first.kind[1] != 3:
        return Stream(tuple(pieces)), ""
    if first.counted is None:
        return Stream((_information(first, counted), *pieces)), ""
    if first.counted and abs(first.counted + 1 - counted) <= 1:  # some count the one that tells it
        return Stream(tuple(pieces)), ""
    if first.counted + 1 > counted:
        raise DataError(f"cut off: {counted - 1:,} of {first.counted:,} MP3 frames are in the file")
    (start, end), *rest = pieces
    stream = Stream((_information(first, counted - 1), (start + first.length, end), *rest))
    if not first.counted:
        return stream, ""
    said = f"header wrong: it says {first.counted:,} MP3 frames, {counted - 1:,} were read"
    return stream, said


def _information(like: _Frame, counted: int) -> bytes:
    """A frame without sound that tells how many follow: without it, the decoder guesses, and stops there."""
    # Of the same kind as the others, or the decoder would not follow; without a check sum, and without padding.
    head = bytes([0xFF, like.head[1] | 1, like.head[2] & 0x0C | _ROOMY << 4, like.head[3]])
    frame = _parsed(head.ljust(64, b"\0"), 0)
    assert frame is not None
    tag = b"Xing" + (1).to_bytes(4, "big") + counted.to_bytes(4, "big")
    return (head.ljust(4 + _side(head), b"\0") + tag).ljust(frame.length, b"\0")


def _past_tag(file: BinaryIO, position: int, size: int) -> int:
    """The position behind a tag.

    Raises:
        DataError: there is neither a frame nor a tag, but more frames follow, or much else.
    """
    behind = _behind_tags(file, position, size)
    if behind > position:
        return behind
    again = _next_frame(file, position, size, size)
    if again is None and size - position < _LITTLE_REST:
        return size
    if again is None:
        again = size
    lost = again - position
    raise DataError(
        f"damaged: {lost:,} bytes from byte {position:,} on, of {size:,}, are no MP3 frames"
    )


def _behind_tags(file: BinaryIO, position: int, size: int) -> int:
    """The position behind the ID3 and APE tags and the zeros that stand there."""
    while position < size:
        file.seek(position)
        head = file.read(32)
        if head[:3] == b"ID3" and len(head) >= 10:
            position += 10 + id3_length(head[6:10])
        elif head[:8] == b"APETAGEX" and len(head) == 32:
            header = int.from_bytes(head[20:24], "little") >> 29 & 1
            position += 32 + int.from_bytes(head[12:16], "little") * header
        elif head[:3] == b"TAG" and size - position <= 128:
            position = size
        elif not any(head):
            return _behind_zeros(file, position, size)
        else:
            break
    return min(position, size)


def id3_length(written: bytes) -> int:
    """The length of an ID3 tag: four bytes of seven bits, as 0xFF would look like the start of a frame."""
    length = 0
    for byte in written:
        length = length << 7 | byte & 0x7F
    return length


def _behind_zeros(file: BinaryIO, position: int, size: int) -> int:
    """`size` when nothing but zeros follows, or little; otherwise `position`: zeros amid frames are lost sound."""
    file.seek(position)
    while part := file.read(1 << 16):
        if any(part):
            return position
    return size


def _next_frame(file: BinaryIO, position: int, size: int, most: int) -> int | None:
    """Where the next frames begin, several in a row, at most `most` bytes further on."""
    last = min(size, position + most)
    while position < last:
        file.seek(position)
        part = file.read(min(1 << 16, last - position) + 3)
        place = part.find(b"\xff")
        while 0 <= place < len(part) - 3:
            if _in_a_row(file, position + place, size):
                return position + place
            place = part.find(b"\xff", place + 1)
        position += max(1, len(part) - 3)
    return None


def _in_a_row(file: BinaryIO, position: int, size: int) -> bool:
    kind = None
    for _ in range(_IN_A_ROW):
        frame = _frame(file, position)
        if frame is None or kind not in (None, frame.kind):
            at_end = position == size or _behind_tags(file, position, size) > position
            return kind is not None and at_end
        kind = frame.kind
        position += frame.length
    return True


def _frame(file: BinaryIO, position: int) -> _Frame | None:
    """The frame at a position, if there is one."""
    file.seek(position)
    return _parsed(file.read(64), position)


def _parsed(head: bytes, position: int) -> _Frame | None:
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    bits, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or rate == 3 or not 0 < bits < 15:
        return None
    hertz = _RATES[version][rate]
    kilobits = _KILOBITS[version == 3, layer][bits - 1]
    padding = head[2] >> 1 & 1
    mono = head[3] >> 6 == 3
    if layer == 1:
        length = (12_000 * kilobits // hertz + padding) * 4
    elif layer == 3 and version != 3:  # MPEG-2 and 2.5: half the samples in a frame
        length = 72_000 * kilobits // hertz + padding
    else:
        length = 144_000 * kilobits // hertz + padding
    counted = None
    if layer == 3:
        counted = _count(head)
    return _Frame(position, length, head[:4], (version, layer, rate, mono), counted)


def _count(head: bytes) -> int | None:
    """The frames that an encoder's information frame counts; 0 when it does not, None when this is no such frame."""
    head = head.ljust(64, b"\0")  # the file may end within it
    for place in (4 + _side(head), 6 + _side(head)):
        if head[place : place + 4] in (b"Xing", b"Info"):
            if not head[place + 7] & 1:  # this one says other things
                return 0
            return int.from_bytes(head[place + 8 : place + 12], "big")
    if head[36:40] == b"VBRI":
        return int.from_bytes(head[50:54], "big")
    return None


def _side(head: bytes) -> int:
    """Bytes of side information behind a frame's header."""
    first_version, mono = head[1] >> 3 & 3 == 3, head[3] >> 6 == 3
    return {(True, True): 17, (True, False): 32, (False, True): 9, (False, False): 17}[
        first_version, mono
    ]
