"""Examples are rows of windows; clips get the highest score of theirs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy import toy_examples

from chorus.errors import DataError
from chorus.tasks import clip_scores
from chorus.training import Examples


def test_a_clip_of_several_windows_scores_as_the_highest_in_first_seen_order():
    ids, scores = clip_scores(np.array([0.2, 0.9, 0.5, 0.1]), np.array(["b", "a", "b", "c"]))
    assert ids.tolist() == ["b", "a", "c"]
    assert scores.tolist() == [0.5, 0.9, 0.1]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.floats(-5, 5))))
def test_clip_scores_agree_with_a_dictionary(rows):
    expected: dict[str, float] = {}
    for clip, score in rows:
        expected[clip] = max(score, expected.get(clip, score))
    ids, scores = clip_scores(
        np.array([score for _, score in rows]), np.array([clip for clip, _ in rows], dtype=str)
    )
    assert list(zip(ids.tolist(), scores.tolist(), strict=True)) == list(expected.items())


def test_clip_scores_need_a_clip_for_each_score():
    with pytest.raises(DataError, match="one clip id"):
        clip_scores(np.array([0.2, 0.9]), np.array(["a"]))


def test_first_windows_follow_the_order_of_clip_scores():
    examples = Examples(
        np.zeros((3, 1), np.float32),
        np.array([0, 1, 1]),
        np.array(["n"] * 3),
        np.array(["z", "a", "a"]),
    )
    assert examples.first_windows().labels.tolist() == [0, 1]
    assert clip_scores(np.zeros(3), examples.clip_ids)[0].tolist() == ["z", "a"]


def test_ordered_does_not_depend_on_the_order_in_which_rows_came():
    examples = toy_examples("t", clips=20, windows=3)
    shuffled = examples.take(np.random.default_rng(1).permutation(len(examples)))
    assert not np.array_equal(shuffled.features, examples.features)
    assert np.array_equal(shuffled.ordered().features, examples.ordered().features)
    assert shuffled.ordered().clip_ids.tolist() == sorted(examples.clip_ids.tolist())
    assert np.array_equal(shuffled.ordered().ordered().features, examples.ordered().features)


def test_parts_share_one_table_of_embeddings_until_their_features_are_asked_for():
    examples = toy_examples("t", clips=20, windows=3)
    part = examples.ordered().take(np.array([7, 3, 5])).take(np.array([True, False, True]))
    assert part.embeddings is examples.embeddings
    expected = examples.ordered().features[[7, 5]]
    assert np.array_equal(part.features, expected)
    part.features[:] = 0
    examples.features[:] = 0
    assert np.array_equal(part.features, expected), "what was asked for is a copy"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"embeddings": np.zeros((0, 2), np.float32)}, "filled table"),
        ({"embeddings": np.zeros(3, np.float32)}, "filled table"),
        ({"embeddings": np.zeros((3, 2))}, "float32"),
        ({"embeddings": np.array([[0, 0], [0, np.nan], [0, 0]], np.float32)}, "of b are not"),
        ({"labels": np.array([1, 0])}, "one row a window"),
        ({"labels": np.array([True, False, False])}, "numbers of classes"),
        ({"labels": np.array([2, 0, 0])}, "from 0 to 1"),
        ({"labels": np.array([-1, 0, 0])}, "from 0 to 1"),
        ({"clip_ids": np.array(["a", "a", "c"])}, "share its labels, but those of a differ"),
        (
            {"clip_ids": np.array(["a", "c", "c"]), "groups": np.array(["n", "n", "m"])},
            "share its groups",
        ),
    ],
)
def test_contradictory_rows_are_refused(change, reason):
    good = {
        "embeddings": np.zeros((3, 2), np.float32),
        "labels": np.array([1, 0, 0]),
        "groups": np.array(["n", "n", "n"]),
        "clip_ids": np.array(["a", "b", "c"]),
    }
    Examples(**good)
    with pytest.raises(DataError, match=reason):
        Examples(**(good | change))
