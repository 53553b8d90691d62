"""Dealing nights to splits, and the audit that must notice every leak."""

from __future__ import annotations

import re
from itertools import pairwise

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
    """Two recorders at the creek, a third at the pond."""
    site = {"R3": "Pond"}
    return clip_table(
        *(
            (2, {"recorder": recorder, "night": night, "site": site.get(recorder, "Creek")})
            for recorder in recorders
            for night in nights
        )
    )


def _assign(table: pd.DataFrame, **options: object) -> pd.DataFrame:
    return splits.assign(table, SplitOptions(**options)).table


def _split(table: pd.DataFrame, **options: object) -> dict[str, str]:
    dealt = _assign(table, **options)
    return dict(zip(dealt["group"], dealt["split"], strict=True))


def test_shares_of_nights_come_out_as_asked():
    dealt = pd.Series(_split(_survey(NIGHTS))).value_counts(normalize=True)
    # 224 site-nights: three standard deviations
    assert abs(dealt[clips.TEST_IID] - 0.08) < 0.055
    assert abs(dealt[clips.VALIDATION] - 0.15) < 0.072


def test_two_recorders_of_one_site_are_dealt_together():
    dealt = _assign(_survey(NIGHTS))
    at_creek = dealt[dealt["site"] == "Creek"]
    assert at_creek.groupby("night")["recorder"].nunique().eq(2).all()
    assert at_creek.groupby("night")["split"].nunique().eq(1).all()
    assert (
        dealt.groupby("night")["split"].nunique().max() == 2
    )  # another site's night is another matter


@given(st.sampled_from(["creek", "CREEK ", " Creek", "Creеk", "Creek."]))
def test_no_spelling_of_a_site_divides_its_nights(spelling):
    table = _survey(NIGHTS[:30])
    table.loc[table["recorder"] == "R2", "site"] = spelling
    dealt = _assign(table)
    assert dealt[dealt["recorder"] != "R3"].groupby("night")["split"].nunique().eq(1).all()


def test_a_recorder_that_was_spelled_in_two_ways_is_one():
    table = _survey(NIGHTS[:30], ("R1",)).assign(site="unknown")
    table.loc[::2, "recorder"] = "r1"
    assert _assign(table)["recorder"].unique().tolist() == ["r1"]
    assert len(_split(table)) == 30


def test_a_clip_without_a_site_is_where_its_recorder_is():
    table = clip_table(
        (2, {"recorder": "R9", "site": "Pond"}), (1, {"recorder": "r9", "site": "unknown"})
    )
    assert _assign(table, ood_sites=("Pond",))["split"].tolist() == [clips.TEST_OOD] * 3


@pytest.mark.parametrize("spelling", ["pond", "Pond ", "POND"])
def test_an_ood_site_is_kept_from_training_however_it_is_spelled(spelling):
    table = clip_table((2, {"site": "Pond"}), (2, {"site": spelling}), (2, {"night": "2024-03-05"}))
    assert _assign(table, ood_sites=(spelling,))["split"].tolist()[:4] == [clips.TEST_OOD] * 4


@pytest.mark.parametrize("alike", ["MillPond", "Mill-Pond", "Mill Pоnd", "mill_pond"])
def test_a_look_alike_of_an_ood_site_is_refused(alike):
    table = clip_table(
        (2, {"site": "Mill Pond", "recorder": "R9"}), (2, {"site": alike, "night": "2024-03-05"})
    )
    with pytest.raises(
        LeakageError, match=f"OOD site .*{alike}.* is also in another split: c000002"
    ):
        _assign(table, ood_sites=("Mill Pond",))


def test_ood_sites_for_choosing_and_for_judging_are_apart():
    table = clip_table(
        (2, {}), (2, {"site": "Pond", "recorder": "R2"}), (2, {"site": "Lake", "recorder": "R3"})
    )
    dealt = _assign(table, ood_sites=("Lake",), ood_validation_sites=("pond",))
    assert dealt["split"].tolist()[2:] == [clips.OOD_VALIDATION] * 2 + [clips.TEST_OOD] * 2
    assert splits.count(dealt)[clips.OOD_VALIDATION]["clips"] == 2


def test_a_site_cannot_choose_and_judge():
    with pytest.raises(ParameterError, match="a site is in ood_sites and in ood_validation_sites"):
        parse(
            SplitOptions, {"ood_sites": ["Pond"], "ood_validation_sites": ["pond"]}, section="split"
        )


