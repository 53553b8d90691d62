"""Signals: the figures of scikit-learn, scipy and statsmodels, chance levels against simulation, and the edges."""

from __future__ import annotations

import math
import warnings
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy as scipy_entropy
from scipy.stats import linregress
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    top_k_accuracy_score,
)
from statsmodels.stats.proportion import proportion_confint

from chorus.errors import DataError
from chorus.metrics import multiclass

RNG = np.random.default_rng
SIZES = [(2, 50), (3, 200), (8, 500), (8, 3)]


def _predictions(classes, samples, seed=0):
    """Probabilities that favour the truth a little; most classes occur in the truth."""
    random = RNG(seed)
    truth = random.integers(classes, size=samples)
    probabilities = random.dirichlet(np.ones(classes), size=samples) + 0.3 * np.eye(classes)[truth]
    return probabilities / probabilities.sum(axis=1, keepdims=True), truth


@pytest.mark.parametrize(("classes", "samples"), SIZES)
def test_accuracies_and_f1_are_those_of_scikit_learn(classes, samples):
    probabilities, truth = _predictions(classes, samples)
    predicted = multiclass.predictions(probabilities)
    assert multiclass.accuracy(probabilities, truth) == pytest.approx(
        accuracy_score(truth, predicted)
    )
    assert multiclass.macro_f1(predicted, truth) == pytest.approx(
        f1_score(truth, predicted, average="macro")
    )
    for k in range(2, classes):
        golden = top_k_accuracy_score(truth, probabilities, k=k, labels=np.arange(classes))
        assert multiclass.top_k_accuracy(probabilities, truth, k) == pytest.approx(golden)
    assert multiclass.top_k_accuracy(probabilities, truth, classes) == 1


def test_a_class_absent_from_the_truth_counts_only_where_it_is_predicted():
    truth = np.array([0, 0, 2, 2])
    for predicted in (np.array([0, 0, 2, 0]), np.array([0, 1, 2, 0])):
        golden = f1_score(truth, predicted, average="macro")
        assert multiclass.macro_f1(predicted, truth) == pytest.approx(golden)


def test_of_equally_probable_classes_the_first_is_predicted():
    even = [[0.5, 0.5, 0.0]]
    assert multiclass.predictions(even).tolist() == [0]
    assert [multiclass.ranks(even, [true]).item() for true in range(3)] == [0, 1, 2]
    assert multiclass.accuracy(even, [0]) == 1
    assert multiclass.top_k_accuracy(even, [1], 1) == 0


@pytest.mark.parametrize(("classes", "samples"), SIZES)
def test_entropy_is_that_of_scipy(classes, samples):
    probabilities, _ = _predictions(classes, samples)
    assert multiclass.entropy(probabilities) == pytest.approx(scipy_entropy(probabilities, axis=1))


def test_entropy_runs_from_sure_to_knowing_nothing():
    assert multiclass.entropy([[0.0, 1.0, 0.0, 0.0]]).tolist() == [0]
    assert multiclass.entropy([[0.125] * 8]) == pytest.approx(math.log(8))


def test_the_most_uncertain_samples_come_first_and_ties_in_their_order():
    probabilities = [[0.9, 0.1], [0.5, 0.5], [0.6, 0.4], [0.5, 0.5], [1.0, 0.0]]
    assert multiclass.most_uncertain(probabilities, 3).tolist() == [1, 3, 2]
    assert multiclass.most_uncertain(probabilities).tolist() == [1, 3, 2, 0, 4]
    assert len(multiclass.most_uncertain(*_predictions(3, 50)[:1])) == 10


def test_group_consistency_by_hand():
    """Groups: a agrees, b does not, c agrees, d is alone."""
    predicted = [1, 1, 0, 1, 2, 2, 2, 0]
    consistency = multiclass.group_consistency(predicted, list("aabbcccd"))
    assert consistency.share == pytest.approx(2 / 3)
    assert (consistency.groups, consistency.alone) == (3, 1)


def test_the_chance_of_consistency_is_the_mean_over_all_ways_to_deal_the_predictions():
    predicted, groups = [0, 0, 0, 1, 1, 2, 2], list("aabbbcc")
    dealt = [multiclass.group_consistency(order, groups).share for order in permutations(predicted)]
    assert multiclass.group_consistency(predicted, groups).chance == pytest.approx(np.mean(dealt))


