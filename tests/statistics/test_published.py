"""The published 90 runs: the figures that docs/published_stage6.md tells."""

from __future__ import annotations

from pathlib import Path

import pytest
from stage6 import INTERACTIONS, MAIN, NAMES

from chorus.files import read_csv
from chorus.statistics import judge_best, matched_effects, run_spread

RUNS = read_csv(Path(__file__).parents[2] / "data" / "reference" / "stage6_runs.csv")
F1, PRECISION, RECALL = (f"ood.best_f1.{metric}" for metric in ("f1", "precision", "recall"))
METRICS = (F1, PRECISION, RECALL, "ood.auprc")


def test_no_effect_of_the_training_data_holds_with_three_seeds():
    families = [
        matched_effects(RUNS, metric, f, factors=NAMES)
        for metric in METRICS
        for f in (MAIN, INTERACTIONS)
    ]
    effects = [effect for family in families for effect in family]
    assert len(effects) == 4 * 13
    assert not [effect.name for effect in effects if effect.holds]


def test_low_quality_positives_raise_recall_in_every_seed_but_not_beyond_doubt():
    found = {effect.level: effect for effect in matched_effects(RUNS, RECALL, MAIN, factors=NAMES)}[
        "high+medium+low"
    ]
    assert found.per_seed == pytest.approx((0.271, 0.178, 0.262), abs=5e-4)
    assert (found.difference, found.low, found.high) == pytest.approx(
        (0.237, 0.110, 0.364), abs=5e-4
    )
    assert (found.p, found.p_holm) == pytest.approx((0.015, 0.106), abs=5e-4)


def test_runs_of_a_seed_are_not_independent():
    found = {
        effect.level: effect for effect in matched_effects(RUNS, PRECISION, MAIN, factors=NAMES)
    }["hardneg_conf_min_99"]
    assert found.shared_p == pytest.approx(0.015, abs=5e-4)


def test_the_first_of_the_leaderboard_is_told_apart_from_none():
    best = judge_best(RUNS, F1, factors=NAMES)
    assert best.levels == ("high+medium+low", "False", "none", "hardneg_conf_min_50")
    assert (best.mean, best.behind) == (pytest.approx(0.820, abs=5e-4), 0)
    assert best.p > 0.1
    assert run_spread(RUNS, F1, factors=NAMES) == pytest.approx(0.0705, abs=5e-5)
