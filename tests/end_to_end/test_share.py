"""Exact data on another machine: the story of docs/sharing.md with clones, a bare git remote and a real S3 server."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import yaml

from chorus.sharing.server import S3Server
from end_to_end.project import stages_run
from end_to_end.sharing import Machine, free_port

SWEEP = {"name": "run_{}", "axes": {"seed": [1], "compose.balance": [True, False]}}
SPLIT = {f"data/manifests/{name}.csv" for name in ("splits", "set_aside", "near_copies")}
WITHOUT_AUDIO = ("encode", "split", "mine")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with S3Server(tmp_path_factory.mktemp("s3"), free_port()) as server:
        yield server


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """The repository that all clone: what a git host has."""
    return tmp_path_factory.mktemp("origin") / "chorus.git"


@pytest.fixture(scope="module")
def author(finished, tmp_path_factory, server, origin):
    """Has run the pipeline, and shares it."""
    author = Machine(finished.copy(tmp_path_factory.mktemp("author")).folder)
    (author.folder / "sweeps/two.yaml").write_text(yaml.safe_dump(SWEEP))
    author.add_remote(server)
    author.commit("the study, and where its data lies")
    author.use_keys(server.credentials)
    author.run("git", "init", "-q", "--bare", "-b", "main", str(origin))
    author.run("git", "remote", "add", "origin", str(origin))
    author.run("git", "push", "-q", "origin", "main")
    assert "files pushed" in author.run("dvc", "push")
    return author


@pytest.fixture(scope="module")
def colleague(tmp_path_factory, author, origin, server):  # noqa: ARG001 (author has pushed to origin)
    """Has the repository and the keys, and no data yet."""
    return Machine.clone(origin, tmp_path_factory.mktemp("colleague") / "colleague", server)


@pytest.fixture(scope="module")
def swept(colleague):
    """The colleague has run a grid, with embeddings and no audio, and shared it."""
    colleague.run("dvc", "pull", *WITHOUT_AUDIO)
    # one after the other, the second run finds loaded what the first one needed
    assert "2/2 done" in colleague.run("chorus", "sweep", "two", "--jobs", "1")
    assert "uploaded" in colleague.run("dvc", "exp", "push", "origin")
    return colleague


def test_another_machine_has_the_same_bytes_and_nothing_to_run(author, origin, server, tmp_path):
    other = Machine.clone(origin, tmp_path / "other", server)
    other.run("dvc", "pull")
    assert other.hashes() == author.hashes()
    assert (
        "data/raw/clips.csv" in other.hashes() and "models/detector.safetensors" in other.hashes()
    )
    assert "up to date" in other.run("dvc", "status")
    assert stages_run(other.run("dvc", "repro")) == set()
    assert other.run("git", "status", "--porcelain") == ""
    assert re.search(
        r"on the remote: all [1-9]\d* objects are whole", other.run("chorus", "verify", "--remote")
    )


@pytest.mark.parametrize(
    ("targets", "brings"),
    [
        (["split", "compose"], SPLIT | {"data/manifests/train.csv"}),
        (["data/subsets/negative"], {"data/subsets/negative"}),
        (["data/subsets/positive/small.csv"], {"data/subsets/positive/small.csv"}),
        (["train"], {"models/detector.safetensors", "models/detector.json"}),
        (["data/raw/clips.csv"], {"data/raw/clips.csv"}),
    ],
)
def test_only_what_is_asked_for_is_brought(author, origin, server, tmp_path, targets, brings):
    other = Machine.clone(origin, tmp_path / "other", server)
    before = set(other.hashes())
    other.run("dvc", "pull", *targets)
    brought = {path: name for path, name in other.hashes().items() if path not in before}
    assert brought == author.hashes_of(brings)
    assert {name for name in other.cached() if not name.endswith(".dir")} == set(brought.values())


def test_a_grid_needs_no_audio(author, swept):
    audio = {name for path, name in author.hashes("data/raw").items() if path.endswith(".tar")}
    assert len(audio) > 100 and not audio & swept.cached()
    assert not (swept.folder / "data/raw").exists()
    assert set(author.hashes("data/embeddings").values()) <= swept.cached()
    assert "deleted:            data/raw" in swept.run("dvc", "status")
    assert stages_run(swept.run("dvc", "repro", "--allow-missing", "--dry")) == set()
    swept.run("dvc", "checkout", "--allow-missing")
    assert swept.run("git", "status", "--porcelain") == ""


def test_experiments_travel_and_give_the_same_tables(author, swept):
    author.run("dvc", "exp", "pull", "--no-cache", "origin", "run_1", "run_2")
    for machine in (author, swept):
        machine.run("chorus", "leaderboard", "two")
    tables = author.hashes("metrics/two")
    assert set(tables) >= {"metrics/two/runs.csv", "metrics/two/leaderboard.csv"}
    assert tables == swept.hashes("metrics/two")
    comparison = [
        machine.run("chorus", "compare", "run_1", "run_2", "--sweep", "two")
        for machine in (swept, author)
    ]
    assert "A: run_2, B: run_1" in comparison[0]
    assert comparison[0] == comparison[1]


def test_one_run_is_brought_without_the_rest(swept, origin, server, tmp_path):
    other = Machine.clone(origin, tmp_path / "other", server)
    other.run("dvc", "exp", "pull", "--no-cache", "origin", "run_2")
    for path in ("models/detector.safetensors", "models/detector.json", "data/predictions.parquet"):
        other.run("dvc", "get", ".", path, "--rev", "run_2", "-o", f"run_2/{Path(path).name}")
    outs = _made(swept, "run_2")
    assert other.hashes("run_2") == {
        "run_2/detector.safetensors": outs["models/detector.safetensors"],
        "run_2/detector.json": outs["models/detector.json"],
        "run_2/predictions.parquet": outs["data/predictions.parquet"],
    }


def test_two_people_who_push_at_once_lose_nothing(author, swept, origin, server, tmp_path):
    people = {"ana": author, "ben": swept}
    runs = [
        machine.begin(
            "dvc", "exp", "run", "--allow-missing", "-n", name, "-S", f"seed={seed}", "compose"
        )
        for seed, (name, machine) in enumerate(people.items(), start=11)
    ]
    for run in runs:
        output, _ = run.communicate(timeout=300)
        assert run.returncode == 0, output
    pushes = [
        machine.begin("dvc", "exp", "push", "origin", name) for name, machine in people.items()
    ]
    for push in pushes:
        output, _ = push.communicate(timeout=120)
        assert push.returncode == 0, output
    third = Machine.clone(origin, tmp_path / "third", server)
    third.run("dvc", "exp", "pull", "--no-cache", "origin", *people)
    for name, machine in people.items():
        assert _experiment(third, name) == _experiment(machine, name)
        third.run("dvc", "get", ".", "data/manifests/train.csv", "--rev", name, "-o", f"{name}.csv")
    # the training set is all that one has and the other has not
    ana, ben = (_made(third, name) for name in people)
    assert ana.items() ^ ben.items() == {
        ("data/manifests/train.csv", made["data/manifests/train.csv"]) for made in (ana, ben)
    }
    assert re.search(
        r"on the remote: all [1-9]\d* objects are whole",
        third.run("chorus", "verify", "--remote", "--rev", "ana"),
    )
    assert (third.folder / "ana.csv").read_bytes() != (third.folder / "ben.csv").read_bytes()


def test_the_name_of_anothers_experiment_is_refused_and_both_are_kept(author, swept):
    """After the test above: "ana" is the author's and lies on the git remote."""
    swept.run("dvc", "exp", "rename", "ben", "ana")
    assert "experiment ana has diverged" in swept.run("dvc", "exp", "push", "origin", "ana")
    own, there = (
        _experiment(swept, "ana"),
        swept.run("git", "ls-remote", "origin", "refs/exps/*/ana").split()[0],
    )
    assert there == _experiment(author, "ana") != own
    swept.run("dvc", "exp", "rename", "ana", "ben2")
    swept.run("dvc", "exp", "push", "origin", "ben2")
    assert own in swept.run("git", "ls-remote", "origin", "refs/exps/*")


