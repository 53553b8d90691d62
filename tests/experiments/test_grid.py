"""The grid of Stage 6 against the published table, and what a sweep file may not say."""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from chorus.errors import ParameterError
from chorus.experiments.columns import METRICS
from chorus.experiments.grid import describe, load_plan
from chorus.experiments.rows import check_metrics
from chorus.experiments.sections import changed, check_all, read_sections
from chorus.experiments.study import Grid
from chorus.files import read_csv, read_yaml
from chorus.runs.factors import spell
from folder import Folder

ROOT = Path(__file__).parents[2]
STAGE6 = yaml.safe_load((ROOT / "sweeps/stage6.yaml").read_text(encoding="utf-8"))
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
PUBLISHED = read_csv(ROOT / "data/reference/stage6_runs.csv")


def _sweep(**axes: list[object]) -> dict[str, object]:
    return {
        "name": "run_{}",
        "axes": {key.replace("__", "."): values for key, values in axes.items()},
    }


def test_run_n_is_the_published_run_n():
    runs = load_plan(STAGE6, PARAMS).runs
    assert len(runs) == len(PUBLISHED) == 90
    columns = [
        "seed",
        "compose.quality",
        "compose.balance",
        "compose.positive_subsets",
        "compose.negative_subsets",
    ]
    ours = [[run.name, *(spell(run.changes[column]) for column in columns)] for run in runs]
    assert ours == PUBLISHED[list(PUBLISHED)[:6]].to_numpy().tolist()
    assert [run.order for run in runs] == list(range(90))


def test_the_first_axis_varies_slowest_and_blocks_follow_one_another():
    sweep = _sweep(seed=[1, 2], compose__balance=[True, False]) | {"blocks": [{}, {"seed": [3]}]}
    assert [describe(run.changes) for run in load_plan(sweep, PARAMS).runs] == [
        "seed=1 balance=True", "seed=1 balance=False", "seed=2 balance=True", "seed=2 balance=False",
        "seed=3 balance=True", "seed=3 balance=False",
    ]  # fmt: skip


def test_any_parameter_can_be_an_axis():
    runs = load_plan(_sweep(train__dropout=[0, 0.5], mine__head__epochs=[1]), PARAMS).runs
    assert [run.changes for run in runs] == [
        {"train.dropout": 0, "mine.head.epochs": 1},
        {"train.dropout": 0.5, "mine.head.epochs": 1},
    ]


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        (_sweep(compose__qualty=[["high"]]), "compose.qualty: no such parameter in params.yaml"),
        (_sweep(compose__quality=[["excellent"]]), "compose.quality.0: 'excellent' is not allowed"),
        (_sweep(compose__balance=["on"]), "compose.balance: 'on' is not allowed"),
        (_sweep(train__dropout=[0.1, 1.5]), "train.dropout: 1.5 is not allowed"),
        (_sweep(seed=[1, -1]), "seed: -1 is not allowed"),
        (_sweep(compose=[{}]), "compose: only single parameters can vary"),
        (_sweep(compose=[3]), "compose: only single parameters can vary"),
        (_sweep(compose__balance=[{}]), "compose.balance: only single parameters can vary"),
        (_sweep(seed=[1, 2, 1]), "run_1 and run_3 are the same configuration: seed=1"),
        (_sweep(train__dropout=[0, 0.0]), "run_1 and run_2 are the same configuration"),
        (_sweep(seed=[]), "the axis seed has no values"),
        (
            _sweep(seed=[1]) | {"blocks": [{"train.dropout": [0.1]}]},
            "train.dropout is no axis of this sweep",
        ),
        (_sweep(seed=[1]) | {"name": "run"}, "sweep.name: 'run' is not allowed"),
        (_sweep(seed=[1]) | {"name": "../{}"}, "sweep.name: '../{}' is not allowed"),
        (_sweep(seed=[1]) | {"rank_by": "f1"}, "sweep.rank_by: 'f1' is not allowed: one of ood.f1"),
        (
            _sweep(seed=[1]) | {"metrics": ["ood.f1", "f2"]},
            "sweep.metrics: 'f2' is not allowed: one of ood.f1",
        ),
        (
            _sweep(seed=[1]) | {"judged_at": "split.sites"},
            "split.sites: no such parameter in params.yaml",
        ),
        (
            _sweep(seed=[1]) | {"words": {"seed": {}}},
            "sweep.words: 'seed' is not allowed: one of the axes of",
        ),
        (
            _sweep(compose__balance=[True]) | {"words": {"balance": {False: ""}}},
            "sweep.words.balance: 'False' is not",
        ),
        (_sweep(compose__positive_subsets=[["a", "b"], ["a+b"]]), "tables spell both 'a+b'"),
        (_sweep(seed=[1]) | {"axis": {}}, "sweep.axis: unknown parameter"),
        ({"name": "run_{}"}, "sweep.axes: missing"),
    ],
)
def test_a_wrong_sweep_is_refused_before_anything_is_queued(sweep, message):
    with pytest.raises(ParameterError) as error:
        check_metrics(load_plan(sweep, PARAMS, sections=read_sections(ROOT)), METRICS)
    assert message in str(error.value)


def test_every_study_says_which_options_stand_behind_its_parameters():
    studies = [ROOT, *(file.parent for file in ROOT.glob("studies/*/params.yaml"))]
    for study in studies:
        sections = read_sections(study)
        assert sections, study.name
        check_all(sections, read_yaml(study / "params.yaml"))


