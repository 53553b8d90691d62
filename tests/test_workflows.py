"""The workflows on GitHub: what they may do, and the scripts that they call."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from chorus.experiments.review.comment import MARKER

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
SCRIPTS = sorted(path for path in (ROOT / ".ci").iterdir())
REVIEW = yaml.safe_load((ROOT / ".github/workflows/review.yml").read_text(encoding="utf-8"))["jobs"]


def _run(*command: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def _lint(*workflows: Path) -> subprocess.CompletedProcess[str]:
    """By GitHub's schema, which the tool brings along; it knows nothing of expressions: CI runs actionlint too."""
    schema = ("--builtin-schema", "vendor.github-workflows")
    return _run(sys.executable, "-m", "check_jsonschema", *schema, *map(str, workflows))


def test_the_workflows_are_valid():
    result = _lint(*WORKFLOWS)
    assert result.returncode == 0, result.stdout


def test_a_misspelt_key_is_found(tmp_path):
    text = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    (tmp_path / "ci.yml").write_text(text.replace("timeout-minutes", "timeout-minuts"))
    result = _lint(tmp_path / "ci.yml")
    assert result.returncode == 1 and "timeout-minuts" in result.stdout


def test_every_week_all_tests_run_the_slow_ones_too():
    workflow = yaml.load(
        (ROOT / ".github/workflows/slow.yml").read_text(encoding="utf-8"), yaml.BaseLoader
    )
    assert set(workflow["on"]) == {"schedule", "workflow_dispatch"}
    assert {"run": "make test-all"} in workflow["jobs"]["test-all"]["steps"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_valid_bash_and_executable(script):
    assert _run("bash", "-n", str(script)).returncode == 0
    assert os.access(script, os.X_OK)


def test_what_runs_the_code_of_a_pull_request_may_only_read():
    job = REVIEW["review"]
    assert job["permissions"] == {"contents": "read"}
    (checkout,) = (step for step in job["steps"] if "checkout" in step.get("uses", ""))
    assert checkout["with"]["persist-credentials"] is False
    assert "github.token" not in str(job) and "GITHUB_TOKEN" not in str(job)


def test_what_may_write_runs_the_scripts_of_the_base_branch_and_no_python():
    job = REVIEW["comment"]
    assert job["permissions"] == {"contents": "write", "pull-requests": "write"}
    (checkout,) = (step for step in job["steps"] if "checkout" in step.get("uses", ""))
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    commands = [step["run"].split()[0] for step in job["steps"] if "run" in step]
    assert commands == [".ci/publish_images", ".ci/post_comment"]
    assert "secrets." not in str(job)


def test_without_keys_the_data_stays_away_with_a_word():
    result = _run(str(ROOT / ".ci/pull_tables"), AWS_ACCESS_KEY_ID="")
    assert result.returncode == 0
    assert result.stdout.startswith("::notice::No keys for the data: a pull request from a fork")


@pytest.fixture
def origin(tmp_path):
    folder = tmp_path / "origin.git"
    _run("git", "init", "-q", "--bare", "-b", "main", str(folder))
    return folder


def _clone(origin: Path, name: str) -> Path:
    folder = origin.parent / name
    _run("git", "clone", "-q", str(origin), str(folder))
    (folder / "images/before").mkdir(parents=True)
    (folder / "images/before/curve.png").write_bytes(name.encode())
    (folder / "images/notes.txt").write_text("no picture")
    return folder


def _publish(clone: Path, place: str, version: str) -> subprocess.CompletedProcess[str]:
    return _run(str(ROOT / ".ci/publish_images"), "images", "pictures", place, version, cwd=clone)


def _published(origin: Path) -> list[str]:
    return _run("git", "ls-tree", "-r", "--name-only", "pictures", cwd=origin).stdout.split()


def test_pictures_are_published_and_replaced_by_newer_ones_of_the_same_pull_request(origin):
    clone = _clone(origin, "one")
    assert _publish(clone, "pr-1", "aaaa").returncode == 0
    assert _publish(_clone(origin, "two"), "pr-2", "bbbb").returncode == 0
    assert _published(origin) == ["pr-1/aaaa/before/curve.png", "pr-2/bbbb/before/curve.png"]
    assert _run("git", "show", "pictures:pr-1/aaaa/before/curve.png", cwd=origin).stdout == "one"
    assert _publish(clone, "pr-1", "cccc").returncode == 0
    assert _published(origin) == ["pr-1/cccc/before/curve.png", "pr-2/bbbb/before/curve.png"]
    assert _run("git", "rev-list", "--count", "pictures", cwd=origin).stdout.strip() == "1"
    assert _run("git", "status", "--porcelain", "--untracked-files=no", cwd=clone).stdout == ""


def test_reviews_that_publish_at_once_lose_nothing(origin):
    clones = [_clone(origin, f"clone{number}") for number in range(3)]
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda clone: _publish(clone, clone.name, "v"), clones))
    assert [result.returncode for result in results] == [0, 0, 0], [
        result.stderr for result in results
    ]
    assert _published(origin) == [f"clone{number}/v/before/curve.png" for number in range(3)]


