"""A sample as another mouth, room or microphone might have given it. On log-mel frames, where each of these is cheap.

speed stretches time and moves frequencies with it, as a tape does (Ko et al. 2015, doi:10.21437/Interspeech.2015-711);
pitch moves frequencies alone, as a vocal tract of another length does (Jaitly & Hinton 2013); a room lets power linger;
noise adds some; narrow cuts low and high bands off, as a telephone does; masks hide bands and moments (SpecAugment:
Park et al. 2019, arXiv:1904.08779).
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from chorus.cpu_torchaudio import torchaudio
from chorus.options import options
from chorus.voices.frames import MELS, levelled, mel_centres

_SHORTEST = 20  # frames that are left of a sample, however fast it is played
_TILT = 1.5  # natural logarithm of power: how much noise may rise or fall from the middle to the outer bands
_SHORTEST_ECHO, _LONGEST_ECHO = 0.15, 0.6  # s
_NOTHING = -14.0  # natural logarithm of power: about what `log_mel` gives for silence
_MASKS = 2
_ROUGHNESS = 0.5  # of noise, likewise, from frame to frame


@options
class AugmentOptions:
    """How training samples are varied, anew in each epoch; 0 switches a kind off.

    seconds: a random piece of this length is heard of longer samples; 0: all of them.
    varied: share of the samples to which anything further happens.
    speed, pitch: largest share by which they change, up or down.
    room, noise, narrow: share of the samples that are put in a room, get noise (`quietest_noise` to `loudest_noise` dB
        below the speech), lose their lowest and highest bands.
    bands, frames: widest mask over mel bands and over time; there are two of each.
    """

    seconds: Annotated[float, Field(ge=0, le=60)] = 3.0
    varied: Annotated[float, Field(ge=0, le=1)] = 1.0
    speed: Annotated[float, Field(ge=0, lt=0.5)] = 0.1
    pitch: Annotated[float, Field(ge=0, lt=0.5)] = 0.12
    room: Annotated[float, Field(ge=0, le=1)] = 0.2
    noise: Annotated[float, Field(ge=0, le=1)] = 0.3
    loudest_noise: Annotated[float, Field(ge=0, le=60)] = 8.0
    quietest_noise: Annotated[float, Field(ge=0, le=60)] = 40.0
    narrow: Annotated[float, Field(ge=0, le=1)] = 0.2
    bands: Annotated[int, Field(ge=0, lt=MELS)] = 0
    frames: Annotated[int, Field(ge=0, le=500)] = 0

    def __post_init__(self) -> None:
        if self.loudest_noise > self.quietest_noise:
            raise ValueError(
                "loudest_noise must not be more dB below the speech than quietest_noise"
            )


def augment(frames: Tensor, options: AugmentOptions, random: np.random.Generator) -> Tensor:
    """One variant of a sample, without its level: log-mel frames (m, 40) -> (about m, 40).

    The same numbers are drawn whatever is switched on, so that switching one kind off leaves the others as they were.
    """
    share = random.uniform()
    speed, pitch = 1 + np.array([options.speed, options.pitch]) * random.uniform(-1, 1, 2)
    place, quiet, tilt = random.uniform(0, 1, 3)
    chances, room, cut = random.uniform(0, 1, 3), random.uniform(0, 1, 2), random.uniform(0, 1, 3)
    seed = int(random.integers(2**31))
    if share >= options.varied:
        return levelled(piece(frames, options.seconds * 100, place))
    # What is played faster is cut longer, so that as much is left; there are 100 frames a second.
    part = piece(frames, options.seconds * 100 * speed, place)
    varied = _warped(_stretched(part, speed), speed * pitch)
    # In the order of a sound's way: the mouth, the room, what else is heard there, the microphone.
    if chances[0] < options.room:
        varied = _in_a_room(varied, room[0], room[1])
    if chances[1] < options.noise:
        below = options.loudest_noise + quiet * (options.quietest_noise - options.loudest_noise)
        varied = _noisy(varied, below, _TILT * (2 * tilt - 1), seed)
    if chances[2] < options.narrow:
        varied = _narrow(varied, cut[0], cut[1], cut[2], seed)
    # Masks last: they hide with 0, which is each band's mean only once it is levelled.
    return masked(masked(levelled(varied), options.bands, axis=1), options.frames, axis=0)


def piece(frames: Tensor, length: float, place: float) -> Tensor:
    """A piece of so many frames at a place from 0 (the first) to 1 (the last); all where it is no longer."""
    wanted = round(length)
    if not wanted or len(frames) <= wanted:
        return frames
    begin = int(place * (len(frames) - wanted + 1))
    return frames[begin : begin + wanted]


def _stretched(frames: Tensor, speed: float) -> Tensor:
    length = max(_SHORTEST, round(len(frames) / speed))
    if length == len(frames):
        return frames
    stretched = torch.nn.functional.interpolate(
        frames.T[None], size=length, mode="linear", align_corners=False
    )
    return stretched[0].T


def _warped(frames: Tensor, factor: float) -> Tensor:
    """Each frequency becomes `factor` times as high; above the highest band its value goes on."""
    if factor == 1:
        return frames
    centres = mel_centres()  # equal steps on the mel scale
    source = np.interp(_mel(_hertz(centres) / factor), centres, np.arange(MELS))
    # The highest band has none above it to be mixed with.
    lower = np.minimum(source.astype(int), MELS - 2)
    share = torch.from_numpy((source - lower).astype(np.float32))
    return frames[:, lower] * (1 - share) + frames[:, lower + 1] * share


def _in_a_room(frames: Tensor, size: float, wetness: float) -> Tensor:
    """With echoes whose power falls by 60 dB in 0.15 to 0.6 s. size, wetness: from 0 to 1."""
    decay = _SHORTEST_ECHO + size * (_LONGEST_ECHO - _SHORTEST_ECHO)
    ago = torch.arange(int(60 * decay))  # frames, down to -36 dB
    tail = 10 ** (-6 * 0.01 * ago / decay)
    # The tail gets its share of power before the direct sound is put in front, which stays whole.
    tail *= (0.1 + 0.7 * wetness) / tail.sum()
    tail[0] += 1
    power = torch.exp(frames).T[:, None]
    padded = torch.nn.functional.pad(power, (len(tail) - 1, 0))
    # torch's convolution is a correlation: turned round, the tail comes after the sound.
    lingering = torch.nn.functional.conv1d(padded, tail.flip(0)[None, None])
    return torch.log(lingering[:, 0].T.clamp(min=1e-9))


def _narrow(frames: Tensor, low: float, high: float, quiet: float, seed: int) -> Tensor:
    """Without up to 7 low and 15 high bands, which hold noise 30 to 45 dB below the speech. All from 0 to 1."""
    first, last = int(8 * low), MELS - int(16 * high)
    kept = torch.full_like(frames, _NOTHING)
    kept[:, first:last] = frames[:, first:last]
    # With the seed of `augment`'s own noise it would be the same pattern again.
    return _noisy(kept, 30 + 15 * quiet, 0.0, seed + 1)


def _noisy(frames: Tensor, below: float, tilt: float, seed: int) -> Tensor:
    """With noise so many dB below the mean power, louder in high bands (tilt above 0) or low ones."""
    level = (
        torch.logsumexp(frames.flatten(), 0) - math.log(frames.numel()) - below * math.log(10) / 10
    )
    # From torch's own generator, which gives dropout and masks, noise would move theirs.
    random = torch.Generator().manual_seed(seed)
    rough = _ROUGHNESS * torch.randn(frames.shape, generator=random)
    return torch.logaddexp(frames, level + torch.linspace(-tilt, tilt, MELS) + rough)


def masked(frames: Tensor, widest: int, axis: int) -> Tensor:
    """Two masks over bands (axis 1) or time (axis 0), each at most a quarter: what they hide is at the sample's mean.

    They are drawn from torch's generator, as dropout is.
    """
    if not widest:
        return frames
    for _ in range(_MASKS):
        frames = torchaudio().functional.mask_along_axis(frames, widest, 0.0, axis, p=0.25)
    return frames


def _mel(hertz: np.ndarray) -> np.ndarray:
    return 2595 * np.log10(1 + hertz / 700)


def _hertz(mel: np.ndarray) -> np.ndarray:
    return np.asarray(700 * (10 ** (mel / 2595) - 1))
