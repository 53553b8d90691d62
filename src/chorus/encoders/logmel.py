"""An encoder without weights: statistics of a log-mel spectrogram. No licence, no download; what the tests use."""

from __future__ import annotations

import numpy as np

from chorus.encoders.interface import EncodeOptions, Entry, Spec

# Raise the number when anything below changes: stored embeddings go by this name.
ENCODER_ID = "logmel-3"
_MELS = 64
SPEC = Spec(sample_rate=48_000, window_seconds=3, dimensions=4 * _MELS)
_FLOOR = 1e-10  # -100 dB: keeps the logarithm finite in digital silence


class LogMel:
    """For each of 64 mel bands (60 Hz - 15 kHz): mean, standard deviation, 95th percentile over time, and the mean
    size of the step between frames."""

    def __init__(self) -> None:
        import torch

        from chorus.cpu_torchaudio import torchaudio
        from chorus.roots import log10

        torch.set_num_threads(1)
        self._torch, self._log10 = torch, log10
        self._mel = torchaudio().transforms.MelSpectrogram(
            SPEC.sample_rate,
            n_fft=2048,
            hop_length=512,
            f_min=60.0,
            f_max=15_000.0,
            n_mels=_MELS,
            power=2.0,
        )

    def embed(self, windows: np.ndarray) -> np.ndarray:
        """float32 samples in [-1, 1], 48 kHz, shape (n, 144000) -> float32 embeddings, shape (n, 256)."""
        return np.stack([self._embed_one(window) for window in windows])

    def _embed_one(self, window: np.ndarray) -> np.ndarray:
        torch = self._torch
        power = self._mel(torch.from_numpy(np.ascontiguousarray(window)))
        decibels = 10 * self._log10(power + _FLOOR)
        # A louder recording of the same scene is the same scene.
        relative = decibels - decibels.median()
        parts = [
            relative.mean(dim=1),
            relative.std(dim=1),
            torch.quantile(relative, 0.95, dim=1),
            relative.diff(dim=1).abs().mean(dim=1),
        ]
        return np.asarray(torch.cat(parts).numpy(), dtype=np.float32)


def _id(_options: EncodeOptions) -> str:
    return ENCODER_ID


def _load(_options: EncodeOptions) -> LogMel:
    return LogMel()


ENTRY = Entry("log-mel statistics", SPEC, _id, _load)
