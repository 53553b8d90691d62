"""Synthetic voices: espeak-ng 1.52 of the package espeakng-loader, the same samples whatever was said before.

The library keeps the state of its oscillators between utterances and even between initialisations, so that what it says
depends on what it said. Each voice therefore speaks from a copy of the library that is loaded for it alone. A voice
with breath in it (f2, whisper, ...) draws from a generator that nothing resets: refused, as it is never the same twice.

Jonathan Duddington, Reece Dunn et al., github.com/espeak-ng/espeak-ng, GPL-3.0.
"""

from __future__ import annotations

import _ctypes
import ctypes
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from chorus.errors import ParameterError

RATE = 22_050  # Hz
UNSTEADY = frozenset(
    ("Alicia", "Demonic", "f2", "f3", "f5", "sandro", "victor", "whisper", "whisperf")
)
_SYNCHRONOUS, _UTF8, _CHARACTERS = 2, 1, 1  # of speak_lib.h
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


def speak(accent: str, variant: str, texts: Sequence[str]) -> list[np.ndarray]:
    """What a voice says: int16 (n,) at 22,050 Hz for each text, which depends on the texts before it and on no more.

    Args:
        accent: as in espeak's lists: en (British), en-gb-scotland, en-us, ...
        variant: the voice's timbre, as m1 or Annie.

    Raises:
        ParameterError: espeak has no such accent or variant (which it would not say), or the variant is never the same
            twice.
    """
    _refuse_unknown(accent, variant)
    heard: list[np.ndarray] = []

    def take(samples: Any, number: int, _events: object) -> int:
        if samples and number > 0:
            # Copied, as espeak writes the next piece into the same memory.
            heard.append(np.ctypeslib.as_array(samples, (number,)).copy())
        return 0

    callback = _CALLBACK(take)  # has a name for as long as espeak knows it
    said = []
    with _library() as espeak:
        espeak.espeak_SetSynthCallback(callback)
        if espeak.espeak_SetVoiceByName(f"{accent}+{variant}".encode()) != 0:
            raise ParameterError(f"espeak-ng has no accent {accent!r}")
        # It also draws from the C library's generator, which all copies of espeak share.
        ctypes.CDLL(None).srand(1)
        for text in texts:
            heard.clear()
            written = text.encode() + b"\0"
            espeak.espeak_Synth(
                written, ctypes.c_size_t(len(written)), 0, _CHARACTERS, 0, _UTF8, None, None
            )
            said.append(np.concatenate(heard) if heard else np.zeros(0, np.int16))
    return said


def variants() -> list[str]:
    """The timbres that are the same whenever asked, sorted."""
    return sorted(
        path.name for path in (_data() / "voices" / "!v").iterdir() if path.name not in UNSTEADY
    )


def _refuse_unknown(accent: str, variant: str) -> None:
    if variant not in variants():
        why = (
            "is never the same twice"
            if variant in UNSTEADY
            else "does not exist, and espeak-ng would not say so"
        )
        raise ParameterError(
            f"the variant {variant!r} of espeak-ng {why}; there are: {', '.join(variants())}"
        )
    if not accent or "+" in accent:
        raise ParameterError(
            f"the accent {accent!r} is not allowed: a language of espeak-ng such as en-us"
        )


def _data() -> Path:
    import espeakng_loader

    return Path(espeakng_loader.get_data_path())


@contextmanager
def _library() -> Iterator[ctypes.CDLL]:
    """A copy of the library that nobody has used."""
    import espeakng_loader

    # A library that is loaded is not loaded again, but a copy of its file is; it may then go.
    with tempfile.TemporaryDirectory() as folder:
        library = ctypes.CDLL(shutil.copy(espeakng_loader.get_library_path(), folder))
    library.espeak_Initialize(_SYNCHRONOUS, 0, os.fsencode(_data()), 0)
    try:
        yield library
    finally:
        library.espeak_Terminate()
        # ctypes never unloads: each of some hundred voices would leave a library in memory.
        _ctypes.dlclose(library._handle)
