"""What recorders write into their files. The comments are those of AudioMoth's firmware versions, see metamoth."""

from __future__ import annotations

import io
import struct
import wave
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.survey.metadata import Metadata, read_metadata


def _sound() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\1\2" * 101)
    return buffer.getvalue()


def _chunk(name: bytes, content: bytes, *, pad: bool = True) -> bytes:
    return (
        name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2 if pad else 0)
    )


def _info(**texts: str) -> bytes:
    return _chunk(
        b"LIST",
        b"INFO" + b"".join(_chunk(name.encode(), text.encode()) for name, text in texts.items()),
    )


def _read(folder: Path, *chunks: bytes, first: bytes = b"") -> Metadata | None:
    sound = _sound()
    data = sound[:12] + first + sound[12:] + b"".join(chunks)
    (folder / "a.wav").write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])
    return read_metadata(folder / "a.wav")


@pytest.mark.parametrize(
    ("comment", "hours", "settings"),
    [
        (
            "Recorded at 19:05:00 15/04/2024 by AudioMoth 24F3190361DA539A at gain setting 2 while battery state was"
            " 4.1V",
            0,
            {"gain": "2", "battery": "4.1"},
        ),
        (
            "Recorded at 19:05:00 15/04/2024 (UTC) by AudioMoth 24F3190361DA539A at medium-high gain while battery"
            " state was 4.1V and temperature was 23.3C during deployment 0FE081F80FE081F8.",
            0,
            {"gain": "medium-high", "battery": "4.1", "temperature": "23.3"},
        ),
        (
            "Recorded at 19:05:00 15/04/2024 (UTC-2:30) by AudioMoth 24F3190361DA539A at low gain while battery was"
            " less than 2.5V and temperature was -1.2C.",
            -2.5,
            {"gain": "low", "battery": "less than 2.5", "temperature": "-1.2"},
        ),
        (
            "Recorded at 19:05:00 15/04/2024 (UTC+7) by AudioMoth 24F3190361DA539A at low gain setting while battery"
            " state was < 2.5V.",
            7,
            {"battery": "< 2.5"},
        ),
    ],
)
def test_the_comment_of_an_audiomoth(tmp_path, comment, hours, settings):
    data = _read(tmp_path, first=_info(ICMT=comment, IART="AudioMoth 24F3190361DA539A"))
    start = datetime(2024, 4, 15, 19, 5, tzinfo=timezone(timedelta(hours=hours)))
    assert data is not None
    assert (data.source, data.recorder, data.start) == ("AudioMoth", "24F3190361DA539A", start)
    assert data.start.utcoffset() == timedelta(hours=hours)
    assert settings.items() <= data.settings.items()


def test_the_recorder_of_a_named_deployment(tmp_path):
    comment = "Recorded at 19:05:00 15/04/2024 (UTC) during deployment 0FE081F80FE081F8 at low gain"
    data = _read(tmp_path, first=_info(ICMT=comment, IART="AudioMoth 24F3190361DA539A"))
    assert data is not None and data.recorder == "24F3190361DA539A"


GUANO = (
    "GUANO|Version: 1.0\nMake: Wildlife Acoustics, Inc.\nModel: Song Meter Mini\nSerial: 2MA04827\n"
    "Timestamp: 2025-02-27T07:39:02+01:00\nTemperature Int: -1.25\nno colon here\n: no key\n"
)


def test_guano_behind_the_sound(tmp_path):
    data = _read(tmp_path, _chunk(b"odd ", b"123"), _chunk(b"guan", GUANO.encode()))
    assert data is not None
    assert (data.source, data.recorder) == ("GUANO", "2MA04827")
    assert data.start == datetime(2025, 2, 27, 6, 39, 2, tzinfo=UTC)
    assert data.settings == {
        "make": "Wildlife Acoustics, Inc.", "model": "Song Meter Mini", "temperature": "-1.25",
    }  # fmt: skip


