"""Log-mel frames of a sample: what a network hears that is trained here from nothing."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from chorus.cpu_torchaudio import torchaudio
from chorus.voices.utterances import SAMPLE_RATE

_FRAME, _HOP = 400, 160  # samples: 25 and 10 ms
MELS = 40
_LOWEST, _HIGHEST = 60.0, 7_600.0  # Hz, of the bands
_FLOOR = 1e-6  # of power: of silence there is no logarithm


def log_mel(samples: Tensor) -> Tensor:
    """Log-mel frames of one sample, float32 (frames, 40): 25 ms every 10 ms.

    Args:
        samples: float32 (n,), in [-1, 1] at 16 kHz; shorter than a frame, it is filled with zeros.
    """
    filled = nn.functional.pad(samples, (0, max(0, _FRAME - len(samples))))
    mel = torchaudio().transforms.MelSpectrogram(
        SAMPLE_RATE,
        n_fft=512,
        win_length=_FRAME,
        hop_length=_HOP,
        f_min=_LOWEST,
        f_max=_HIGHEST,
        n_mels=MELS,
    )
    logarithm: Tensor = torch.log(mel(filled) + _FLOOR).T
    return logarithm


def levelled(frames: Tensor) -> Tensor:
    """Frames with each band less its mean over the sample: without loudness, and without what a channel adds to all."""
    return frames - frames.mean(dim=0)


def mel_centres() -> NDArray[np.float64]:
    """Where the bands lie on the mel scale, (40,), in equal steps."""
    first, last = 2595 * np.log10(1 + np.array([_LOWEST, _HIGHEST]) / 700)
    # The two ends are the feet of the outer bands, not centres.
    return np.linspace(float(first), float(last), MELS + 2)[1:-1]