def test_the_committed_remote_holds_no_keys(author, swept, server):
    secret = server.credentials.read_text().split()[-1]
    for machine in (author, swept):
        assert machine.run("git", "ls-files", ".dvc").split() == [
            ".dvc/.gitignore", ".dvc/config", ".dvc/plots/by_split.json", ".dvc/plots/by_split_and_label.json",
        ]  # fmt: skip
        tracked = machine.run("git", "grep", "-l", "storage", "--", ".dvc")
        assert tracked.split() == [".dvc/config"]
        assert secret not in machine.run("git", "log", "-p", "--all")


def _made(machine: Machine, experiment: str) -> dict[str, str]:
    """Path -> hash of what the stages of an experiment have made."""
    text = machine.run("git", "show", f"{_experiment(machine, experiment)}:dvc.lock")
    made = {}
    for stage in yaml.safe_load(text)["stages"].values():
        for out in stage["outs"]:
            made[out["path"]] = out["md5"]
    return made


def _experiment(machine: Machine, name: str) -> str:
    """The commit of an experiment; it appears a moment after its run has ended."""
    for _ in range(60):
        for line in machine.run(
            "git", "for-each-ref", "--format=%(objectname) %(refname)", "refs/exps"
        ).splitlines():
            if line.endswith(f"/{name}"):
                return line.split()[0]
        time.sleep(0.5)
    raise AssertionError(f"no experiment {name}")
