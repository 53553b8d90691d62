"""Intervals over nights against scikit-learn, against its own plain definition, and against simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from chorus.errors import DataError, ParameterError
from chorus.evaluation import bootstrap
from chorus.evaluation.bootstrap import METRICS, draw_nights, night_bootstrap, resampled_metrics


def _by_sklearn(labels, scores, weights, threshold):
    detected = scores >= threshold
    decided = {"sample_weight": weights, "zero_division": 0}
    return {
        "precision": precision_score(labels, detected, **decided),
        "recall": recall_score(labels, detected, **decided),
        "f1": f1_score(labels, detected, **decided),
        "auroc": roc_auc_score(labels, scores, sample_weight=weights),
        "auprc": average_precision_score(labels, scores, sample_weight=weights),
    }


def _survey(seed, clips=200, nights=12, digits=None):
    rng = np.random.default_rng(seed)
    labels = rng.random(clips) < 0.4
    scores = 1 / (1 + np.exp(-rng.normal(labels * 1.5, 1)))
    return (
        labels,
        scores if digits is None else scores.round(digits),
        rng.integers(nights, size=clips).astype(str),
    )


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_weighted_metrics_equal_scikit_learns_whatever_the_ties(data):
    n = data.draw(st.integers(4, 30))
    labels = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    labels[:2] = True, False
    scores = np.array(data.draw(st.lists(st.integers(0, 6), min_size=n, max_size=n))) / 6
    night_of = np.array(data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    night_of[:2] = 0
    draws = np.array(
        [data.draw(st.lists(st.integers(0, 4), min_size=4, max_size=4)) for _ in range(5)]
    )
    draws[:, 0] += 1  # night 0 holds both classes
    threshold = data.draw(st.sampled_from([0.0, 1 / 3, 0.5, 1.0]))
    ours = resampled_metrics(labels, scores, night_of, draws, threshold)
    for row, draw in enumerate(draws):
        expected = _by_sklearn(labels, scores, draw[night_of], threshold)
        assert {name: ours[name][row] for name in METRICS} == pytest.approx(expected, abs=1e-12)


@pytest.fixture
def percentiles(monkeypatch):
    """Intervals from the bootstrap, as with very many nights."""
    monkeypatch.setattr(bootstrap, "MOST_LEFT_OUT", 0)


@pytest.mark.usefixtures("percentiles")
def test_the_pieces_in_which_resamples_are_worked_off_do_not_show(monkeypatch):
    labels, scores, nights = _survey(1, digits=2)
    whole = night_bootstrap(labels, scores, nights, 0.5, resamples=100, seed=1)
    monkeypatch.setattr(bootstrap, "_CELLS_AT_ONCE", 7 * len(labels))
    monkeypatch.setattr(bootstrap, "_DRAWN_AT_ONCE", 150)
    assert night_bootstrap(labels, scores, nights, 0.5, resamples=100, seed=1) == whole


def test_intervals_equal_the_plain_definition():
    """Leave out the clips of each night in turn, and take t on the logit scale."""
    labels, scores, nights = _survey(2, digits=1)
    names = np.unique(nights)
    kept = [np.ones(len(labels), dtype=bool), *(nights != name for name in names)]
    values = [_by_sklearn(labels[rows], scores[rows], np.ones(rows.sum()), 0.6) for rows in kept]
    intervals = night_bootstrap(labels, scores, nights, 0.6, resamples=60, seed=5, level=0.9)
    least = min(len(np.unique(nights[which])) for which in (labels, ~labels))
    assert list(intervals) == list(METRICS)
    for metric, interval in intervals.items():
        whole, *without = (np.log(value[metric] / (1 - value[metric])) for value in values)
        pseudo = len(names) * whole - (len(names) - 1) * np.array(without)  # Tukey's pseudo-values
        reach = t.ppf(0.95, least - 1) * np.std(pseudo, ddof=1) / np.sqrt(len(names))
        expected = 1 / (1 + np.exp([reach - whole, -reach - whole]))
        assert [interval.low, interval.high] == pytest.approx(expected, abs=1e-12)
        assert (interval.nights, interval.dropped) == (len(names), 0)


def test_where_the_logit_scale_ends_percentiles_take_its_place(monkeypatch):
    labels, scores, nights = _survey(2)
    never = scores.max() + 0.01  # no detections: precision, recall and F1 are 0
    found = night_bootstrap(labels, scores, nights, never, resamples=60, seed=5)
    monkeypatch.setattr(bootstrap, "MOST_LEFT_OUT", 0)
    drawn = night_bootstrap(labels, scores, nights, never, resamples=60, seed=5)
    assert {metric: found[metric] == drawn[metric] for metric in METRICS} == {
        "precision": True, "recall": True, "f1": True, "auroc": False, "auprc": False,
    }  # fmt: skip


@pytest.mark.usefixtures("percentiles")
def test_percentiles_equal_the_plain_definition():
    """Write the clips of the drawn nights below each other, as often as drawn, and take percentiles that lie as far out
    as Student's t asks for."""
    labels, scores, nights = _survey(2, digits=1)
    names = np.unique(nights)
    values = []
    for draw in draw_nights(len(names), 60, seed=5):
        rows = np.concatenate([np.flatnonzero(nights == name) for name in np.repeat(names, draw)])
        values.append(_by_sklearn(labels[rows], scores[rows], np.ones(len(rows)), 0.6))
    intervals = night_bootstrap(labels, scores, nights, 0.6, resamples=60, seed=5, level=0.9)
    least = min(len(np.unique(nights[which])) for which in (labels, ~labels))
    assert list(intervals) == list(METRICS)
    for metric, interval in intervals.items():
        tail = norm.cdf(np.sqrt(least / (least - 1)) * t.ppf(0.05, least - 1))
        expected = np.quantile([value[metric] for value in values], [tail, 1 - tail])
        assert [interval.low, interval.high] == pytest.approx(expected, abs=1e-12)
        assert interval.nights == len(names)