def test_wamd_of_an_older_song_meter(tmp_path):
    fields = (
        (0, b"\1\0"),
        (1, b"SM3"),
        (2, b"SM301297"),
        (4, b"POND"),
        (5, b"2014-04-02 22:59:14-05:00"),
    )
    raw = b"".join(struct.pack("<HI", kind, len(text)) + text for kind, text in fields)
    data = _read(tmp_path, _chunk(b"wamd", raw))
    assert data is not None and (data.recorder, data.settings["model"]) == ("SM301297", "SM3")
    assert data.start == datetime(2014, 4, 3, 3, 59, 14, tzinfo=UTC)


def test_bext_of_a_handheld_recorder(tmp_path):
    raw = b"".join(
        [
            b"note".ljust(256, b"\0"),
            b"ZOOM H5".ljust(32, b"\0"),
            bytes(32),
            b"2024-03-12",
            b"20:30:00",
        ]
    )
    data = _read(tmp_path, first=_chunk(b"bext", raw + bytes(264)))
    assert data == Metadata("bext", "", datetime(2024, 3, 12, 20, 30), {"make": "ZOOM H5"})


def test_an_unset_clock_is_no_time(tmp_path):
    data = _read(
        tmp_path,
        _chunk(b"guan", b"GUANO|Version: 1.0\nTimestamp: 1970-01-01T00:05:00\nSerial: 7\n"),
    )
    assert data is not None and data.start is None and data.recorder == "7"


@pytest.mark.parametrize(
    "chunks",
    [
        (),
        (_info(ICMT="Processed by SoX"),),
        (_chunk(b"guan", b"\xff\xfe\x00"),),
        (b"guan" + struct.pack("<I", 0xFFFFFFFF) + b"GUANO",),
        (b"\xff\xfe\xfd\xfc" + struct.pack("<I", 3) + b"abc",),
        (b"LIST" + struct.pack("<I", 12) + b"INFOICMT\xff\xff\xff\xff",),
        (b"wamd" + struct.pack("<I", 5) + b"\1\0\1\0\0",),
        (b"tail",),
    ],
)
def test_other_chunks_say_nothing(tmp_path, chunks):
    assert _read(tmp_path, *chunks) is None


@pytest.mark.parametrize("said", [2**64 - 1, 2**63, 2**62 + 1])
def test_a_size_that_was_left_open_hides_nothing_and_stops_nothing(tmp_path, said):
    sizes = _chunk(b"ds64", struct.pack("<QQQI", 2**64 - 1, said, 0, 0))
    sound = b"data" + struct.pack("<I", 0xFFFFFFFF) + b"\1\2" * 101
    path = tmp_path / "a.wav"
    path.write_bytes(b"RF64\xff\xff\xff\xffWAVE" + sizes + sound)
    assert read_metadata(path) is None
    guano = _chunk(b"guan", b"GUANO|Version:1.0\nTimestamp:2024-03-12 20:30:00\n")
    path.write_bytes(b"RF64\xff\xff\xff\xffWAVE" + sizes + guano + sound)
    assert read_metadata(path).source == "GUANO"


def test_other_files_say_nothing(tmp_path):
    for content in (b"", b"RIFF", b"fLaC" + bytes(100), b"RIFF\0\0\0\0WAVE"):
        (tmp_path / "a.wav").write_bytes(content)
        assert read_metadata(tmp_path / "a.wav") is None
    assert read_metadata(tmp_path / "none.wav") is None
    assert read_metadata(tmp_path) is None


@given(st.binary(max_size=60), st.integers(0, 400))
def test_no_file_is_too_odd(tmp_path_factory, noise, cut):
    path = tmp_path_factory.getbasetemp() / "odd.wav"
    whole = _sound() + _chunk(b"guan", GUANO.encode())
    path.write_bytes(whole[:cut] + noise + whole[cut:])
    data = read_metadata(path)
    assert data is None or data.source in ("GUANO", "AudioMoth", "wamd", "bext")
