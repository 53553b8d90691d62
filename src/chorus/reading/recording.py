"""A recording in a file: examined from end to end first, then heard as mono PCM at 48 kHz, or as asked, in blocks."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile as sf
import soxr

from chorus.audio import to_pcm
from chorus.clips import SAMPLE_RATE
from chorus.errors import DataError
from chorus.reading.apple import aiff_layout, au_layout, caf_layout
from chorus.reading.channels import SILENCE, Levels, choose
from chorus.reading.faults import raise_unless_own
from chorus.reading.flac import flac_layout
from chorus.reading.foreign import CONVERT, name_foreign
from chorus.reading.layout import Layout, Stream, whole
from chorus.reading.mpeg import id3_length, mp3_layout
from chorus.reading.nist import nist_layout
from chorus.reading.ogg import ogg_layout
from chorus.reading.riff import is_w64, w64_layout, wav_layout
from chorus.reading.triggered import expand

RATES = (1_000, 1_000_000)  # Hz; outside, the header is damaged
_CHECKED = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "CAF", "AU", "FLAC", "OGG", "MP3", "NIST", "RAW")
MOST_CHANNELS = 64
MOST_HOURS = 48  # a recorder's file has 24 at the most; what claims more is damaged
_SEEKING = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "CAF", "AU", "FLAC", "NIST", "RAW")
_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}  # a sample has
# Decoded as whole numbers, which is much faster than as floats and gives the same.
_WHOLE = "PCM_16"
_FULL_SCALE = 32_768
_LINEAR = ("PCM", "FLOAT", "DOUBLE")  # codings in which each frame stands by itself
_BLOCK_SAMPLES = 1 << 18  # of all channels, read at once
_CLIPPED = 0.001  # share of samples at full scale, from which on a clip is called clipped
_OFFSET = 0.01  # of full scale


@dataclass(frozen=True)
class Part:
    """A stream of a recording, and how it is heard.

    channels: those of which the mean is heard. gain: what the mean is multiplied with.
    triggered: whether messages stand for silence in it.
    frames, rate: its length, silences included, in samples at its own rate in Hz.
    """

    stream: Stream
    channels: tuple[int, ...]
    gain: float
    triggered: bool
    frames: int
    rate: int


@dataclass(frozen=True)
class Recording:
    """A file that was found sound: its parts, one after the other, its length in seconds, and what was noticed."""

    path: Path
    parts: tuple[Part, ...]
    seconds: float
    remarks: tuple[str, ...]

    def blocks(
        self, onset: float = 0.0, end: float = math.inf, *, rate: int = SAMPLE_RATE
    ) -> Iterator[np.ndarray]:
        """The sound as int16, in blocks of any length.

        The samples of a mono 16-bit file at that rate are unchanged. Blocks leave no seams: the samples do not depend
        on the blocks' length. A piece is cut at the file's own rate, and sounds as a file of its own would.

        Args:
            onset, end: the piece that is wanted, in seconds; what lies before is skipped, or passes by.
            rate: in Hz.
        """
        with _open(self.path) as file:
            for part in self.parts:
                first, last = _frame(onset, part), _frame(end, part)
                if first < last:
                    yield from _heard(file, part, first, last, rate)
                # The next part begins where this one ends.
                length = part.frames / part.rate
                onset, end = onset - length, end - length

    def can_enter(self) -> bool:
        """Whether `blocks` from a later onset reads nothing of what lies before, and sounds as reading on would."""
        with _open(self.path) as file:
            return len(self.parts) == 1 and self._enters(file)

    def _enters(self, file: BinaryIO) -> bool:
        (part,) = self.parts
        with part.stream.open(file) as sound:
            return _seeks_exactly(sound, part)

    def read(self) -> np.ndarray:
        """All of it, int16 (n,) at 48 kHz."""
        return np.concatenate(list(self.blocks()))


# told of each block as it is decoded: int16 of 16-bit files, float32 of others, (frames, channels)
Listener = Callable[[sf.SoundFile, np.ndarray], None]


def examine(path: Path, *, min_seconds: float = 0.0, listener: Listener | None = None) -> Recording:
    """Read a file to its end, and see whether what is decoded, what was promised and what lies in it agree.

    Args:
        path: WAV (RIFX, RF64, BW64, W64), FLAC, MP3, OGG (Vorbis, Opus, FLAC), AIFF, CAF, AU, ...
        min_seconds: what is shorter is refused.
        listener: hears all of it, whether or not it is found sound in the end.

    Raises:
        DataError: it is empty, no audio, cut off, damaged, not finite, silent, too short, or claims what cannot be. The
            text begins with the kind, up to a colon, and does not name the file.
        ChorusError: what hinders is no fault of the file's (`chorus.reading.faults`).
    """
    with _open(path) as file:
        layout = find_streams(file, path.suffix)
        parts = []
        remarks = list(layout.remarks)
        seconds = 0.0
        sounding = False
        for stream in layout.streams:
            part, levels, length, noticed = _examine_stream(
                file, stream, MOST_HOURS * 3600 - seconds, listener
            )
            parts.append(part)
            remarks += noticed
            seconds += length
            sounding |= bool((levels.high - levels.low > SILENCE).any())
    if seconds == 0 or seconds < min_seconds:
        raise DataError(f"too short: {seconds:.3g} s of at least {min_seconds:g} s")
    if not sounding:
        raise DataError("silent")
    # Each remark once, in order: files that were put together mostly have the same faults.
    return Recording(path, tuple(parts), seconds, tuple(dict.fromkeys(remarks)))


def find_streams(file: BinaryIO, suffix: str = "") -> Layout:
    """What lies where in an open file.

    Args:
        suffix: of its name, as ".mp3"; only for files that begin with neither a header nor a tag.

    Raises:
        DataError: it is empty, no audio, cut off, or of a format that nothing here reads.
    """
    if suffix.lower() == ".raw":
        raise DataError("unreadable: a .raw file does not say its sample rate")
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(4096)
    if not head:
        raise DataError("empty file")
    begin, mark = 0, head[:4]
    if head[:3] == b"ID3" and len(head) > 10:
        begin = 10 + id3_length(head[6:10])
        file.seek(begin)
        mark = file.read(4)
    # By what it holds and not by its name: a FLAC file called .wav is a FLAC file.
    if mark == b"fLaC":
        return flac_layout(file, size, begin)
    if begin or mark[:1] == b"\xff" or suffix.lower() in (".mp3", ".mp2"):
        layout = mp3_layout(file, size)
        if layout is not None:
            return layout
    if reason := name_foreign(head):
        raise DataError(reason)
    if mark in (b"RIFF", b"RIFX", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return wav_layout(file, size)
    if is_w64(head):
        return w64_layout(file, size)
    if mark == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return aiff_layout(file, size)
    if mark == b"caff":
        return caf_layout(file, size)
    if mark in (b".snd", b"dns."):
        return au_layout(file, size)
    if mark == b"OggS":
        return ogg_layout(file, size)
    if head[:7] == b"NIST_1A":
        return nist_layout(head, size)
    return whole(size)


def _examine_stream(
    file: BinaryIO, stream: Stream, most_seconds: float, listener: Listener | None
) -> tuple[Part, Levels, float, list[str]]:
    """How a stream is to be heard, its levels, its length in seconds, and what was noticed."""
    # Before it is opened: what does not fit a C integer is an error of Python's there, and not of the file.
    if stream.coding:
        _refuse_impossible(stream.coding.rate, stream.coding.channels)
    scale = _scale(file, stream)
    with stream.open(file) as sound:
        _refuse_absurd(sound, most_seconds)
        levels = Levels(sound.channels)
        may_be_triggered = sound.channels == 1 and sound.subtype == "PCM_16"
        silences = 0
        frames = 0
        for piece in _examined(sound, stream, scale, levels, may_be_triggered, listener):
            if isinstance(piece, int):  # the length of a silence that the recorder left out
                silences += 1
                frames += piece
            else:
                frames += len(piece)
            _refuse_long(frames / sound.samplerate, most_seconds)
        _refuse_fewer(levels.frames, sound)
        channels, remark = choose(levels)
        remarks = []
        if remark:
            remarks.append(remark)
        if silences:
            remarks.append(
                f"triggered: AudioMoth left out silence in {silences} places, put back as zeros"
            )
        if scale > 1:
            remarks.append(
                f"justified: samples stand at the wrong end of their bytes, read {scale:.0f} times louder"
            )
        gain = _gain(levels, channels, remarks)
        _notice(levels, channels, gain, remarks)
        part = Part(stream, tuple(channels), gain * scale, silences > 0, frames, sound.samplerate)
        return part, levels, frames / sound.samplerate, remarks


def _examined(
    sound: sf.SoundFile, stream: Stream, scale: float, levels: Levels, may_be_triggered: bool,
    listener: Listener | None,
) -> Iterator[np.ndarray | int]:  # fmt: skip
    """The sound, added to the levels on its way; of a triggered recording also the lengths of its silences."""

    def measured() -> Iterator[np.ndarray]:
        # FLAC's own choice; machines with FIPS's rules refuse MD5 unless they are told that it guards nothing.
        heard = hashlib.md5(usedforsecurity=False)
        summed = bool(stream.md5) and sound.subtype in _BITS
        for decoded in _decoded(sound):
            block = _as_floats(decoded)
            if not np.isfinite(block).all():
                raise DataError("NaN or infinite samples")
            if listener:
                listener(sound, decoded)
            if summed:
                heard.update(_as_stored(decoded, _BITS[sound.subtype]))
            if scale == 1:
                levels.add(block)
            else:
                levels.add(block * np.float32(scale))
            yield block
        # Of sound that ends too early the sum must differ: `_refuse_fewer` says so with figures.
        if summed and levels.frames >= sound.frames and heard.digest() != stream.md5:
            raise DataError(
                "damaged: what is decoded is not the sound of which the file holds the check sum (MD5)"
            )

    if may_be_triggered:
        return expand(block[:, 0] for block in measured())
    return measured()


def _as_stored(decoded: np.ndarray, bits: int) -> bytes | memoryview:
    """Samples as FLAC takes their check sum: little-endian whole numbers, one behind the other."""
    if decoded.dtype == np.int16:
        return np.ascontiguousarray(decoded, "<i2").data.cast("B")
    whole = (decoded * np.float32(1 << bits - 1)).astype("<i4")
    return whole.view(np.uint8).reshape(-1, whole.itemsize)[:, : bits // 8].tobytes()


def _scale(file: BinaryIO, stream: Stream) -> float:
    """What brings samples to full scale that stand at the wrong end of their bytes.

    A sample of fewer bits than its bytes hold belongs to the upper end, with zeros below (WAVE_FORMAT_EXTENSIBLE). Some
    programs write it to the lower end. That shows where the lower bits are used, and the upper ones never are.
    """
    if not stream.spare_bits:
        return 1.0
    loudest, fits = 2.0**-stream.spare_bits, True
    with stream.open(file) as sound:
        if sound.subtype not in _BITS:
            return 1.0
        whole = np.float32(2.0 ** (_BITS[sound.subtype] - 1 - stream.spare_bits))
        for block in _blocks(sound):
            if np.abs(block).max() > loudest:
                return 1.0
            fits = fits and not (block * whole % 1).any()
    if fits:
        return 1.0
    return 1 / loudest


def _refuse_absurd(sound: sf.SoundFile, most_seconds: float) -> None:
    if sound.format not in _CHECKED:
        raise DataError(
            f"not supported: {sound.format}, of which nobody can tell whether it is whole: {CONVERT}"
        )
    _refuse_impossible(sound.samplerate, sound.channels)
    _refuse_long(sound.frames / sound.samplerate, most_seconds)


def _refuse_impossible(rate: int, channels: int) -> None:
    if not RATES[0] <= rate <= RATES[1]:
        raise DataError(
            f"unreadable: a sample rate of {rate} Hz, outside {RATES[0]:,} to {RATES[1]:,}"
        )
    if not 1 <= channels <= MOST_CHANNELS:
        raise DataError(f"unreadable: {channels} channels, of {MOST_CHANNELS} at the most")


def _refuse_long(seconds: float, most_seconds: float) -> None:
    if seconds > most_seconds:
        raise DataError(
            f"too long: more than {MOST_HOURS} h, which no recorder writes into one file"
        )


def _refuse_fewer(decoded: int, sound: sf.SoundFile) -> None:
    """Refuse a file of which the decoder gives less than it found at first.

    An MP3's length is known to a few frames of 1152 samples only.
    """
    spare = 0
    if sound.format == "MP3":
        spare = 4 * 1152
    if decoded < sound.frames - spare:
        rate = sound.samplerate
        raise DataError(
            f"damaged: {decoded / rate:.3f} of {sound.frames / rate:.3f} s can be decoded "
            f"({decoded:,} of {sound.frames:,} frames)"
        )


def _gain(levels: Levels, channels: list[int], remarks: list[str]) -> float:
    """What brings a recording that has no full scale (32-bit float) into it."""
    # A few samples beyond full scale are clipped, as any converter would have: all else stays as loud as it was.
    beyond = int(levels.beyond[channels].max())
    peak = float(levels.peak[channels].max())
    if beyond <= _CLIPPED * levels.frames:
        return 1.0
    share = beyond / levels.frames
    remarks.append(
        f"beyond full scale: {share:.1%} of the samples, scaled down by {20 * np.log10(peak):.1f} dB"
    )
    return 1 / peak


def _notice(levels: Levels, channels: list[int], gain: float, remarks: list[str]) -> None:
    """Add what is amiss with the channels that are heard."""
    clipped = int(levels.at_rail[channels].max())
    if clipped > _CLIPPED * levels.frames and not levels.beyond[channels].any():
        remarks.append(f"clipped: {clipped / levels.frames:.1%} of the samples are at full scale")
    offset = float(levels.mean[channels].mean()) * gain
    if abs(offset) > _OFFSET:
        remarks.append(f"offset: the mean is {offset:.1%} of full scale, not 0")


def _frame(seconds: float, part: Part) -> int:
    """The frame of a part that is nearest to a time."""
    return round(min(max(0.0, seconds) * part.rate, part.frames))


def _heard(file: BinaryIO, part: Part, first: int, last: int, rate: int) -> Iterator[np.ndarray]:
    """The frames from `first` up to `last` of a part."""
    with part.stream.open(file) as sound:
        skipped = 0
        if first and _seeks_exactly(sound, part):
            skipped = first
            sound.seek(skipped)
        mono = _between(_mono(sound, part), first - skipped, last - skipped)
        if sound.samplerate == rate:
            yield from map(to_pcm, mono)
            return
        resampler = soxr.ResampleStream(sound.samplerate, rate, 1, dtype="float32", quality="HQ")
        # Resampled a block is so much longer: of a low rate it would be of many minutes.
        most = max(1, _BLOCK_SAMPLES * sound.samplerate // rate)
        for block in mono:
            for begin in range(0, len(block), most):
                yield to_pcm(resampler.resample_chunk(block[begin : begin + most]))
        yield to_pcm(resampler.resample_chunk(np.zeros(0, np.float32), last=True))


def _seeks_exactly(sound: sf.SoundFile, part: Part) -> bool:
    """Whether sound behind a jump is that of reading on: not where frames depend on those before, as in an MP3."""
    return sound.format in _SEEKING and sound.subtype.startswith(_LINEAR) and not part.triggered


def _between(blocks: Iterable[np.ndarray], first: int, last: int) -> Iterator[np.ndarray]:
    position = 0
    for block in blocks:
        piece = block[max(0, first - position) : last - position]
        position += len(block)
        if len(piece):
            yield piece
        if position >= last:
            return


def _mono(sound: sf.SoundFile, part: Part) -> Iterator[np.ndarray]:
    """The mean of the channels that are heard, float32 blocks of shape (frames,)."""
    means = (_mean(block, part.channels) for block in _blocks(sound))
    if part.triggered:
        for piece in expand(means):
            if isinstance(piece, int):
                for count in _in_steps(piece):
                    yield np.zeros(count, np.float32)
            else:
                yield piece
        return
    for mean in means:
        if part.gain != 1:
            mean = mean * np.float32(part.gain)
        yield mean


def _mean(block: np.ndarray, channels: tuple[int, ...]) -> np.ndarray:
    """Over some channels; of one it is that one, which costs no copy."""
    if len(channels) == 1:
        return block[:, channels[0]]
    mean: np.ndarray = block[:, channels].mean(axis=1)
    return mean


def _in_steps(count: int) -> Iterator[int]:
    while count > 0:
        yield min(count, _BLOCK_SAMPLES)
        count -= _BLOCK_SAMPLES


def _blocks(sound: sf.SoundFile) -> Iterator[np.ndarray]:
    """Blocks of float32, each of shape (frames, channels)."""
    return map(_as_floats, _decoded(sound))


def _decoded(sound: sf.SoundFile) -> Iterator[np.ndarray]:
    """The same blocks, of 16-bit files as int16."""
    frames = max(1, _BLOCK_SAMPLES // sound.channels)
    kind = "float32"
    if sound.subtype == _WHOLE:
        kind = "int16"
    while len(block := sound.read(frames, dtype=kind, always_2d=True)):
        yield block


def _as_floats(decoded: np.ndarray) -> np.ndarray:
    """With full scale at 1; exact, as that of whole numbers is a power of two."""
    if decoded.dtype == np.float32:
        return decoded
    floats: np.ndarray = decoded * np.float32(1 / _FULL_SCALE)
    return floats


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    """The file; what can go wrong in reading it becomes one sentence that does not name it."""
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise_unless_own(error, path)
        raise DataError(f"unreadable: {error.strerror or error}") from None
    except sf.LibsndfileError as error:
        raise DataError(
            f"unreadable: {error.error_string.removeprefix('Error : ').rstrip('.')}"
        ) from None
