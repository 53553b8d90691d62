"""Reading experiments from git: which stages vary, what the version covers, what counts as an experiment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from chorus.errors import DataError, ParameterError
from chorus.experiments.history import History
from chorus.experiments.pipeline import inputs, inputs_of, varying_stages

PIPELINE = {
    "stages": {
        "raw": {"cmd": "raw", "params": ["raw"], "deps": ["src/raw.py"], "outs": ["data/raw"]},
        "mine": {"cmd": "mine", "params": ["mine.head"], "deps": ["data/raw/clips.csv"], "outs": ["data/subsets"]},
        "compose": {
            "cmd": "compose", "params": ["compose", "seed"], "deps": ["data/subsets", "src/compose.py", "src/lib"],
            "outs": [{"data/train.csv": {"persist": True}}],
            "metrics": [{"metrics/composition.json": {"cache": False}}],
        },
        "evaluate": {"cmd": "evaluate", "params": ["evaluate"], "deps": ["data/train.csv"], "metrics": ["m.json"]},
        "gallery": {"cmd": "gallery", "params": ["seed"], "deps": ["m.json"], "plots": ["g.png"]},
    }
}  # fmt: skip
PARAMS = {
    "seed": 1,
    "raw": {"n": 1},
    "mine": {"head": {"epochs": 1}},
    "compose": {"balance": True},
    "evaluate": {"k": 1},
}
STAGES = ("compose", "evaluate")


def _lock(params: dict[str, Any], subsets: str = "s1", train: str = "t1") -> dict[str, Any]:
    used = {"params.yaml": {"compose": params["compose"], "seed": params["seed"]}}
    return {
        "stages": {
            "raw": {"cmd": "raw", "outs": [{"path": "data/raw", "md5": "r1"}]},
            "mine": {"cmd": "mine", "outs": [{"path": "data/subsets", "md5": subsets}]},
            "compose": {"cmd": "compose", "params": used, "outs": [{"path": "data/train.csv", "md5": "t1"}]},
            "evaluate": {
                "cmd": "evaluate", "params": {"params.yaml": {"evaluate": params["evaluate"]}},
                "deps": [{"path": "data/train.csv", "md5": train}],
            },
        }
    }  # fmt: skip


class _Repository:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "test")
        self.git("config", "user.email", "test@example.org")
        for name in ("src/raw.py", "src/compose.py", "src/lib/a.py", "README.md"):
            self.write(name, "one")
        self.write("dvc.yaml", PIPELINE)
        self.write("params.yaml", PARAMS)
        self.write("dvc.lock", _lock(PARAMS))

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        ).stdout.strip()

    def write(self, name: str, content: Any) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        )

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path):
    return _Repository(tmp_path)


def test_what_varies_is_all_between_a_parameter_and_the_target():
    assert varying_stages(PIPELINE, ["seed"], "evaluate") == ["compose", "evaluate"]
    assert varying_stages(PIPELINE, ["compose.balance", "seed"], "evaluate") == [
        "compose",
        "evaluate",
    ]
    assert varying_stages(PIPELINE, ["evaluate.k"], "evaluate") == ["evaluate"]
    assert varying_stages(PIPELINE, ["mine.head.epochs"], "evaluate") == [
        "mine",
        "compose",
        "evaluate",
    ]
    assert inputs_of(PIPELINE, STAGES) == ["mine"]
    assert inputs_of(PIPELINE, ["mine", *STAGES]) == ["raw"]
    assert inputs(PIPELINE, STAGES) == ["data/subsets"]
    assert inputs(PIPELINE, ["mine", *STAGES]) == ["data/raw/clips.csv"]
    with pytest.raises(ParameterError, match=r"seed: no stage up to raw depends on it"):
        varying_stages(PIPELINE, ["seed"], "raw")
    with pytest.raises(ParameterError, match=r"dvc.yaml has no stage 'deploy'"):
        varying_stages(PIPELINE, ["seed"], "deploy")


@pytest.mark.parametrize(
    ("file", "content", "changes"),
    [
        ("src/compose.py", "two", True),
        ("src/lib/b.py", "new", True),
        ("dvc.lock", _lock(PARAMS, subsets="s2"), True),
        ("README.md", "two", False),
        (
            "src/raw.py",
            "two",
            False,
        ),  # what it makes is what counts, and dvc.lock says that it is the same
        ("params.yaml", PARAMS | {"seed": 2}, False),  # parameters are in the signature and the key
    ],
)
def test_the_version_names_code_and_data_of_the_varying_stages(repository, file, content, changes):
    repository.commit()
    before = History(repository.folder).current(STAGES).version
    repository.write(file, content)
    repository.commit()
    assert (History(repository.folder).current(STAGES).version != before) == changes


@pytest.mark.parametrize(("text", "changes"), [("code/compose.txt", True), ("code/raw.txt", False)])
def test_of_the_fingerprints_in_one_folder_the_version_names_those_of_the_varying_stages(
    repository, text, changes
):
    """Otherwise an edit of the survey, which makes the same clips, would run a whole grid again."""
    pipeline = yaml.safe_load(yaml.safe_dump(PIPELINE))
    pipeline["stages"]["fingerprint"] = {
        "cmd": "f",
        "deps": ["src"],
        "outs": [{"code": {"cache": False}}],
    }
    pipeline["stages"]["compose"]["deps"] = ["data/subsets", "code/compose.txt"]
    repository.write("dvc.yaml", pipeline)

    def version(folder_hash: str) -> str:
        lock = _lock(PARAMS)
        lock["stages"]["fingerprint"] = {"cmd": "f", "outs": [{"path": "code", "md5": folder_hash}]}
        repository.write("dvc.lock", lock)
        repository.commit()
        return History(repository.folder).current(STAGES).version

    repository.write("code/compose.txt", "one")
    repository.write("code/raw.txt", "one")
    before = version("c1.dir")
    repository.write(text, "two")
    assert (version("c2.dir") != before) == changes


def test_another_command_is_another_version(repository):
    repository.commit()
    before = History(repository.folder).current(STAGES).version
    pipeline = yaml.safe_load(yaml.safe_dump(PIPELINE))
    pipeline["stages"]["evaluate"]["cmd"] = "evaluate --fast"
    repository.write("dvc.yaml", pipeline)
    repository.commit()
    assert History(repository.folder).current(STAGES).version != before


def test_a_run_is_complete_only_if_its_lock_fits_its_parameters_and_itself(repository):
    repository.commit()
    assert History(repository.folder).current(STAGES).complete
    repository.write("params.yaml", PARAMS | {"seed": 2})  # changed, but not run
    repository.commit()
    assert not History(repository.folder).current(STAGES).complete
    repository.write("params.yaml", PARAMS)
    repository.write("dvc.lock", _lock(PARAMS, train="t0"))  # evaluated another training set
    repository.commit()
    assert not History(repository.folder).current(STAGES).complete
    (repository.folder / "dvc.lock").unlink()
    repository.commit()
    assert not History(repository.folder).current(STAGES).complete


def test_a_commit_from_before_a_stage_is_another_version_and_not_complete(repository):
    """As in the queue, which keeps what ran before dvc.yaml got another stage."""
    repository.commit()
    lock = _lock(PARAMS)
    lock["stages"]["calibrate"] = {"cmd": "calibrate"}  # DVC leaves there what dvc.yaml has no more
    repository.write("dvc.lock", lock)
    repository.commit()
    before = History(repository.folder).current((*STAGES, "calibrate"))
    assert not before.complete
    pipeline = yaml.safe_load(yaml.safe_dump(PIPELINE))
    pipeline["stages"]["calibrate"] = {"cmd": "calibrate", "deps": ["m.json"], "outs": ["c.json"]}
    repository.write("dvc.yaml", pipeline)
    repository.commit()
    after = History(repository.folder).current((*STAGES, "calibrate"))
    assert before.version != after.version


def test_a_lock_in_another_layout_than_dvcs_is_read_all_the_same(repository):
    repository.commit()
    before = History(repository.folder).current(STAGES)
    repository.write("dvc.lock", json.dumps(_lock(PARAMS)))  # JSON is YAML
    repository.commit()
    after = History(repository.folder).current(STAGES)
    assert after.complete and after.version == before.version
    assert after.output_hash("data/train.csv") == before.output_hash("data/train.csv") == "t1"
    assert after.output_hash("data/nothing") is None


def test_only_experiments_are_listed_not_what_dvc_keeps_beside_them(repository):
    commit = repository.commit()
    for name in (
        f"{commit[:2]}/{commit[2:]}/run_1",
        "celery/stash",
        "exec/EXEC_HEAD",
        "temp/abc",
        "stash",
    ):
        repository.git("update-ref", f"refs/exps/{name}", commit)
    (experiment,) = History(repository.folder).experiments(STAGES)
    assert (experiment.name, experiment.params, experiment.seed) == ("run_1", PARAMS, 1)
    assert experiment.json("metrics/evaluation.json") is None


def test_a_study_in_a_subfolder_reads_its_own_files(tmp_path):
    repository = _Repository(tmp_path)
    for name in ("params.yaml", "dvc.yaml", "dvc.lock"):
        content = yaml.safe_load((tmp_path / name).read_text())
        repository.write(
            f"studies/x/{name}", content | ({"seed": 7} if name == "params.yaml" else {})
        )
    repository.commit()
    assert History(tmp_path / "studies/x").current(STAGES).seed == 7
    assert History(tmp_path).current(STAGES).seed == 1


def test_a_study_in_a_subfolder_depends_on_code_above_it(tmp_path):
    repository = _Repository(tmp_path)
    pipeline = yaml.safe_load(yaml.safe_dump(PIPELINE))
    pipeline["stages"]["compose"]["deps"] = ["data/subsets", "../../src/compose.py"]
    repository.write("studies/x/dvc.yaml", pipeline)
    repository.write("studies/x/dvc.lock", _lock(PARAMS))
    repository.commit()
    before = History(tmp_path / "studies/x").current(STAGES).version
    repository.write("src/compose.py", "two")
    repository.commit()
    assert History(tmp_path / "studies/x").current(STAGES).version != before


def test_tracked_changes_are_listed_except_among_results(repository):
    repository.write("metrics/stage6/runs.csv", "one")
    repository.commit()
    history = History(repository.folder)
    assert history.changed() == []
    repository.write("untracked.txt", "new")
    repository.write("metrics/stage6/runs.csv", "two")
    assert history.changed() == ["metrics/stage6/runs.csv"]
    assert history.changed(beside=["metrics/stage6"]) == []
    (repository.folder / "src/compose.py").unlink()
    assert history.changed(beside=["metrics/stage6"]) == ["src/compose.py"]


def test_without_a_commit_or_a_repository_there_is_nothing_to_start_from(
    repository, tmp_path_factory
):
    with pytest.raises(DataError, match="no commit yet"):
        History(repository.folder).current()
    with pytest.raises(DataError, match="in no git repository"):
        History(tmp_path_factory.mktemp("elsewhere"))
