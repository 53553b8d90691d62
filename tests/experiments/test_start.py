"""The commit that a grid starts from where shared results differ from the current one."""

from __future__ import annotations

import pytest
import yaml

from chorus.errors import DataError
from chorus.experiments import start
from chorus.experiments.history import History
from chorus.experiments.pipeline import kept_by_git, upstream
from folder import Folder

STAGES = {
    "encode": {"cmd": "e", "params": ["encode"], "deps": ["src/e.py"], "outs": ["data/e"]},
    "split": {
        "cmd": "s",
        "deps": ["data/e"],
        "outs": ["data/s", {"metrics/s.json": {"cache": False}}],
    },
    "train": {"cmd": "t", "deps": ["data/s"], "metrics": [{"metrics/t.json": {"cache": False}}]},
}
SHARED = ["encode", "split"]


def _lock(digits: str, trained: str = "t1") -> str:
    stages = {
        "encode": {"cmd": "e", "outs": [{"path": "data/e", "md5": digits}]},
        "split": {
            "cmd": "s",
            "outs": [{"path": "data/s", "md5": "s1"}, {"path": "metrics/s.json", "md5": digits}],
        },
        "train": {"cmd": "t", "outs": [{"path": "metrics/t.json", "md5": trained}]},
    }
    return yaml.safe_dump({"schema": "2.0", "stages": stages}, sort_keys=False)


class Repository(Folder):
    def write(self, path: str, text: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def own(self) -> str | None:
        return History(self.folder).own_start(SHARED)


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path)
    made.git_init()
    made.write("dvc.yaml", yaml.safe_dump({"stages": STAGES}))
    made.write("params.yaml", "encode: 1\n")
    made.write("src/e.py", "pass\n")
    made.write("metrics/s.json", "1\n")
    made.write("metrics/t.json", "1\n")
    made.write("dvc.lock", _lock("e1"))
    made.commit()
    return made


def test_what_the_runs_share_is_all_before_them():
    assert upstream({"stages": STAGES}, ["train"]) == SHARED
    assert kept_by_git(STAGES["split"]) == ["metrics/s.json"]


def test_the_same_results_need_no_other_start(repository):
    assert repository.own() is None
    repository.write("dvc.lock", _lock("e1", trained="t2"))
    repository.write("metrics/t.json", "2\n")
    assert repository.own() is None


def test_other_shared_results_are_committed_beside_all_branches(repository):
    head = repository.run("git", "rev-parse", "HEAD").strip()
    repository.write("dvc.lock", _lock("e2", trained="t2"))
    repository.write("metrics/s.json", "2\n")
    repository.write("metrics/t.json", "2\n")
    before = repository.run("git", "status", "--porcelain")
    own = repository.own()
    assert repository.run("git", "rev-parse", f"{own}^").strip() == head
    assert repository.run("git", "show", f"{own}:dvc.lock") == _lock(
        "e2"
    )  # of training what the commit had
    assert repository.run("git", "show", f"{own}:metrics/s.json") == "2\n"
    assert repository.run("git", "diff", "--name-only", head, own).split() == [
        "dvc.lock",
        "metrics/s.json",
    ]
    assert repository.run("git", "rev-parse", "HEAD").strip() == head
    assert repository.run("git", "status", "--porcelain") == before


def test_the_same_state_gives_the_same_commit_whoever_asks(repository):
    repository.write("dvc.lock", _lock("e2"))
    first = repository.own()
    repository.introduce("somebody else")
    repository.write("dvc.lock", _lock("e2", trained="t3"))
    assert repository.own() == first
    repository.write("dvc.lock", _lock("e3"))
    assert repository.own() != first


def test_results_of_changed_inputs_are_of_nothing_that_is_committed(repository):
    repository.write("dvc.lock", _lock("e2"))
    repository.write("params.yaml", "encode: 2\n")
    assert repository.own() is None
    repository.write("params.yaml", "encode: 1\n")
    repository.write("README.md", "notes change nothing\n")
    assert repository.own() is not None


def test_a_lock_that_was_never_committed_is_taken_into_the_start(repository):
    repository.run("git", "rm", "-q", "--cached", "dvc.lock")
    repository.run("git", "commit", "-q", "-m", "no lock")
    shown = repository.run("git", "show", f"{repository.own()}:dvc.lock")
    assert set(yaml.safe_load(shown)["stages"]) == set(SHARED)


def test_a_tag_keeps_the_start_and_is_never_moved(repository):
    repository.write("dvc.lock", _lock("e2"))
    own = repository.own()
    history = History(repository.folder)
    tag = history.keep(own, "grid")
    assert tag == f"sweep/grid-{own[:8]}" == history.keep(own, "grid")
    assert repository.run("git", "rev-parse", tag).strip() == own
    repository.run("git", "tag", "-f", tag, "HEAD")
    with pytest.raises(DataError, match=f"the tag {tag} is of another commit"):
        history.keep(own, "grid")


def test_a_merged_lock_keeps_every_byte_of_what_it_does_not_replace():
    there, here = _lock("e1", "t1").encode(), _lock("e2", "t2").encode()
    assert start.merged_lock(there, here, SHARED) == _lock("e2", "t1").encode()
    assert start.merged_lock(there, there, SHARED) == there
