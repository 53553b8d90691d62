"""The questions of a sweep: what its file may declare, and what is asked where it declares nothing."""

from __future__ import annotations

import ast
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stage6 import INTERACTIONS, MAIN, PLAN, ROOT

from chorus.errors import DataError, ParameterError
from chorus.experiments.grid import load_plan
from chorus.experiments.grid_effects import DEFAULT, effects
from chorus.experiments.grid_tables import measured, tables, with_numbers
from chorus.experiments.plan import Plan
from chorus.experiments.rows import metric_columns, run_row
from chorus.experiments.sections import changed
from chorus.experiments.signature import signature
from chorus.files import read_csv, write_csv
from chorus.runs.factors import short_names, spell
from chorus.statistics import Contrast, Interaction, matched_effects

PARAMS = {  # of a study that is none of ours, with a section that only shares its name with one
    "seed": 1,
    "train": {"rate": 0.1, "layers": [8], "clip": None, "warm": True, "name": "none"},
    "data": {"sites": ["a"], "seed": 3, "threshold": 0.5},
}


def made(axes: dict[str, list[object]], drop: int = 0, **more: object) -> tuple[Plan, pd.DataFrame]:
    """A plan, and runs of it whose metric is another for every level; the last `drop` ones are not done."""
    plan = load_plan({"name": "run_{}", "rank_by": "test.score", "axes": axes, **more}, PARAMS)
    rng = np.random.default_rng(1)
    rows = []
    for run in plan.runs[: len(plan.runs) - drop]:
        params = changed(PARAMS, run.changes)
        score = (
            sum(factor.levels.index(spell(run.changes[factor.key])) for factor in plan.factors) / 10
        )
        columns = metric_columns(
            {"evaluation": {"test": {"score": score + rng.normal(0, 0.001)}}}, plan.names
        )
        row = run_row(run.name, params, plan.factors, columns)
        rows.append(row | {"signature": signature(params), "splits": "", "version": "abcd1234"})
    return plan, pd.DataFrame(rows)


def test_the_contrasts_of_stage_6_are_those_that_were_declared_with_the_published_runs():
    with_quality, without_subset = {"quality": "high+medium"}, {"positive_subsets": "none"}
    hard, mined = ("hardneg_conf_min_50", "hardneg_conf_min_99"), ("small", "top50")
    others = ("high", "high+medium+low")
    negatives = [Contrast("negative_subsets", level, "none") for level in hard]
    positives = [Contrast("positive_subsets", level, "none", with_quality) for level in mined]
    qualities = [Contrast("quality", level, "high+medium", without_subset) for level in others]
    assert list(MAIN) == [*negatives, *positives, *qualities, Contrast("balance", "True", "False")]
    by_balance = [Interaction(contrast, "balance", "True", "False") for contrast in negatives]
    by_positives = [
        Interaction(contrast, "positive_subsets", level, "none")
        for level, contrast in product(mined, negatives)
    ]
    assert list(INTERACTIONS) == by_balance + by_positives


def test_the_committed_tables_follow_from_the_committed_runs_byte_for_byte(tmp_path):
    folder = ROOT / "metrics/stage6"
    runs = with_numbers(read_csv(folder / "runs.csv"), PLAN.names)
    found = tables(runs, PLAN)
    write_csv(tmp_path / "leaderboard.csv", found.board)
    write_csv(tmp_path / "comparisons.csv", found.comparisons)
    write_csv(
        tmp_path / "effects.csv", effects(runs, PLAN.metrics, PLAN.factors, PLAN.families).table()
    )
    for file in sorted(tmp_path.iterdir()):
        assert file.read_bytes() == (folder / file.name).read_bytes(), file.name


