"""What may not be shared between what trains and what judges, and the audit that proves it is not.

The rules speak of the unit of evidence (`chorus.clips.site_nights`), of recordings, of audio content, of sites and of
recorders; they hold for the splits, for the pool of candidates and for every composed training set. Tables
come with one spelling for each name, as `chorus.splits.assign` leaves them.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from chorus.clips import CANDIDATE, OOD_VALIDATION, SPLITS, TEST_OOD, TRAIN, name_clips, places
from chorus.errors import LeakageError
from chorus.names import among, keys, skeleton

OOD = (TEST_OOD, OOD_VALIDATION)  # splits that hold whole sites
JUDGING = tuple(split for split in SPLITS if split not in (TRAIN, CANDIDATE))

# What a candidate shares with no split, and what clips that train share with none that judge: column -> in words.
_UNDIVIDED = {"group": "site-night", "recording": "recording", "sha256": "audio content"}
_KEPT_FROM_CANDIDATES = {"recorder": "recorder", **_UNDIVIDED}

# Names that people write: a candidate's must not even look like one in a split.
_SPELLED = ("recorder", "group")


def audit(table: pd.DataFrame, groups: pd.Series | None = None) -> dict[str, int]:
    """Prove that nothing that judges a model has also trained it, or may come to train it.

    Args:
        table: one row a clip with clip_id, split, group, recording, site, recorder, sha256, role.
        groups: as for `candidate_faults`.

    Returns:
        For each rule the number of things (groups, recordings, ...) it was checked on.

    Raises:
        LeakageError: names the rule and the clips that break it.
    """
    misplaced = table[(table["role"] == CANDIDATE) != (table["split"] == CANDIDATE)]
    if len(misplaced):
        raise LeakageError(
            f"candidates belong to no split and splits hold no candidates: {_with_splits(misplaced)}"
        )
    judged = table["split"] != CANDIDATE
    counts = {}
    for column, what in _UNDIVIDED.items():
        counts[column] = _refuse_shared(table, judged, column, f"one {what} is in two splits")
    ood_sites = _refuse_shared_sites(table.loc[judged, ["clip_id", "split", "site", "recorder"]])
    faults = candidate_faults(table, groups)
    if len(faults):
        raise LeakageError(f"candidates must not be mined: {name_faults(table, faults)}")
    return {
        "groups_in_one_split": counts["group"],
        "recordings_in_one_split": counts["recording"],
        "contents_in_one_split": counts["sha256"],
        "ood_sites_in_one_split": ood_sites,
        "candidate_recorders_in_no_split": table.loc[~judged, "recorder"].nunique(),
    }


def candidate_faults(table: pd.DataFrame, groups: pd.Series | None = None) -> pd.Series:
    """The candidates that must not be mined, each with the reason: "shares its recorder with a split: Moth01".

    Args:
        table: as for `audit`.
        groups: the skeletons of its column group, by the same index, if they are at hand; None: they are made.

    Returns:
        Indexed as the candidates' rows of `table`; empty when all may be mined.
    """
    is_candidate = table["split"] == CANDIDATE
    faults = pd.Series("", index=table.index[is_candidate], dtype=object)
    if faults.empty:
        return faults
    # A candidate heard at an OOD site would teach the model the very place where it is to be judged.
    key = keys(places(table), skeleton)
    ood = set(key[table["split"].isin(OOD)]) - {""}
    unheard = key[is_candidate].isin(ood)
    _note(
        faults, "site with an out-of-distribution split", table.loc[is_candidate, "site"][unheard]
    )
    for column, what in _KEPT_FROM_CANDIDATES.items():
        seen_as = table[column]
        if column == "group" and groups is not None:
            seen_as = groups
        elif column in _SPELLED:
            seen_as = keys(table[column], skeleton)
        candidates, others = table.index[is_candidate], table.index[~is_candidate]
        shared = among(seen_as.loc[candidates], seen_as.loc[others])
        _note(faults, f"{what} with a split", table.loc[is_candidate, column][shared])
    return faults[faults != ""]


def name_faults(table: pd.DataFrame, faults: pd.Series) -> str:
    """The first few of these clips with their reasons, in words: how errors name them.

    Args:
        faults: from `candidate_faults`.
    """
    return name_clips([f"{table.at[row, 'clip_id']} {reason}" for row, reason in faults.items()])


def audit_training(clip_ids: Iterable[str], table: pd.DataFrame) -> None:
    """Prove that a training set shares nothing with what judges the model, however it was composed.

    Args:
        clip_ids: the training set. table: as for `audit`.

    Raises:
        LeakageError: a clip of it is neither of the training split nor a candidate, is a candidate that must not be
            mined, or shares site-night, recording or content with a clip that judges: names the clips.
    """
    trains = among(table["clip_id"], pd.Series(list(clip_ids), dtype="str"))
    judges = table["split"].isin(JUDGING)
    stray = table[trains & ~table["split"].isin((TRAIN, CANDIDATE))]
    if len(stray):
        raise LeakageError(f"clips that judge a model would train it: {_with_splits(stray)}")
    for column, what in _UNDIVIDED.items():
        heard = table.loc[trains, column]
        shared = table.loc[heard.index[among(heard, table.loc[judges, column])]]
        if len(shared):
            raise LeakageError(f"the same {what} trains and judges: {_with_splits(shared)}")
    faults = candidate_faults(table)
    mined = faults[trains[faults.index]]
    if len(mined):
        raise LeakageError(f"candidates must not be mined: {name_faults(table, mined)}")


def in_pairs(table: pd.DataFrame, pairs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The clips of the table that are in a pair, and the pairs of which both clips are in the table."""
    clips = table[among(table["clip_id"], pd.concat([pairs["a"], pairs["b"]]))]
    return clips, pairs[among(pairs["a"], clips["clip_id"]) & among(pairs["b"], clips["clip_id"])]


