"""Reading somebody's table of runs."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from chorus.errors import DataError, ParameterError
from chorus.files import read_csv
from chorus.options import parse
from chorus.runs.options import TableOptions, check_options, read_options
from chorus.runs.table import read_runs
from tables_of_runs import REFERENCE, as_runs, grid, published


def test_the_published_table_is_read_whole():
    runs, raw = published(), read_csv(REFERENCE / "published_runs.csv")
    assert len(runs.frame) == len(raw) == 811
    assert list(runs.frame["run"]) == list(raw["experiment.name"])
    for metric, column in (("f1", "metrics.ood.best_f1.f1"), ("iid_auprc", "metrics.iid.auprc")):
        assert runs.frame[metric].to_numpy() == pytest.approx(raw[column].astype(float).to_numpy())
    assert set(runs.frame["negatives"]) == {"none", "hardneg_50", "hardneg_85", "hardneg_99"}
    assert len(runs.of("stage18").frame) == 100
    assert runs.blocks()[:3] == ["000", "01", "stage1"] and runs.blocks()[-1] == "stage22"


def test_a_missing_metric_is_unknown_and_a_wrong_one_is_named(tmp_path):
    table = grid({"a": ["x", "y"]})
    table["score"] = table["score"].astype(str)
    table.loc[0, "score"] = ""
    runs = as_runs(table, tmp_path, ["a"])
    assert np.isnan(runs.frame["score"].iloc[0])
    assert len(runs.with_metric("score").frame) == len(table) - 1
    table.loc[1, "score"] = "good"
    with pytest.raises(DataError, match="score: 'good' is no number"):
        as_runs(table, tmp_path, ["a"])


def test_an_idle_factor_is_settled(tmp_path):
    runs = as_runs(
        grid({"ratio": ["0", "0.5"], "mode": ["m", "n"]}),
        tmp_path,
        ["ratio", "mode"],
        idle={"mode": "ratio=0"},
    )
    settled = runs.settled().frame
    assert set(settled.loc[settled["ratio"] == "0", "mode"]) == {"-"}
    assert set(settled.loc[settled["ratio"] != "0", "mode"]) == {"m", "n"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"factors": {"a": "nowhere"}}, "lacks the columns nowhere"),
        ({"runs": "none.csv"}, "there is no none.csv"),
        ({"block_pattern": "("}, "block_pattern: '\\('"),
        ({"block_pattern": "one"}, "needs a group"),
        ({"block_pattern": "(two)"}, "does not fit 'one'"),
        ({"factors": {"run": "a"}}, "run: not allowed as the name"),
    ],
)
def test_what_does_not_fit_is_named(change, message, tmp_path):
    grid({"a": ["x", "y"]}).to_csv(tmp_path / "runs.csv", index=False)
    plain = {
        "runs": "runs.csv",
        "run": "name",
        "block": "block",
        "factors": {"a": "a"},
        "metrics": {"score": "score"},
    }
    with pytest.raises((DataError, ParameterError), match=message):
        read_runs(TableOptions(**{**plain, **change}), tmp_path)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda t: t.assign(name="same"), "the run same stands twice"),
        (lambda t: t.assign(name=""), "a run has no name"),
        (lambda t: t.assign(seed=""), "have no seed"),
        (lambda t: t.iloc[:0], "holds no runs"),
    ],
)
def test_runs_without_name_or_seed_are_refused(edit, message, tmp_path):
    with pytest.raises(DataError, match=message):
        as_runs(edit(grid({"a": ["x", "y"]})), tmp_path, ["a"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"references": {"b": "x"}}, "references: 'b' is not allowed: one of a"),
        ({"idle": {"a": "a=x"}}, "idle.a: 'a=x'"),
        ({"idle": {"a": "zero"}}, "OTHER=LEVEL"),
        ({"metrics": {}}, "metrics: none is not allowed"),
        ({"colour": "red"}, "colour: unknown parameter"),
    ],
)
def test_a_description_that_speaks_of_nothing_is_refused(change, message, tmp_path):
    plain = {"runs": "runs.csv", "factors": {"a": "a"}, "metrics": {"score": "score"}}
    (tmp_path / "table.yaml").write_text(yaml.safe_dump({**plain, **change}))
    with pytest.raises(ParameterError, match=message):
        read_options(tmp_path / "table.yaml")


def test_the_example_in_the_docs_describes_a_table():
    page = (REFERENCE.parents[1] / "docs" / "tables_of_runs.md").read_text(encoding="utf-8")
    example = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])
    given = parse(
        TableOptions,
        example | {"runs": "published_runs.csv", "block_pattern": r"^(\w+?)_"},
        section="docs",
    )
    check_options(given, "docs")
    runs = read_runs(given, REFERENCE)
    assert runs.idle == {"mode": ("ratio", "0")} and len(runs.frame) == 811
