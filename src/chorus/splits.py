"""Who may learn from which clip: site-nights are dealt to splits by a stable hash, and the deal is audited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
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
from chorus.leakage import (
    audit,
    candidate_faults,
    copied_candidates,
    in_pairs,
    name_faults,
    refuse_copies,
)
from chorus.names import among, comparable, keys, look_alikes, one_spelling, skeleton
from chorus.options import options
from chorus.seeds import stable_fraction

Share = Annotated[float, Field(ge=0, lt=1)]
NAMES = ("site", "recorder", "recording")  # columns that are compared as people mean them
_KEYS = {TEST_OOD: "split.ood_sites", OOD_VALIDATION: "split.ood_validation_sites"}


@options
class SplitOptions:
    """How clips are dealt to splits.

    ood_sites: sites never heard in training; all their clips are the out-of-distribution test (`test_ood`).
    ood_validation_sites: more such sites, on which configurations are chosen (`ood_validation`), so that the
        out-of-distribution test judges only what it did not choose.
    iid_share: share of the other sites' date blocks that form the in-distribution test (`test_iid`).
    validation_share: share of the date blocks that form `validation`; the rest is `train`.
    block_nights: consecutive nights that are dealt together.
    near_copies: what becomes of one sound under two names (`chorus.copies`). together: the site-nights of copies are
        dealt as one, candidates that copy a labelled clip are set aside, and what cannot be brought together (an OOD
        site, a fixed split) is an error; error: any pair in two splits is; allow: pairs are only reported, but for
        windows that are the same byte for byte.
    """

    ood_sites: tuple[str, ...] = ()
    ood_validation_sites: tuple[str, ...] = ()
    iid_share: Share = 0.08
    validation_share: Share = 0.15
    block_nights: Annotated[int, Field(ge=1, le=366)] = 1
    near_copies: Literal["together", "error", "allow"] = "together"

    def __post_init__(self) -> None:
        if self.iid_share + self.validation_share >= 1:
            raise ValueError(
                "iid_share + validation_share must leave something to train on (less than 1)"
            )
        # A site on which configurations are chosen judges nothing that was chosen on it.
        both = set(map(comparable, self.ood_sites)) & set(
            map(comparable, self.ood_validation_sites)
        )
        if both:
            raise ValueError(f"a site is in ood_sites and in ood_validation_sites: {sorted(both)}")

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

    Args:
        group: the skeleton of its name (`chorus.names.skeleton`): names that look alike fall together, so that a pond
            under two names is not divided.
    """
    u = stable_fraction("split", group)
    if u < options.iid_share:
        return TEST_IID
    if u < options.iid_share + options.validation_share:
        return VALIDATION
    return TRAIN


def assign(clips: pd.DataFrame, options: SplitOptions, pairs: pd.DataFrame | None = None) -> Deal:
    """Deal every clip to a split. A split fixed in the survey stays.

    Args:
        clips: the survey's table (`chorus.clips.CLIP_COLUMNS`).
        pairs: clips that hold the same sound, from `chorus.copies.copies`; None: not looked for.

    Raises:
        DataError: an OOD site that is not in the survey, or no candidate that may be mined among several.
        LeakageError: see `chorus.leakage.audit` and `chorus.leakage.refuse_copies`.
    """
    table = clips.assign(**{column: one_spelling(clips[column]) for column in NAMES})
    table["group"] = site_nights(table, options.block_nights)
    copied = _that_matter(pairs, table, options)
    pinned = _pinned(table, options)
    # Once, and again only of what is renamed below: it is half the time of a large survey.
    seen_as = keys(table["group"], skeleton)
    # One sound under two names belongs to two nights: dealt apart, the one would train what the other judges.
    if options.near_copies != "error" and len(copied):
        group = _joined(table, seen_as, copied, free=pinned == "")
        renamed = group != table["group"]
        seen_as = seen_as.mask(renamed, keys(group[renamed], skeleton))
        table["group"] = group
    dealt = keys(seen_as[pinned == ""], lambda group: split_of(group, options))
    table["split"] = pinned.mask(pinned == "", dealt)
    faults = candidate_faults(table, seen_as)
    if options.near_copies != "error":
        faults = faults.combine_first(copied_candidates(table, copied))
    # Some candidates that may not be mined are left out; all of them mean that the pool was gathered otherwise than
    # somebody thinks.
    if len(faults) and len(faults) == (table["split"] == CANDIDATE).sum():
        raise DataError(
            f"no candidate is left: {name_faults(table, faults)}; "
            "candidates must come from other recorders, nights and sites than the labelled clips"
        )
    set_aside = dict(zip(table.loc[faults.index, "clip_id"], faults, strict=True))
    if len(faults):  # else pandas would copy the whole table
        table = table.drop(faults.index)
    audit(table, seen_as)
    refuse_copies(table, copied)
    return Deal(table, set_aside)


