"""Dealing nights to splits, and the audit that must notice every leak."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chorus import clips, splits
from chorus.errors import DataError, LeakageError, ParameterError
from chorus.options import parse
from chorus.splits import SplitOptions
from tables import clip_table

NIGHTS = [f"2024-{month:02d}-{day:02d}" for month in (2, 3, 4, 5) for day in range(1, 29)]


def _survey(nights: list[str], recorders: tuple[str, ...] = ("R1", "R2", "R3")) -> pd.DataFrame:
    return clip_table(*((2, {"recorder": recorder, "night": night}) for recorder in recorders for night in nights))


def _split(table: pd.DataFrame, **options: object) -> dict[str, str]:
    dealt = splits.assign(table, SplitOptions(**options))
    return dict(zip(dealt["group"], dealt["split"], strict=True))


def test_shares_of_nights_come_out_as_asked():
    dealt = pd.Series(_split(_survey(NIGHTS))).value_counts(normalize=True)
    # 336 recorder-nights: three standard deviations
    assert abs(dealt[clips.TEST_IID] - 0.08) < 0.045
    assert abs(dealt[clips.VALIDATION] - 0.15) < 0.06


def test_a_night_is_in_one_split_and_stays_there_when_nights_are_added():
    early, all_nights = _split(_survey(NIGHTS[:30])), _split(_survey(NIGHTS))
    assert early.items() <= all_nights.items()


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_row_order_does_not_matter(random):
    table = _survey(NIGHTS[:12])
    order = list(table.index)
    random.shuffle(order)
    pd.testing.assert_frame_equal(
        splits.assign(table.loc[order], SplitOptions()).sort_values("clip_id", ignore_index=True),
        splits.assign(table, SplitOptions()).sort_values("clip_id", ignore_index=True),
    )


def test_blocks_of_nights_stay_together():
    dealt = splits.assign(_survey(NIGHTS), SplitOptions(block_nights=7))
    assert dealt.groupby(["recorder", "group"])["night"].nunique().max() == 7
    assert dealt.groupby("group")["split"].nunique().max() == 1


def test_ood_sites_and_candidates_have_splits_of_their_own():
    table = clip_table(
        (3, {"recorder": "R1"}),
        (3, {"recorder": "R9", "site": "Pond"}),
        (2, {"recorder": "C1", "role": clips.CANDIDATE}),
    )
    dealt = splits.assign(table, SplitOptions(ood_sites=("Pond",)))
    assert set(dealt.loc[dealt["site"] == "Pond", "split"]) == {clips.TEST_OOD}
    assert set(dealt.loc[dealt["recorder"] == "C1", "split"]) == {clips.CANDIDATE}


def test_an_unknown_ood_site_is_refused_with_the_sites_there_are():
    with pytest.raises(DataError, match=r"no clip of the survey is from \['Lake'\]; its sites are: Creek"):
        splits.assign(_survey(NIGHTS[:2]), SplitOptions(ood_sites=("Lake",)))


def test_a_fixed_split_overrides_ours():
    table = clip_table((3, {"night": "2024-03-01", "split": clips.TEST_IID}), (3, {"night": "2024-03-02"}))
    assert _split(table)["R1/2024-03-01"] == clips.TEST_IID


def test_without_a_night_the_recording_is_the_unit():
    table = clip_table(*((1, {"night": "", "recording": f"{n}.wav"}) for n in range(40)))
    assert splits.assign(table, SplitOptions())["group"].nunique() == 40


def test_shares_that_leave_nothing_to_train_on_are_refused():
    with pytest.raises(ParameterError, match="less than 1"):
        parse(SplitOptions, {"iid_share": 0.5, "validation_share": 0.5}, section="split")


TRAIN, IID = {"split": clips.TRAIN}, {"split": clips.TEST_IID, "recorder": "R2"}


def _audit_refuses(table: pd.DataFrame, match: str) -> None:
    with pytest.raises(LeakageError, match=match):
        splits.audit(table)


def test_the_audit_counts_what_it_checked():
    table = clip_table((2, TRAIN), (1, IID), (1, {"split": clips.CANDIDATE, "recorder": "C1"}))
    assert splits.audit(table)["groups_in_one_split"] == 2


def test_the_audit_names_a_night_in_two_splits():
    table = clip_table((1, TRAIN), (1, IID | {"recorder": "R1"}))
    _audit_refuses(table, r"recorder-night is in two.*c000000 \(train\)")


def test_the_audit_names_a_recording_in_two_splits():
    table = clip_table((1, TRAIN | {"recording": "a"}), (1, IID | {"recording": "a"}))
    _audit_refuses(table, "recording is in two splits")


def test_the_audit_names_audio_in_two_splits():
    _audit_refuses(clip_table((1, TRAIN | {"sha256": "aa"}), (1, IID | {"sha256": "aa"})), "audio content is in two")


def test_the_audit_names_an_ood_site_heard_in_training():
    table = clip_table((1, TRAIN), (1, {"split": clips.TEST_OOD, "recorder": "R3"}))
    _audit_refuses(table, "OOD test site is also in another split: c000001")


@pytest.mark.parametrize("column", ["recorder", "recording", "sha256"])
def test_the_audit_names_candidates_that_share_something_with_a_split(column):
    candidate = {"split": clips.CANDIDATE, "recorder": "C1", "recording": "x", "sha256": "ff"}
    shared = {"recorder": "R1", "recording": "r", "sha256": "aa"}
    table = clip_table((1, TRAIN | shared), (1, candidate | {column: shared[column]}))
    _audit_refuses(table, f"candidate clips share a .*{'audio' if column == 'sha256' else column}.*c000001")


def test_the_audit_names_a_candidate_placed_in_a_split():
    _audit_refuses(clip_table((1, TRAIN | {"role": clips.CANDIDATE})), "candidates belong to no split.*c000000")


def test_a_users_own_split_is_audited():
    table = clip_table((1, {"split": clips.TRAIN}), (1, {"split": clips.TEST_IID}))
    with pytest.raises(LeakageError, match="two splits"):
        splits.assign(table, SplitOptions())