def test_the_chance_of_consistency_agrees_with_a_simulation_for_many_groups():
    random = RNG(2)
    groups = random.integers(60, size=200)
    predicted = random.choice(3, p=[0.7, 0.2, 0.1], size=200)
    groups = groups[np.isin(groups, np.flatnonzero(np.bincount(groups) > 1))]
    predicted = predicted[: len(groups)]
    dealt = [
        multiclass.group_consistency(random.permutation(predicted), groups).share
        for _ in range(2000)
    ]
    expected = multiclass.group_consistency(predicted, groups).chance
    assert expected == pytest.approx(np.mean(dealt), abs=4 * np.std(dealt) / math.sqrt(2000))
    assert 0.05 < expected < 0.4


def test_large_groups_do_not_overflow_the_chance_and_one_class_gives_certainty():
    groups = np.repeat(np.arange(5), 10_000)
    assert multiclass.group_consistency(
        np.zeros(50_000, dtype=int), groups
    ).chance == pytest.approx(1)
    assert multiclass.group_consistency(np.arange(50_000) % 2, groups).chance == 0


def test_groups_of_one_sample_say_nothing():
    consistency = multiclass.group_consistency([0, 1, 1], ["a", "b", "c"])
    assert math.isnan(consistency.share)
    assert math.isnan(consistency.chance)
    assert (consistency.groups, consistency.alone) == (0, 3)


@given(
    st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.sampled_from([0.9, 0.95]),
)
def test_intervals_of_shares_are_those_of_statsmodels(counts, level):
    golden = proportion_confint(*counts, alpha=1 - level, method="wilson")
    assert multiclass.wilson(*counts, level) == pytest.approx(golden, abs=1e-12)


def test_no_trials_leave_everything_possible():
    assert multiclass.wilson(0, 0) == (0, 1)
    with pytest.raises(DataError, match="3 of 2"):
        multiclass.wilson(3, 2)


def test_accuracy_by_category_has_counts_and_intervals_and_leaves_the_unknown_out():
    found = multiclass.accuracy_by(
        [0, 1, 1, 0, 1], [0, 1, 0, 0, 1], ["pond", "creek", "pond", "pond", ""]
    )
    assert list(found) == ["creek", "pond"]
    assert found["creek"] == {
        "clips": 1,
        "accuracy": 1.0,
        "low": pytest.approx(0.2065, abs=1e-4),
        "high": 1.0,
    }
    assert (found["pond"]["clips"], found["pond"]["accuracy"]) == (3, pytest.approx(2 / 3))
    assert (found["pond"]["low"], found["pond"]["high"]) == pytest.approx(
        proportion_confint(2, 3, method="wilson")
    )


def test_an_edge_belongs_to_the_upper_bucket_of_durations():
    buckets = multiclass.duration_buckets([0, 4.99, 5, 9.9, 15, 300], edges=[0, 5, 10, 15])
    assert buckets == ["0-5 s", "0-5 s", "5-10 s", "5-10 s", "15+ s", "15+ s"]
    assert multiclass.duration_buckets([3, 2.5], edges=[2.5, 3]) == ["3+ s", "2.5-3 s"]


@pytest.mark.parametrize(
    ("seconds", "edges", "reason"),
    [
        ([1], [5, 5], "must rise"),
        ([1], [], "must rise"),
        ([1], [0, math.nan], "must rise"),
        ([1], [2, 5], "2 s at least, but one is 1 s"),
        ([math.nan], [0, 5], "one is nan"),
    ],
)
def test_impossible_durations_and_edges_are_refused(seconds, edges, reason):
    with pytest.raises(DataError, match=reason):
        multiclass.duration_buckets(seconds, edges)


