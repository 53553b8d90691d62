"""The parameters of the stage corpus."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated

from pydantic import Field

from accents.demo import DemoOptions
from chorus.options import options
from chorus.voices.cutting import CutOptions


@options
class CorpusOptions:
    """Which corpora, and how they become samples.

    folder: "demo" (synthetic), or a folder with a folder for each corpus, see `chorus.voices.corpora.read`.
    classes: a column of regions/states.csv.
    max_quarantined_share: with more bad input than this the stage fails.
    """

    folder: Annotated[str, Field(min_length=1)] = "demo"
    classes: str = "eight"
    max_quarantined_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    cuts: CutOptions = field(default_factory=CutOptions)
    demo: DemoOptions = field(default_factory=DemoOptions)