def count(table: pd.DataFrame) -> dict[str, dict[str, object]]:
    """Clips by split, label, quality and site, in a nested dict for JSON: only what occurs, in a fixed order."""
    report: dict[str, dict[str, object]] = {}
    for split in SPLITS:
        part = table.loc[table["split"] == split, ["group", "label", "quality", "site"]]
        if part.empty and split == OOD_VALIDATION:
            continue
        positives = part[part["label"] == POSITIVE]
        by_quality = {name: int((positives["quality"] == name).sum()) for name in QUALITIES}
        report[split] = {
            "clips": len(part),
            "positive": len(positives),
            "negative": len(part) - len(positives),
            "site_nights": part["group"].nunique(),
            "positive_by_quality": by_quality,
            "by_site": _labels_by_site(part),
        }
    return report


def describe(
    table: pd.DataFrame, options: SplitOptions, pairs: pd.DataFrame | None = None
) -> dict[str, Any]:
    """The unit of the deal in words, and what the reference study's unit would have shared; for JSON.

    Args:
        table, pairs: of `assign`.
    """
    # What it costs to deal recorders by themselves is counted on these very clips.
    by_recorder = _dealt_by_recorder(table, options)
    learned = table.loc[by_recorder == TRAIN, "group"]
    shared = {}
    for split in (VALIDATION, TEST_IID):
        groups = table.loc[by_recorder == split, "group"]
        shared[split] = f"{among(groups, learned).sum()} of {len(groups)}"
    alike = {}
    for column in ("site", "recorder"):
        if found := look_alikes(table[column].unique()):
            alike[column] = [" / ".join(names) for names in found]
    return {
        "unit": "site-night: all recorders of a site in one night are dealt together, for they hear the same animals "
        "(recorder-night where no site is known, the recording where the night is unknown)",
        "reference_study": "dealt each recorder's date blocks by themselves; dealt so, "
        f"{shared[VALIDATION]} clips of validation and {shared[TEST_IID]} clips of test_iid "
        "would be from a site-night that another recorder has in training",
        "look_alikes": alike,
        "near_copies": _describe_copies(table, options, pairs),
    }


def remarks(deal: Deal, about: Mapping[str, Any], moved: Sequence[str]) -> list[str]:
    """What a person should look at after the deal, one sentence each.

    Args:
        about: from `describe`. moved: from `chorus.leakage.moved_recorders`.
    """
    said = []
    for column, names in about["look_alikes"].items():
        said.append(f"{column}s that look alike, dealt as if they were one: {'; '.join(names)}")
    for where in moved:
        said.append(f"recorder {where}: moved, or a site misnamed?")
    copied = about["near_copies"]
    if copied["pairs"]:
        said.append(
            f"{copied['pairs']} pairs of clips hold the same sound, see data/manifests/near_copies.csv; "
            f"{copied['pairs_in_two_splits']} of them are in two splits ({copied['policy']})"
        )
    if deal.set_aside:
        first, reason = next(iter(deal.set_aside.items()))
        said.append(f"{len(deal.set_aside)} candidates set aside, the first {first} {reason}")
    return said


def _describe_copies(
    table: pd.DataFrame, options: SplitOptions, pairs: pd.DataFrame | None
) -> dict[str, Any]:
    if pairs is None:
        return {"policy": options.near_copies, "pairs": 0, "pairs_in_two_splits": 0}
    # A clip that was set aside is in no split, and no longer in the table.
    clips, _ = in_pairs(table, pairs)
    split = clips.set_index("clip_id")["split"]
    one, other = split.reindex(pairs["a"]).to_numpy(), split.reindex(pairs["b"]).to_numpy()
    in_two = pd.notna(one) & pd.notna(other) & (one != other)
    return {
        "policy": options.near_copies,
        "pairs": len(pairs),
        "pairs_in_two_splits": int(in_two.sum()),
    }


