"""Clips to look at: one in full, or ten on a sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chorus.clips import SAMPLE_RATE
from chorus.errors import DataError
from chorus.pictures.look import BLUE, GREY, clipped, drawing, picture, png
from chorus.pictures.options import PictureOptions
from chorus.pictures.spectrogram import BIN_HZ, RANGE_DB, check_samples, spectrogram

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

_WAVEFORM_COLUMNS = 1200
_WIND_HZ = 200
_ALL = PictureOptions()


@dataclass(frozen=True)
class SheetClip:
    """A clip on a contact sheet. title: one or two lines, e.g. score, quality, site. samples: int16 (n,) at 48 kHz."""

    title: str
    samples: NDArray[np.int16]


def draw_spectrogram(
    samples: NDArray[np.int16], path: Path | str, title: str, shown: PictureOptions = _ALL
) -> None:
    """Draw one clip as PNG: its waveform, its spectrogram up to where the target calls, and the full band.

    Args:
        samples: int16 (n,) at 48 kHz.

    Raises:
        DataError: the samples are not one channel of 16-bit audio, or there are none.
    """
    check_samples(samples)
    subheading = " · ".join(filter(None, [f"{len(samples) / SAMPLE_RATE:g} s", shown.note]))
    with picture(path, 7.5, clipped(title, 95), subheading) as figure:
        top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=[1, 3, 1.8])
        _waveform(top, samples)
        image = _call_band(middle, samples, shown)
        _spectrogram(bottom, samples, SAMPLE_RATE / 2)
        for axes in (middle, bottom):
            axes.set_ylabel("kHz")
        bottom.set_xlabel("seconds")
        figure.colorbar(image, ax=middle, label="dB", pad=0.01, aspect=24, extend="both")


def contact_sheet(
    clips: Sequence[SheetClip], path: Path | str, heading: str, shown: PictureOptions = _ALL
) -> None:
    """Draw up to ten clips as PNG: spectrograms up to where the target calls, two columns, in reading order.

    Each clip has its own range of levels, so that a faint call is as visible as a loud one.

    Raises:
        DataError: more than ten clips, or samples that are not one channel of 16-bit audio.
    """
    if len(clips) > 10:
        raise DataError(f"a contact sheet holds up to ten clips, not {len(clips)}")
    rows = max(1, math.ceil(len(clips) / 2))
    subheading = " · ".join(filter(None, ["kHz over seconds", shown.note]))
    with picture(path, 0.7 + 1.85 * rows, clipped(heading, 95), subheading) as figure:
        cells = figure.subplots(rows, 2, squeeze=False).ravel()
        for axes, clip in zip(cells, clips, strict=False):
            _call_band(axes, clip.samples, shown)
            title = "\n".join(clipped(line, 80) for line in clip.title.splitlines())
            axes.set_title(title, size=8, weight="normal")
        for axes in cells[len(clips) :]:
            axes.axis("off")
        if not clips:
            cells[0].text(0, 0.8, "There are none.", size=11, color=GREY)


def thumbnail(samples: NDArray[np.int16], shown: PictureOptions = _ALL) -> bytes:
    """One clip's spectrogram up to where the target calls as a PNG 432 pixels wide, without a title.

    Raises:
        DataError: the samples are not one channel of 16-bit audio, or there are none.
    """
    with drawing(3.6, 1.7) as figure:
        _call_band(figure.subplots(), samples, shown)
        return png(figure)


def _call_band(axes: Axes, samples: NDArray[np.int16], shown: PictureOptions) -> AxesImage:
    check_samples(samples)
    image = _spectrogram(axes, samples, shown.highest_hz)
    for hz in shown.band_hz or ():
        axes.axhline(hz / 1000, color="white", linewidth=0.7, linestyle=(0, (1, 4)), alpha=0.8)
    return image


def _waveform(axes: Axes, samples: NDArray[np.int16]) -> None:
    """The envelope: lowest and highest sample of each column of pixels."""
    # Each once: a clip of fewer samples than columns would have empty ones, which reduceat takes for single samples.
    starts = np.unique(np.linspace(0, len(samples), _WAVEFORM_COLUMNS, endpoint=False).astype(int))
    low, high = (
        np.minimum.reduceat(samples, starts) / 32768,
        np.maximum.reduceat(samples, starts) / 32768,
    )
    axes.fill_between(starts / SAMPLE_RATE, low, high, color=BLUE, linewidth=0.4)
    # Silence has no height, and an axis needs some.
    most = max(float(np.abs([low, high]).max()), 1e-4)
    axes.set_ylim(-1.1 * most, 1.1 * most)
    axes.set_ylabel("amplitude")


def _spectrogram(axes: Axes, samples: NDArray[np.int16], max_hz: float) -> AxesImage:
    decibels, _, frequencies = spectrogram(samples, max_hz=max_hz)
    # Wind below may be far louder than any call; a target that is as low is seen with it.
    heard = decibels[frequencies >= _WIND_HZ]
    if not heard.size:
        heard = decibels
    loudest = float(heard.max())
    # Noise dark, calls bright; 20 dB at least, so that noise alone does not look like a call.
    floor = max(-RANGE_DB, min(float(np.median(decibels)), loudest - 20))
    half = BIN_HZ / 2
    seconds = len(samples) / SAMPLE_RATE
    image = axes.imshow(
        decibels,
        origin="lower",
        aspect="auto",
        cmap="magma",
        interpolation="bilinear",
        vmin=floor,
        vmax=max(loudest, floor + 1),
        extent=(0, seconds, (frequencies[0] - half) / 1000, (frequencies[-1] + half) / 1000),
    )
    axes.set_ylim(0, max_hz / 1000)
    axes.set_xlim(0, seconds)
    return image
