"""What field recorders write into their WAV files beside the sound: GUANO, AudioMoth's comment, wamd, bext.

Read here and not by `guano` 1.0.16 or `metamoth` 1.2.2: the one raises on WAV files of floats, the other on a
chunk whose name is no ASCII, and it never returns from a stream whose header gives no size. Nothing here raises
for what a file holds.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import BinaryIO

from chorus.survey.dates import parse_date
from chorus.survey.zones import fixed_zone

_RIFF = (b"RIFF", b"RF64", b"BW64")
_WANTED = (b"guan", b"LIST", b"wamd", b"bext")
_LARGEST = 1 << 20  # bytes of one chunk; more is no text
_MOST_CHUNKS = 100
_UNKNOWN_SIZE = 0xFFFFFFFF
_MOST_BYTES = 1 << 62
_COMMENT = re.compile(
    r"Recorded at (?P<time>\d\d:\d\d:\d\d) (?P<day>\d\d)/(?P<month>\d\d)/(?P<year>\d{4})"
    r"(?: \((?P<zone>UTC[-+:\d]*)\))? (?:by AudioMoth|during deployment) (?P<recorder>[0-9A-Za-z]+)"
)
_ARTIST = re.compile(r"AudioMoth (?P<recorder>[0-9A-Fa-f]+)")
_GAIN = re.compile(r"at (?:gain setting (?P<number>\d)|(?P<name>[a-z-]+) gain)")
_VOLTS = re.compile(
    r"battery (?:state )?was (?P<bound>less than |greater than |[<>] ?)?(?P<volts>\d+(?:\.\d+)?)V"
)
_TEMPERATURE = re.compile(r"temperature was (?P<celsius>-?\d+(?:\.\d+)?)C")
_WAMD = {0x01: "model", 0x02: "serial", 0x03: "firmware", 0x04: "prefix", 0x05: "timestamp"}


@dataclass(frozen=True)
class Metadata:
    """What a file says about its recording; "" and None where it says nothing.

    source: "GUANO", "AudioMoth", "wamd" or "bext".
    recorder: the recorder's serial number.
    start: aware where the offset from UTC is written.
    settings: what else is of use: make, model, firmware, gain, battery (V), temperature (degrees Celsius), as text.
    """

    source: str = ""
    recorder: str = ""
    start: datetime | None = None
    settings: dict[str, str] = field(default_factory=dict)


def read_metadata(path: Path) -> Metadata | None:
    """The metadata of a WAV file; None when there is none or the file is no WAV file."""
    try:
        with path.open("rb") as file:
            chunks = dict(_chunks(file))
    except OSError:  # whether it can be read is found out, and said, when its sound is read
        return None
    if not chunks:
        return None
    # The fullest first: GUANO names its fields and its zone, bext holds little more than a date.
    if guano := _guano(chunks.get(b"guan", b"")):
        return guano
    if audiomoth := _audiomoth(_info(chunks.get(b"LIST", b""))):
        return audiomoth
    return _wamd(chunks.get(b"wamd", b"")) or _bext(chunks.get(b"bext", b""))


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    header = file.read(12)
    if len(header) < 12 or header[:4] not in _RIFF or header[8:] != b"WAVE":
        return
    data_size = 0
    for _ in range(_MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return
        name, size = head[:4], struct.unpack("<I", head[4:])[0]
        if name == b"ds64" and size >= 16:  # of RF64: the size that does not fit into 32 bits
            sizes = file.read(min(size, _LARGEST))
            if len(sizes) >= 16:
                data_size = struct.unpack("<Q", sizes[8:16])[0]
            continue
        if name in _WANTED and size <= _LARGEST:
            yield name, file.read(size)
            file.seek(size % 2, 1)
            continue
        # Some recorders write their notes behind the sound: it is passed over, however long it is.
        if name == b"data" and size == _UNKNOWN_SIZE:
            size = data_size
        # A recorder that was switched off leaves a size of 64 bits open, beyond all that a file can be asked for.
        if size > _MOST_BYTES:
            return
        file.seek(size + size % 2, 1)


def _text(raw: bytes) -> str:
    raw = raw.split(b"\0", 1)[0]
    # GUANO is UTF-8; in Latin-1, which others write, every byte is a letter, so that nothing is lost by trying.
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return raw.decode("latin-1").strip()


def _guano(raw: bytes) -> Metadata | None:
    fields = {}
    for line in _text(raw).splitlines():
        key, _, value = line.partition(":")
        if value.strip():
            fields[key.strip()] = value.strip()
    if not {"GUANO|Version", "Timestamp"} & set(fields):
        return None
    settings = {
        "make": fields.get("Make", ""),
        "model": fields.get("Model", ""),
        "firmware": fields.get("Firmware Version", ""),
        "gain": fields.get("OAD|Gain", fields.get("Gain", "")),
        "battery": fields.get("OAD|Battery Voltage", fields.get("Battery", "")),
        "temperature": fields.get("Temperature Int", fields.get("Temperature Ext", "")),
    }
    return Metadata(
        "GUANO", fields.get("Serial", ""), _start(fields.get("Timestamp", "")), _given(settings)
    )


def _info(raw: bytes) -> dict[bytes, str]:
    found: dict[bytes, str] = {}
    position = 4
    while raw[:4] == b"INFO" and position + 8 <= len(raw):
        name, size = struct.unpack("<4sI", raw[position : position + 8])
        found[name] = _text(raw[position + 8 : position + 8 + size])
        position += 8 + size + size % 2  # chunks begin at even places
    return found


def _audiomoth(info: dict[bytes, str]) -> Metadata | None:
    comment = info.get(b"ICMT", "")
    match = _COMMENT.search(comment)
    if not match:
        return None
    settings = {
        "make": "Open Acoustic Devices",
        "model": "AudioMoth",
        "gain": _groups(_GAIN, comment),
        "battery": _groups(_VOLTS, comment),
        "temperature": _groups(_TEMPERATURE, comment),
    }
    artist = _ARTIST.match(info.get(b"IART", ""))
    written = f"{match['year']}-{match['month']}-{match['day']} {match['time']}"
    start = _start(written, _zone(match["zone"] or "UTC"))  # the first firmware knew no other zone
    return Metadata("AudioMoth", (artist or match)["recorder"].upper(), start, _given(settings))


def _groups(pattern: re.Pattern[str], text: str) -> str:
    """What the groups of a pattern found, one behind the other; "" where it is not in the text."""
    match = pattern.search(text)
    if not match:
        return ""
    return "".join(filter(None, match.groups()))


def _wamd(raw: bytes) -> Metadata | None:
    fields: dict[str, str] = {}
    position = 0
    while position + 6 <= len(raw):
        kind, size = struct.unpack("<HI", raw[position : position + 6])
        if kind in _WAMD:
            fields[_WAMD[kind]] = _text(raw[position + 6 : position + 6 + size])
        position += 6 + size
    if not fields:
        return None
    settings = {
        "make": "Wildlife Acoustics",
        "model": fields.get("model", ""),
        "firmware": fields.get("firmware", ""),
    }
    recorder = fields.get("serial", "") or fields.get("prefix", "")
    return Metadata("wamd", recorder, _start(fields.get("timestamp", "")), _given(settings))


def _bext(raw: bytes) -> Metadata | None:
    """Of a Broadcast WAV: who made it and when, in fields of fixed length behind 256 bytes of description."""
    if len(raw) < 338:
        return None
    day, clock = _text(raw[320:330]), _text(raw[330:338])
    # The standard leaves open which signs separate their parts.
    start = _start(re.sub(r"\D", "-", day) + " " + re.sub(r"\D", ":", clock))
    if start is None:
        return None
    return Metadata("bext", "", start, _given({"make": _text(raw[256:288])}))


def _zone(text: str) -> tzinfo | None:
    offset = re.fullmatch(r"UTC(?P<sign>[-+])(?P<hours>\d\d?)(?::(?P<minutes>\d\d))?", text)
    if offset:
        return fixed_zone(offset["sign"], offset["hours"], offset["minutes"])
    if text == "UTC":
        return UTC
    return None


def _start(written: str, zone: tzinfo | None = None) -> datetime | None:
    try:
        moment = parse_date(written)
    except ValueError:  # an unset clock, a field left empty, or no time at all
        return None
    if not isinstance(moment, datetime):
        return None
    if zone is None:
        return moment
    return moment.replace(tzinfo=zone)


def _given(settings: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in settings.items() if value}