def copied_candidates(table: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    """The candidates that hold the sound of a labelled clip, each with the reason, as from `candidate_faults`.

    Args:
        pairs: a, b (clip ids), similarity; from `chorus.copies.copies`.
    """
    clips, known = in_pairs(table, pairs)
    split = clips.set_index("clip_id")["split"]
    # Either of a pair may be the candidate; of several clips that it copies the likest is named.
    ways = [known, known.rename(columns={"a": "b", "b": "a"})]
    both_ways = pd.concat(ways).sort_values(["a", "similarity", "b"], ascending=[True, False, True])
    is_candidate = (split.loc[both_ways["a"]] == CANDIDATE).to_numpy()
    is_labelled = (split.loc[both_ways["b"]] != CANDIDATE).to_numpy()
    copied = both_ways[is_candidate & is_labelled].drop_duplicates("a").set_index("a")
    rows = pd.Series(clips.index, index=clips["clip_id"]).loc[copied.index]
    reasons = [
        f"holds the sound of {row.b} ({split[row.b]}), {row.similarity:.2f} alike"
        for row in copied.itertuples()
    ]
    return pd.Series(reasons, index=rows.to_numpy(), dtype=object)


def refuse_copies(table: pd.DataFrame, pairs: pd.DataFrame) -> None:
    """Prove that no sound is in two splits under two names.

    Raises:
        LeakageError: lists the pairs and how alike they are.
    """
    clips, known = in_pairs(table, pairs)
    split = clips.set_index("clip_id")["split"]
    apart = known[split.loc[known["a"]].to_numpy() != split.loc[known["b"]].to_numpy()]
    if apart.empty:
        return
    listed = [
        f"{row.a} ({split[row.a]}) and {row.b} ({split[row.b]}), {row.similarity:.2f} alike"
        for row in apart.itertuples()
    ]
    raise LeakageError(
        f"one sound is in two splits: {name_clips(listed)}: take one of each pair out of clips.csv, "
        "or say that they are no copies (split.near_copies: allow)"
    )


def moved_recorders(table: pd.DataFrame) -> list[str]:
    """Recorders of an out-of-distribution site that were also heard elsewhere, in words: moved, or a site misnamed?

    Args:
        table: recorder, site, split.
    """
    judged = table.loc[table["split"] != CANDIDATE, ["split", "site", "recorder"]]
    ood = judged["split"].isin(OOD)
    both = set(judged.loc[ood, "recorder"]) & set(judged.loc[~ood, "recorder"])
    sites = judged[judged["recorder"].isin(both)].groupby("recorder")["site"].unique()
    return [f"{recorder} at {', '.join(sorted(heard_at))}" for recorder, heard_at in sites.items()]


def _refuse_shared(table: pd.DataFrame, judged: pd.Series, column: str, problem: str) -> int:
    """The number of different things in the column, none of which is in two splits of the judged rows."""
    # By numbers: pairs of long texts would take most of the memory of a million clips.
    thing = table.loc[judged, column].factorize()[0]
    split = table.loc[judged, "split"].factorize()[0]
    pairs = pd.DataFrame({"thing": thing, "split": split}).drop_duplicates()
    twice = pairs.loc[pairs["thing"].duplicated(), "thing"]
    if len(twice):
        shared = table[judged][np.isin(thing, twice)]
        raise LeakageError(f"{problem}: {_with_splits(shared.sort_values([column, 'clip_id']))}")
    different: int = pairs["thing"].nunique()
    return different


def _refuse_shared_sites(judged: pd.DataFrame) -> int:
    """The number of OOD sites, none of which, and nothing named nearly so, is in another split."""
    site = places(judged)
    key = keys(site, skeleton)
    for split in OOD:
        inside = judged["split"] == split
        shared = judged[~inside & (site != "") & key.isin(set(key[inside]))]
        if len(shared):
            names = " / ".join(sorted(site[key.isin(set(key[shared.index]))].unique()))
            raise LeakageError(
                f"the OOD site {names} is also in another split: {_with_splits(shared)}"
            )
    return int(key[judged["split"].isin(OOD) & (site != "")].nunique())


def _note(faults: pd.Series, what: str, names: pd.Series) -> None:
    """Write down what these clips share, for those that have no fault yet."""
    first = names[faults[names.index] == ""]
    faults[first.index] = f"shares its {what}: " + first


def _with_splits(clips: pd.DataFrame) -> str:
    named = clips["clip_id"] + " (" + clips["split"] + ")"
    return name_clips(named.tolist())