def test_the_report_says_what_the_reference_study_would_have_shared():
    dealt = _assign(_survey(NIGHTS))
    said = splits.describe(dealt, SplitOptions())["reference_study"]
    shared, validation = (
        int(number) for number in re.search(r"(\d+) of (\d+) clips of validation", said).groups()
    )
    # of the validation clips dealt by recorder, two in three are at the creek, where the other recorder's night trains
    # with a chance of 0.77
    assert 0.25 < shared / validation < 0.8


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
        _assign(table.loc[order]).sort_values("clip_id", ignore_index=True),
        _assign(table).sort_values("clip_id", ignore_index=True),
    )


def test_blocks_of_nights_stay_together():
    dealt = _assign(_survey(NIGHTS), block_nights=7)
    assert dealt.groupby(["recorder", "group"])["night"].nunique().max() == 7
    assert dealt.groupby("group")["split"].nunique().max() == 1


def test_ood_sites_and_candidates_have_splits_of_their_own():
    table = clip_table(
        (3, {"recorder": "R1"}),
        (3, {"recorder": "R9", "site": "Pond"}),
        (2, {"recorder": "C1", "site": "Basin", "role": clips.CANDIDATE}),
    )
    dealt = _assign(table, ood_sites=("Pond",))
    assert set(dealt.loc[dealt["site"] == "Pond", "split"]) == {clips.TEST_OOD}
    assert set(dealt.loc[dealt["recorder"] == "C1", "split"]) == {clips.CANDIDATE}


def test_an_unknown_ood_site_is_refused_with_the_sites_there_are():
    with pytest.raises(
        DataError, match=r"no clip of the survey is from \['Lake'\]; its sites are: Creek"
    ):
        splits.assign(_survey(NIGHTS[:2]), SplitOptions(ood_sites=("Lake",)))


def test_a_fixed_split_overrides_ours():
    table = clip_table(
        (3, {"night": "2024-03-01", "split": clips.TEST_IID}), (3, {"night": "2024-03-02"})
    )
    assert _split(table)["Creek/2024-03-01"] == clips.TEST_IID


def test_without_a_night_the_recording_is_the_unit():
    table = clip_table(*((1, {"night": "", "recording": f"{n}.wav"}) for n in range(40)))
    assert _assign(table)["group"].nunique() == 40


def test_shares_that_leave_nothing_to_train_on_are_refused():
    with pytest.raises(ParameterError, match="less than 1"):
        parse(SplitOptions, {"iid_share": 0.5, "validation_share": 0.5}, section="split")


def test_a_users_own_split_is_audited():
    table = clip_table((1, {"split": clips.TRAIN}), (1, {"split": clips.TEST_IID}))
    with pytest.raises(LeakageError, match="two splits"):
        splits.assign(table, SplitOptions())


CANDIDATE = {"recorder": "C1", "site": "Basin", "night": "2024-04-01", "role": clips.CANDIDATE}


@pytest.mark.parametrize(
    ("shared", "reason"),
    [
        (
            {"site": "pond", "night": "2024-05-01"},
            "shares its site with an out-of-distribution split: Pond",
        ),
        ({"site": "Po-nd"}, "shares its site with an out-of-distribution split: Po-nd"),
        ({"recorder": "r1"}, "shares its recorder with a split: R1"),
        (
            {"site": "creek", "night": "2024-03-01"},
            "shares its site-night with a split: Creek/2024-03-01",
        ),
        ({"recording": "A"}, "shares its recording with a split: a"),
        ({"sha256": "aa"}, "shares its audio content with a split"),
    ],
)
def test_candidates_that_share_something_with_a_split_are_set_aside_by_name(shared, reason):
    table = clip_table(
        (1, {"recording": "a", "sha256": "aa"}),
        (1, {"recorder": "R9", "site": "Pond"}),
        (1, CANDIDATE),
        (1, CANDIDATE | shared),
    )
    deal = splits.assign(table, SplitOptions(ood_sites=("Pond",)))
    assert list(deal.set_aside) == ["c000003"] and deal.set_aside["c000003"].startswith(reason)
    assert deal.table["clip_id"].tolist() == ["c000000", "c000001", "c000002"]
    about = splits.describe(deal.table, SplitOptions())
    assert any(
        "1 candidates set aside" in said and "c000003" in said
        for said in splits.remarks(deal, about, [])
    )


def test_when_no_candidate_is_left_it_is_an_error():
    table = clip_table((2, {}), (3, CANDIDATE | {"recorder": "R1"}))
    with pytest.raises(
        DataError, match="no candidate is left: c000002 shares its recorder with a split: R1"
    ):
        _assign(table)


def _pairs(*rows: tuple[str, str], exact: bool = False) -> pd.DataFrame:
    return pd.DataFrame(
        [(a, b, 1.0 if exact else 0.912, exact) for a, b in rows],
        columns=["a", "b", "similarity", "exact"],
    )


