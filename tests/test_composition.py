"""Composing training sets: the reference study's counts, and everything that must be refused."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus import clips
from chorus.composition import ComposeOptions, compose, remarks
from chorus.errors import DataError, LeakageError, ParameterError
from chorus.options import parse
from tables import clip_table, reference_table

REFERENCE = reference_table()


def _ids(**fields: str) -> list[str]:
    mask = pd.Series(True, index=REFERENCE.index)
    for column, value in fields.items():
        mask &= REFERENCE[column] == value
    return list(REFERENCE.loc[mask, "clip_id"])


LOW = _ids(split=clips.TRAIN, quality="low")
CANDIDATES = _ids(split=clips.CANDIDATE)
POSITIVE_SUBSETS = {
    "small": LOW[:51],
    "medium": LOW[:154],
    "large": LOW[:309],
    "top50": LOW[:515],
    "nothing": [],
}
NEGATIVE_SUBSETS = {
    f"hardneg_conf_min_{p}": CANDIDATES[:n] for p, n in ((50, 1401), (85, 981), (99, 475))
}
UNBALANCED = ComposeOptions(balance=False)


def _compose(options: ComposeOptions, seed: int = 123, table: pd.DataFrame = REFERENCE):
    return compose(table, POSITIVE_SUBSETS, NEGATIVE_SUBSETS, options, seed)


@pytest.mark.parametrize(
    ("options", "positives", "negatives"),
    [
        (UNBALANCED, 2017, 8525),
        (ComposeOptions(), 2017, 2017),
        (replace(UNBALANCED, quality=("high",)), 245, 8525),
        (replace(UNBALANCED, quality=("high", "medium", "low")), 3585, 8525),
        (replace(UNBALANCED, positive_subsets=("small",)), 2068, 8525),
        (replace(UNBALANCED, positive_subsets=("top50",)), 2532, 8525),
        (replace(UNBALANCED, negative_subsets=("hardneg_conf_min_50",)), 2017, 9926),
        (replace(UNBALANCED, negative_subsets=("hardneg_conf_min_99",)), 2017, 9000),
        (
            ComposeOptions(positive_subsets=("small",), negative_subsets=("hardneg_conf_min_50",)),
            2068,
            2068,
        ),
    ],
)
def test_counts_of_the_reference_study(options, positives, negatives):
    summary = _compose(options).summary
    assert (summary["positives"], summary["negatives"]) == (positives, negatives)


def test_balance_lets_only_some_hard_negatives_in_and_says_how_many():
    summary = _compose(ComposeOptions(negative_subsets=("hardneg_conf_min_50",))).summary
    subset = summary["negative_subsets"]["hardneg_conf_min_50"]
    assert subset["offered"] == 1401
    # hypergeometric: 2,017 drawn of 9,926 with 1,401 hard ones: mean 285, SD 13
    assert abs(subset["entered"] - 2017 * 1401 / 9926) < 4 * 14
    assert subset["entered"] + summary["negatives_from_split"] == 2017


def test_low_quality_positives_already_chosen_are_not_counted_twice():
    options = replace(
        UNBALANCED, quality=("high", "medium", "low"), positive_subsets=("small", "top50")
    )
    composition = _compose(options)
    assert composition.summary["positives"] == 3585
    assert composition.summary["positive_subsets"]["small"] == {"offered": 51, "entered": 0}
    assert composition.manifest["clip_id"].is_unique


def test_nested_subsets_count_where_they_were_offered_first():
    composition = _compose(replace(UNBALANCED, positive_subsets=("small", "top50")))
    assert composition.summary["positives_by_quality"] == {"high": 245, "medium": 1772, "low": 515}
    assert composition.summary["positive_subsets"] == {
        "small": {"offered": 51, "entered": 51},
        "top50": {"offered": 515, "entered": 464},
    }


def test_the_seed_decides_the_draw_and_row_order_does_not():
    first = _compose(ComposeOptions())
    again = _compose(ComposeOptions(), table=REFERENCE.sample(frac=1, random_state=0))
    pd.testing.assert_frame_equal(first.manifest, again.manifest)
    other = _compose(ComposeOptions(), seed=456)
    shared = len(set(first.manifest["clip_id"]) & set(other.manifest["clip_id"])) - 2017
    assert shared < 700  # independent draws share about 2017^2 / 8525 = 477


def test_the_labels_of_the_rows_do_not_matter():
    """A table put together from others may number its rows twice."""
    twice = REFERENCE.set_axis([0] * len(REFERENCE))
    options = ComposeOptions(negative_subsets=("hardneg_conf_min_50",))
    one, other = _compose(options), _compose(options, table=twice)
    pd.testing.assert_frame_equal(one.manifest, other.manifest)
    assert one.summary == other.summary


def test_two_compositions_with_one_seed_share_their_draw():
    """More positives need more negatives: the smaller draw is part of the larger one."""
    less, more = _compose(ComposeOptions()), _compose(ComposeOptions(positive_subsets=("top50",)))
    assert set(less.manifest["clip_id"]) <= set(more.manifest["clip_id"])


def test_an_unknown_subset_is_refused_with_the_existing_ones():
    with pytest.raises(
        ParameterError, match=r"no subset 'tiny'; there are: large, medium, nothing, small, top50"
    ):
        _compose(ComposeOptions(positive_subsets=("tiny",)))


def test_an_empty_subset_is_refused():
    with pytest.raises(DataError, match="'nothing' is empty"):
        _compose(ComposeOptions(positive_subsets=("nothing",)))


def test_impossible_options_are_refused_by_name():
    with pytest.raises(
        ParameterError,
        match=r"compose\.quality\.0: 'good' is not allowed.*'high', 'medium', 'low' or",
    ):
        parse(ComposeOptions, {"quality": ["good"]}, section="compose")
    with pytest.raises(ParameterError, match=r"compose\.quality"):
        parse(ComposeOptions, {"quality": []}, section="compose")
    with pytest.raises(ParameterError, match="names something twice"):
        parse(ComposeOptions, {"positive_subsets": ["small", "small"]}, section="compose")


def _refused(
    table: pd.DataFrame, error: type[Exception], match: str, positive=(), negative=()
) -> None:
    options = ComposeOptions(
        quality=("high",),
        balance=False,
        positive_subsets=("p",) if positive else (),
        negative_subsets=("n",) if negative else (),
    )
    with pytest.raises(error, match=match):
        compose(table, {"p": list(positive)}, {"n": list(negative)}, options, 1)


IID = {"split": clips.TEST_IID, "recorder": "R2", "night": "2024-03-02"}
CANDIDATE = {"split": clips.CANDIDATE, "recorder": "C1", "site": "Basin"}
HIGH = {"label": clips.POSITIVE, "quality": "high"}
SMALL = (
    (2, HIGH | {"split": clips.TRAIN}),  # c000000, c000001
    (2, {"split": clips.TRAIN}),
    (1, HIGH | IID),  # c000004
    (1, IID),
    (2, CANDIDATE),  # c000006
)


def test_a_clip_in_both_classes_is_refused():
    _refused(
        clip_table(*SMALL), DataError, "both positive and negative: c000000", negative=["c000000"]
    )


def test_a_test_clip_is_refused():
    _refused(clip_table(*SMALL), LeakageError, "c000004", positive=["c000004"])
    _refused(clip_table(*SMALL), LeakageError, "c000005", negative=["c000005"])


def test_a_mined_negative_from_a_recorder_of_a_split_is_refused():
    table = clip_table(*SMALL[:-1], (1, CANDIDATE | {"recorder": "R2"}))
    _refused(table, LeakageError, "c000006 shares its recorder with a split", negative=["c000006"])


def test_audio_that_trains_and_judges_is_refused():
    table = clip_table(*SMALL)
    table.loc[0, "sha256"] = table.loc[5, "sha256"]
    _refused(table, LeakageError, "same audio content trains and judges: c000000")


def test_a_composition_without_a_class_is_refused():
    low = clip_table(
        (2, {"split": clips.TRAIN}),
        (2, {"split": clips.TRAIN, "label": "positive", "quality": "low"}),
    )
    _refused(low, DataError, "no positive clips")


def test_where_the_training_split_itself_lacks_a_class_the_composition_says_so():
    composed = _compose(ComposeOptions(), table=clip_table((2, {"split": clips.TRAIN})))
    assert (composed.summary["positives"], composed.summary["negatives"]) == (0, 0)
    assert remarks(composed.summary)[-2:] == [
        "the training set has no positive clips",
        "the training set has no negative clips",
    ]


@pytest.mark.parametrize(
    ("good", "quality", "balance"), [(20, "high+medium+low", False), (30, "high+medium", True)]
)
def test_auto_leaves_nothing_out_where_there_is_little(good, quality, balance):
    train = {"split": clips.TRAIN}
    positive = train | {"label": "positive"}
    table = clip_table(
        (good, positive | {"quality": "medium"}), (7, positive | {"quality": "low"}), (300, train)
    )
    options = ComposeOptions(quality=("auto",), balance="auto")
    summary = _compose(options, table=table).summary
    assert (summary["quality"], summary["balance"]) == (quality, balance)
    assert summary["positives_left_out"] == (7 if balance else 0)
    assert summary["negatives_left_out"] == (270 if balance else 0)
    assert len(remarks(summary)) == (2 if balance else 0)


def test_what_is_left_out_is_said_with_its_parameter():
    said = remarks(_compose(ComposeOptions(quality=("high",))).summary)
    assert said[0].startswith(
        "3340 training positives are left out, because compose.quality takes high"
    )
    assert said[1].startswith("8280 training negatives are left out, because compose.balance")


def test_long_positives_are_told_with_their_windows():
    long = {"split": clips.TRAIN, "label": "positive", "quality": "high", "windows": "100"}
    table = clip_table(
        (2, long), (3, long | {"windows": "1"}), (5, {"split": clips.TRAIN, "windows": "100"})
    )
    (said,) = remarks(_compose(ComposeOptions(), table=table).summary)
    assert said.startswith(
        "2 training positives are longer than 3 s: all of their 200 windows count as positive"
    )
    assert said.endswith(
        "say where the calls are in the columns onset and end of clips.csv (docs/your_recordings.md)"
    )


def test_a_subset_brings_back_what_was_left_out():
    with_subset = _compose(ComposeOptions(positive_subsets=("small",))).summary
    assert with_subset["positives_left_out"] == 1568 - 51


@given(
    st.integers(1, 30),
    st.integers(1, 60),
    st.integers(0, 30),
    st.booleans(),
    st.integers(0, 2**31),
)
def test_balance_never_leaves_more_negatives_than_positives(
    positives, negatives, hard, balance, seed
):
    table = clip_table(
        (positives, HIGH | {"split": clips.TRAIN}),
        (negatives, {"split": clips.TRAIN}),
        (max(hard, 1), CANDIDATE),
    )
    subset = {"n": list(table.loc[table["split"] == clips.CANDIDATE, "clip_id"])}
    options = ComposeOptions(quality=("high",), balance=balance, negative_subsets=("n",))
    summary = compose(table, {}, subset, options, seed).summary
    pooled = negatives + max(hard, 1)
    assert summary["positives"] == positives
    assert summary["negatives"] == (min(pooled, positives) if balance else pooled)
