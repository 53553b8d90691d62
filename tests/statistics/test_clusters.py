"""Clusters judged as wholes: the figures of a slow definition, and as often wrong as the test says it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chorus.errors import DataError
from chorus.statistics.cluster_honesty import clustered_false_positives
from chorus.statistics.clusters import balanced_accuracy, cluster_draws, compare_clusters
from chorus.statistics.paired import effect_in_words, mcnemar_exact


def some(seed: int, clusters: int = 12, rows: int = 5) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(clusters), rows)
    truth = np.where(cluster % 2 == 0, "SPEECH", "NONSPEECH")
    return truth, rng.random(len(truth)) < 0.7, rng.random(len(truth)) < 0.6, cluster


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_the_figures_are_balanced_accuracies_and_the_p_that_of_all_exchanges(seed):
    truth, a, b, cluster = some(seed, clusters=6, rows=3)
    found = compare_clusters(truth, a, b, cluster, resamples=10)

    def balanced(right):
        return np.mean([right[truth == name].mean() for name in ("SPEECH", "NONSPEECH")])

    assert found.a.value == pytest.approx(balanced(a))
    assert found.difference.value == pytest.approx(balanced(a) - balanced(b))
    extremes = 0
    for swaps in range(2**6):
        swapped = (swaps >> cluster & 1).astype(bool)
        difference = balanced(np.where(swapped, b, a)) - balanced(np.where(swapped, a, b))
        extremes += abs(difference) >= abs(found.difference.value) - 1e-12
    assert found.p == pytest.approx(extremes / 2**6)


def test_rows_of_one_class_are_drawn_among_themselves_so_that_no_resample_lacks_a_class():
    classes = np.array([[True, False]] * 3 + [[False, True]] * 4)
    drawn = cluster_draws(classes, 500, seed=1)
    assert (drawn[:, :3].sum(axis=1) == 3).all() and (drawn[:, 3:].sum(axis=1) == 4).all()
    assert drawn.std() > 0


def test_repeating_every_row_changes_no_interval_and_no_p_but_the_naive_one():
    truth, a, b, cluster = some(4, clusters=60, rows=1)
    a[:5], b[:5] = True, False
    once = compare_clusters(truth, a, b, cluster)
    many = compare_clusters(*(np.tile(column, 22) for column in (truth, a, b, cluster)))
    assert many.p == pytest.approx(once.p)
    assert (many.difference.low, many.difference.high) == pytest.approx(
        (once.difference.low, once.difference.high)
    )
    assert mcnemar_exact(many.only_a, many.only_b) < mcnemar_exact(once.only_a, once.only_b) / 10


def test_mcnemar_over_variants_of_one_clip_as_if_independent_finds_effects_where_there_are_none():
    """The original's test, against ours, on two classifiers of the same skill: 24 clips of 48 conditions."""
    found = clustered_false_positives(clusters=24, variants=48, simulations=400, seed=1)
    assert found.naive > 0.3
    assert 0.03 <= found.permutation <= 0.07


def test_fewer_than_twenty_clusters_of_a_class_are_said_to_be_too_few():
    truth, a, _, cluster = some(1, clusters=38)
    assert not balanced_accuracy(truth, a, cluster).reliable
    truth, a, _, cluster = some(1, clusters=40)
    assert balanced_accuracy(truth, a, cluster).reliable


def test_cohens_bounds_are_those_of_cohen():
    assert [effect_in_words(g) for g in (0.04, 0.05, 0.15, 0.25, 1 / 3)] == [
        "negligible",
        "small",
        "medium",
        "large",
        "large",
    ]


def test_answers_of_other_lengths_are_refused():
    with pytest.raises(DataError, match="paired by row, not 2 and 1"):
        compare_clusters(["a", "b"], [True, False], [True], [0, 1])


@pytest.mark.parametrize("truth", [["a", "a"], ["a"], []])
def test_one_class_or_lists_of_other_lengths_are_refused(truth):
    with pytest.raises(DataError):
        compare_clusters(truth, [True, False], [True, True], [0, 1])
