"""Who may learn from which clip: nights are dealt to splits by a stable hash, and the deal is audited."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import pandas as pd
from pydantic import Field

from chorus.clips import CANDIDATE, QUALITIES, SPLITS, TEST_IID, TEST_OOD, TRAIN, VALIDATION, name_clips
from chorus.errors import DataError, LeakageError
from chorus.options import options
from chorus.seeds import stable_fraction

Share = Annotated[float, Field(ge=0, lt=1)]


@options
class SplitOptions:
    """How clips are dealt to splits.

    ood_sites: sites never heard in training; all their clips are the out-of-distribution test (`test_ood`).
    iid_share: share of each other recorder's date blocks that form the in-distribution test (`test_iid`).
    validation_share: share of the date blocks that form `validation`; the rest is `train`.
    block_nights: consecutive nights that are dealt together.
    """

    ood_sites: tuple[str, ...] = ()
    iid_share: Share = 0.08
    validation_share: Share = 0.15
    block_nights: Annotated[int, Field(ge=1)] = 1

    def __post_init__(self) -> None:
        if self.iid_share + self.validation_share >= 1:
            raise ValueError("iid_share + validation_share must leave something to train on (less than 1)")


def group_of(recorder: str, night: str, recording: str, block_nights: int = 1) -> str:
    """The unit that is never divided: recorder and date block, or the recording where the night is unknown."""
    if not night:
        return recording
    day = date.fromisoformat(night).toordinal()
    return f"{recorder}/{date.fromordinal(day - day % block_nights).isoformat() if block_nights > 1 else night}"


def split_of(recorder: str, group: str, options: SplitOptions) -> str:
    """The split of a group, from its name alone: other nights, their order and their number do not matter."""
    u = stable_fraction("split", recorder, group.removeprefix(f"{recorder}/"))
    if u < options.iid_share:
        return TEST_IID
    return VALIDATION if u < options.iid_share + options.validation_share else TRAIN


def assign(clips: pd.DataFrame, options: SplitOptions) -> pd.DataFrame:
    """Deal every clip to a split.

    Args:
        clips: the survey's table (`chorus.clips.CLIP_COLUMNS`).

    Returns:
        `clips` with the column `split` filled and a new column `group`. A split fixed in the survey stays.

    Raises:
        DataError: an OOD site that is not in the survey.
        LeakageError: see `audit`.
    """
    unknown = sorted(set(options.ood_sites) - set(clips["site"]))
    if unknown:
        sites = ", ".join(sorted(set(clips["site"])))
        raise DataError(f"split.ood_sites: no clip of the survey is from {unknown}; its sites are: {sites}")
    table = clips.copy()
    table["group"] = [
        group_of(row.recorder, row.night, row.recording, options.block_nights) for row in clips.itertuples()
    ]
    table["split"] = [
        row.split
        or (
            CANDIDATE
            if row.role == CANDIDATE
            else TEST_OOD
            if row.site in options.ood_sites
            else split_of(row.recorder, row.group, options)
        )
        for row in table.itertuples()
    ]
    audit(table)
    return table


def audit(table: pd.DataFrame) -> dict[str, int]:
    """Prove that nothing that judges a model has also trained it.

    Args:
        table: one row a clip with clip_id, split, group, recording, site, recorder, sha256, role.

    Returns:
        For each rule the number of things (groups, recordings, ...) it was checked on.

    Raises:
        LeakageError: names the rule and the clips that break it.
    """
    candidates = table[table["role"] == CANDIDATE]
    if (misplaced := table[(table["role"] == CANDIDATE) != (table["split"] == CANDIDATE)]).size:
        raise LeakageError(f"candidates belong to no split and splits hold no candidates: {_with_splits(misplaced)}")
    judged = table[table["split"] != CANDIDATE]
    for column, what in (("group", "recorder-night"), ("recording", "recording"), ("sha256", "audio content")):
        _refuse_shared(judged, column, f"one {what} is in two splits")
    heard_elsewhere = judged[judged["split"] != TEST_OOD]["site"]
    ood = judged[(judged["split"] == TEST_OOD) & (judged["site"] != "unknown")]
    if (shared := ood[ood["site"].isin(heard_elsewhere)]).size:
        raise LeakageError(f"an OOD test site is also in another split: {_with_splits(shared)}")
    for column, what in (("recorder", "recorder"), ("recording", "recording"), ("sha256", "audio content")):
        if (shared := candidates[candidates[column].isin(judged[column])]).size:
            raise LeakageError(f"candidate clips share a {what} with a split: {_with_splits(shared)}")
    return {
        "groups_in_one_split": judged["group"].nunique(),
        "recordings_in_one_split": judged["recording"].nunique(),
        "contents_in_one_split": judged["sha256"].nunique(),
        "ood_sites_in_one_split": ood["site"].nunique(),
        "candidate_recorders_in_no_split": candidates["recorder"].nunique(),
    }


def count(table: pd.DataFrame) -> dict[str, dict[str, object]]:
    """Clips by split, label, quality and site, in a nested dict for JSON: only what occurs, in a fixed order."""
    report: dict[str, dict[str, object]] = {}
    for split in SPLITS:
        part = table[table["split"] == split]
        positives = part[part["label"] == "positive"]
        report[split] = {
            "clips": len(part),
            "positive": len(positives),
            "negative": len(part) - len(positives),
            "groups": part["group"].nunique(),
            "positive_by_quality": {quality: int((positives["quality"] == quality).sum()) for quality in QUALITIES},
            "by_site": {
                site: {str(label): len(clips) for label, clips in of_site.groupby("label")}
                for site, of_site in part.groupby("site")
            },
        }
    return report


def _refuse_shared(table: pd.DataFrame, column: str, problem: str) -> None:
    splits_of = table.groupby(column)["split"].nunique()
    shared = table[table[column].isin(splits_of.index[splits_of > 1])]
    if len(shared):
        raise LeakageError(f"{problem}: {_with_splits(shared.sort_values([column, 'clip_id']))}")


def _with_splits(clips: pd.DataFrame) -> str:
    return name_clips([f"{row.clip_id} ({row.split})" for row in clips.itertuples()])