def test_pictures_that_cannot_be_pushed_are_an_error(origin):
    clone = _clone(origin, "one")
    shutil.rmtree(origin)
    at_once = f"sleep() {{ :; }}; export -f sleep; {ROOT}/.ci/publish_images images pictures pr v"
    result = _run("bash", "-c", at_once, cwd=clone)
    assert result.returncode == 1 and "::error::the pictures could not be pushed" in result.stdout


def test_every_action_is_pinned_to_a_commit():
    """A tag can be moved to other code, which would run with our keys."""
    lines = [
        line
        for path in WORKFLOWS
        for line in path.read_text(encoding="utf-8").splitlines()
        if "uses:" in line
    ]
    assert len(lines) > 5
    assert [
        line
        for line in lines
        if not re.search(r"uses: [\w/-]+@[0-9a-f]{40}  # v\d+(\.\d+)+$", line)
    ] == []


@pytest.fixture
def github(tmp_path):
    """What `gh` would do, written down; it holds the comments that there are, and runs the program for jq on them."""
    (tmp_path / "comments.json").write_text("[]")
    (tmp_path / "gh").write_text(
        '#!/usr/bin/env bash\nprintf "%s\\n" "$*" >> calls\n'
        'while [ $# -gt 0 ]; do if [ "$1" = --jq ]; then jq -r "$2" comments.json; fi; shift; done\n'
    )
    (tmp_path / "gh").chmod(0o755)
    return tmp_path


def _post(github: Path, first_line: str) -> subprocess.CompletedProcess[str]:
    (github / "comment.md").write_text(f"{first_line}\n## Review\n")
    path = f"{github}{os.pathsep}{os.environ['PATH']}"
    arguments = (str(ROOT / ".ci/post_comment"), "comment.md", "7")
    return _run(*arguments, cwd=github, PATH=path, GITHUB_REPOSITORY="o/r", GH_TOKEN="the token")


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_a_review_is_posted_once_and_then_updated(github):
    assert _post(github, MARKER).returncode == 0
    assert (github / "calls").read_text().splitlines()[
        -1
    ] == "pr comment 7 --repo o/r --body-file comment.md"
    comments = [
        {"id": 1, "user": {"login": "somebody"}, "body": f"{MARKER}\nnot ours"},
        {"id": 2, "user": {"login": "github-actions[bot]"}, "body": f"{MARKER}\n## Review"},
    ]
    (github / "comments.json").write_text(json.dumps(comments))
    assert _post(github, MARKER).returncode == 0
    assert (
        "--method PATCH repos/o/r/issues/comments/2"
        in (github / "calls").read_text().splitlines()[-1]
    )


@pytest.mark.parametrize(
    "line", ['")) | env.GH_TOKEN | (("', f'{MARKER}")) | env.GH_TOKEN | (("', "", "$(touch here)"]
)
def test_a_crafted_first_line_reaches_no_program(github, line):
    result = _post(github, line)
    assert result.returncode == 1 and "is no review" in result.stdout
    assert not (github / "calls").exists() and "the token" not in result.stdout + result.stderr
    assert not (github / "here").exists()