def test_every_draw_has_as_many_nights_as_the_survey():
    draws = draw_nights(7, 500, seed=1)
    assert draws.shape == (500, 7)
    assert (draws.sum(axis=1) == 7).all()
    assert draws.mean(axis=0) == pytest.approx(np.ones(7), abs=0.15)


@pytest.mark.usefixtures("percentiles")
def test_the_order_of_the_clips_does_not_matter_but_the_seed_of_a_draw_does():
    labels, scores, nights = _survey(3, digits=2)
    other = np.random.default_rng(0).permutation(len(labels))
    first = night_bootstrap(labels, scores, nights, 0.5, resamples=200, seed=1)
    assert (
        night_bootstrap(labels[other], scores[other], nights[other], 0.5, resamples=200, seed=1)
        == first
    )
    assert night_bootstrap(labels, scores, nights, 0.5, resamples=200, seed=2) != first


def test_resamples_without_a_class_are_dropped_and_counted():
    """One night of positives and one of negatives: every second resample draws one of them twice."""
    labels = np.array([True] * 5 + [False] * 5)
    intervals = night_bootstrap(
        labels, labels * 0.8, ["a"] * 5 + ["b"] * 5, 0.5, resamples=1000, seed=1
    )
    assert 430 < intervals["f1"].dropped < 570
    assert (intervals["f1"].low, intervals["f1"].high) == (1, 1)


@pytest.mark.parametrize(
    ("nights", "nights_with_positives", "reliable"),
    [(19, 19, False), (20, 20, True), (40, 19, False), (40, 20, True)],
)
def test_twenty_nights_of_each_class_make_an_interval_reliable(
    nights, nights_with_positives, reliable
):
    night_of = np.repeat(np.arange(nights), 4)
    labels = (np.arange(len(night_of)) % 2 == 0) & (night_of < nights_with_positives)
    scores = np.random.default_rng(0).random(len(labels))
    interval = night_bootstrap(labels, scores, night_of.astype(str), 0.5, resamples=100, seed=1)[
        "f1"
    ]
    assert (interval.nights, interval.reliable) == (nights, reliable)


