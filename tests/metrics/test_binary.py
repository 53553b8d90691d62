"""Metrics: equal to scikit-learn's, ties included, and refusing what has no answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as golden
from sklearn.calibration import calibration_curve

from chorus.errors import DataError
from chorus.metrics import (
    Confusion,
    auprc,
    auroc,
    best_f1_threshold,
    brier,
    confusion,
    ece,
    threshold_for_precision,
    threshold_table,
)

# Few distinct scores, so that most are tied; at least one positive and one negative.
PAIRS = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), max_size=30).map(
    lambda pairs: (
        np.array([label for label, _ in pairs] + [True, False]),
        np.array([score for _, score in pairs] + [3, 4]) / 6,
    )
)


@given(PAIRS)
def test_areas_and_brier_are_those_of_scikit_learn(pairs):
    labels, scores = pairs
    assert auroc(labels, scores) == pytest.approx(golden.roc_auc_score(labels, scores))
    assert auprc(labels, scores) == pytest.approx(golden.average_precision_score(labels, scores))
    assert brier(labels, scores) == pytest.approx(golden.brier_score_loss(labels, scores))


@given(PAIRS)
def test_areas_do_not_change_when_scores_are_rescaled_or_rows_reordered(pairs):
    labels, scores = pairs
    assert auroc(labels[::-1], np.exp(3 * scores[::-1])) == pytest.approx(auroc(labels, scores))
    assert auprc(labels[::-1], np.exp(3 * scores[::-1])) == pytest.approx(auprc(labels, scores))


@given(PAIRS, st.integers(0, 7))
def test_confusion_is_that_of_scikit_learn_with_a_score_at_the_threshold_detected(pairs, step):
    labels, scores = pairs
    detected = scores >= step / 6
    ours = confusion(labels, scores, step / 6)
    assert [[ours.tn, ours.fp], [ours.fn, ours.tp]] == golden.confusion_matrix(
        labels, detected
    ).tolist()
    assert ours.precision == pytest.approx(
        golden.precision_score(labels, detected, zero_division=0)
    )
    assert ours.recall == pytest.approx(golden.recall_score(labels, detected))
    assert ours.f1 == pytest.approx(golden.f1_score(labels, detected))
    assert ours.accuracy == pytest.approx(golden.accuracy_score(labels, detected))


def test_ratios_without_denominator_are_zero():
    nothing = Confusion(tp=0, fp=0, fn=0, tn=0)
    assert (nothing.precision, nothing.recall, nothing.f1, nothing.accuracy) == (0, 0, 0, 0)


@given(PAIRS)
def test_threshold_table_has_one_row_a_distinct_score_each_agreeing_with_the_confusion(pairs):
    labels, scores = pairs
    table = threshold_table(labels, scores)
    assert table["threshold"].tolist() == sorted(set(scores.tolist()), reverse=True)
    for threshold, precision, recall, f1 in zip(*table.values(), strict=True):
        there = confusion(labels, scores, threshold)
        assert (precision, recall, f1) == pytest.approx((there.precision, there.recall, there.f1))


@given(PAIRS)
def test_best_f1_threshold_lies_midway_below_the_highest_of_the_scores_that_no_other_beats(pairs):
    labels, scores = pairs
    f1 = {score: confusion(labels, scores, score).f1 for score in scores.tolist()}
    best = max(f1.values())
    detected = max(score for score in f1 if f1[score] == pytest.approx(best, abs=1e-12))
    below = max((score for score in f1 if score < detected), default=detected)
    threshold = best_f1_threshold(labels, scores)
    assert threshold == (detected + below) / 2
    assert confusion(labels, scores, threshold) == confusion(labels, scores, detected)


def test_the_threshold_of_separable_classes_is_as_far_from_the_one_as_from_the_other():
    assert (
        best_f1_threshold(np.array([False, False, True, True]), np.array([0.1, 0.2, 0.8, 0.9]))
        == 0.5
    )


def test_between_neighbouring_floats_the_threshold_is_the_upper_one():
    low, high = 0.5, np.nextafter(0.5, 1)
    assert best_f1_threshold(np.array([False, True]), np.array([low, high])) == high


@given(PAIRS, st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]))
def test_threshold_for_precision_is_the_lowest_that_reaches_it(pairs, precision):
    labels, scores = pairs
    reaching = [
        score
        for score in scores.tolist()
        if confusion(labels, scores, score).precision >= precision
    ]
    assert threshold_for_precision(labels, scores, precision) == (
        min(reaching) if reaching else None
    )


def test_a_precision_out_of_reach_has_no_threshold():
    assert threshold_for_precision(np.array([False, True]), np.array([0.9, 0.1]), 0.9) is None


@pytest.mark.parametrize("bins", [1, 5, 10, 15])
def test_ece_agrees_with_scikit_learns_calibration_curve(bins):
    random = np.random.default_rng(0)
    scores = random.beta(0.5, 0.5, size=500)
    labels = random.random(500) < scores**2
    observed, expected = calibration_curve(labels, scores, n_bins=bins)
    sizes = np.histogram(scores, bins=bins, range=(0, 1))[0]
    golden_ece = np.sum(np.abs(observed - expected) * sizes[sizes > 0]) / 500
    assert golden_ece > 0.05
    assert ece(labels, scores, bins) == pytest.approx(golden_ece)


def test_ece_by_hand():
    labels = np.array([True, False, True, False])
    scores = np.array(
        [0.5, 0.5, 0.9, 1.0]
    )  # bin [0.5, 0.6) has no gap; bin [0.9, 1], 1 included, has 0.1 - 1.0
    assert ece(labels, scores) == pytest.approx(0.9 / 4)


@pytest.mark.parametrize("function", [auroc, auprc, brier, ece, best_f1_threshold, threshold_table])
@pytest.mark.parametrize(
    ("labels", "scores", "reason"),
    [
        ([True, False], [0.1], "one length"),
        ([[True, False]], [[0.1, 0.2]], "one length"),
        ([True, False], [0.1, np.nan], "1 of 2 are not"),
        ([True, False], [0.1, np.inf], "1 of 2 are not"),
        ([1, 0], [0.1, 0.2], "true or false"),
        ([True, False], ["0.1", "0.2"], "numbers"),
        (np.zeros(0, dtype=bool), np.zeros(0), "no scores"),
    ],
)
def test_impossible_input_is_refused(function, labels, scores, reason):
    with pytest.raises(DataError, match=reason):
        function(np.array(labels), np.array(scores))


@pytest.mark.parametrize("function", [auroc, auprc, best_f1_threshold, threshold_table])
def test_figures_about_positives_need_some(function):
    with pytest.raises(DataError, match="all 2 labels are negative"):
        function(np.array([False, False]), np.array([0.1, 0.2]))


def test_auroc_needs_negatives_too():
    with pytest.raises(DataError, match="all 2 labels are positive"):
        auroc(np.array([True, True]), np.array([0.1, 0.2]))


@pytest.mark.parametrize("function", [brier, ece])
def test_calibration_needs_probabilities(function):
    with pytest.raises(DataError, match="from 0 to 1"):
        function(np.array([True, False]), np.array([0.5, 1.5]))


def test_calibration_needs_a_bin():
    with pytest.raises(DataError, match="at least 1"):
        ece(np.array([True, False]), np.array([0.5, 0.5]), bins=0)
