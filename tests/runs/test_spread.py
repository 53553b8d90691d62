"""Where the spread of a table's runs comes from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from chorus.runs.ends import ends
from chorus.runs.honesty import coverage_of, dealt, matched_rows
from chorus.runs.leaderboard import grid_of
from chorus.runs.spread import TRAINING, across_blocks, repeats_of_all, spread
from chorus.statistics.effects import Contrast
from tables_of_runs import as_runs, grid, published

RUNS = published()


def test_seeds_of_stage_18_beside_repeats_that_differ_in_use_only():
    found = spread(RUNS, "f1", "stage18")
    frame = RUNS.of("stage18").frame
    fit = smf.ols("f1 ~ C(fmax) * C(sensitivity) + C(fmax):C(seed)", frame).fit()
    golden = sm.stats.anova_lm(fit, typ=1)
    seeds, rest = found.repeated
    assert (seeds.name, seeds.freedom, rest.freedom) == (TRAINING, 18, 72)
    assert seeds.p == pytest.approx(golden.loc["C(fmax):C(seed)", "PR(>F)"])
    assert rest.variance == pytest.approx(golden.loc["Residual", "mean_sq"])
    assert found.repeats == 80


def test_trainings_repeated_with_one_seed_in_stage_13():
    found = spread(RUNS, "f1", "stage13")
    frame = RUNS.of("stage13").frame
    cells = frame.groupby(["hidden_units", "dropout", "learning_rate", "seed"])["f1"]
    within = float(((frame["f1"] - cells.transform("mean")) ** 2).sum()) / 42
    assert found.repeats == found.repeated[1].freedom == 42
    assert found.repeated[1].variance == pytest.approx(within)


def test_a_seed_that_acts_is_seen_and_one_that_does_nothing_is_not(tmp_path):
    table = grid({"a": ["x", "y"], "use": ["1", "2", "3", "4"]}, seeds=range(8), sd=0.02)
    acting = table.assign(
        score=table["score"] + table["seed"].map({str(i): 0.1 * np.sin(i) for i in range(8)})
    )
    for one, acts in ((table, False), (acting, True)):
        found = spread(
            as_runs(one, tmp_path, ["a", "use"], after_training=("use",)), "score", "one"
        )
        seeds = found.repeated[0]
        assert (seeds.p < 1e-6) == acts
        assert (seeds.share > 0.8) == acts


def test_an_idle_factor_makes_repeats(tmp_path):
    table = grid({"ratio": ["0", "1"], "mode": ["m", "n"]})
    plain = spread(as_runs(table, tmp_path, ["ratio", "mode"]), "score", "one")
    idle = spread(
        as_runs(table, tmp_path, ["ratio", "mode"], idle={"mode": "ratio=0"}), "score", "one"
    )
    assert (plain.repeats, idle.repeats) == (0, 3)


def test_one_seed_or_one_configuration_has_no_components(tmp_path):
    found = spread(as_runs(grid({"a": ["x", "y"]}, seeds=(1,)), tmp_path, ["a"]), "score", "one")
    assert (found.crossed, found.repeated) == ((), ())


def test_all_repeats_together():
    found = repeats_of_all(RUNS, "f1")
    each = [spread(RUNS, "f1", block) for block in found.block.split()]
    assert found.repeats == sum(block.repeats for block in each) > 200
    assert found.repeated[1].freedom == sum(block.repeated[1].freedom for block in each)
    pooled = sum(block.repeated[1].variance * block.repeated[1].freedom for block in each)
    assert found.repeated[1].variance == pytest.approx(pooled / found.repeated[1].freedom)


def test_configurations_of_several_blocks(tmp_path):
    table = pd.concat(
        [grid({"a": ["x", "y"]}, block="1"), grid({"a": ["y", "z"]}, block="2", seeds=(1, 2, 3, 4))]
    )
    table.loc[table["block"] == "2", "score"] += 1.0
    ((same,), components) = across_blocks(as_runs(table, tmp_path, ["a"]), "score")
    assert [(part.block, part.n) for part in same.parts] == [("1", 3), ("2", 4)]
    assert same.range == pytest.approx(1, abs=0.2)
    golden = smf.ols("score ~ C(block)", table[table["a"] == "y"]).fit()
    assert components[0].p == pytest.approx(golden.f_pvalue)


def test_rows_that_differ_in_one_contrast_only():
    table, factors = grid_of(RUNS.of("stage17"), "f1")
    pairs = matched_rows(table, Contrast("quality", "high+medium+low", "high+medium"))
    frame = table.reset_index()
    assert len(pairs) == 18
    for one, other in pairs:
        differ = [
            factor for factor in factors if frame.loc[one, factor] != frame.loc[other, factor]
        ]
        assert differ == ["quality"]


def test_honesty_is_tried_where_there_are_seeds_enough():
    assert coverage_of(RUNS.of("stage6"), "f1", 3) is None
    found = coverage_of(RUNS.of("stage18"), "f1", 3)
    assert found is not None and found.draws == 120
    assert dealt(RUNS.of("stage21"), "f1", None, times=10) is None
    assert dealt(RUNS.of("stage6"), "f1", 3, times=10) is None  # not fewer than there are


def test_thresholds_at_the_ends():
    found = ends(RUNS, "threshold", 0.05, 0.95, RUNS.blocks())
    frame = RUNS.frame
    assert found["all"].low == pytest.approx((frame["threshold"] <= 0.05).mean())
    assert found["all"].high == pytest.approx((frame["threshold"] >= 0.95).mean())
    assert "stage5" not in found and found["stage8"].low == 1
