"""Effects on matched runs: equal to slow and to independent computations, and honest about three seeds."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from stage6 import INTERACTIONS, MAIN, NAMES
from statsmodels.stats.multitest import multipletests

from chorus import statistics
from chorus.errors import DataError
from chorus.statistics import Contrast, Interaction, run_spread, sign_flip
from chorus.statistics.effects import Judged, judge_pairs

NEGATIVES, POSITIVES = (
    ("none", "hardneg_conf_min_50", "hardneg_conf_min_99"),
    ("none", "small", "top50"),
)
NEGATIVE_50 = Contrast("negative_subsets", "hardneg_conf_min_50", "none")
BALANCE_BY_NEGATIVES = Interaction(NEGATIVE_50, "balance", "True", "False")


def matched_effects(runs, metric, contrasts=MAIN):
    return statistics.matched_effects(runs, metric, contrasts, factors=NAMES)


def grid(
    values: np.ndarray | None = None, seeds: tuple[int, ...] = (123, 456, 789)
) -> pd.DataFrame:
    """The 30 configurations of stage 6 for each seed; `values` (seeds, 30) as metric "f1"."""
    block_a = [("high+medium", positive) for positive in POSITIVES]
    block_b = [("high", "none"), ("high+medium+low", "none")]
    cells = [
        (quality, balance, positive, negative)
        for balance, (quality, positive), negative in product(
            ("True", "False"), block_a + block_b, NEGATIVES
        )
    ]
    rows = [(seed, *cell) for seed in seeds for cell in cells]
    table = pd.DataFrame(
        rows, columns=["seed", "quality", "balance", "positive_subsets", "negative_subsets"]
    )
    noise = np.random.default_rng(1).normal(0.7, 0.05, len(rows))
    return table.assign(f1=noise if values is None else np.ravel(values))


def mean_in(runs: pd.DataFrame, seed: int, **levels: str) -> float:
    chosen = runs[runs["seed"] == seed]
    for factor, value in levels.items():
        chosen = chosen[chosen[factor] == value]
    return float(chosen["f1"].mean())


def test_an_effect_is_the_t_test_of_the_seeds_mean_differences():
    runs = grid()
    (effect,) = matched_effects(runs, "f1", [NEGATIVE_50])
    by_seed = [
        mean_in(runs, seed, negative_subsets=NEGATIVES[1])
        - mean_in(runs, seed, negative_subsets="none")
        for seed in (123, 456, 789)
    ]
    golden = stats.ttest_1samp(by_seed, 0)
    assert effect.per_seed == pytest.approx(by_seed)
    assert effect.p == pytest.approx(golden.pvalue)
    assert (effect.low, effect.high) == pytest.approx(tuple(golden.confidence_interval(0.95)))
    assert (effect.pairs, effect.left_out) == (30, 0)


def test_it_is_also_the_linear_model_with_seed_blocks_and_errors_clustered_by_seed():
    runs = grid()
    chosen = runs[runs["negative_subsets"].isin(NEGATIVES[:2])].assign(
        on=lambda table: (table["negative_subsets"] != "none").astype(float),
        cell=lambda table: table["quality"] + table["balance"] + table["positive_subsets"],
    )
    model = smf.ols("f1 ~ on + C(seed) + C(cell)", chosen)
    clustered = model.fit(
        cov_type="cluster", cov_kwds={"groups": chosen["seed"], "use_correction": False}
    )
    (effect,) = matched_effects(runs, "f1", [NEGATIVE_50])
    assert effect.difference == pytest.approx(clustered.params["on"])
    error = clustered.bse["on"] * np.sqrt(3 / 2)  # the correction for three clusters
    assert (effect.high - effect.low) / 2 == pytest.approx(stats.t.ppf(0.975, 2) * error)


def test_run_p_and_shared_p_are_those_of_a_two_way_analysis_of_variance():
    runs = grid()
    (effect,) = matched_effects(runs, "f1", [NEGATIVE_50])
    wide = runs.pivot(
        index=["seed", "quality", "balance", "positive_subsets"],
        columns="negative_subsets",
        values="f1",
    )
    pairs = (wide[NEGATIVES[1]] - wide["none"]).rename("d").reset_index()
    pairs["cell"] = pairs["quality"] + pairs["balance"] + pairs["positive_subsets"]
    anova = smf.ols("d ~ C(seed, Sum) + C(cell, Sum)", pairs).fit()
    assert effect.run_p == pytest.approx(anova.pvalues["Intercept"])
    assert effect.shared_p == pytest.approx(
        float(anova.f_test("C(seed, Sum)[S.123] = 0, C(seed, Sum)[S.456] = 0").pvalue)
    )
    whole = smf.ols(
        "f1 ~ C(seed) + C(cell)", runs.assign(cell=runs.iloc[:, 1:5].agg("".join, axis=1))
    ).fit()
    assert run_spread(runs, "f1", factors=NAMES) == pytest.approx(np.sqrt(2 * whole.mse_resid))


def test_an_interaction_is_the_difference_of_two_differences():
    runs = grid()
    (effect,) = matched_effects(runs, "f1", [BALANCE_BY_NEGATIVES])
    by_seed = [
        sum(
            sign * mean_in(runs, seed, balance=balance, negative_subsets=negative)
            for sign, balance, negative in [
                (1, "True", NEGATIVES[1]),
                (-1, "True", "none"),
                (-1, "False", NEGATIVES[1]),
                (1, "False", "none"),
            ]
        )
        for seed in (123, 456, 789)
    ]
    assert effect.per_seed == pytest.approx(by_seed)
    assert (effect.factor, effect.pairs) == ("negative_subsets x balance", 15)


def test_holm_covers_the_contrasts_asked_for_together():
    effects = matched_effects(grid(), "f1", MAIN)
    expected = multipletests([effect.p for effect in effects], method="holm")[1]
    assert [effect.p_holm for effect in effects] == pytest.approx(expected)
    assert [effect.pairs for effect in effects] == [30, 30, 18, 18, 18, 18, 45]
    assert [effect.pairs for effect in matched_effects(grid(), "f1", INTERACTIONS)] == [
        15,
        15,
        6,
        6,
        6,
        6,
    ]


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False), st.floats(-0.2, 0.2))
def test_seed_levels_order_of_rows_and_constants_change_nothing(random, shift):
    runs = grid()
    changed = runs.sample(frac=1, random_state=random.randint(0, 1000))
    changed = changed.assign(
        f1=changed["f1"] + changed["seed"].map({123: 0.1, 456: -0.2, 789: 0.05}) + shift
    )
    for one, other in zip(matched_effects(runs, "f1"), matched_effects(changed, "f1"), strict=True):
        assert one.per_seed == pytest.approx(other.per_seed)
        assert one.p == pytest.approx(other.p)


def test_a_pair_missing_for_one_seed_is_left_out_for_all():
    runs = grid()
    missing = runs.drop(
        index=runs.index[(runs["seed"] == 456) & (runs["negative_subsets"] == "none")][0]
    )
    (effect,) = matched_effects(missing, "f1", [NEGATIVE_50])
    assert (effect.pairs, effect.left_out) == (27, 2)


def test_seeds_that_agree_by_luck_closer_than_single_runs_do_are_not_believed():
    rng = np.random.default_rng(4)
    values = rng.normal(0.7, 0.2, (3, 30))
    negatives = np.array(NEGATIVES * 10)
    with_50, without = negatives == NEGATIVES[1], negatives == "none"
    gaps = values[:, with_50].mean(axis=1) - values[:, without].mean(axis=1)
    values[:, with_50] += (np.array([0.0195, 0.02, 0.0205]) - gaps)[:, None]
    (effect,) = matched_effects(grid(values), "f1", [NEGATIVE_50])
    assert effect.p < 0.001 and effect.run_p > 0.3
    assert not effect.holds
    assert effect.detectable > 0.1


def test_an_effect_that_every_seed_shows_clearly_holds():
    values = np.random.default_rng(4).normal(0.7, 0.01, (3, 30))
    values[:, np.array(NEGATIVES * 10) == NEGATIVES[1]] += 0.2
    effects = matched_effects(grid(values), "f1")
    assert [effect.holds for effect in effects] == [True, False, False, False, False, False, False]
    assert effects[0].sign_flip_p == 0.25


def simulate(shared: float, repeats: int = 3000) -> list[Judged]:
    """No effect on average: ten matched pairs for each of three seeds.

    In each seed, all pairs share some of what the level happens to do; one level is twice as noisy as the other.
    """
    rng = np.random.default_rng(8)
    noise = rng.normal(0, 0.1, (repeats, 10, 3)) - rng.normal(0, 0.05, (repeats, 10, 3))
    return [judge_pairs(pairs) for pairs in noise + rng.normal(0, shared, (repeats, 1, 3))]


@pytest.mark.parametrize("shared", [0.0, 0.05, 0.2])
def test_intervals_cover_and_false_positives_are_rare_whether_runs_of_a_seed_share_their_luck_or_not(
    shared,
):
    found = simulate(shared)
    assert 0.935 <= np.mean([judged.low <= 0 <= judged.high for judged in found]) <= 0.965
    assert np.mean([judged.p < 0.05 for judged in found]) <= 0.065
    assert (
        np.mean([judged.p < 0.05 / 7 for judged in found]) <= 0.07 / 7
    )  # what Holm's adjustment asks of the first


def test_to_count_every_run_as_a_witness_would_report_what_is_not_there():
    found = simulate(shared=0.1)
    assert np.mean([judged.run_p < 0.05 for judged in found]) > 0.3
    assert np.mean([judged.shared_p < 0.05 for judged in found]) > 0.5  # and the data show why


def test_three_seeds_cannot_get_below_a_quarter_by_flipping_signs():
    assert sign_flip([0.1, 0.2, 0.15]) == 0.25
    assert sign_flip([0.1, 0.2, -0.05]) == 0.5
    golden = stats.permutation_test(
        ([0.3, 0.1, 0.4, -0.2, 0.25],), np.mean, permutation_type="samples"
    )
    assert sign_flip([0.3, 0.1, 0.4, -0.2, 0.25]) == pytest.approx(golden.pvalue)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda runs: runs.drop(columns="balance"), "lack the columns balance"),
        (lambda runs: runs.assign(f1=np.nan), "finite"),
        (lambda runs: pd.concat([runs, runs.iloc[:1]]), "two runs of one configuration"),
        (lambda runs: runs[runs["seed"] == 123], "at least two seeds"),
        (lambda runs: runs[runs["negative_subsets"] == "none"], "no runs with negative_subsets"),
        (lambda runs: runs[(runs["seed"] == 123) ^ (runs["balance"] == "True")], "no matched runs"),
    ],
)
def test_runs_that_cannot_tell_are_refused(change, message):
    with pytest.raises(DataError, match=message):
        matched_effects(change(grid()), "f1", [NEGATIVE_50])


def test_to_take_the_spread_of_runs_wherever_it_is_the_larger_would_fail_holms_adjustment():
    """Why `run_p` can only object: as a substitute it is right at 5 %, and wrong at the levels that Holm needs."""
    rng = np.random.default_rng(9)
    pairs = rng.normal(0, 0.1, (6000, 10, 3)) + rng.normal(0, 0.07, (6000, 1, 3))
    chosen = []
    for differences in pairs:
        judged = judge_pairs(differences)
        agree = differences.mean(axis=0).std(ddof=1) < judged.run_sd
        chosen.append(judged.run_p if agree else judged.p)
    assert np.mean(np.array(chosen) < 0.05 / 7) > 2 * 0.05 / 7


def test_signs_of_many_seeds_are_flipped_at_random_and_alike_every_time():
    differences = np.random.default_rng(3).normal(0.15, 1, 30)
    golden = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=50_000, rng=1
    )
    assert sign_flip(differences) == pytest.approx(golden.pvalue, abs=0.01)
    assert sign_flip(differences) == sign_flip(differences)
    assert sign_flip(differences + 10) < 1e-4
    with pytest.raises(DataError, match="at least one"):
        sign_flip([])
