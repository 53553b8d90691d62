"""The parameters of the survey."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated

from pydantic import Field, field_validator

from chorus.audio import Padding
from chorus.clips import NEGATIVE, POSITIVE, WINDOW_SECONDS
from chorus.demo import DemoOptions
from chorus.options import options
from chorus.survey.dates import DateFormat
from chorus.survey.timing import TimeRules
from chorus.survey.zones import parse_zone

Name = Annotated[str, Field(min_length=1)]


@options
class SurveyOptions:
    """Which recordings, and how they are read.

    source: "demo" (synthetic), or a folder with audio files and a clips.csv.
    positive_label, negative_label: what the column `label` of that clips.csv calls the two classes.
    padding: how a clip is brought to whole 3-s windows: "zeros" at its end, or "repeat" it.
    min_seconds: shorter clips go to quarantine; the end of a longer one is dropped when it is shorter than this.
    max_quarantined_share: with more bad input than this the stage fails.
    time_zone: where the recorders hung, as a name of IANA ("Europe/Paris") or an offset ("+10:00"): what counts as a
        night. None: times are as local as they are written.
    clock_zone: what the recorders' clocks were set to ("UTC", as AudioMoth's are unless told otherwise), for files that
        do not say so themselves. None: local time.
    date_format: the order of dates in clips.csv that do not begin with a year of four digits: "DMY", "MDY" or "YMD".
    max_unknown_night_share: with a larger share of clips whose night nothing tells the stage fails.
    demo: the synthetic survey's size and seed.
    """

    source: Name = "demo"
    positive_label: Name = POSITIVE
    negative_label: Name = NEGATIVE
    padding: Padding = "zeros"
    min_seconds: Annotated[float, Field(gt=0, le=WINDOW_SECONDS)] = 0.5
    max_quarantined_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    time_zone: Name | None = None
    clock_zone: Name | None = None
    date_format: DateFormat | None = None
    max_unknown_night_share: Annotated[float, Field(ge=0, le=1)] = 1.0
    demo: DemoOptions = field(default_factory=DemoOptions)

    def __post_init__(self) -> None:
        if self.positive_label.casefold() == self.negative_label.casefold():
            raise ValueError("positive_label and negative_label must differ in more than capitals")
        # No shell expands what stands in params.yaml, and an address would be taken for a folder called "s3:".
        if self.source.startswith("~") or "://" in self.source:
            raise ValueError(
                f"source {self.source!r} must be a folder, written out: neither ~ nor an address"
            )

    @field_validator("time_zone", "clock_zone", mode="before")
    @classmethod
    def _check_zone(cls, value: object) -> object:
        if isinstance(value, str):
            parse_zone(value)
        elif value is not None:  # without a colon, an offset is a number
            raise ValueError(
                'a name of IANA such as "Europe/Paris" or an offset such as "+10:00", in quotes'
            )
        return value

    @property
    def times(self) -> TimeRules:
        """How times are read."""
        zone = clock = None
        if self.time_zone:
            zone = parse_zone(self.time_zone)
        if self.clock_zone:
            clock = parse_zone(self.clock_zone)
        return TimeRules(zone, clock, self.date_format)
