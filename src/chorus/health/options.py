"""The parameters of the diagnosis."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from chorus.options import options


@options
class HealthOptions:
    """profile: of rules.yaml: the guide's numbers, or those measured on planted faults (docs/health.md).
    group: whose clips should not all get the same prediction. source: of the data, whose accuracies are compared.
    duration_edges: seconds at which clips are parted.
    expected_confusions: pairs of classes that are hard to tell apart; others are then unexpected."""

    profile: Literal["guide", "calibrated"] = "calibrated"
    group: Literal["recorder", "night", "site", "recording"] = "recorder"
    source: Literal["recorder", "site"] = "recorder"
    duration_edges: tuple[Annotated[float, Field(gt=0)], ...] = (5.0, 10.0, 15.0)
    expected_confusions: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if any(low >= high for low, high in pairwise(self.duration_edges)):
            raise ValueError("duration_edges must rise")
