"""Two configurations over nights and seeds: equal to a slow computation, and honest about both."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as golden

from chorus.errors import ChorusError, DataError
from chorus.evaluation.bootstrap import draw_nights
from chorus.statistics import Difference, paired_bootstrap, verdict
from chorus.statistics.intervals import student

METRICS = ("f1", "precision", "recall", "auroc", "auprc")


def survey(
    rng: np.random.Generator,
    nights: int,
    *,
    seeds: int = 3,
    by_seed: float = 0.0,
    by_night: float = 0.0,
    better=0.0,
) -> tuple[np.ndarray, ...]:
    """Clips of some nights scored by A and B. How good each is varies with seed and night.

    Returns:
        what `paired_bootstrap` takes: labels, scores_a, scores_b, thresholds_a, thresholds_b, nights.
    """
    night_of = np.repeat(np.arange(nights), 8)
    labels = np.tile([True, False, True, False, True, False, False, True], nights)
    common = rng.normal(labels * 1.5, 1) + rng.normal(0, 0.5, nights)[night_of]
    scores = common + rng.normal(0, 0.3, (2, seeds, len(labels)))
    # Drawn alike for A and B, so that without `better` neither is, over all nights and seeds.
    gain = (
        rng.normal(0, by_seed, (2, seeds, 1))
        + rng.normal(0, by_night, (2, 1, nights))[:, :, night_of]
    )
    gain[0] += better
    scores += gain * (labels - 0.5)
    names = np.array([f"night {night:03}" for night in night_of])
    return labels, scores[0], scores[1], np.full(seeds, 0.8), np.full(seeds, 0.7), names


def figures(labels, scores, threshold, weights) -> dict[str, float]:
    """By scikit-learn, each clip as often as its weight says."""
    labels, scores = np.repeat(labels, weights), np.repeat(scores, weights)
    detected = scores >= threshold
    return {
        "f1": golden.f1_score(labels, detected),
        "precision": golden.precision_score(labels, detected, zero_division=0),
        "recall": golden.recall_score(labels, detected),
        "auroc": golden.roc_auc_score(labels, scores),
        "auprc": golden.average_precision_score(labels, scores),
    }


def test_it_is_a_bootstrap_over_nights_plus_the_spread_over_seeds():
    data = survey(np.random.default_rng(1), nights=22, by_seed=0.3, better=0.4)
    labels, a, b, threshold_a, threshold_b, names = data
    ours = paired_bootstrap(*data, resamples=25, seed=3)
    night_of = np.unique(names, return_inverse=True)[1]

    def differences(weights: np.ndarray) -> dict[str, list[float]]:
        of_a = [figures(labels, a[i], threshold_a[i], weights) for i in range(3)]
        of_b = [figures(labels, b[i], threshold_b[i], weights) for i in range(3)]
        return {
            metric: [x[metric] - y[metric] for x, y in zip(of_a, of_b, strict=True)]
            for metric in METRICS
        }

    observed = differences(np.ones(len(labels), dtype=int))
    resampled = [differences(draw[night_of]) for draw in draw_nights(22, 25, seed=3)]
    for metric in METRICS:
        got = ours[metric]
        assert got.per_seed == pytest.approx(observed[metric])
        assert got.difference == pytest.approx(np.mean(observed[metric]))
        assert got.a - got.b == pytest.approx(got.difference)
        of_nights = np.var([np.mean(one[metric]) for one in resampled], ddof=1) * 22 / 21
        of_seeds = stats.sem(observed[metric]) ** 2
        assert (got.se_nights**2, got.se_seeds**2) == pytest.approx((of_nights, of_seeds))
        error = np.sqrt(of_nights + of_seeds)
        critical = (
            of_nights * stats.t.ppf(0.975, 21) + of_seeds * stats.t.ppf(0.975, 2)
        ) / error**2
        reach = critical * error
        assert (got.low, got.high) == pytest.approx(
            (got.difference - reach, got.difference + reach)
        )
        assert (got.seeds, got.nights, got.reliable, got.swap_p) == (3, 22, True, None)


def test_with_few_nights_all_swaps_of_whole_nights_are_tried():
    data = survey(np.random.default_rng(2), nights=5, better=1.0)
    labels, a, b, threshold_a, threshold_b, names = data
    ours = paired_bootstrap(*data, resamples=50)
    night_of = np.unique(names, return_inverse=True)[1]
    a, b = a - threshold_a[:, None], b - threshold_b[:, None]
    ones = np.ones(len(labels), dtype=int)
    sizes: dict[str, list[float]] = {metric: [] for metric in METRICS}
    for swaps in product([False, True], repeat=5):
        swapped = np.array(swaps)[night_of]
        one, other = np.where(swapped, b, a), np.where(swapped, a, b)
        pairs = [
            (figures(labels, one[i], 0, ones), figures(labels, other[i], 0, ones)) for i in range(3)
        ]
        for metric in METRICS:
            sizes[metric].append(abs(np.mean([x[metric] - y[metric] for x, y in pairs])))
    for metric in METRICS:
        assert not ours[metric].reliable
        expected = np.mean(np.array(sizes[metric]) >= sizes[metric][0] - 1e-12)
        assert ours[metric].swap_p == pytest.approx(expected)
        assert ours[metric].swap_p >= 2 / 2**5


def test_swaps_are_random_but_the_same_each_time_with_more_nights():
    data = survey(np.random.default_rng(2), nights=16, better=0.3)
    one, other = (paired_bootstrap(*data, resamples=50, seed=4) for _ in range(2))
    assert one == other
    assert 0 < one["f1"].swap_p < 1


def test_equal_models_do_not_differ_and_swapping_a_and_b_changes_the_sign_only():
    labels, a, b, threshold_a, threshold_b, names = survey(
        np.random.default_rng(5), nights=8, better=0.5
    )
    same = paired_bootstrap(labels, a, a, threshold_a, threshold_a, names, resamples=50)["f1"]
    assert (same.difference, same.low, same.high, same.p, same.swap_p) == (0, 0, 0, 1, 1)
    assert not same.told_apart
    one = paired_bootstrap(labels, a, b, threshold_a, threshold_b, names, resamples=50)["f1"]
    other = paired_bootstrap(labels, b, a, threshold_b, threshold_a, names, resamples=50)["f1"]
    assert (one.low, one.high, one.p, one.swap_p) == pytest.approx(
        (-other.high, -other.low, other.p, other.swap_p)
    )


def test_one_seed_counts_nights_only():
    got = paired_bootstrap(
        *survey(np.random.default_rng(6), nights=25, seeds=1, better=0.4), resamples=100
    )["f1"]
    reach = stats.t.ppf(0.975, 24) * got.se_nights
    assert (got.seeds, got.se_seeds) == (1, 0)
    assert (got.low, got.high) == pytest.approx((got.difference - reach, got.difference + reach))


WORLDS = {
    "nights matter": {"by_night": 1.5},
    "seeds matter": {"by_seed": 0.5},
    "both matter": {"by_seed": 0.5, "by_night": 0.6},
}


@pytest.mark.parametrize("world", WORLDS)
def test_intervals_cover_and_false_positives_are_rare_over_new_nights_and_seeds(world):
    rng = np.random.default_rng(12)
    covered, false = [], []
    for _ in range(400):
        labels, a, b, _, _, names = survey(rng, nights=24, **WORLDS[world])
        equal = np.full(3, 0.75)
        found = paired_bootstrap(labels, a, b, equal, equal, names, resamples=100)
        covered += [
            [found[metric].low <= 0 <= found[metric].high for metric in ("f1", "recall", "auroc")]
        ]
        false += [found["f1"].told_apart]
    assert 0.92 <= np.mean(covered) <= 0.98
    assert (np.mean(covered, axis=0) > 0.9).all()  # 400 repeats know each to 1.3 % only
    assert np.mean(false) <= 0.07


def test_percentiles_of_resampled_seeds_and_nights_would_cover_too_little():
    """Why the seeds are not resampled: three of them, drawn with replacement, know too little of their spread."""
    rng = np.random.default_rng(13)
    covered = []
    for _ in range(400):
        per_night_and_seed = rng.normal(0, 1, (3, 1)) + rng.normal(0, 0.5, (1, 24))
        seeds, nights = rng.integers(0, 3, (400, 3)), rng.integers(0, 24, (400, 24))
        low, high = np.quantile(
            per_night_and_seed[seeds[:, :, None], nights[:, None, :]].mean(axis=(1, 2)),
            [0.025, 0.975],
        )
        covered.append(low <= 0 <= high)
    assert np.mean(covered) < 0.85


def sure(**changed) -> Difference:
    values = {
        "metric": "f1",
        "a": 0.762,
        "b": 0.75,
        "difference": 0.012,
        "low": -0.03,
        "high": 0.05,
        "p": 0.6,
        "per_seed": (0.01, 0.02, 0.006),
        "seeds": 3,
        "nights": 38,
        "reliable": True,
        "se_nights": 0.02,
        "se_seeds": 0.01,
        "swap_p": None,
    }
    return Difference(**(values | changed))


def test_the_verdict_is_one_plain_sentence():
    assert verdict(sure()) == (
        "A and B cannot be told apart with these data: F1 differs by +0.012, 95 % interval -0.030 to 0.050 "
        "over 3 seeds and 38 nights"
    )
    worse = sure(difference=-0.08, low=-0.12, high=-0.04)
    assert verdict(worse, ("plain", "hard negatives")) == (
        "hard negatives is better than plain: F1 is higher by 0.080, "
        "95 % interval 0.040 to 0.120 over 3 seeds and 38 nights"
    )


def test_the_verdict_tells_its_doubts_and_needs_the_swaps_to_agree_where_nights_are_few():
    clear = {
        "difference": 0.08,
        "low": 0.04,
        "high": 0.12,
        "nights": 6,
        "seeds": 1,
        "reliable": False,
    }
    assert verdict(sure(**clear, swap_p=0.0625)) == (
        "A and B cannot be told apart with these data: F1 differs by +0.080, 95 % interval 0.040 to 0.120 over 1 seed "
        "and 6 nights; with so few nights the interval is likely too narrow: swapping A and B in whole nights gives "
        "p = 0.062; another training seed may give another answer"
    )
    assert verdict(sure(**clear, swap_p=0.03)).startswith("A is better than B")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: (d[0], d[1][:2], *d[2:]), r"must be \(seeds, clips\)"),
        (lambda d: (*d[:5], d[5][:-1]), r"must be \(seeds, clips\)"),
        (lambda d: (d[0], d[1][:2], d[2], d[3][:2], *d[4:]), "the same seeds, not 2 and 3"),
        (lambda d: (d[0], d[1] * np.nan, *d[2:]), "finite"),
        (lambda d: (np.ones_like(d[0]), *d[1:]), "both classes"),
        (lambda d: (*d[:5], np.full(len(d[5]), "one")), "two nights"),
    ],
)
def test_what_cannot_be_compared_is_refused(change, message):
    data = survey(np.random.default_rng(1), nights=4)
    with pytest.raises(DataError, match=message):
        paired_bootstrap(*change(data), resamples=20)


@pytest.mark.parametrize("wrong", [{"resamples": 0}, {"level": 1.0}])
def test_impossible_options_are_refused(wrong):
    with pytest.raises(ChorusError, match="not allowed"):
        paired_bootstrap(*survey(np.random.default_rng(1), nights=4), **wrong)


@pytest.mark.parametrize(
    "variances", [[(0.04, 2)], [(0.04, 2), (0.01, 30)], [(0.04, 2), (0.0, 30)]]
)
def test_p_is_the_level_at_which_the_interval_reaches_zero(variances):
    p = student(0.7, *variances, level=0.95)[2]
    assert student(0.7, *variances, level=1 - p)[0] == pytest.approx(0, abs=1e-9)
    assert student(-0.7, *variances, level=0.95)[2] == pytest.approx(p)
    assert student(0.0, *variances, level=0.95)[2] == pytest.approx(1)
    one = stats.ttest_1samp([0.1, 0.3, 0.8], 0)
    variance = stats.sem([0.1, 0.3, 0.8]) ** 2
    assert student(0.4, (variance, 2), level=0.95)[2] == pytest.approx(one.pvalue)