@pytest.fixture
def pond_options(monkeypatch) -> Callable[[Path], Path]:
    """Writes a study's own options, of a section `pond`, into a folder; the path of its options.yaml."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def write(folder: Path) -> Path:
        (folder / "src").mkdir()
        (folder / "src/pond_options.py").write_text(
            "from chorus.options import options\n\n\n@options\nclass Pond:\n    depth: float = 1.0\n"
        )
        file = folder / "options.yaml"
        file.write_text("pond: pond_options:Pond\n")
        return file

    return write


def test_a_study_brings_options_of_its_own(tmp_path, pond_options):
    file = pond_options(tmp_path)
    sections = read_sections(tmp_path)
    check_all(sections, {"seed": 1, "pond": {"depth": 2}})
    wrong = {
        "pond.depth: 'two' is not allowed": {"pond": {"depth": "two"}},
        "pond.width: unknown parameter": {"pond": {"width": 2}},
        "pnod: no stage reads this; there are: pond, seed": {"pond": {}, "pnod": {}},
        "seed: -1 is not allowed": {"seed": -1, "pond": {}},
    }
    for message, params in wrong.items():
        with pytest.raises(ParameterError, match=re.escape(message)):
            check_all(sections, params)
    file.write_text("pond: Pond\n")
    with pytest.raises(
        ParameterError, match=r"must name a class for each section, as module:Class"
    ):
        read_sections(tmp_path)


def test_unknown_subsets_are_refused_once_subsets_exist():
    known = {
        "positive": ["small", "top50"],
        "negative": ["hardneg_conf_min_50", "hardneg_conf_min_99"],
    }
    assert len(load_plan(STAGE6, PARAMS, subsets=known).runs) == 90
    known["negative"].pop()
    with pytest.raises(
        ParameterError,
        match=r"compose.negative_subsets: no subset 'hardneg_conf_min_99'; there are: ",
    ):
        load_plan(STAGE6, PARAMS, subsets=known)


def test_comparisons_name_runs_of_the_grid():
    plan = load_plan(STAGE6, PARAMS)
    by_name = {run.name: run for run in plan.runs}
    pairs = {comparison.name: (comparison.a, comparison.b) for comparison in plan.comparisons}
    a, b = (by_name[name].changes for name in pairs["baseline vs hard negatives"])
    assert a | {"compose.negative_subsets": ["hardneg_conf_min_50"]} == b
    a, b = (by_name[name].changes for name in pairs["unbalanced: baseline vs both"])
    assert not a["compose.balance"]
    assert (
        a
        | {
            "compose.positive_subsets": ["small"],
            "compose.negative_subsets": ["hardneg_conf_min_50"],
        }
        == b
    )
    wrong = copy.deepcopy(STAGE6)
    wrong["comparisons"][0]["b"] = "stage6_091"
    with pytest.raises(ParameterError, match="there is no run 'stage6_091' in this grid"):
        load_plan(wrong, PARAMS)


def test_changing_params_leaves_the_original_and_the_rest_alone():
    before = copy.deepcopy(PARAMS)
    after = changed(PARAMS, {"compose.quality": ["low"], "seed": 9})
    assert before == PARAMS
    assert after["compose"] == PARAMS["compose"] | {"quality": ["low"]}
    assert {**after, "compose": 0, "seed": 0} == {**PARAMS, "compose": 0, "seed": 0}


def test_a_sweep_file_with_a_key_twice_or_none_at_all(tmp_path):
    path = tmp_path / "twice.yaml"
    path.write_text("name: run_{}\naxes: {seed: [1]}\naxes: {seed: [2]}\n")
    with pytest.raises(
        ParameterError, match=r"twice\.yaml is not valid YAML: the key 'axes' stands twice"
    ):
        load_plan(read_yaml(path), PARAMS)
    with pytest.raises(ParameterError, match=r"none\.yaml cannot be read: No such file"):
        load_plan(read_yaml(tmp_path / "none.yaml"), PARAMS)
    path.write_text("- name\n")
    with pytest.raises(
        ParameterError, match=r"sweep: expected a mapping of options, not \['name'\]"
    ):
        load_plan(read_yaml(path), PARAMS)
    path.write_text("")
    with pytest.raises(ParameterError, match=r"sweep\.name: missing"):
        load_plan(read_yaml(path), PARAMS)


def _study(folder: Path) -> None:
    """Two stages that read one parameter, and a commit."""
    study = Folder(folder)
    stage = {"params": ["pond.depth"], "cmd": "true"}
    pipeline = {
        name: stage | {"metrics": [{f"metrics/{name}.json": {"cache": False}}]}
        for name in ("train", "evaluate")
    }
    (folder / "metrics").mkdir()
    for name, metric in (("train", "loss"), ("evaluate", "f1")):
        (folder / f"metrics/{name}.json").write_text(f'{{"{metric}": 0.5}}')
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": pipeline}))
    (folder / "params.yaml").write_text("pond: {depth: 1.0}\n")
    study.git_init()
    study.dvc_init()
    study.commit()


def test_a_metric_of_a_stage_that_no_run_has_is_refused(tmp_path):
    """It would be that of the commit in every run: equal figures, and no effect of anything."""
    _study(tmp_path)
    sweep = {"name": "run_{}", "axes": {"pond.depth": [0.1, 0.2]}, "rank_by": "f1"}
    assert Grid(tmp_path, sweep, target="evaluate").plan.rank_by == "f1"
    with pytest.raises(ParameterError, match=r"sweep.rank_by: 'f1' is not allowed: one of loss"):
        Grid(tmp_path, sweep, target="train")


def test_a_grid_is_checked_by_what_its_study_says_of_its_options(tmp_path, pond_options):
    pond_options(tmp_path)
    _study(tmp_path)
    sweep = {"name": "run_{}", "axes": {"pond.depth": [0.1, "two"]}, "rank_by": "f1"}
    with pytest.raises(ParameterError, match=r"pond.depth: 'two' is not allowed"):
        Grid(tmp_path, sweep, target="evaluate")