def test_confusions_above_the_share_are_listed_with_what_was_expected():
    classes = ["coast", "hills", "north"]
    truth = [0] * 10 + [1] * 10 + [2] * 4
    predicted = [0] * 7 + [1] * 3 + [1] * 9 + [0] * 1 + [0, 0, 2, 2]
    pairs = multiclass.confusion_pairs(predicted, truth, classes, expected=[("hills", "coast")])
    assert [(pair["true"], pair["predicted"], pair["expected"]) for pair in pairs] == [
        ("north", "coast", False),
        ("coast", "hills", True),  # exactly 10 % of hills are taken for coast: not above
    ]
    table = confusion_matrix(truth, predicted, normalize="true")
    assert [pair["share"] for pair in pairs] == pytest.approx([table[2, 0], table[0, 1]])
    assert [(pair["clips"], pair["of"]) for pair in pairs] == [(2, 4), (3, 10)]


def test_expected_confusions_of_unknown_classes_are_refused():
    with pytest.raises(DataError, match="unknown classes: south; there are coast, hills"):
        multiclass.confusion_pairs([0], [0], ["coast", "hills"], expected=[("coast", "south")])


def test_a_class_without_clips_is_confused_with_nothing():
    assert multiclass.confusion_pairs([0, 1], [0, 0], ["a", "b"], above=0.4)[0]["of"] == 2
    assert multiclass.confusion_pairs([0, 0], [0, 0], ["a", "b"]) == []


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12))
def test_the_rate_of_improvement_is_the_slope_over_the_last_five_epochs(series):
    recent = series[-5:]
    golden = linregress(np.arange(len(recent)), recent).slope
    assert multiclass.improvement_rate(series) == pytest.approx(golden, abs=1e-12)


def test_one_epoch_has_no_rate_of_improvement():
    assert math.isnan(multiclass.improvement_rate([0.5]))
    assert math.isnan(multiclass.improvement_rate([]))


def test_a_single_sample_can_be_judged():
    assert multiclass.accuracy([[0.2, 0.8]], [1]) == 1
    assert multiclass.macro_f1([1], [1]) == 1
    assert multiclass.group_consistency([1], ["a"]).alone == 1


@pytest.mark.parametrize(
    ("probabilities", "truth", "reason"),
    [
        (np.zeros((0, 3)), [], "no samples"),
        ([[1.0], [1.0]], [0, 0], "two classes at least"),
        ([0.5, 0.5], [0, 0], "two classes at least"),
        ([[0.5, 0.6]], [0], "sum to 1"),
        ([[1.5, -0.5]], [0], "from 0 to 1"),
        ([[math.nan, 1.0]], [0], "from 0 to 1"),
        ([[0.5, 0.5]], [2], "from 0 to 2 - 1"),
        ([[0.5, 0.5]], [-1], "whole"),
        ([[0.5, 0.5]], [0.0], "whole"),
        ([[0.5, 0.5]], [0, 1], "2 class numbers for 1 samples"),
    ],
)
def test_impossible_predictions_are_refused(probabilities, truth, reason):
    with pytest.raises(DataError, match=reason):
        multiclass.accuracy(probabilities, truth)


def test_nothing_to_judge_is_refused_everywhere():
    for signal in (multiclass.macro_f1, multiclass.group_consistency):
        with pytest.raises(DataError, match="no samples"):
            signal([], [])
    with pytest.raises(DataError, match="no samples"):
        multiclass.accuracy_by([], [], [])
    with pytest.raises(DataError, match="one group"):
        multiclass.group_consistency([0, 1], ["a"])
    with pytest.raises(DataError, match="one category"):
        multiclass.accuracy_by([0, 1], [0, 1], ["a"])


def test_samples_of_unknown_groups_are_left_out_of_consistency():
    known = multiclass.group_consistency([0, 0, 1, 1], list("aabb"))
    more = multiclass.group_consistency([0, 0, 1, 1, 1, 0], ["a", "a", "b", "b", "", ""])
    assert (more.share, more.chance, more.groups) == (known.share, known.chance, known.groups)
    assert (known.unknown, more.unknown) == (0, 2)
    assert math.isnan(multiclass.group_consistency([0, 1], ["", ""]).share)


def test_balanced_accuracy_is_that_of_scikit_learn():
    random = RNG(4)
    truth, predicted = (
        random.choice([0, 1, 3], p=[0.7, 0.2, 0.1], size=200),
        random.integers(4, size=200),
    )
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", UserWarning
        )  # it warns of predicted classes that do not occur
        expected = balanced_accuracy_score(truth, predicted)
    assert multiclass.balanced_accuracy(predicted, truth) == pytest.approx(expected)
