"""The grid of adapters, as `chorus sweep` reads it."""

from __future__ import annotations

from pathlib import Path

from chorus.experiments.grid import load_plan
from chorus.files import read_yaml
from chorus.options import parse
from speech import study
from speech.tuning import TuneOptions

STUDY = Path(__file__).parents[3] / "studies/speech"


def test_it_is_rank_by_scale_by_targets_with_the_originals_five_seeds():
    plan = load_plan(read_yaml(STUDY / "sweeps/lora.yaml"), read_yaml(STUDY / "params.yaml"))
    assert len(plan.runs) == 3 * 3 * 2 * 5
    assert {run.changes["seed"] for run in plan.runs} == {42, 123, 456, 789, 2024}
    ranks = {(run.changes["tune.r"], run.changes["tune.alpha"]) for run in plan.runs}
    assert ranks == {(r, alpha) for r in (8, 16, 32) for alpha in (16, 32, 64)}
    params = read_yaml(STUDY / "params.yaml")
    for run in plan.runs:
        changed = {key.split(".")[1]: value for key, value in run.changes.items() if "tune." in key}
        options = parse(TuneOptions, params["tune"] | changed, section="tune")
        assert len(options.adapters) == 1 and options.repeats == ()


def test_a_seed_that_is_also_a_repeat_trains_once():
    """As after `dvc exp run -S seed=123`: trained twice, it would answer twice."""
    params = read_yaml(STUDY / "params.yaml")
    assert 123 in params["tune"]["repeats"]
    seeds = study.read((params | {"seed": 123}).get).seeds
    assert seeds == (123, 456, 789, 2024)
