"""The gain of a change, paired: both models on the same test clips, with an interval that counts nights.

Two figures side by side do not say whether a handful of new labels helped: each has an interval wider than any such
gain. On the same clips most of what is hard for one model is hard for the other, and only the difference remains.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from chorus.clips import TEST_IID, TEST_OOD
from chorus.errors import DataError
from chorus.statistics import compare
from chorus.statistics.difference import Difference

METRICS = ("f1", "auprc")  # at each model's own threshold, and at none
_PAIRING = ["clip_id", "label", "night"]  # a clip whose label was corrected is another question


@dataclass(frozen=True)
class Gain:
    """After less before, on the clips of one split that both revisions judged.

    others: clips of the split that only one of them judged, or with another label or night. differences: of METRICS.
    sentence: what the first of them tells. why_not: why there is no comparison, and then nothing else.
    """

    split: str
    clips: int = 0
    others: int = 0
    differences: tuple[Difference, ...] = ()
    sentence: str = ""
    why_not: str = ""


def paired_gains(
    before: pd.DataFrame | None, after: pd.DataFrame | None, names: tuple[str, str]
) -> list[Gain]:
    """The gain on each test split; nothing where a revision has no predictions of a detector.

    Args:
        before, after: predictions of one model each, with its threshold (`Revision.predictions`).
        names: what to call the two.
    """
    if before is None or after is None:
        return []
    return [_gain(before, after, names, split) for split in (TEST_OOD, TEST_IID)]


def _gain(before: pd.DataFrame, after: pd.DataFrame, names: tuple[str, str], split: str) -> Gain:
    """Of one split."""
    old, new = (table[table["split"] == split] for table in (before, after))
    shared = old[_PAIRING].merge(new[_PAIRING])["clip_id"]
    others = len(set(old["clip_id"]) | set(new["clip_id"])) - len(shared)
    old, new = (table[table["clip_id"].isin(shared)] for table in (old, new))
    try:
        # one model a side, so the pair is one seed, whatever each was given
        found = compare(
            new.assign(seed=0), old.assign(seed=0), names=(names[1], names[0]), split=split
        )
    except DataError as reason:
        return Gain(split, len(shared), others, why_not=str(reason))
    differences = tuple(found.differences[metric] for metric in METRICS)
    return Gain(split, len(shared), others, differences, found.sentence)