def _known(sites: tuple[str, ...], surveyed: pd.Series, split: str) -> list[str]:
    """These sites as they are compared.

    Raises:
        DataError: one of them is not in the survey.
    """
    present = sorted(set(surveyed.unique()) - {""})
    unknown = sorted(set(map(comparable, sites)) - set(map(comparable, present)))
    if unknown:
        key = _KEYS[split]
        named = [site for site in sites if comparable(site) in unknown]
        raise DataError(
            f"{key}: no clip of the survey is from {named}; its sites are: {', '.join(present) or 'none'}"
        )
    return [comparable(site) for site in sites]


def _pinned(table: pd.DataFrame, options: SplitOptions) -> pd.Series:
    """The splits that are not dealt: fixed by the user, candidates, OOD sites; "" for the rest."""
    pinned = pd.Series("", index=table.index)
    place = places(table)
    site = keys(place)
    for split, sites in options.by_split.items():
        pinned = pinned.mask(site.isin(_known(sites, place, split)), split)
    pinned = pinned.mask(table["role"] == CANDIDATE, CANDIDATE)
    return table["split"].mask(table["split"] == "", pinned)


def _that_matter(
    pairs: pd.DataFrame | None, table: pd.DataFrame, options: SplitOptions
) -> pd.DataFrame:
    """The pairs of clips of the table from two groups that may not be in two splits."""
    if pairs is None:
        return pd.DataFrame(columns=["a", "b", "similarity", "exact"])
    clips, present = in_pairs(table, pairs)
    group = clips.set_index("clip_id")["group"]
    apart = present[group.loc[present["a"]].to_numpy() != group.loc[present["b"]].to_numpy()]
    # Whatever a person says of copies: windows that are the same byte for byte are none by chance.
    if options.near_copies == "allow":
        return apart[apart["exact"]]
    return apart


def _joined(
    table: pd.DataFrame, seen_as: pd.Series, pairs: pd.DataFrame, free: pd.Series
) -> pd.Series:
    """Each clip's group, where groups that share a sound bear the name of the first of them.

    Args:
        seen_as: the skeletons of the groups. Look-alikes are one: renamed alone, a group would leave them behind.
        free: which clips are dealt by hash; only their sounds join groups.
    """
    clips, linked = in_pairs(table.loc[free, ["clip_id", "group"]], pairs)
    if linked.empty:
        return table["group"]
    # Here and not above: few surveys have copies to join, and scipy is slow to load.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    seen = seen_as[clips.index].set_axis(clips["clip_id"])
    codes, seen_once = pd.factorize(pd.concat([seen.loc[linked["a"]], seen.loc[linked["b"]]]))
    edges = (codes[: len(linked)], codes[len(linked) :])
    size = len(seen_once)
    graph = coo_array((np.ones(len(linked), dtype=np.int8), edges), shape=(size, size))
    component = connected_components(graph, directed=False)[1]
    names = clips["group"].groupby(seen_as[clips.index]).min()
    first = names.loc[seen_once].groupby(component).transform("min")
    joined = seen_as.map(first.to_dict())
    return table["group"].where(joined.isna(), joined)


def _dealt_by_recorder(table: pd.DataFrame, options: SplitOptions) -> pd.Series:
    """The split of each clip if each recorder's nights were dealt by themselves; of the clips that are dealt at all."""
    dealt = table["split"].isin((TRAIN, VALIDATION, TEST_IID)) & (table["night"] != "")
    # Without sites, a site-night is the recorder's own.
    unplaced = table.loc[dealt, ["site", "recorder", "night", "recording"]].assign(site="")
    by_recorder = keys(
        site_nights(unplaced, options.block_nights),
        lambda group: split_of(skeleton(group), options),
    )
    return by_recorder.reindex(table.index, fill_value="")


def _labels_by_site(part: pd.DataFrame) -> dict[str, dict[str, int]]:
    sizes = part.groupby(["site", "label"]).size()
    sites: dict[str, dict[str, int]] = {}
    for (site, label), clips in sizes.items():
        sites.setdefault(str(site), {})[str(label)] = int(clips)
    return sites
