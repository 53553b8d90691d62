"""What came of the corpora, in numbers and in words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from chorus.quarantine import count_reasons
from chorus.voices.packing import LEFT_OUT, UNUSABLE

_MOST_NAMED = 10


def summarise(
    samples: pd.DataFrame, rejected: pd.DataFrame, nowhere: pd.DataFrame, *, synthetic: bool
) -> dict[str, Any]:
    """For JSON: samples, speakers and hours, by class and by dataset; reasons; what maps nowhere."""
    return {
        "synthetic": synthetic,
        **_size(samples),
        "by_class": {name: _size(part) for name, part in samples.groupby("region_label")},
        "by_dataset": {name: _size(part) for name, part in samples.groupby("dataset_name")},
        "unusable": count_reasons(rejected[rejected["stage"] == UNUSABLE]),
        "left_out": count_reasons(rejected[rejected["stage"] == LEFT_OUT]),
        "of_no_class": int(nowhere["utterances"].sum()),
    }


def in_words(samples: pd.DataFrame, rejected: pd.DataFrame, nowhere: pd.DataFrame) -> list[str]:
    """The same for a person, a sentence each."""
    size = _size(samples)
    said = [f"{size['samples']} samples of {size['speakers']} speakers, {size['hours']:.2f} h"]
    for stage, words in ((UNUSABLE, "in quarantine"), (LEFT_OUT, "left out")):
        counted = count_reasons(rejected[rejected["stage"] == stage])
        said += [f"{words}, {reason}: {number}" for reason, number in counted.items()]
    for row in nowhere.head(_MOST_NAMED).itertuples():
        said.append(
            f"of no class, {row.dataset}: {row.said or '(nothing said)'}: {row.utterances} ({row.reason})"
        )
    return said


def _size(samples: pd.DataFrame) -> dict[str, Any]:
    return {
        "samples": len(samples),
        "speakers": samples["speaker_id"].nunique(),
        "hours": float(samples["duration"].astype(float).sum() / 3600),
    }
