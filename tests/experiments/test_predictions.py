"""Predictions of experiments: from the cache by their hash, from the remote, or one sentence that says what to pull.

The repository, the cache and the remote are real ones; a stage copies made-up predictions to where a study has them.
"""

from __future__ import annotations

import shutil

import pandas as pd
import pytest
from dvc_s3 import S3FileSystem

from chorus.errors import DataError
from chorus.experiments.predictions import PredictionStore
from chorus.sharing import patience
from small_study import RUNS, SmallStudy


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return SmallStudy(tmp_path_factory.mktemp("study"))


@pytest.fixture
def study(made, tmp_path):
    return made.copy(tmp_path / "study")


def test_a_configuration_has_the_predictions_of_all_its_seeds_each_with_its_threshold(made):
    done = made.grid().finished()
    assert sorted(done) == list(RUNS)
    table = PredictionStore(made.folder).configuration(done, "run_2")
    assert list(table["seed"].unique()) == [1, 2]  # by rising seed, not in the order of the grid
    assert table.groupby("run")["threshold"].unique().map(list).to_dict() == {
        "run_2": [0.4],
        "run_4": [0.6],
    }
    for run in ("run_2", "run_4"):
        part = (
            table[table["run"] == run]
            .drop(columns=["run", "seed", "threshold"])
            .reset_index(drop=True)
        )
        pd.testing.assert_frame_equal(part, made.expected[run])


def test_nothing_is_checked_out(study):
    (study.folder / "data/predictions.parquet").unlink()
    PredictionStore(study.folder).configuration(study.grid().finished(), "run_1")
    assert not (study.folder / "data/predictions.parquet").exists()


def test_a_study_in_a_subfolder_has_its_predictions_too(tmp_path):
    (tmp_path / "repository").mkdir()
    study = SmallStudy(tmp_path / "repository", inside="studies/x")
    done = study.grid().finished()
    table = PredictionStore(study.folder).together({"run_3": done["run_3"]})
    assert table["score"].tolist() == study.expected["run_3"]["score"].tolist()
    study.push_to(tmp_path / "remote")
    study.cached("run_3").unlink()
    assert PredictionStore(study.folder).together({"run_3": done["run_3"]}).equals(table)


def test_what_is_not_in_the_cache_comes_from_the_remote_or_is_asked_for(study, tmp_path):
    done = study.grid().finished()
    study.push_to(tmp_path / "remote")
    study.cached("run_1").unlink()
    assert PredictionStore(study.folder).read(done["run_1"]).equals(study.expected["run_1"])
    shutil.rmtree(tmp_path / "remote")
    study.cached("run_2").unlink()
    with pytest.raises(
        DataError, match=r"predictions of run_2 are not on this machine.*dvc exp pull"
    ):
        PredictionStore(study.folder).configuration(done, "run_2")


def test_damaged_predictions_are_named(study):
    file = study.cached("run_3")
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(
        DataError, match=r"predictions of run_3 are damaged in the cache: delete files/md5/"
    ):
        PredictionStore(study.folder).read(study.grid().finished()["run_3"])


def test_unknown_runs_and_folders_without_dvc_are_one_sentence(made, tmp_path):
    with pytest.raises(DataError, match="run_9 is not done with the current code and data: run"):
        PredictionStore(made.folder).configuration(made.grid().finished(), "run_9")
    with pytest.raises(DataError, match="no DVC repository"):
        PredictionStore(tmp_path)


COMPARE = ("chorus", "compare", "--sweep", "small")


def test_compare_says_in_a_sentence_whether_two_configurations_differ(study):
    output = " ".join(study.with_code().run(*COMPARE, "run_1", "run_2").split())
    assert "A: run_2, B: run_1; 60 clips of test_ood" in output
    assert "run_2 and run_1 cannot be told apart with these data: F1 differs by" in output
    assert "over 2 seeds" in output
    several = study.run(*COMPARE, "run_1", "run_2", "run_4", "--metric", "auprc")
    assert "auprc: all against the baseline" in several


def test_compare_refuses_one_configuration_against_itself_and_runs_that_do_not_exist(study):
    output = study.with_code().run(*COMPARE, "run_1", "run_3", fails=True)
    assert (
        output.strip()
        == "error: run_3 and run_1 differ in the seed at most: there is nothing to compare"
    )
    output = study.run(*COMPARE, "run_1", "nothing", fails=True)
    assert (
        output.strip()
        == "error: nothing is neither a run of this grid (run_1 to run_4) nor an experiment"
    )


def test_compare_takes_the_name_of_an_experiment_too(study):
    """As of one that was run by hand; a sweep does not run it again."""
    references = (
        study.with_code().run("git", "for-each-ref", "--format=%(refname)", "refs/exps").split()
    )
    (reference,) = [reference for reference in references if reference.endswith("/run_2")]
    study.run("git", "update-ref", reference.replace("run_2", "by_hand"), reference)
    study.run("git", "update-ref", "-d", reference)
    assert study.grid().name_of("by_hand") == "run_2" in study.grid().finished()
    assert "A: run_2, B: run_1;" in study.run(*COMPARE, "run_1", "by_hand")
    study.add("run_9", seed=3, balance=True, threshold=0.5)
    output = study.run(*COMPARE, "run_1", "run_9", fails=True)
    assert (
        output.strip()
        == "error: the experiment run_9 is no run of this grid with the current code and data"
    )


def test_a_remote_that_is_silent_is_not_waited_for_without_end(made, monkeypatch):
    monkeypatch.setattr(S3FileSystem, "_prepare_credentials", patience._prepare)
    PredictionStore(made.folder)
    assert S3FileSystem._prepare_credentials is patience._prepare_with_limits
