"""What of a sound is shown: the one thing about pictures that depends on the species."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chorus.clips import SAMPLE_RATE
from chorus.options import options

Hz = Annotated[float, Field(gt=0, le=SAMPLE_RATE / 2)]


@options
class PictureOptions:
    """species: how the target is called. band_hz: where its calls are loudest, marked by dotted lines; None: nowhere.
    highest_hz: up to where spectrograms show."""

    species: str = "the target"
    band_hz: tuple[Hz, Hz] | None = None
    highest_hz: Hz = SAMPLE_RATE / 2

    def __post_init__(self) -> None:
        if self.band_hz is not None and not self.band_hz[0] < self.band_hz[1] <= self.highest_hz:
            raise ValueError("band_hz must rise, and end at highest_hz or below")

    @property
    def note(self) -> str:
        """What the dotted lines are, in words; "" without any."""
        if self.band_hz is None:
            return ""
        low, high = self.band_hz
        return f"dotted lines: {low:g}–{high:g} Hz, where {self.species} calls are loudest"
