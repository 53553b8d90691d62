"""The parameters of the diagnosis."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

import pandas as pd
from pydantic import Field

from chorus.errors import DataError
from chorus.options import options


@options
class HealthOptions:
    """profile: of rules.yaml: the guide's numbers, or those measured on planted faults (docs/health.md).
    group: whose clips should not all get the same prediction: with speaker, those that the survey names a speaker of.
    source: of the data, whose accuracies are compared.
    duration_edges: seconds at which clips are parted.
    expected_confusions: pairs of classes that are hard to tell apart; others are then unexpected."""

    profile: Literal["guide", "calibrated"] = "calibrated"
    group: Literal["recorder", "night", "site", "recording", "speaker"] = "recorder"
    source: Literal["recorder", "site"] = "recorder"
    duration_edges: tuple[Annotated[float, Field(gt=0)], ...] = (5.0, 10.0, 15.0)
    expected_confusions: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if any(low >= high for low, high in pairwise(self.duration_edges)):
            raise ValueError("duration_edges must rise")

    def groups_of(self, clips: pd.DataFrame) -> pd.Series:
        """The group of each clip, indexed by clip id; "" where it is not known.

        Args:
            clips: clip_id, group (of nights), recorder, site, recording, speaker; data/manifests/splits.csv.

        Raises:
            DataError: it is not known of any clip.
        """
        # a table of the survey has the bare date as night; the cluster of a site and night is its group
        groups = clips.set_index("clip_id")["group" if self.group == "night" else self.group]
        if not (groups != "").any():
            raise DataError(
                f"health.group: {self.group!r} groups nothing, because no clip of the survey names its {self.group}: "
                "fill that column of clips.csv, or take another group"
            )
        return groups
