"""A season of three recorders, synthetic as the survey is: long recordings in which a frog calls on some nights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from chorus.audio import encode_flac
from chorus.clips import WINDOW_SECONDS
from chorus.demo.calls import CALL_TYPES
from chorus.demo.nights import Event, conditions
from chorus.demo.places import OOD_SITE, RECORDERS, SITES
from chorus.demo.planning import CONFUSED_NEGATIVES
from chorus.demo.scene import Scene, render
from chorus.errors import ParameterError
from chorus.files import replacing
from chorus.seeds import generator

# How often frogs call at a site: the share of nights, and of the windows of such a night.
PREVALENCE = {"Cole Creek": (0.35, 0.06), "Rancho Meling": (0.0, 0.0), OOD_SITE: (0.7, 0.2)}
HEARD_BY = {"Cole Creek": "Moth08", "Rancho Meling": "Moth13", OOD_SITE: "Moth11"}
FIRST_NIGHT = date(2023, 2, 20)
HOURS = (19, 22, 1, 4)  # at which a recording begins
SNR_DB = (4.0, 20.0)


@dataclass(frozen=True)
class SeasonNight:
    """A recorder's night. calling: which of its windows have a call, (recordings, windows)."""

    site: str
    recorder: str
    night: str
    calling: np.ndarray

    def recordings(self, seed: int) -> Iterator[tuple[str, np.ndarray]]:
        """Its recordings: path below the season's folder, int16 (n,) at 48 kHz."""
        for number, hour in enumerate(HOURS):
            begins = datetime.fromisoformat(self.night) + timedelta(days=hour < 12, hours=hour)
            name = f"{self.site}/{self.recorder}_{begins:%Y%m%d_%H%M%S}.flac"
            yield (
                name,
                np.concatenate(
                    [self._window(seed, number, place) for place in range(self.calling.shape[1])]
                ),
            )

    def _window(self, seed: int, recording: int, place: int) -> np.ndarray:
        rng = generator(seed, "demo", "season", self.recorder, self.night, recording, place)
        call = None
        if self.calling[recording, place]:
            call = Event(
                str(rng.choice(list(CALL_TYPES), p=list(CALL_TYPES.values()))), rng.uniform(*SNR_DB)
            )
        # Apart from the survey's clips: with their numbers a night would have their very noise.
        number = 1_000_000 + recording * 10_000 + place
        return render(
            Scene(seed, self.recorder, self.night, number, call, self._confuser(seed, rng))
        )

    def _confuser(self, seed: int, rng: np.random.Generator) -> tuple[Event, ...]:
        # Half as often as in the survey's negatives: most of a night is nothing but its background.
        if rng.random() >= CONFUSED_NEGATIVES / 2:
            return ()
        names, shares = zip(*conditions(seed, self.recorder, self.night).confusers, strict=True)
        loudness = SITES[RECORDERS[self.recorder].site].loudness
        return (Event(names[rng.choice(len(names), p=shares)], rng.uniform(*loudness)),)


def plan_season(seed: int, nights: int, seconds: int) -> list[SeasonNight]:
    """Each site's nights, four recordings each.

    Raises:
        ParameterError: no nights, or recordings of no whole window.
    """
    if nights < 1 or seconds < WINDOW_SECONDS:
        raise ParameterError(
            f"nights: {nights}, seconds: {seconds} are not allowed: from 1, and from {WINDOW_SECONDS}"
        )
    shape = (len(HOURS), seconds // WINDOW_SECONDS)
    planned = []
    for site, (nights_share, windows_share) in PREVALENCE.items():
        for day in range(nights):
            night = (FIRST_NIGHT + timedelta(days=day)).isoformat()
            rng = generator(seed, "demo", "season", "calling", site, night)
            share = windows_share * rng.lognormal(0, 0.5) if rng.random() < nights_share else 0.0
            planned.append(SeasonNight(site, HEARD_BY[site], night, rng.random(shape) < share))
    return planned


def write_season(folder: Path, seed: int, nights: int, seconds: int) -> Iterator[int]:
    """Write the recordings, and beside the folder NAME_truth.csv: which windows have a call. Yields 1 a recording."""
    rows = []
    for night in plan_season(seed, nights, seconds):
        for number, (name, samples) in enumerate(night.recordings(seed)):
            with replacing(folder / name) as beside:
                beside.write_bytes(encode_flac(samples))
            starts = np.arange(len(night.calling[number])) * WINDOW_SECONDS
            rows += [
                (name, int(start), bool(call))
                for start, call in zip(starts, night.calling[number], strict=True)
            ]
            yield 1
    truth = pd.DataFrame(rows, columns=["file", "start", "call"])
    with replacing(folder.with_name(f"{folder.name}_truth.csv")) as beside:
        truth.to_csv(beside, index=False, lineterminator="\n")