def test_a_survey_without_detections_has_precision_zero():
    labels, scores, nights = _survey(4)
    intervals = night_bootstrap(labels, scores, nights, 1.1, resamples=100, seed=1)
    assert (intervals["precision"].low, intervals["precision"].high, intervals["recall"].high) == (
        0,
        0,
        0,
    )


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"labels": np.ones(4, dtype=bool)}, DataError),
        ({"labels": np.zeros(4, dtype=bool)}, DataError),
        ({"scores": np.array([0.1, np.nan, 0.2, 0.3])}, DataError),
        ({"nights": ["a", "b"]}, DataError),
        ({"resamples": 0}, ParameterError),
        ({"level": 1.0}, ParameterError),
    ],
)
def test_impossible_input_is_refused(change, error):
    given = {
        "labels": np.array([True, False] * 2),
        "scores": np.full(4, 0.5),
        "nights": list("aabb"),
        "threshold": 0.5,
    }
    with pytest.raises(error):
        night_bootstrap(**({**given, "resamples": 50, "seed": 1} | change))


def test_intervals_cover_the_truth_where_resampled_clips_would_not():
    """120 surveys of 30 nights, each night shifting all its scores: 95 % intervals must hold the population's value."""
    nights, clips, surveys = 30, 20, 120
    between, within, distance, threshold = 1.0, 1.0, 1.5, 1.0
    spread = np.hypot(between, within)
    truth = {
        "recall": norm.cdf((distance - threshold) / spread),
        "auroc": norm.cdf(
            distance / (spread * np.sqrt(2))
        ),  # of clips from different nights, which nearly all are
    }
    night_of = np.repeat(np.arange(nights), clips)
    labels = np.arange(nights * clips) % 2 == 0
    rng = np.random.default_rng(20240301)
    covered = {"by night": dict.fromkeys(truth, 0.0), "by clip": dict.fromkeys(truth, 0.0)}
    for survey in range(surveys):
        scores = (
            rng.normal(0, between, nights)[night_of]
            + rng.normal(0, within, len(labels))
            + distance * labels
        )
        for unit, units in (("by night", night_of), ("by clip", np.arange(len(labels)))):
            intervals = night_bootstrap(
                labels, scores, units.astype(str), threshold, resamples=200, seed=survey
            )
            for metric, value in truth.items():
                covered[unit][metric] += (
                    intervals[metric].low <= value <= intervals[metric].high
                ) / surveys
    assert all(0.88 <= share <= 0.99 for share in covered["by night"].values()), covered
    assert covered["by clip"]["recall"] < 0.8, covered


def test_of_very_many_scores_neighbours_count_as_one(monkeypatch):
    """Counts at the threshold stay exact, and the areas nearly so."""
    labels, scores, nights = _survey(3)
    night_of = np.unique(nights, return_inverse=True)[1]
    draws = draw_nights(int(night_of.max()) + 1, 50, seed=2)
    exact = resampled_metrics(labels, scores, night_of, draws, 0.55)
    monkeypatch.setattr(bootstrap, "LEVELS", 60)
    coarse = resampled_metrics(labels, scores, night_of, draws, 0.55)
    for metric in ("precision", "recall", "f1"):
        assert np.array_equal(coarse[metric], exact[metric])
    for metric in ("auroc", "auprc"):
        assert not np.array_equal(coarse[metric], exact[metric])
        assert coarse[metric] == pytest.approx(exact[metric], abs=0.02)


def test_of_very_many_nights_those_that_hold_the_same_are_drawn_as_one(monkeypatch):
    """The same intervals, but for the luck of the draw: single clips at ten scores."""
    random = np.random.default_rng(1)
    labels = random.random(3000) < 0.3
    scores = np.round(np.clip(random.normal(0.4 + 0.2 * labels, 0.2), 0, 1), 1)
    nights = np.arange(3000).astype(str)
    each = night_bootstrap(labels, scores, nights, 0.5, resamples=2000, seed=1)
    monkeypatch.setattr(bootstrap, "MANY_NIGHTS", 1000)
    merged = night_bootstrap(labels, scores, nights, 0.5, resamples=2000, seed=1)
    for metric in METRICS:
        assert merged[metric].low == pytest.approx(each[metric].low, abs=0.004)
        assert merged[metric].high == pytest.approx(each[metric].high, abs=0.004)
        assert merged[metric].nights == 3000 and merged[metric] != each[metric]
