"""Which clips the demo survey has: the reference study's sites, recorders, splits and counts, at a chosen scale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from chorus.audio import Heard
from chorus.clips import (
    CANDIDATE,
    LABELLED,
    NEGATIVE,
    POSITIVE,
    TEST_IID,
    TEST_OOD,
    TRAIN,
    VALIDATION,
)
from chorus.demo.calls import CALL_TYPES
from chorus.demo.nights import Event, conditions
from chorus.demo.places import CANDIDATE_SITE, OOD_SITE, RECORDERS, SITES
from chorus.demo.scene import Scene, render
from chorus.names import skeleton
from chorus.options import options
from chorus.seeds import generator
from chorus.splits import SplitOptions, split_of

SNR_DB = {"high": (14.0, 26.0), "medium": (9.0, 15.0), "low": (3.0, 9.0)}  # what the qualities mean
CONFUSED_POSITIVES, CONFUSED_NEGATIVES = 0.3, 0.7  # share with at least one confuser
SECOND_CONFUSER = 0.35


class Counts(NamedTuple):
    """Clips of one split in the reference study; only of train is the quality of the positives published."""

    positives: int
    negatives: int


REFERENCE = {
    TEST_OOD: Counts(1_691, 1_894),
    TEST_IID: Counts(1_964, 979),
    VALIDATION: Counts(647, 2_602),
    TRAIN: Counts(3_585, 8_525),
    CANDIDATE: Counts(0, 20_457),
}
TRAIN_QUALITY = {"high": 245, "medium": 1_772, "low": 1_568}


@options
class DemoOptions:
    """The synthetic survey.

    scale: its size relative to the reference study (1 = 42,344 clips).
    seed: another seed is another survey of the same structure.
    """

    scale: Annotated[float, Field(gt=0, le=1)] = 0.1
    seed: Annotated[int, Field(ge=0)] = 7


@dataclass(frozen=True)
class PlannedClip:
    """A clip of the demo survey, not yet computed.

    meta: the columns of the survey's table that the plan knows.
    scene: what is heard.
    """

    meta: dict[str, str]
    scene: Scene

    def samples(self) -> np.ndarray:
        """The audio, int16, shape (144000,), 3 s at 48 kHz mono: the same bytes wherever and whenever."""
        return render(self.scene)

    def hear(self) -> Heard:
        """See `survey.packing.ClipSource.hear`."""
        return Heard([self.samples()])

    def identity(self) -> str:
        """Not known: it is computed anew each time."""
        return ""

    def version(self) -> None:
        """There is no file."""


def plan(options: DemoOptions) -> list[PlannedClip]:
    """All clips of the survey, ordered by recorder and night."""
    nights = _nights_by_split()
    planned: Counter[tuple[str, str]] = Counter()
    clips = []
    for split, qualities in _counts(options.scale).items():
        for quality, count in qualities.items():
            # A stream for each: more clips of one kind move none of another to other nights.
            rng = generator(options.seed, "demo", "plan", split, quality)
            weights = np.array(
                [_activity(options.seed, *night, quality) for night in nights[split]]
            )
            for night, clips_of_night in zip(
                nights[split], rng.multinomial(count, weights / weights.sum()), strict=True
            ):
                for _ in range(clips_of_night):
                    clips.append(_clip(options.seed, *night, planned[night], quality))
                    planned[night] += 1
    # As shards are written, one a recorder and night; they were planned by split and quality.
    return sorted(
        clips, key=lambda clip: (clip.scene.recorder, clip.scene.night, clip.scene.number)
    )


def _nights_by_split() -> dict[str, list[tuple[str, str]]]:
    """Every recorder's nights, (recorder, night), under the split that the study's rule deals them to."""
    nights: dict[str, list[tuple[str, str]]] = {split: [] for split in REFERENCE}
    for name, recorder in RECORDERS.items():
        for day in range(recorder.nights):
            night = (date.fromisoformat(recorder.first_night) + timedelta(days=day)).isoformat()
            if recorder.site in (OOD_SITE, CANDIDATE_SITE):
                split = TEST_OOD if recorder.site == OOD_SITE else CANDIDATE
            else:
                # By the study's own rule: the split that deals the clips later finds the published counts again.
                split = split_of(skeleton(f"{recorder.site}/{night}"), SplitOptions())
            nights[split].append((name, night))
    return nights


def _counts(scale: float) -> dict[str, dict[str, int]]:
    """Clips by split and quality; the quality "" stands for negatives."""
    counts = {}
    for split, reference in REFERENCE.items():
        positives, negatives = (_scaled(scale, number) for number in reference)
        if split == TRAIN:
            qualities = {
                quality: _scaled(scale, number) for quality, number in TRAIN_QUALITY.items()
            }
        else:
            qualities = _divided(positives, TRAIN_QUALITY)
        counts[split] = {**qualities, "": negatives}
    return counts


def _scaled(scale: float, number: int) -> int:
    """What is left of so many clips: at least one of what there is."""
    return max(1, round(scale * number)) if number else 0


def _divided(total: int, parts: Mapping[str, int]) -> dict[str, int]:
    """`total` in whole numbers proportional to `parts` (largest remainders)."""
    exact = {name: total * part / sum(parts.values()) for name, part in parts.items()}
    whole = {name: int(number) for name, number in exact.items()}
    # Rounded each by itself, the parts could add up to one more or less.
    by_remainder = sorted(parts, key=lambda name: whole[name] - exact[name])
    for name in by_remainder[: total - sum(whole.values())]:
        whole[name] += 1
    return whole


def _activity(seed: int, recorder: str, night: str, quality: str) -> float:
    """How much of the survey a night holds: recorders and nights differ, and more so in calls than in noise."""
    spread = 0.8 if quality else 0.4
    label = POSITIVE if quality else NEGATIVE
    return RECORDERS[recorder].share * float(
        generator(seed, "demo", "activity", label, recorder, night).lognormal(0, spread)
    )


def _clip(seed: int, recorder: str, night: str, number: int, quality: str) -> PlannedClip:
    rng = generator(seed, "demo", "clip", recorder, night, number)
    site = RECORDERS[recorder].site
    call = None
    if quality:
        call = Event(
            str(rng.choice(list(CALL_TYPES), p=list(CALL_TYPES.values()))),
            rng.uniform(*SNR_DB[quality]),
        )
    scene = Scene(
        seed, recorder, night, number, call, _confusers(rng, seed, recorder, night, quality)
    )
    meta = {
        "label": POSITIVE if quality else NEGATIVE,
        "quality": quality,
        "call_type": call.sound if call else "",
        "speaker": "",
        "site": site,
        "recorder": recorder,
        "night": night,
        "recording": f"{recorder}_{night.replace('-', '')}_{rng.integers(19, 24)}0000",
        "role": CANDIDATE if site == CANDIDATE_SITE else LABELLED,
        "split": "",
        "source": scene.describe(),
    }
    return PlannedClip(meta, scene)


def _confusers(
    rng: np.random.Generator, seed: int, recorder: str, night: str, quality: str
) -> tuple[Event, ...]:
    """The other sounds of a clip: none, one or two of those heard in its night."""
    if rng.random() >= (CONFUSED_POSITIVES if quality else CONFUSED_NEGATIVES):
        return ()
    names, shares = zip(*conditions(seed, recorder, night).confusers, strict=True)
    chosen = rng.choice(
        len(names), 2 if rng.random() < SECOND_CONFUSER else 1, replace=False, p=shares
    )
    return tuple(
        Event(names[index], rng.uniform(*SITES[RECORDERS[recorder].site].loudness))
        for index in chosen
    )
