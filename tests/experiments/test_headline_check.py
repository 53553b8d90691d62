"""A figure that was forged, with or without its hash, contradicts what lies beside it."""

from __future__ import annotations

import copy
from pathlib import Path

import pandas as pd
import pytest

from chorus.experiments.headline_check import (
    evaluation_contradictions,
    headline_problems,
    health_contradictions,
    training_contradictions,
)
from chorus.files import read_json

ROOT = Path(__file__).parents[2]
METRICS = ROOT / "metrics"
EVALUATION, DETAIL = (read_json(METRICS / f"evaluation{part}.json") for part in ("", "_detail"))
HEALTH, HEALTH_DETAIL = (read_json(METRICS / f"health{part}.json") for part in ("", "_detail"))
TRAINING = read_json(METRICS / "training.json")
CURVES = pd.read_csv(METRICS.parent / "plots/training/curves.csv")


def test_what_the_stages_wrote_fits_together():
    assert evaluation_contradictions(EVALUATION, DETAIL) == []
    assert health_contradictions(HEALTH, HEALTH_DETAIL) == []
    assert training_contradictions(TRAINING, CURVES) == []


@pytest.mark.parametrize("study", sorted((ROOT / "studies").iterdir()), ids=lambda at: at.name)
def test_what_the_stages_of_every_study_wrote_fits_together(study):
    assert headline_problems(study) == []


def test_of_several_trainings_the_headline_counts_trainings_and_the_detail_is_of_the_worst():
    headline = {
        "verdict": "trouble",
        "findings": "a+b",
        "trainings": 10,
        "troubles": 2,
        "watches": 0,
    }
    worst = {"verdict": "trouble", "findings": [{"name": "a", "severity": "trouble"}]}
    assert health_contradictions(headline, worst) == []
    assert len(health_contradictions(headline | {"verdict": "healthy"}, worst)) == 1


@pytest.mark.parametrize(
    "name", [("ood", metric) for metric in EVALUATION["ood"]] + [("iid", "f1"), ("threshold",)]
)
def test_a_forged_headline_is_named(name):
    forged = copy.deepcopy(EVALUATION)
    inside = forged if len(name) == 1 else forged[name[0]]
    inside[name[-1]] = 0.999
    (found,) = evaluation_contradictions(forged, DETAIL)
    assert found.startswith(f"evaluation.json: {'.'.join(name)} is 0.999, but ")


@pytest.mark.parametrize("metric", ["precision", "recall", "f1"])
def test_headline_and_detail_forged_together_contradict_the_counts(metric):
    detail = copy.deepcopy(DETAIL)
    detail["splits"]["test_ood"]["at"]["headline"][metric] = 0.999
    (found,) = evaluation_contradictions(
        EVALUATION | {"ood": EVALUATION["ood"] | {metric: 0.999}}, detail
    )
    assert f"test_ood at headline: {metric} is 0.999" in found


def test_a_number_of_clips_forged_to_none_contradicts_the_counts():
    detail = copy.deepcopy(DETAIL)
    detail["splits"]["test_ood"]["n"] = 0
    assert any(": n is 0" in each for each in evaluation_contradictions(EVALUATION, detail))


def test_forged_counts_contradict_the_number_of_clips():
    detail = copy.deepcopy(DETAIL)
    detail["splits"]["test_ood"]["at"]["half"]["confusion"]["tn"] += 1
    assert any("negatives is" in each for each in evaluation_contradictions(EVALUATION, detail))


@pytest.mark.parametrize(
    "change", [{"verdict": "sick"}, {"troubles": 7}, {"findings": "memorised"}]
)
def test_a_forged_verdict_is_named(change):
    assert len(health_contradictions(HEALTH | change, HEALTH_DETAIL)) == 1


@pytest.mark.parametrize("key", sorted(TRAINING))
def test_a_forged_training_is_named(key):
    assert training_contradictions(TRAINING | {key: 99}, CURVES)
