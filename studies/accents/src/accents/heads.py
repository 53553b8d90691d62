"""The parameters of the stage baseline."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated

from pydantic import Field

from chorus.options import options
from chorus.training import HeadOptions
from chorus.voices.listening import Frozen


@options
class BaselineOptions:
    """encoders: frozen ones, of those by which samples are heard (encode.encoders). head: on each of them."""

    encoders: Annotated[tuple[Frozen, ...], Field(min_length=1)] = ("logmel", "birdnet")
    head: HeadOptions = field(default_factory=HeadOptions)
