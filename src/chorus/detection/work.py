"""What workers do: examine a recording, and score a piece of it. Plain functions that any executor can call.

A unit of work is named after what it depends on (`Unit.key`): the file's content, the piece, how sound is
cut and read, and the model. Doing it twice, on whatever machine, gives the same result under the same name.
"""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np
import soundfile as sf

from chorus import encoders
from chorus.detection import cutting as cutting_module
from chorus.detection.cutting import Cutting, Piece, windows
from chorus.detection.faults import own_reason
from chorus.detection.model import Detector
from chorus.encoders import EncodeOptions, Encoder
from chorus.encoders import windows as encoder_windows
from chorus.encoders.windows import batches
from chorus.errors import DataError, ModelError
from chorus.reading import Listener, Recording, examine
from chorus.reading.spool import Spool
from chorus.survey.memory import Version, hash_file, reader_id, version_of

# Compressed: decoding takes a tenth of the time that scoring does, and is not done twice.
DEAR = (".flac", ".mp3", ".mp2", ".ogg", ".oga", ".opus")
_FORMAT = "detection-1"  # raise the number when logits are kept or made differently


@dataclass(frozen=True)
class Examined:
    """What a file was found to be: recording, or None and the reason why it is of no use.

    divisible: whether its pieces can be scored apart (`Recording.can_enter`). sha256: of its bytes, "" when it
    cannot be read. version: see `chorus.survey.memory.version_of`. working: processor seconds that this took.
    """

    path: Path
    recording: Recording | None
    divisible: bool
    reason: str
    sha256: str
    version: Version | None
    working: float


@dataclass(frozen=True)
class Scored:
    """float32 logits (windows, classes) of a piece, or None and the reason why there are none.

    encoding, working: processor seconds that the encoder, and everything but loading it, took.
    """

    logits: np.ndarray | None
    reason: str
    encoding: float
    working: float


@dataclass(frozen=True)
class Identified:
    """sha256 of a file's bytes, "" when it cannot be read; version, working: see `Examined`."""

    sha256: str
    version: Version | None
    working: float


@dataclass(frozen=True)
class Whole:
    """A file that was examined and, where it was found sound and is not too long, scored: all its pieces, or none."""

    examined: Examined
    scored: dict[Piece, Scored]


def examine_file(
    path: Path,
    min_seconds: float,
    listener: Listener | None = None,
    known: Identified | None = None,
) -> Examined:
    """Read a file to its end; never raises for what the file is.

    Args:
        listener: hears all of it (`chorus.reading.examine`).
        known: its hash, which is not taken anew unless the file has changed.

    Raises:
        ChorusError: what hinders is no fault of the file's (`chorus.detection.faults`).
    """
    # The version before the reading: a file that changes while it is read is then one that is not known.
    begin = time.thread_time()
    version = version_of(path)
    recording, divisible, reason, sha256 = None, False, "", ""
    try:
        recording = examine(path, min_seconds=min_seconds, listener=listener)
        divisible = recording.can_enter()
        unchanged = known is not None and version is not None and version == known.version
        # Whoever could not read the file a moment ago has no hash of it: "" would be the name of many contents.
        sha256 = known.sha256 if known and unchanged else ""
        sha256 = sha256 or hash_file(path)
    except (DataError, OSError) as error:
        recording, reason = None, own_reason(error, path)
    return Examined(path, recording, divisible, reason, sha256, version, time.thread_time() - begin)


def identify(path: Path) -> Identified:
    """By which content a file may be known under another name; never raises for what the file is."""
    begin = time.thread_time()
    version = version_of(path)
    try:
        sha256 = hash_file(path)
    except OSError:  # whoever examines it says why
        sha256 = ""
    return Identified(sha256, version, time.thread_time() - begin)


