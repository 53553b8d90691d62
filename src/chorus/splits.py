"""Who may learn from which clip: site-nights are dealt to splits by a stable hash, and the deal is audited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import pandas as pd
from pydantic import Field

from chorus.clips import (
    CANDIDATE,
    OOD_VALIDATION,
    POSITIVE,
    QUALITIES,
    SPLITS,
    TEST_IID,
    TEST_OOD,
    TRAIN,
    VALIDATION,
    places,
    site_nights,
)
from chorus.errors import DataError
from chorus.leakage import audit, candidate_faults, name_faults
from chorus.names import comparable, keys, look_alikes, one_spelling, skeleton
from chorus.options import options
from chorus.seeds import stable_fraction

Share = Annotated[float, Field(ge=0, lt=1)]
NAMES = ("site", "recorder", "recording")  # columns that are compared as people mean them


@options
class SplitOptions:
    """How clips are dealt to splits.

    ood_sites: sites never heard in training; all their clips are the out-of-distribution test (`test_ood`).
    ood_validation_sites: more such sites, on which configurations are chosen (`ood_validation`), so that the
        out-of-distribution test judges only what it did not choose.
    iid_share: share of the other sites' date blocks that form the in-distribution test (`test_iid`).
    validation_share: share of the date blocks that form `validation`; the rest is `train`.
    block_nights: consecutive nights that are dealt together.
    """

    ood_sites: tuple[str, ...] = ()
    ood_validation_sites: tuple[str, ...] = ()
    iid_share: Share = 0.08
    validation_share: Share = 0.15
    block_nights: Annotated[int, Field(ge=1)] = 1

    def __post_init__(self) -> None:
        if self.iid_share + self.validation_share >= 1:
            raise ValueError("iid_share + validation_share must leave something to train on (less than 1)")
        test, validation = ({comparable(site) for site in sites} for sites in self.by_split.values())
        if test & validation:
            raise ValueError(f"a site is in ood_sites and in ood_validation_sites: {sorted(test & validation)}")

    @property
    def by_split(self) -> dict[str, tuple[str, ...]]:
        """The splits that hold whole sites, and their sites."""
        return {TEST_OOD: self.ood_sites, OOD_VALIDATION: self.ood_validation_sites}


@dataclass(frozen=True)
class Deal:
    """table: the survey's clips with `split` filled and a new column `group` (their site-night). set_aside: clip id ->
    reason, of candidates that must not be mined and are therefore not in the table."""

    table: pd.DataFrame
    set_aside: dict[str, str]


def split_of(group: str, options: SplitOptions) -> str:
    """The split of a site-night, from its name alone: other nights, their order and their number do not matter.

    Names that look alike fall together, so that a pond under two names is not divided.
    """
    u = stable_fraction("split", skeleton(group))
    if u < options.iid_share:
        return TEST_IID
    return VALIDATION if u < options.iid_share + options.validation_share else TRAIN


def assign(clips: pd.DataFrame, options: SplitOptions) -> Deal:
    """Deal every clip to a split. A split fixed in the survey stays.

    Args:
        clips: the survey's table (`chorus.clips.CLIP_COLUMNS`).

    Raises:
        DataError: an OOD site that is not in the survey, or no candidate that may be mined among several.
        LeakageError: see `chorus.leakage.audit`.
    """
    table = clips.assign(**{column: one_spelling(clips[column]) for column in NAMES})
    table["group"] = site_nights(table, options.block_nights)
    dealt = keys(table["group"], lambda group: split_of(group, options))
    site = keys(places(table))
    for split, sites in options.by_split.items():
        dealt = dealt.mask(site.isin(_known(sites, table["site"], split)), split)
    dealt = dealt.mask(table["role"] == CANDIDATE, CANDIDATE)
    table["split"] = table["split"].mask(table["split"] == "", dealt)
    faults = candidate_faults(table)
    if len(faults) and len(faults) == (table["split"] == CANDIDATE).sum():
        raise DataError(
            f"no candidate is left: {name_faults(table, faults)}; "
            "candidates must come from other recorders, nights and sites than the labelled clips"
        )
    set_aside = dict(zip(table.loc[faults.index, "clip_id"], faults, strict=True))
    table = table.drop(faults.index)
    audit(table)
    return Deal(table, set_aside)


def count(table: pd.DataFrame) -> dict[str, dict[str, object]]:
    """Clips by split, label, quality and site, in a nested dict for JSON: only what occurs, in a fixed order."""
    report: dict[str, dict[str, object]] = {}
    for split in SPLITS:
        part = table[table["split"] == split]
        if part.empty and split == OOD_VALIDATION:
            continue
        positives = part[part["label"] == POSITIVE]
        report[split] = {
            "clips": len(part),
            "positive": len(positives),
            "negative": len(part) - len(positives),
            "site_nights": part["group"].nunique(),
            "positive_by_quality": {quality: int((positives["quality"] == quality).sum()) for quality in QUALITIES},
            "by_site": {
                site: {str(label): int(n) for label, n in of_site.items()}
                for site, of_site in _labels_by_site(part).items()
            },
        }
    return report


def describe(table: pd.DataFrame, options: SplitOptions) -> dict[str, Any]:
    """The unit of the deal in words, and what the reference study's unit would have shared; for JSON.

    Args:
        table: from `assign`.
    """
    by_recorder = _dealt_by_recorder(table, options)
    learned = set(table.loc[by_recorder == TRAIN, "group"])
    judges = {split: table.loc[by_recorder == split, "group"] for split in (VALIDATION, TEST_IID)}
    shared = {split: f"{groups.isin(learned).sum()} of {len(groups)}" for split, groups in judges.items()}
    return {
        "unit": "site-night: all recorders of a site in one night are dealt together, for they hear the same animals "
        "(recorder-night where no site is known, the recording where the night is unknown)",
        "reference_study": "dealt each recorder's date blocks by themselves; dealt so, "
        f"{shared[VALIDATION]} clips of validation and {shared[TEST_IID]} clips of test_iid "
        "would be from a site-night that another recorder has in training",
        "look_alikes": {
            column: [" / ".join(names) for names in alike]
            for column in ("site", "recorder")
            if (alike := look_alikes(table[column].unique()))
        },
    }


def remarks(deal: Deal, alike: Mapping[str, Sequence[str]], moved: Sequence[str]) -> list[str]:
    """What a person should look at after the deal, one sentence each.

    Args:
        alike: column -> groups of look-alikes, from `describe`. moved: from `chorus.leakage.moved_recorders`.
    """
    said = [
        f"{column}s that look alike, dealt as if they were one: {'; '.join(names)}" for column, names in alike.items()
    ]
    said += [f"recorder {where}: moved, or a site misnamed?" for where in moved]
    if deal.set_aside:
        first, reason = next(iter(deal.set_aside.items()))
        said.append(f"{len(deal.set_aside)} candidates set aside, the first {first} {reason}")
    return said


def _known(sites: tuple[str, ...], surveyed: pd.Series, split: str) -> list[str]:
    """These sites as they are compared.

    Raises:
        DataError: one of them is not in the survey.
    """
    present = sorted(surveyed.unique())
    unknown = sorted(set(map(comparable, sites)) - set(map(comparable, present)))
    if unknown:
        key = "split.ood_sites" if split == TEST_OOD else "split.ood_validation_sites"
        named = [site for site in sites if comparable(site) in unknown]
        raise DataError(f"{key}: no clip of the survey is from {named}; its sites are: {', '.join(present)}")
    return [comparable(site) for site in sites]


def _dealt_by_recorder(table: pd.DataFrame, options: SplitOptions) -> pd.Series:
    """The split of each clip if each recorder's nights were dealt by themselves; of the clips that are dealt at all."""
    dealt = table[table["split"].isin((TRAIN, VALIDATION, TEST_IID)) & (table["night"] != "")]
    unplaced = dealt.assign(site="")
    by_recorder = keys(
        site_nights(unplaced, options.block_nights),
        lambda group: split_of(group, options),
    )
    return by_recorder.reindex(table.index, fill_value="")


def _labels_by_site(part: pd.DataFrame) -> dict[str, dict[str, int]]:
    sizes = part.groupby(["site", "label"]).size()
    sites: dict[str, dict[str, int]] = {}
    for (site, label), clips in sizes.items():
        sites.setdefault(str(site), {})[label] = clips
    return sites