SWEEP = {
    "name": "run_{}",
    "axes": {"seed": [1, 2], "train.rate": [0.1, 0.2], "train.warm": [True, False]},
}
AT = "sweep.effects.main.0"
RATE = {"factor": "rate", "levels": [0.2], "against": 0.1}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            RATE | {"factor": "rte"},
            "factor: 'rte' is not allowed: one of the axes of this sweep (rate",
        ),
        (RATE | {"levels": [0.3]}, "levels: '0.3' is not allowed: rate is 0.1, 0.2"),
        (
            RATE | {"levels": [0.1]},
            "levels: '0.1' is not allowed: it is what they are compared with",
        ),
        (RATE | {"levels": []}, "levels: []"),
        (RATE | {"against": None}, "against: 'null' is not allowed: rate is 0.1, 0.2"),
        (
            RATE | {"where": {"warm": "maybe"}},
            "where.warm: 'maybe' is not allowed: warm is True, False",
        ),
        (RATE | {"where": {"seed": 1}}, "where: 'seed' is not allowed"),
        (RATE | {"depends_on": RATE}, "depends_on.factor: 'rate' is not allowed: another factor"),
        (
            RATE | {"depends_on": {"factor": "warm", "levels": [True]}},
            "depends_on.against: missing",
        ),
        ({"levels": [0.2], "against": 0.1}, "factor: missing"),
        (
            RATE | {"agains": 1},
            "agains: unknown parameter; known under",
        ),
    ],
)
def test_a_wrong_contrast_names_file_key_value_and_what_is_allowed(entry, message):
    with pytest.raises(ParameterError) as error:
        load_plan(SWEEP | {"effects": {"main": [entry]}}, PARAMS)
    assert f"{AT}.{message}" in str(error.value)


def test_a_family_without_contrasts_is_refused_and_keys_name_factors_too():
    with pytest.raises(ParameterError, match=r"sweep\.effects\.main: no contrasts"):
        load_plan(SWEEP | {"effects": {"main": []}}, PARAMS)
    plan = load_plan(SWEEP | {"effects": {"main": [RATE | {"factor": "train.rate"}]}}, PARAMS)
    assert plan.families == {"main": (Contrast("rate", "0.2", "0.1"),)}


AXES = {
    "train.rate": [0.1, 0.2, 0.4],
    "train.layers": [[], [8], [8, 4]],
    "train.clip": [None, 1.5],
    "train.warm": [True, False],
    "train.name": ["none", "007"],
    "data.sites": [["a"], ["b", "c"]],
    "data.seed": [3, 4],
    "data.threshold": [0.5, 1],
}


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from(sorted(AXES)), min_size=1, max_size=3, unique=True))
def test_any_axes_have_a_leaderboard_and_effects_with_their_names(keys):
    plan, runs = made({"seed": [1, 2, 3], **{key: AXES[key] for key in keys}})
    assert plan.names == list(short_names(keys, ("seed", "threshold")).values())
    found = tables(runs, plan)
    levels = [len(AXES[key]) for key in keys]
    assert len(found.board) == np.prod(levels) and (found.board["n"] == 3).all()
    judged = effects(runs, plan.metrics, plan.factors, plan.families)
    (family,) = judged.by_metric["test.score"].values()
    assert len(family) == sum(levels) - len(levels)
    for effect in family:
        factor = next(factor for factor in plan.factors if factor.name == effect.factor)
        assert effect.reference == factor.levels[0]
        assert effect.difference == pytest.approx(factor.levels.index(effect.level) / 10, abs=0.005)
    assert judged.remarks == (DEFAULT,)


def test_what_is_asked_by_default_is_what_declaring_it_gives():
    axes = {"seed": [1, 2, 3], "train.rate": AXES["train.rate"], "train.warm": [True, False]}
    plan, runs = made(axes)
    contrasts = [
        Contrast("rate", "0.2", "0.1"),
        Contrast("rate", "0.4", "0.1"),
        Contrast("warm", "False", "True"),
    ]
    declared = matched_effects(runs, "test.score", contrasts, factors=plan.names)
    assert (
        effects(runs, plan.metrics, plan.factors, None).by_metric["test.score"]["main effects"]
        == declared
    )


def test_contrasts_of_other_runs_say_of_which():
    axes = {"seed": [1, 2, 3], "train.rate": [0.1, 0.2], "train.warm": [True, False]}
    rate = {"factor": "rate", "levels": [0.2], "against": 0.1}
    at_each = [rate | {"where": {"warm": warm}} for warm in (True, False)]
    plan, runs = made(axes, effects={"at each": at_each, "at one": at_each[:1]})
    found = effects(runs, plan.metrics, plan.factors, plan.families).by_metric["test.score"]
    names = [effect.name for effect in found["at each"]]
    assert names == ["rate: 0.2 - 0.1 (warm True)", "rate: 0.2 - 0.1 (warm False)"]
    assert found["at one"][0].name == "rate: 0.2 - 0.1"


