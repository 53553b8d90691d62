"""Files as the field leaves them: what is plainly there is heard whole, what is missing is refused with figures."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile as sf

from chorus.errors import DataError
from chorus.reading import Recording, examine
from chorus.reading.flac import _crc
from chorus.reading.mpeg import _frame
from chorus.reading.recording import find_streams

RATE = 48_000


def _noise(seconds: float, seed: int = 0, channels: int = 1, rate: int = RATE) -> np.ndarray:
    return np.random.default_rng(seed).integers(
        -9_000, 9_000, (int(seconds * rate), channels), dtype=np.int16
    )


def _encoded(kind: str, samples: np.ndarray, rate: int = RATE, **options: object) -> bytes:
    buffer = io.BytesIO()
    sf.write(buffer, samples, rate, format=kind, **options)
    return buffer.getvalue()


def _examined(folder, content: bytes, name: str = "a.bin") -> Recording:
    path = folder / str(len(list(folder.iterdir()))) / name
    path.parent.mkdir()
    path.write_bytes(content)
    return examine(path)


def _patched(content: bytes, *changes: tuple[int, bytes]) -> bytes:
    patched = bytearray(content)
    for offset, new in changes:
        patched[offset : offset + len(new)] = new
    return bytes(patched)


def _u32(number: int) -> bytes:
    return struct.pack("<I", number % 2**32)


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + _u32(len(content)) + content + b"\0" * (len(content) % 2)


SOUND = _noise(12)
WAV = _encoded("WAV", SOUND, subtype="PCM_16")
DATA = WAV[44:]
GUANO = _chunk(b"guan", b"GUANO|Version: 1.0\nTimestamp: 2024-03-12T20:30:00\n")
FORM = _chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16))


def _sizes(riff: int, data: int, content: bytes = WAV) -> bytes:
    return _patched(content, (4, _u32(riff)), (40, _u32(data)))


def _rf64(said: int, name: bytes = b"RF64") -> bytes:
    ds64 = struct.pack("<IQQQI", 28, len(DATA) + 72, said, 0, 0)
    return name + b"\xff" * 4 + b"WAVEds64" + ds64 + FORM + b"data" + b"\xff" * 4 + DATA


MENDED = {
    "sizes never written": _sizes(0, 0),
    "size of the data never written": _sizes(len(WAV) - 8, 0),
    "size of a header": _sizes(len(WAV) - 8, 44),
    "written to a pipe": _sizes(-1, -1),
    "written to a pipe, headers taken off": _sizes(-9, -45),
    "written to a pipe by sox": _sizes(0x7FFFFFFF, 0x7FFFFFFF - 36),
    "a quarter is promised": _sizes(len(WAV) - 8, len(DATA) // 4),
    "header half updated": _sizes(36 + len(DATA) // 4, len(DATA) // 4),
    "RIFX": b"RIFX"
    + struct.pack(
        ">I4s4sIHHIIHH4sI", 0, b"WAVE", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16, b"data", 0
    )
    + SOUND.astype(">i2").tobytes(),
    "RF64 never finished": _rf64(0),
    "RF64 with a quarter": _rf64(len(DATA) // 4),
}


@pytest.mark.parametrize("content", MENDED.values(), ids=MENDED)
def test_a_wav_that_promises_too_little_is_heard_whole_and_remarked_on(tmp_path, content):
    found = _examined(tmp_path, content)
    np.testing.assert_array_equal(found.read(), SOUND[:, 0])
    (remark,) = found.remarks
    assert remark.startswith("header wrong: it says ") and remark.endswith(", 12.000 s were read")


AGREES = {
    "plain": WAV,
    "counts its header in": _sizes(len(WAV), len(WAV)),
    "chunks behind": _sizes(len(WAV) + len(GUANO) - 8, len(DATA)) + GUANO,
    "odd chunk without a pad": b"RIFF\0\0\0\0WAVE"
    + FORM
    + b"LIST"
    + _u32(3)
    + b"abc"
    + _chunk(b"data", DATA),
    "a chunk of zeros": b"RIFF\0\0\0\0WAVE"
    + FORM
    + _chunk(b"LIST", b"\0" * 3_932)
    + _chunk(b"data", DATA),
    "zeros behind": WAV + b"\0" * 5_000,
    "RF64": _rf64(len(DATA)),
}


@pytest.mark.parametrize("content", AGREES.values(), ids=AGREES)
def test_a_wav_whose_header_is_right_is_heard_without_a_remark(tmp_path, content):
    found = _examined(tmp_path, content)
    np.testing.assert_array_equal(found.read(), SOUND[:, 0])
    assert found.remarks == ()


def test_metadata_behind_samples_of_unknown_length_is_not_heard(tmp_path):
    found = _examined(tmp_path, _sizes(0, 0) + GUANO)
    np.testing.assert_array_equal(found.read(), SOUND[:, 0])


def test_a_wav_beyond_4_gb_is_heard_whole(tmp_path):
    """Its sizes are what is left of them in 32 bits; the file has holes, and takes no room.

    Where the header has its samples end begin 64 MiB of silence, and then the sound goes on.
    """
    seconds, rate, silence = 5_000, 1_000_000, 64 << 20
    size = seconds * rate
    header = (
        b"RIFF"
        + _u32(size + 36)
        + b"WAVE"
        + _chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, rate, rate, 1, 8))
    )
    with (tmp_path / "a.wav").open("wb") as file:
        file.write(header + b"data" + _u32(size))
        for sample in (size % 2**32 + silence, size - 1):
            file.seek(len(header) + 8 + sample)
            file.write(b"\1")
    with (tmp_path / "a.wav").open("rb") as file:
        layout = find_streams(file)
        with layout.streams[0].open(file) as sound:
            assert sound.frames == size
    assert layout.remarks == ("header wrong: it says 705.033 s, 5000.000 s were read",)


QUARTER = 3 * RATE * 2  # bytes
SHORT = {  # where a header says how long the sound is: text before it, bytes between, and what a quarter is
    "AIFF": [
        (b"COMM", 6, struct.pack(">I", 3 * RATE)),
        (b"SSND", 0, struct.pack(">I", 8 + QUARTER)),
    ],
    "CAF": [(b"data", 0, struct.pack(">q", 4 + QUARTER))],
    "W64": [(b"data\xf3\xac", 10, struct.pack("<q", 24 + QUARTER))],
    "AU": [(b".snd", 4, struct.pack(">I", QUARTER))],
    "NIST": [(b"sample_count -i ", 0, b"144000")],
}


@pytest.mark.parametrize("kind", SHORT)
def test_any_header_that_promises_a_quarter_is_not_believed(tmp_path, kind):
    content = _encoded(kind, SOUND, subtype="PCM_16")
    changes = [
        (content.index(text) + len(text) + between, said) for text, between, said in SHORT[kind]
    ]
    found = _examined(tmp_path, _patched(content, *changes))
    np.testing.assert_array_equal(found.read(), SOUND[:, 0])
    assert found.remarks == ("header wrong: it says 3.000 s, 12.000 s were read",)


@pytest.mark.parametrize(
    "subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"]
)
@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "RF64", "W64", "AIFF", "CAF", "AU", "NIST"])
def test_bare_samples_are_decoded_as_with_their_header(tmp_path, kind, subtype):
    subtype = subtype.replace("PCM_U8", "PCM_S8") if kind in ("CAF", "AU", "NIST") else subtype
    if subtype not in sf.available_subtypes(kind):
        pytest.skip(f"no {subtype} in {kind}")
    content = _encoded(kind, _noise(3, channels=2), 44_100, subtype=subtype)
    whole = _examined(tmp_path, content).read()
    lost = {
        "WAV": lambda: (content.index(b"data") + 4, b"\0" * 4),
        "WAVEX": lambda: (content.index(b"data") + 4, b"\0" * 4),
        "RF64": lambda: (content.index(b"ds64") + 16, b"\0" * 8),
        "W64": lambda: (content.index(b"data\xf3\xac") + 16, b"\0" * 8),
        "AIFF": lambda: (content.index(b"SSND") + 4, b"\0" * 4),
        "CAF": lambda: (content.index(b"data") + 4, b"\xff" * 8),
        "AU": lambda: (8, b"\xff" * 4),
        "NIST": lambda: (content.index(b"sample_count -i ") + 16, b"000000"),
    }[kind]()
    changes = [lost, (content.index(b"COMM") + 10, b"\0" * 4)] if kind == "AIFF" else [lost]
    found = _examined(tmp_path, _patched(content, *changes))
    np.testing.assert_array_equal(found.read()[: len(whole)], whole)
    assert found.seconds == pytest.approx(3 * RATE / 44_100, abs=0.001)
    assert found.remarks[0].startswith("header wrong: it says no length")
    with pytest.raises(
        DataError,
        match=r"^cut off: [01]\.\d+ of 3\.265 s are in the file \([\d,]+ of [\d,]+ bytes\)$",
    ):
        _examined(tmp_path, content[: len(content) // 2])


def _extensible(
    samples: np.ndarray, bits: int, valid: int, *, upper: bool, said: int | None = None
) -> bytes:
    """A WAV of samples of `valid` bits in `bits`, at the upper end of their bytes or at the lower."""
    width = bits // 8
    whole = (samples.astype("<i4") << (bits - valid if upper else 0)).astype("<i4")
    data = whole.view(np.uint8).reshape(-1, 4)[:, :width].tobytes()
    frame = width * samples.shape[1]
    guid = b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    form = (
        struct.pack(
            "<HHIIHHHHIH",
            0xFFFE,
            samples.shape[1],
            RATE,
            RATE * frame,
            frame,
            bits,
            22,
            valid,
            4,
            1,
        )
        + guid
    )
    size = len(data) if said is None else said
    return b"RIFF" + _u32(60 + size) + b"WAVE" + _chunk(b"fmt ", form) + b"data" + _u32(size) + data


@pytest.mark.parametrize("said", [None, 0])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("bits", "valid"), [(32, 24), (24, 20), (32, 16), (16, 12)])
def test_samples_at_the_wrong_end_of_their_bytes_are_as_loud_as_at_the_right_one(
    tmp_path, bits, valid, channels, said
):
    samples = np.random.default_rng(0).integers(
        -(2 ** (valid - 1)), 2 ** (valid - 1), (RATE, channels)
    )
    right = _examined(tmp_path, _extensible(samples, bits, valid, upper=True, said=said))
    wrong = _examined(tmp_path, _extensible(samples, bits, valid, upper=False, said=said))
    np.testing.assert_array_equal(right.read(), wrong.read())
    said_of = [remark for remark in wrong.remarks if remark not in right.remarks]
    times = 2 ** (bits - valid)
    assert said_of == [
        f"justified: samples stand at the wrong end of their bytes, read {times} times louder"
    ]


@pytest.mark.parametrize(("valid", "reach", "loudest"), [(24, 2**15, 128), (32, 2**22, 64)])
def test_a_quiet_recording_at_the_right_end_of_its_bytes_stays_quiet(
    tmp_path, valid, reach, loudest
):
    """Its lowest bits are zero; or the header does not say that any are spare."""
    quiet = np.random.default_rng(0).integers(-reach, reach, (RATE, 1))
    found = _examined(tmp_path, _extensible(quiet, 32, valid, upper=True))
    assert found.remarks == () and np.abs(found.read()).max() == loudest


def _total(content: bytes, samples: int) -> bytes:
    kept = int.from_bytes(content[18:26], "big") >> 36 << 36
    return _patched(content, (18, (kept | samples).to_bytes(8, "big")))


FLAC = _encoded("FLAC", SOUND)


@pytest.mark.parametrize("total", [0, 3 * RATE, 24 * RATE, 2**36 - 1])
@pytest.mark.parametrize("behind", [b"", b"\0" * 1_000, b"TAG" + b"\0" * 125])
@pytest.mark.parametrize("before", [b"", b"ID3\x03\0\0\0\0\x07\x76" + b"\0" * 1_014])
def test_a_flac_that_promises_another_length_is_heard_whole(tmp_path, total, behind, before):
    found = _examined(tmp_path, before + _total(FLAC, total) + behind)
    np.testing.assert_array_equal(found.read(), SOUND[:, 0])
    (remark,) = found.remarks
    assert remark.startswith("header wrong: it says ") and remark.endswith(", 12.000 s were read")


@pytest.mark.parametrize(
    "content", [FLAC, FLAC + b"garbage" * 100, _patched(FLAC, (26, b"\0" * 16))]
)
def test_a_flac_that_promises_what_it_holds_is_heard_without_a_remark(tmp_path, content):
    found = _examined(tmp_path, content)
    np.testing.assert_array_equal(found.read(), SOUND[:, 0])
    assert found.remarks == ()


@pytest.mark.parametrize("before", [b"", b"ID3\x03\0\0\0\0\x07\x76" + b"\0" * 1_014])
@pytest.mark.parametrize(
    ("channels", "subtype"), [(1, "PCM_S8"), (2, "PCM_16"), (1, "PCM_24"), (3, "PCM_24")]
)
def test_a_flac_that_is_not_the_sound_of_its_check_sum_is_refused(
    tmp_path, channels, subtype, before
):
    """Each of its frames has a sum of its own, and is whole: they are those of another sound."""
    content = before + _encoded("FLAC", _noise(2, channels=channels), subtype=subtype)
    assert _examined(tmp_path, content).remarks == ()
    other = _encoded("FLAC", _noise(2, seed=1, channels=channels), subtype=subtype)
    with pytest.raises(
        DataError, match=r"^damaged: what is decoded is not the sound .* check sum \(MD5\)$"
    ):
        _examined(tmp_path, _patched(content, (len(before) + 26, other[26:42])))


def test_of_flac_files_put_together_each_has_its_check_sum(tmp_path):
    other = _encoded("FLAC", _noise(3, 1))
    assert _examined(tmp_path, FLAC + other).seconds == 15
    with pytest.raises(DataError, match=r"^damaged: .* check sum \(MD5\)$"):
        _examined(tmp_path, FLAC + _patched(other, (26, FLAC[26:42])))


def test_what_only_looks_like_a_header_within_the_last_frame_cuts_no_flac_off(tmp_path):
    header = b"\xff\xf8\xca\x08\x05"  # 4096 samples at 48 kHz, mono, 16 bits, frame 5; then its check sum
    header += bytes([_crc(header, 8, 0x07)])
    samples = np.random.default_rng(0).integers(-32_768, 32_768, 9_000).astype(np.int16)
    samples[-300:-297] = np.frombuffer(header, ">i2")
    content = _encoded("FLAC", samples)
    assert header in content  # noise this loud is kept as it is
    np.testing.assert_array_equal(_examined(tmp_path, content).read(), samples)


@pytest.mark.parametrize("total", [0, 12 * RATE, 2**36 - 1])
def test_a_flac_that_ends_within_a_frame_is_refused(tmp_path, total):
    with pytest.raises(
        DataError, match=r"^cut off: 5\.\d+ s of .* are in the file, which ends within a frame$"
    ):
        _examined(tmp_path, _total(FLAC, total)[: len(FLAC) // 2])


@pytest.mark.parametrize("true", [44_100, 48_000, 37_286, 250_000])
def test_a_flac_of_another_rate_than_its_frames_is_refused(tmp_path, true):
    content = _encoded("FLAC", SOUND[:9_000], true)
    assert _examined(tmp_path, content).parts[0].rate == true
    packed = int.from_bytes(content[18:26], "big") & (1 << 44) - 1 | 8_000 << 44
    with pytest.raises(
        DataError, match=f"^header and file disagree: 8,000 Hz promised, {true:,} Hz in the frames$"
    ):
        _examined(tmp_path, _patched(content, (18, packed.to_bytes(8, "big"))))


@pytest.mark.parametrize(("channels", "subtype"), [(1, "PCM_S8"), (2, "PCM_16"), (8, "PCM_24")])
def test_the_length_of_any_flac_is_found(tmp_path, channels, subtype):
    content = _encoded("FLAC", _noise(3.3, channels=channels), 22_050, subtype=subtype)
    whole, found = _examined(tmp_path, content), _examined(tmp_path, _total(content, 0))
    assert found.seconds == whole.seconds == pytest.approx(3.3 * RATE / 22_050, abs=1e-4)
    np.testing.assert_array_equal(found.read(), whole.read())


MP3 = _encoded("MP3", SOUND)
OGG = _encoded("OGG", SOUND)
OPUS = _encoded("OGG", SOUND, subtype="OPUS")
OTHER = {
    "FLAC": _encoded("FLAC", _noise(6, 1, channels=2), 24_000),
    "OGG": _encoded("OGG", _noise(6, 1, channels=2), 24_000),
    "MP3": _encoded("MP3", _noise(6, 1, channels=2), 24_000),
    "WAV": _encoded("WAV", _noise(6, 1, channels=2), 24_000),
}


@pytest.mark.parametrize(
    ("kind", "first"), [("FLAC", FLAC), ("OGG", OGG), ("OGG", OPUS), ("MP3", MP3), ("WAV", WAV)]
)
def test_files_put_together_are_heard_one_after_the_other(tmp_path, kind, first):
    found = _examined(tmp_path, first + OTHER[kind] + first)
    heard = found.read()
    one, two = _examined(tmp_path, first).read(), _examined(tmp_path, OTHER[kind]).read()
    np.testing.assert_array_equal(heard, np.concatenate([one, two, one]))
    assert len(one) == 12 * RATE and len(two) == 12 * RATE
    assert found.seconds == 36 and any(
        remark.startswith("several streams: ") for remark in found.remarks
    )


def test_a_season_of_wav_files_put_together_is_heard(tmp_path):
    clip = _encoded("WAV", _noise(0.01))
    assert _examined(tmp_path, clip * 1_500).seconds == pytest.approx(15)


def _pages() -> list[int]:
    """Where the pages of OGG begin."""
    places = [0]
    while (place := OGG.find(b"OggS", places[-1] + 1)) > 0:
        places.append(place)
    return places


PAGES = _pages()
DAMAGED = {
    "OGG, half": (
        OGG[: len(OGG) // 2],
        r"^cut off: the last OGG page, at byte [\d,]+ of [\d,]+, is incomplete$",
    ),
    "Opus, half": (OPUS[: len(OPUS) // 2], "^cut off: the last OGG page"),
    "OGG, a page lost": (
        OGG[: PAGES[4]] + OGG[PAGES[5] :],
        "^damaged: 1 OGG pages are missing before byte",
    ),
    "OGG, a byte changed": (
        _patched(OGG, (len(OGG) // 2, b"\0\1\2")),
        r"^damaged: .* \(check sum\)$",
    ),
    "OGG, bytes between": (
        OGG[: PAGES[4]] + b"\0" * 99 + OGG[PAGES[4] :],
        "^damaged: no OGG page at byte",
    ),
    "MP3, half": (MP3[: len(MP3) // 2], "^cut off: "),
    "MP3, zeros within": (
        _patched(MP3, (50_000, b"\0" * 5_000)),
        r"^damaged: [\d,]+ bytes from byte [\d,]+ on, of",
    ),
    "MP3, a piece lost": (MP3[:30_000] + MP3[33_333:], "^damaged: "),
    "FLAC, a piece lost": (FLAC[:300_000] + FLAC[333_333:], "^(unreadable|damaged): "),
    "FLAC, a byte changed": (_patched(FLAC, (300_000, b"\0\1\2")), "^unreadable: "),
}


def _nist(*fields: bytes) -> bytes:
    """The sound as SPHERE, the fields in place of those of their names."""
    content = _encoded("NIST", SOUND)
    known = {line.split(b" ")[0]: line for line in content[16:1024].splitlines() if b" -" in line}
    known |= {field.split(b" ")[0]: field for field in fields}
    header = b"\n".join([b"NIST_1A\n   1024", *known.values(), b"end_head\n"])
    return header.ljust(1024) + content[1024:]


def test_a_sphere_header_may_name_a_speaker_in_latin_1(tmp_path):
    found = _examined(tmp_path, _nist("speaker_name -s4 J\xf6rg".encode("latin-1")))
    np.testing.assert_array_equal(found.read(), SOUND[:, 0])


BEYOND = {
    "NIST without a rate": _nist(b"sample_rate -i 0", b"sample_count -i 5"),
    "CAF, a chunk of all that 64 bits hold": b"caff\0\1\0\0"
    + struct.pack(">4sq", b"free", 2**63 - 1),
    "W64, a chunk of all that 64 bits hold": _encoded("W64", SOUND)[:40]
    + b"junk".ljust(16, b"\xac")
    + struct.pack("<q", 2**63 - 1),
    "WAV, a rate of 4 GHz, and no length": _patched(
        _sizes(0, 0), (24, b"\x7f\xff\xff\xff"), (32, b"\2\0")
    ),
    "CAF, 4 billion channels": b"caff\0\1\0\0"
    + struct.pack(">4sqd4sIIIII", b"desc", 32, RATE, b"lpcm", 2, 2, 1, 2**32 - 1, 16)
    + struct.pack(">4sqI", b"data", -1, 0)
    + DATA,
    "MP3, cut off within a count": MP3 + MP3[:26],
    "RF64, sizes cut off": b"RF64\xff\xff\xff\xffWAVE"
    + FORM
    + b"ds64\0\0\0\0data\xff\xff\xff\xffab",
}


@pytest.mark.parametrize("content", BEYOND.values(), ids=BEYOND)
def test_a_header_beyond_all_bounds_is_a_reason_and_no_traceback(tmp_path, content):
    with pytest.raises(DataError, match=r"^(unreadable|too short|not supported|damaged|cut off): "):
        _examined(tmp_path, content)


@pytest.mark.parametrize(("content", "reason"), DAMAGED.values(), ids=DAMAGED)
def test_what_is_damaged_is_refused(tmp_path, content, reason):
    with pytest.raises(DataError, match=reason):
        _examined(tmp_path, content)


def test_an_ogg_without_an_end_mark_is_heard_and_remarked_on(tmp_path):
    found = _examined(tmp_path, OGG[: PAGES[-1]])
    assert 11 < found.seconds < 12
    assert found.remarks == ("no end mark: the OGG stream ends without one, perhaps too early",)


def _frames(content: bytes) -> list[int]:
    """Where the frames of an MP3 begin, one behind the other to its end."""
    file, places, position = io.BytesIO(content), [], 0
    while frame := _frame(file, position):
        places.append(position)
        position += frame.length
    assert position == len(content)
    return places


TAG = b"ID3\x03\0\0\0\0\x07\x76" + b"\xff\xfb\x90" * 338


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_an_mp3_without_a_count_of_its_frames_is_heard_whole(tmp_path, mode):
    """The decoder alone guesses from the first frame, and stops after a third."""
    loudness = np.linspace(0, 1, 12 * RATE)[:, None]
    content = _encoded(
        "MP3", (SOUND * loudness).astype(np.int16), bitrate_mode=mode, compression_level=0.5
    )
    whole = _examined(tmp_path, content)
    places = _frames(content)
    found = _examined(tmp_path, content[places[1] :])
    assert whole.seconds == 12 and found.seconds == pytest.approx(
        12, abs=0.05
    )  # delay and padding of the encoder
    heard, part = found.read().astype(float)[300_000:], whole.read().astype(float)[300_000:320_000]
    shifts = {
        shift: np.corrcoef(heard[shift : shift + 20_000], part)[0, 1] for shift in range(2_400)
    }
    assert max(shifts.values()) > 0.999
    with pytest.raises(
        DataError, match=r"^cut off: the last MP3 frame, at byte [\d,]+ of [\d,]+, is incomplete$"
    ):
        _examined(tmp_path, content[places[1] : -20])


def test_tags_within_an_mp3_are_left_out(tmp_path):
    place = _frames(MP3)[200]
    found = _examined(tmp_path, TAG + MP3[:place] + TAG + MP3[place:] + b"TAG" + b"\0" * 125)
    np.testing.assert_array_equal(found.read(), _examined(tmp_path, MP3).read())


def test_an_mp3_of_which_frames_are_missing_is_refused(tmp_path):
    places = _frames(MP3)
    with pytest.raises(DataError, match=r"^cut off: 401 of 501 MP3 frames are in the file$"):
        _examined(tmp_path, MP3[: places[200]] + MP3[places[300] :])


def _message(count: int) -> np.ndarray:
    """What AudioMoth writes in the place of `count` times 256 samples."""
    block = np.zeros(256, np.int16)
    block[:32] = [1 if count >> bit & 1 else -1 for bit in range(32)]
    return block


@pytest.mark.parametrize("rate", [8_000, 48_000])
@pytest.mark.parametrize(
    "length", [2_560, 250_000]
)  # aligned to 256 samples, and not; a block is 262,144 long
def test_what_audiomoth_left_out_is_put_back_as_zeros(tmp_path, monkeypatch, rate, length):
    calls = [_noise(length / rate, seed, rate=rate)[:, 0] for seed in range(3)]
    silences = [np.zeros(256 * count, np.int16) for count in (500, 3, 1_000)]
    written = np.concatenate(
        [_message(500), calls[0], _message(3), _message(1_000), calls[1], calls[2]]
    )
    expanded = np.concatenate([silences[0], calls[0], *silences[1:], calls[1], calls[2]])
    sf.write(tmp_path / "plain.wav", expanded, rate)
    expected = examine(tmp_path / "plain.wav")
    sf.write(tmp_path / "20240312_203000T.WAV", written, rate)
    for block in (1 << 18, 1_000):
        monkeypatch.setattr("chorus.reading.recording._BLOCK_SAMPLES", block)
        found = examine(tmp_path / "20240312_203000T.WAV")
        np.testing.assert_array_equal(found.read(), expected.read())
        assert found.seconds == expected.seconds == len(expanded) / rate
        assert found.remarks == (
            "triggered: AudioMoth left out silence in 3 places, put back as zeros",
        )


FOREIGN = {
    "._a.wav": (
        bytes.fromhex("0005160700020000") + b"Mac OS X        " + b"\0" * 4_072,
        "no audio: what macOS keeps",
    ),
    "lfs.wav": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        "no audio: a git-lfs pointer",
    ),
    "annex.wav": (
        b"../.git/annex/objects/xx/yy/SHA256E-s1--0.wav",
        "no audio: a git-annex pointer",
    ),
    "page.wav": (b"\n<!DOCTYPE html><html><body>404</body></html>", "no audio: a web page"),
    "text.flac": ("Fröhliche Frösche\n" * 500, "no audio: a text"),
    "zip.wav": (b"PK\x03\x04" + b"\1" * 99, "no audio: a zip archive"),
    "zeros.wav": (b"\0" * 131_072, "no audio: nothing but zeros"),
    "phone.m4a": (b"\0\0\0\x20ftypM4A \0\0\0\0" + b"\1" * 99, "not supported: MP4, M4A or MOV"),
    "a.aac": (b"\xff\xf1\x50\x80" + b"\1" * 99, "not supported: AAC"),
    "a.avr": (
        _encoded("AVR", SOUND),
        "not supported: AVR, of which nobody can tell whether it is whole",
    ),
    "adpcm.wav": (_encoded("WAV", SOUND, subtype="IMA_ADPCM")[:99_999], "cut off: 99,939 of"),
    "bw.wav": (_rf64(len(DATA), b"BW64"), "not supported: BW64"),
    "noise.wav": (np.random.default_rng(0).bytes(300_000), "unreadable: Format not recognised"),
    "noise.mp3": (b"\xff\xfb\x90\0" + np.random.default_rng(0).bytes(300_000), "unreadable: "),
    "noise.vox": (np.random.default_rng(0).bytes(300_000), "unreadable: Format not recognised"),
    "empty.wav": (b"", "empty file"),
    "header.wav": (WAV[:44], "cut off: 0.000 of 12.000 s"),
    "few.wav": (WAV[:20], "unreadable: "),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_no_audio_is_named(tmp_path, name):
    content, reason = FOREIGN[name]
    with pytest.raises(DataError) as error:
        _examined(tmp_path, content.encode() if isinstance(content, str) else content, name)
    assert str(error.value).startswith(reason)


@pytest.mark.parametrize("seed", range(20))
def test_any_damage_ends_in_sound_or_in_a_reason(tmp_path, seed):
    """Whatever is done to a file, nothing but a DataError comes of it, and no file of 12 s becomes a day."""
    rng = np.random.default_rng(seed)
    kinds = {
        "a.wav": WAV, "a.flac": FLAC, "a.mp3": MP3, "a.ogg": OGG, "b.ogg": OPUS, "a.rf64": _rf64(len(DATA)),
        "a.aiff": _encoded("AIFF", SOUND), "a.caf": _encoded("CAF", SOUND), "a.w64": _encoded("W64", SOUND),
        "a.au": _encoded("AU", SOUND),
    }  # fmt: skip
    for name, content in kinds.items():
        damaged = bytearray(content)
        for _ in range(rng.integers(1, 6)):
            place = int(rng.integers(0, 100 if rng.random() < 0.7 else len(damaged)))
            damaged[place : place + 4] = rng.bytes(4)
        if rng.random() < 0.3:
            del damaged[int(rng.integers(1, len(damaged))) :]
        try:
            found = _examined(tmp_path, bytes(damaged), name)
        except DataError:
            continue
        assert found.read().dtype == np.int16
