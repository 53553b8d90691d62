"""Effects in any table of runs: those of `matched_effects` where it applies, and named where nothing can be told."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from stage6 import MAIN, NAMES
from statsmodels.stats.multitest import multipletests

from chorus.errors import DataError, ParameterError
from chorus.files import read_csv
from chorus.runs.block_effects import effects_by_block, effects_frame, one_run_each
from chorus.runs.contrasts import between_blocks, estimate, questions
from chorus.runs.figure import draw_blocks
from chorus.runs.power import block_power
from chorus.statistics import matched_effects, minimal_detectable_difference
from tables_of_runs import REFERENCE, as_runs, grid, published

RUNS = published()


@pytest.fixture(scope="module")
def found():
    """The effects of each published block; not computed where the tests are only collected."""
    return {block.block: block for block in effects_by_block(RUNS, "f1")}


def test_stage_6_has_the_effects_of_our_page_on_it(found):
    ours = {effect.name: effect for effect in found["stage6"].effects}
    there = matched_effects(
        read_csv(REFERENCE / "stage6_runs.csv"), "ood.best_f1.f1", MAIN, factors=NAMES
    )
    assert len(ours) == len(there) == 7
    for effect in there:
        if effect.factor == "balance":
            assert ours["balance: False - True"].difference == pytest.approx(-effect.difference)
            continue
        short = {"positive_subsets": "positives", "negative_subsets": "negatives"}
        factor = short.get(effect.factor, effect.factor)
        level = effect.level.replace("hardneg_conf_min", "hardneg")
        same = ours[f"{factor}: {level} - {effect.reference}"]
        assert same.per_seed == pytest.approx(effect.per_seed)
        assert (same.p, same.run_p, same.pairs) == (
            pytest.approx(effect.p),
            pytest.approx(effect.run_p),
            effect.pairs,
        )


def test_stage_18_is_the_t_test_of_ten_seeds(found):
    frame = RUNS.of("stage18").frame
    by_seed = frame.groupby(["seed", "fmax"])["f1"].mean().unstack()
    golden = stats.ttest_rel(by_seed["4000"], by_seed["15000"])
    (effect,) = [effect for effect in found["stage18"].effects if effect.factor == "fmax"]
    assert effect.p == pytest.approx(golden.pvalue)
    assert (effect.low, effect.high) == pytest.approx(tuple(golden.confidence_interval(0.95)))


def test_run_p_is_that_of_the_linear_model_without_seeds_as_the_unit(found):
    frame = RUNS.of("stage17").frame
    wide = frame.pivot(
        index=["seed", "focal_loss", "upsampling", "upsampling_ratio"],
        columns="quality",
        values="f1",
    )
    pairs = (wide["high+medium+low"] - wide["high+medium"]).rename("d").reset_index()
    pairs["cell"] = pairs["focal_loss"] + pairs["upsampling"] + pairs["upsampling_ratio"]
    golden = smf.ols("d ~ C(seed, Sum) + C(cell, Sum)", pairs).fit().pvalues["Intercept"]
    (effect,) = [effect for effect in found["stage17"].effects if effect.factor == "quality"]
    assert effect.run_p == pytest.approx(golden)


def test_holm_is_over_a_block_and_over_all(found):
    every = [effect for block in found.values() for effect in block.effects]
    by_all = [p for block in found.values() for p in block.p_holm_all]
    assert by_all == pytest.approx(
        list(multipletests([effect.p for effect in every], method="holm")[1])
    )
    of_block = [effect.p for effect in found["stage13"].effects]
    expected = multipletests(of_block, method="holm")[1]
    assert [effect.p_holm for effect in found["stage13"].effects] == pytest.approx(list(expected))


def test_repeats_are_averaged_and_counted(found):
    assert (found["stage13"].repeats, found["stage13"].runs) == (42, 180)
    frame = RUNS.of("stage13").frame
    means = (
        frame.groupby(["seed", "dropout", "hidden_units", "learning_rate"])["f1"]
        .mean()
        .unstack("dropout")
    )
    whole = (means["0.5"] - means["0.25"]).dropna().unstack("seed").dropna()
    (effect,) = [effect for effect in found["stage13"].effects if effect.level == "0.5"]
    assert effect.difference == pytest.approx(whole.mean().mean())


def test_levels_without_matched_seeds_are_named_and_not_estimated(found):
    named = {(part.factor, part.level): part.reason for part in found["stage13"].not_estimated}
    assert set(named) == {("dropout", "0.75"), ("dropout", "0.9")}
    assert "no two seeds in common" in named["dropout", "0.9"]
    assert not [effect for effect in found["stage13"].effects if effect.level in ("0.75", "0.9")]


def test_a_factor_that_always_changes_with_another_is_named(found):
    (named,) = found["stage18"].not_estimated
    assert (named.factor, named.reason) == (
        "fmax_in_use",
        "confounded with fmax: they always change together",
    )


def test_a_factor_that_differs_between_blocks_only_is_confounded_with_the_block(tmp_path):
    assert [named.factor for named in between_blocks(RUNS)] == ["batch_size"]
    parts = [grid({"a": ["x", "y"], "b": [level]}, block=level) for level in ("1", "2")]
    runs = as_runs(pd.concat(parts), tmp_path, ["a", "b"])
    (named,) = between_blocks(runs)
    assert named.factor == "b" and "confounded with the block: 2 levels" in named.reason
    assert {
        effect.factor for block in effects_by_block(runs, "score") for effect in block.effects
    } == {"a"}


def test_partly_confounded_factors_are_compared_where_they_are_crossed(tmp_path):
    """y comes with b = 2 only: y - x can be seen there; z comes with c = 2 only, where x never is."""
    table = grid({"a": ["x", "y", "z"], "b": ["1", "2"], "c": ["1", "2"]})
    keep = ~((table["a"] == "y") & (table["b"] == "1")) & (
        (table["a"] == "z") == (table["c"] == "2")
    )
    runs = as_runs(table[keep], tmp_path, ["a", "b", "c"], references={"a": "x"})
    asked = questions(runs.frame, runs.factors, runs.references)
    assert ("a", "y") in {(contrast.factor, contrast.level) for contrast in asked.contrasts}
    (named,) = [part for part in asked.not_estimated if part.level == "z"]
    assert named.reason.startswith("confounded with c")
    (effect,) = [e for e in effects_by_block(runs, "score")[0].effects if e.level == "y"]
    frame = runs.frame[runs.frame["b"] == "2"]
    golden = frame[frame["a"] == "y"]["score"].mean() - frame[frame["a"] == "x"]["score"].mean()
    assert effect.difference == pytest.approx(golden)


def test_a_level_tried_with_some_seeds_only_does_not_cost_the_others_theirs(tmp_path):
    table = grid({"a": ["x", "y", "z"]}, seeds=(1, 2, 3, 4, 5))
    table = table[(table["a"] != "z") | table["seed"].isin(["1", "2", "3"])]
    (block,) = effects_by_block(as_runs(table, tmp_path, ["a"], references={"a": "x"}), "score")
    assert {effect.level: len(effect.per_seed) for effect in block.effects} == {"y": 5, "z": 3}


def test_missing_metrics_are_left_out_and_counted(tmp_path):
    table = grid({"a": ["x", "y"]}, seeds=(1, 2, 3, 4))
    table.loc[table["seed"] == "4", "score"] = np.nan
    (block,) = effects_by_block(as_runs(table, tmp_path, ["a"]), "score")
    assert (block.unknown, block.runs, len(block.effects[0].per_seed)) == (2, 6, 3)


def test_seeds_may_have_names(tmp_path):
    table = grid({"a": ["x", "y"], "b": ["1", "2"]})
    plain = effects_by_block(as_runs(table, tmp_path, ["a", "b"]), "score")
    named = effects_by_block(
        as_runs(table.assign(seed="s" + table["seed"]), tmp_path, ["a", "b"]), "score"
    )
    assert plain[0].effects == named[0].effects


def test_a_table_that_can_answer_nothing_says_so(tmp_path):
    with pytest.raises(DataError, match="no two configurations"):
        effects_by_block(as_runs(grid({"a": ["x", "y"]}, seeds=(1,)), tmp_path, ["a"]), "score")
    with pytest.raises(ParameterError, match="metric: 'speed'"):
        effects_by_block(RUNS, "speed")


def test_the_table_and_the_picture_hold_every_effect(found, tmp_path):
    blocks = list(found.values())
    frame = effects_frame(blocks)
    assert len(frame) == sum(len(block.effects) for block in blocks) == 61
    few = [found["stage7"], found["stage18"]]
    for name in ("one.png", "again.png"):
        draw_blocks(few, tmp_path / name, "Effects", "f1", RUNS.labels)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "again.png").read_bytes()
    with pytest.raises(DataError, match="no effects"):
        draw_blocks(
            [block for block in blocks if not block.effects], tmp_path / "none.png", "", "", {}
        )


def test_power_is_from_the_spread_that_configurations_and_seeds_leave():
    found = block_power(RUNS.of("stage6"), "f1", (3, 10))
    frame = RUNS.of("stage6").frame
    cell = frame[["quality", "balance", "positives", "negatives"]].agg("".join, axis=1)
    fit = smf.ols("f1 ~ C(seed) + C(cell)", frame.assign(cell=cell)).fit()
    assert found is not None
    assert found.spread == pytest.approx(np.sqrt(2 * fit.mse_resid))
    assert (
        found.detectable
        == found.with_seeds[0]
        == pytest.approx(minimal_detectable_difference(found.spread, 3))
    )
    assert block_power(RUNS.of("stage21"), "f1", (3,)) is None


@settings(max_examples=12)
@given(st.randoms(use_true_random=False), st.floats(0.5, 0.95))
def test_in_any_gappy_table_an_effect_is_the_mean_over_seeds_of_matched_differences(random, kept):
    """Whatever is missing: level less reference, in configurations that have both with all seeds that are used."""
    table = grid({"a": ["x", "y", "z"], "b": ["1", "2"], "c": ["1", "2"]}, seeds=(1, 2, 3, 4))
    table = table[[random.random() < kept for _ in range(len(table))]]
    assume(table["seed"].nunique() > 1 and (table["a"] == "x").any())
    with TemporaryDirectory() as folder:
        runs = as_runs(table, Path(folder), ["a", "b", "c"], references={"a": "x"})
    asked = questions(runs.frame, runs.factors, runs.references)
    value = {(r.seed, r.a, r.b, r.c): r.score for r in table.itertuples()}
    frame, _ = one_run_each(runs.frame, asked.factors, "score")
    for effect, seeds in zip(estimate(frame, "score", asked), asked.seeds, strict=True):
        if effect.factor != "a":
            continue
        whole = [
            [value[seed, effect.level, *rest] - value[seed, "x", *rest] for seed in seeds]
            for rest in product("12", "12")
            if all((seed, level, *rest) in value for seed in seeds for level in (effect.level, "x"))
        ]
        assert len(seeds) >= 2 and whole
        assert effect.per_seed == pytest.approx(tuple(np.mean(whole, axis=0)))