def _in_two_splits(dealt: pd.DataFrame) -> tuple[str, str]:
    """A clip that trains and one that judges."""
    first = dealt.drop_duplicates("split").set_index("split")["clip_id"]
    return min(first[clips.TRAIN], first[clips.TEST_IID]), max(
        first[clips.TRAIN], first[clips.TEST_IID]
    )


def test_nights_that_share_a_sound_are_dealt_together_and_the_others_as_before():
    table = _survey(NIGHTS[:40])
    before = _assign(table)
    one, other = _in_two_splits(before)
    deal = splits.assign(table, SplitOptions(), _pairs((one, other)))
    after = deal.table.set_index("clip_id")
    assert (
        after.loc[one, "split"] == after.loc[other, "split"]
        and after.loc[one, "group"] == after.loc[other, "group"]
    )
    moved = set(before.loc[before["clip_id"].isin([one, other]), "group"])
    rest = before[~before["group"].isin(moved)]
    assert after.loc[rest["clip_id"], "split"].tolist() == rest["split"].tolist()
    about = splits.describe(deal.table, SplitOptions(), _pairs((one, other)))["near_copies"]
    assert about == {"policy": "together", "pairs": 1, "pairs_in_two_splits": 0}


def test_a_copy_takes_the_look_alikes_of_its_night_along():
    nights = [
        {"site": site, "night": night} for night in NIGHTS[:20] for site in ("Creek", "Cre-ek")
    ]
    table = clip_table(
        *((1, night) for night in nights), (1, {"site": "Aspen", "night": NIGHTS[90]})
    )
    ids = table["clip_id"].tolist()
    for one in ids[:40:2]:
        dealt = splits.assign(table, SplitOptions(), _pairs((one, ids[40]))).table
        creeks = dealt[dealt["site"] != "Aspen"]
        assert (creeks.groupby("night")["split"].nunique() == 1).all()


def test_a_chain_of_copies_is_one_group():
    table = _survey(NIGHTS[:40], ("R1",))
    ids = [f"c{n:06d}" for n in range(0, 80, 2)]
    deal = splits.assign(table, SplitOptions(), _pairs(*pairwise(ids)))
    assert deal.table["group"].unique().tolist() == ["Creek/2024-02-01"]


def test_near_copies_in_two_splits_are_an_error_where_that_is_asked_for():
    table = _survey(NIGHTS[:40])
    one, other = _in_two_splits(_assign(table))
    said = rf"one sound is in two splits: {one} \(.*\) and {other} \(.*\), 0.91 alike"
    with pytest.raises(LeakageError, match=said):
        splits.assign(table, SplitOptions(near_copies="error"), _pairs((one, other)))


def test_near_copies_may_be_allowed_and_are_then_reported_but_for_windows_that_are_the_same():
    table = _survey(NIGHTS[:40])
    one, other = _in_two_splits(_assign(table))
    allow = SplitOptions(near_copies="allow")
    deal = splits.assign(table, allow, _pairs((one, other)))
    pd.testing.assert_frame_equal(deal.table, _assign(table))
    about = splits.describe(deal.table, allow, _pairs((one, other)))
    assert about["near_copies"] == {"policy": "allow", "pairs": 1, "pairs_in_two_splits": 1}
    assert any("1 of them are in two splits" in said for said in splits.remarks(deal, about, []))
    same = splits.assign(table, allow, _pairs((one, other), exact=True)).table.set_index("clip_id")[
        "split"
    ]
    assert same[one] == same[other]


@pytest.mark.parametrize("near_copies", ["together", "error"])
def test_a_copy_of_an_ood_clip_in_training_is_an_error(near_copies):
    table = clip_table((1, {"split": clips.TRAIN}), (1, {"site": "Pond", "recorder": "R2"}))
    with pytest.raises(LeakageError, match=r"c000000 \(train\) and c000001 \(test_ood\)"):
        splits.assign(
            table,
            SplitOptions(ood_sites=("Pond",), near_copies=near_copies),
            _pairs(("c000000", "c000001")),
        )


def test_a_candidate_that_copies_a_labelled_clip_is_set_aside():
    table = clip_table((2, {}), (2, CANDIDATE))
    pairs = _pairs(
        ("c000001", "c000002"), ("c000002", "c000003")
    )  # candidates among themselves may be alike
    deal = splits.assign(table, SplitOptions(), pairs)
    (reason,) = deal.set_aside.values()
    assert list(deal.set_aside) == ["c000002"] and re.fullmatch(
        r"holds the sound of c000001 \(\w+\), 0.91 alike", reason
    )
    assert splits.assign(table, SplitOptions(near_copies="allow"), pairs).set_aside == {}
