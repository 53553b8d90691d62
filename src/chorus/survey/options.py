"""The parameters of the survey."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated

from pydantic import Field

from chorus.audio import Padding
from chorus.clips import NEGATIVE, POSITIVE, WINDOW_SECONDS
from chorus.demo import DemoOptions
from chorus.options import options

Name = Annotated[str, Field(min_length=1)]


@options
class SurveyOptions:
    """Which recordings, and how they are read.

    source: "demo" (synthetic), or a folder with audio files and a clips.csv.
    positive_label, negative_label: what the column `label` of that clips.csv calls the two classes.
    padding: how a clip is brought to whole 3-s windows: "zeros" at its end, or "repeat" it.
    min_seconds: shorter clips go to quarantine; the end of a longer one is dropped when it is shorter than this.
    max_quarantined_share: with more bad input than this the stage fails.
    demo: the synthetic survey's size and seed.
    """

    source: Name = "demo"
    positive_label: Name = POSITIVE
    negative_label: Name = NEGATIVE
    padding: Padding = "zeros"
    min_seconds: Annotated[float, Field(gt=0, le=WINDOW_SECONDS)] = 0.5
    max_quarantined_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    demo: DemoOptions = field(default_factory=DemoOptions)

    def __post_init__(self) -> None:
        if self.positive_label.casefold() == self.negative_label.casefold():
            raise ValueError("positive_label and negative_label must differ in more than capitals")