def test_an_axis_of_one_level_blocks_of_different_sizes_and_the_seed_alone():
    plan, runs = made({"seed": [1, 2], "train.rate": [0.1], "train.warm": [True, False]})
    (effect,) = effects(runs, plan.metrics, plan.factors, None).by_metric["test.score"][
        "main effects"
    ]
    assert effect.name == "warm: False - True"
    assert list(tables(runs, plan).board["configuration"]) == [
        "rate 0.1, warm False",
        "rate 0.1, warm True",
    ]

    blocks = [{}, {"train.rate": [0.4], "train.layers": [[8, 4]]}]
    plan, runs = made(
        {"seed": [1, 2], "train.rate": [0.1, 0.2], "train.layers": [[8]]}, blocks=blocks
    )
    assert [factor.levels for factor in plan.factors] == [("0.1", "0.2", "0.4"), ("8", "8+4")]
    found = effects(runs, plan.metrics, plan.factors, None)
    assert [effect.name for effect in found.by_metric["test.score"]["main effects"]] == [
        "rate: 0.2 - 0.1"
    ]
    assert "rate 0.4: confounded with layers: no level of it has both 0.4 and 0.1." in found.remarks
    assert "layers 8+4: confounded with rate: no level of it has both 8+4 and 8." in found.remarks

    plan, runs = made({"seed": [1, 2, 3]})
    assert list(tables(runs, plan).board["configuration"]) == ["the one configuration"]
    with pytest.raises(DataError, match="only the seed varies"):
        effects(runs, plan.metrics, plan.factors, None)
    plan, runs = made({"train.rate": [0.1, 0.2]})
    with pytest.raises(DataError, match="no two runs of two seeds differ in one factor alone"):
        effects(runs, plan.metrics, plan.factors, None)


def test_a_grid_that_is_half_done_answers_what_it_can():
    plan, runs = made({"seed": [1, 2, 3], "train.rate": [0.1, 0.2]}, drop=1)
    (effect,) = effects(runs, plan.metrics, plan.factors, None).by_metric["test.score"][
        "main effects"
    ]
    assert len(effect.per_seed) == 2


def test_metrics_are_named_as_dvc_names_them_and_never_hide_a_column():
    files = {
        "evaluation": {"test": {"f1": 0.5, "n": [1]}, "loss": 2, "rate": 1},
        "training": {"loss": 1, "why": "x"},
    }
    assert metric_columns(files, ["run", "rate"]) == {
        "test.f1": 0.5, "evaluation.loss": 2, "evaluation.rate": 1, "training.loss": 1, "why": "x",
    }  # fmt: skip
    runs = pd.DataFrame(
        [
            {
                "run": "a",
                "seed": 1,
                "rate": "0.1",
                "test.f1": 0.5,
                "why": "x",
                "late": None,
                "ok": True,
            }
        ]
    )
    assert measured(runs, ["rate"]) == ["test.f1"]


def test_names_are_the_last_part_of_a_key_unless_two_share_it():
    names = {"a.x": "a.x", "b.x": "b.x", "b.y": "y", "c.seed": "c.seed"}
    assert short_names(list(names), ["seed"]) == names


def _without_documentation(path: Path) -> str:
    """The code of a file; of Python without comments and docstrings."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return text
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(getattr(node, "body", None), list):
            node.body = [part for part in node.body if not _is_text(part)] or [ast.Pass()]
    return ast.unparse(tree)


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def test_no_name_of_a_study_stands_in_the_code_of_sweeps():
    """What a study varies, how it calls that and what it listens for stand in its sweeps and parameters."""
    folders = ("experiments", "statistics", "reports", "runs")
    paths = [path for folder in folders for path in (ROOT / "src/chorus" / folder).rglob("*.*")]
    code = {
        path.name: _without_documentation(path) for path in paths if path.suffix in (".py", ".html")
    }
    assert len(code) > 40
    words = ("hardneg", "top50", "frog", "stage6", "Stage 6", "balance_option", "FACTORS")
    assert {(name, word) for name, text in code.items() for word in words if word in text} == set()


def test_a_figure_that_is_no_number_is_named():
    runs = pd.DataFrame({"run": ["a"], "seed": ["1"], "ood.f1": ["often"]})
    with pytest.raises(DataError, match=r"ood\.f1: Unable to parse string 'often'"):
        with_numbers(runs, [])
