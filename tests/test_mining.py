"""Picking subsets by a miner's scores."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus import clips, mining
from chorus.composition import ComposeOptions
from chorus.errors import DataError, LeakageError, ParameterError
from chorus.options import parse
from tables import clip_table

PERCENT = {"small": 5, "medium": 15, "large": 30, "top50": 50}


def _positive(
    min_score: float = 0.1, percent: dict[str, float] | None = None
) -> mining.PositiveMiningOptions:
    return mining.PositiveMiningOptions(
        composition=ComposeOptions(), seed=1, min_score=min_score, top_percent=percent or PERCENT
    )


def _negative(*scores: float) -> mining.NegativeMiningOptions:
    return mining.NegativeMiningOptions(composition=ComposeOptions(), seed=1, min_score=scores)


def test_the_account_says_what_auto_came_to():
    miner = {
        "composition": {"quality": ["auto"], "balance": "auto"},
        "trained_on": {
            "positives": 4, "negatives": 9, "quality": "high+medium+low", "balance": False,
        },
        "head": {}, "seed": 1, "encoder": "logmel", "weights_sha256": "0",
    }  # fmt: skip
    pool = mining.ranked({"a": 0.9})
    text = mining.describe({"positive": mining.record("All.", pool, {}, {}, miner)})
    assert "(high + medium + low quality) and 9 of its negatives (all of them)" in text


def test_the_reference_counts():
    """1,568 low-quality positives, 1,030 of them detected: 51 / 154 / 309 / 515."""
    scores = {f"c{n:04d}": 0.9 if n < 1030 else 0.01 for n in range(1568)}
    subsets = mining.pick_top(mining.ranked(scores), _positive())
    assert {name: len(subset) for name, subset in subsets.items()} == {
        "small": 51,
        "medium": 154,
        "large": 309,
        "top50": 515,
    }


def test_ties_are_broken_by_clip_id():
    ranked = mining.ranked({"b": 0.5, "c": 0.9, "a": 0.5})
    assert list(ranked["clip_id"]) == ["c", "a", "b"]
    assert list(ranked["rank"]) == [1, 2, 3]


@given(
    st.lists(st.floats(0, 1), max_size=60),
    st.floats(0.01, 0.99),
    st.floats(0.1, 100),
    st.floats(0.1, 100),
)
def test_top_subsets_are_nested_detected_and_no_better_clip_is_left_out(
    scores, min_score, one, other
):
    pool = mining.ranked({f"c{n}": score for n, score in enumerate(scores)})
    subsets = mining.pick_top(pool, _positive(min_score, {"one": one, "other": other}))
    small, large = sorted(subsets.values(), key=len)
    assert set(small["clip_id"]) <= set(large["clip_id"])
    detected = (pool["score"] >= min_score).sum()
    for name, percent in (("one", one), ("other", other)):
        subset = subsets[name]
        assert detected * percent / 100 - 1 - 1e-9 <= len(subset) <= detected * percent / 100 + 1e-9
        assert (subset["score"] >= min_score).all()
        rest = pool[~pool["clip_id"].isin(subset["clip_id"])]
        assert subset.empty or rest.empty or subset["score"].min() >= rest["score"].max()


@given(st.lists(st.floats(0, 1), max_size=60))
def test_hard_negatives_are_all_clips_from_a_score_on_and_nested(scores):
    pool = mining.ranked({f"c{n}": score for n, score in enumerate(scores)})
    subsets = mining.pick_hard(pool, _negative(0.5, 0.85, 0.99))
    assert list(subsets) == ["hardneg_conf_min_50", "hardneg_conf_min_85", "hardneg_conf_min_99"]
    assert [len(subset) for subset in subsets.values()] == [
        sum(s >= t for s in scores) for t in (0.5, 0.85, 0.99)
    ]


def test_another_threshold_is_another_subset():
    assert list(mining.pick_hard(mining.ranked({"a": 0.999}), _negative(0.995))) == [
        "hardneg_conf_min_99.5"
    ]


def test_the_positive_pool_is_what_the_miner_never_heard():
    low = {"label": clips.POSITIVE, "quality": "low", "split": clips.TRAIN}
    table = clip_table(
        (2, low), (1, low | {"split": clips.TEST_IID}), (1, low | {"quality": "high"})
    )
    assert mining.positive_pool(table, ["c000003"]) == ["c000000", "c000001"]
    with pytest.raises(LeakageError, match="c000001"):
        mining.positive_pool(table, ["c000001"])


@pytest.mark.parametrize(
    ("column", "what"), [("recorder", "recorder"), ("group", "site-night"), ("sha256", "audio")]
)
def test_a_candidate_that_shares_something_with_a_split_is_refused(column, what):
    candidate = {"split": clips.CANDIDATE, "recorder": "C1", "site": "Basin"}
    table = clip_table((1, {"split": clips.TRAIN}), (2, candidate))
    assert mining.negative_pool(table, ["c000000"]) == ["c000001", "c000002"]
    table.loc[1, column] = table.loc[0, column]
    with pytest.raises(LeakageError, match=f"c000001 shares its {what}"):
        mining.negative_pool(table, [])


def test_a_missing_score_is_an_error():
    with pytest.raises(DataError, match="without a score: b"):
        mining.ranked({"a": 0.5, "b": float("nan")})


def test_a_subset_name_that_is_no_file_name_is_refused():
    values = {"composition": {}, "seed": 1, "min_score": 0.1, "top_percent": {"../x": 5}}
    with pytest.raises(ParameterError, match="top_percent"):
        parse(mining.PositiveMiningOptions, values, section="mine.positives")
