"""The audit must notice every way in which what judges a model has trained it."""

from __future__ import annotations

import pandas as pd
import pytest

from chorus import clips, leakage
from chorus.errors import LeakageError
from tables import clip_table

TRAIN = {"split": clips.TRAIN}
IID = {"split": clips.TEST_IID, "recorder": "R2", "night": "2024-03-02"}
CANDIDATE = {"split": clips.CANDIDATE, "recorder": "C1", "site": "Basin"}


def _audit_refuses(table: pd.DataFrame, match: str) -> None:
    with pytest.raises(LeakageError, match=match):
        leakage.audit(table)


def test_the_audit_counts_what_it_checked():
    table = clip_table((2, TRAIN), (1, IID), (1, CANDIDATE))
    assert leakage.audit(table) == {
        "groups_in_one_split": 2,
        "recordings_in_one_split": 2,
        "contents_in_one_split": 3,
        "ood_sites_in_one_split": 0,
        "candidate_recorders_in_no_split": 1,
    }


def test_the_audit_names_a_site_night_in_two_splits():
    table = clip_table((1, TRAIN), (1, IID | {"night": "2024-03-01"}))
    _audit_refuses(
        table, r"one site-night is in two splits: c000000 \(train\), c000001 \(test_iid\)"
    )


def test_the_audit_names_a_recording_in_two_splits():
    table = clip_table((1, TRAIN | {"recording": "a"}), (1, IID | {"recording": "a"}))
    _audit_refuses(table, "recording is in two splits")


def test_the_audit_names_audio_in_two_splits():
    _audit_refuses(
        clip_table((1, TRAIN | {"sha256": "aa"}), (1, IID | {"sha256": "aa"})),
        "audio content is in two",
    )


@pytest.mark.parametrize("split", leakage.OOD)
@pytest.mark.parametrize("site", ["Pond", "POND", "P\u043end", "Pond."])
def test_the_audit_names_an_ood_site_heard_in_training(split, site):
    ood = {"split": split, "recorder": "R3", "site": "Pond", "night": "2024-03-09"}
    _audit_refuses(
        clip_table((1, TRAIN | {"site": site}), (1, ood)),
        r"the OOD site .* is also .*: c000000 \(train\)",
    )


SHARED = [
    ("recorder", {"recorder": "R1"}),
    ("site-night", {"site": "Creek"}),
    ("recording", {"recording": "r"}),
    ("audio content", {"sha256": "aa"}),
]


LOOKS_SHARED = [("recorder", {"recorder": "r-01"}), ("site-night", {"site": "Cr\u0435ek"})]


@pytest.mark.parametrize(("what", "shared"), SHARED + LOOKS_SHARED)
def test_candidates_that_share_something_with_a_split_are_never_mined(what, shared):
    trains = TRAIN | {"recording": "r", "sha256": "aa"}
    table = clip_table((1, trains), (1, IID), (1, CANDIDATE), (1, CANDIDATE | shared))
    _audit_refuses(table, f"candidates must not be mined: c000003 shares its {what} with a split")
    with pytest.raises(LeakageError, match=f"c000003 shares its {what}"):
        leakage.audit_training(["c000000", "c000003"], table)
    leakage.audit_training(["c000000", "c000002"], table)


def test_the_audit_names_a_candidate_placed_in_a_split():
    _audit_refuses(
        clip_table((1, TRAIN | {"role": clips.CANDIDATE})), "candidates belong to no split.*c000000"
    )


@pytest.mark.parametrize("split", leakage.JUDGING)
def test_a_clip_that_judges_never_trains(split):
    table = clip_table((1, TRAIN), (1, IID | {"split": split}))
    with pytest.raises(LeakageError, match="clips that judge a model would train it: c000001"):
        leakage.audit_training(["c000000", "c000001"], table)


@pytest.mark.parametrize(("what", "shared"), SHARED[1:])
def test_a_training_clip_shares_nothing_with_what_judges(what, shared):
    """Even where the splits' own audit was never run."""
    judges = IID | {"recording": "r", "sha256": "aa", "site": "Creek", "night": "2024-03-01"}
    trains = TRAIN | {"site": "Stream"} | shared
    with pytest.raises(LeakageError, match=f"the same {what} trains and judges: c000000"):
        leakage.audit_training(["c000000"], clip_table((1, trains), (1, judges)))


def test_a_recorder_of_the_ood_site_that_was_heard_elsewhere_is_said():
    ood = {"split": clips.TEST_OOD, "site": "Pond", "recorder": "R1", "night": "2024-03-09"}
    table = clip_table((1, TRAIN), (1, IID), (1, ood), (1, CANDIDATE))
    assert leakage.moved_recorders(table) == ["R1 at Creek, Pond"]
    assert leakage.moved_recorders(table[table["clip_id"] != "c000000"]) == []