def examine_and_score(
    path: Path,
    cutting: Cutting,
    detector: Detector,
    batch_windows: int,
    known: Identified,
    any_length: bool,
) -> Whole:
    """All of a file in one go, decoded once; never raises for what the file is.

    Args:
        any_length: also of a file of many hours, which keeps one worker busy for minutes. Otherwise what is longer than
            a spool holds is only examined.

    Raises:
        ModelError: the encoder on this machine is another one.
        ChorusError: what hinders is no fault of the file's.
    """
    with Spool() as spool:
        heard = _HeardAlong(spool, cutting, detector, batch_windows, any_length)
        found = examine_file(path, cutting.min_seconds, heard.listen, known)
        # The pieces that were scored along count their own time.
        found = replace(found, working=found.working - heard.working)
        decoded = spool.instead_of(found.recording) if found.recording else None
        if decoded is None:
            return Whole(found, {})
        scored = {}
        for piece in cutting.pieces(decoded.seconds, found.divisible):
            scored[piece] = heard.scored.get(piece) or score(
                decoded, piece, cutting, detector, batch_windows
            )
        return Whole(found, scored)


class _HeardAlong:
    """Listens to a file that is examined; where it is longer than a spool holds, pieces are scored as they come.

    Whether they count is known in the end: not in a file that is damaged, or heard in another way than it seemed.
    """

    def __init__(
        self,
        spool: Spool,
        cutting: Cutting,
        detector: Detector,
        batch_windows: int,
        any_length: bool,
    ) -> None:
        self.scored: dict[Piece, Scored] = {}
        self.working = 0.0  # processor seconds that they took
        self._spool, self._any_length = spool, any_length
        self._cutting, self._detector, self._batch = cutting, detector, batch_windows

    def listen(self, sound: sf.SoundFile, decoded: np.ndarray) -> None:
        """Keep a block, and make room for it if need be."""
        # Of compressed formats only a FLAC file can be entered in the middle, as its pieces are.
        if self._any_length and sound.format == "FLAC" and not self._spool.takes(decoded):
            begin = time.thread_time()
            self._make_room()
            self.working += time.thread_time() - begin
        self._spool.add(sound, decoded)

    def _make_room(self) -> None:
        so_far = self._spool.so_far()
        if so_far is None:
            return
        pieces = self._cutting.pieces(so_far.seconds, divisible=True)
        for piece in pieces[len(self.scored) :]:
            onset, until = self._cutting.span(piece)
            if until > so_far.seconds:
                self._spool.drop(onset)
                return
            self.scored[piece] = score(so_far, piece, self._cutting, self._detector, self._batch)


def unit_key(sha256: str, suffix: str, piece: Piece, cutting: Cutting, detector_key: str) -> str:
    """The name of the logits of a piece.

    Args:
        suffix: of the file's name, which may say that it is an MP3.
    """
    cut = (cutting.window, cutting.overlap, piece.first, piece.count, piece.last)
    parts = (_FORMAT, reader(cutting), detector_key, sha256, suffix.lower(), cut)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@cache
def reader(cutting: Cutting) -> str:
    """A name for the code and the libraries that make windows of files."""
    digest = hashlib.sha256(reader_id(cutting.padding, cutting.min_seconds).encode())
    for module in (cutting_module, encoder_windows):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()


def score(
    recording: Recording, piece: Piece, cutting: Cutting, detector: Detector, batch_windows: int
) -> Scored:
    """Score a piece of a recording; never raises for what the file is.

    Raises:
        ModelError: the encoder on this machine is another one.
        ChorusError: what hinders is no fault of the file's.
    """
    encoder = _loaded(detector.encoder, detector.encoder_id)
    begin, encoding = time.thread_time(), 0.0
    logits = []
    try:
        for batch in batches(windows(recording, piece, cutting, detector.spec), batch_windows):
            started = time.thread_time()
            embeddings = encoder.embed(np.stack(batch))
            encoding += time.thread_time() - started
            logits.append(detector.head.logits(embeddings))
    except DataError as error:
        reason = own_reason(error, recording.path)
        return Scored(None, reason, encoding, time.thread_time() - begin)
    return Scored(np.concatenate(logits), "", encoding, time.thread_time() - begin)


_own = threading.local()  # an encoder is no thing to share: each thread of a worker has its own


def _loaded(options: EncodeOptions, encoder_id: str) -> Encoder:
    """The encoder of this thread; loading it takes longer than a piece."""
    if getattr(_own, "name", None) != (options, encoder_id):
        found = encoders.encoder_id(options)
        if found != encoder_id:
            raise ModelError(f"the encoder of a worker is {found!r}, not {encoder_id!r}")
        _own.encoder, _own.name = encoders.load(options), (options, encoder_id)
    return cast(Encoder, _own.encoder)
