"""The git hooks, installed and run by git itself in a copy of this repository: what should not be committed is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import prepared
import pytest

ROOT = Path(__file__).parents[1]


def _run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PRE_COMMIT_HOME": str(folder.parent / "pre-commit"),
    }
    if command[0] == "dvc":
        environment = prepared.environment(environment)
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def _commit(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    _run(folder, "git", "add", "-A")
    return _run(folder, "git", "commit", "-m", "change", *options)


def _prepare(folder: Path) -> None:
    """A commit that a test begins with: the hooks look at none of it."""
    assert _commit(folder, "--no-verify").returncode == 0


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """What git keeps of this repository, without data, and with the hooks."""
    folder = tmp_path_factory.mktemp("hooks") / "repository"
    for name in filter(
        None, _run(ROOT, "git", "ls-files", "-z", "-co", "--exclude-standard").stdout.split("\0")
    ):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    _run(folder, "git", "init", "-q", "-b", "main")
    _run(folder, "git", "config", "user.name", "test")
    _run(folder, "git", "config", "user.email", "test@example.org")
    assert _commit(folder).returncode == 0
    installed = _run(folder, "pre-commit", "install")
    assert installed.returncode == 0, installed.stderr
    return folder


@pytest.fixture
def clean(repository):
    yield repository
    _run(repository, "git", "reset", "-q", "--hard")
    _run(repository, "git", "clean", "-qfd")


def test_the_hooks_of_dvc_are_installed_too(repository):
    for hook in ("pre-commit", "pre-push", "post-checkout"):
        assert "pre-commit" in (repository / ".git/hooks" / hook).read_text()


def test_a_tidy_change_is_committed(clean):
    (clean / "src/new.py").write_text('"""New."""\n')
    result = _commit(clean)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "dvc status" in result.stderr + result.stdout


def test_untidy_code_is_refused(clean):
    (clean / "src/new.py").write_text("import os\nx =  1\n")
    result = _commit(clean)
    output = result.stdout + result.stderr
    assert result.returncode == 1 and "ruff" in output and "Failed" in output


def test_a_large_file_is_refused(clean):
    (clean / "recording.bin").write_bytes(os.urandom(3_200_000))
    result = _commit(clean)
    assert result.returncode == 1 and "recording.bin" in result.stdout + result.stderr


def test_an_edited_number_is_refused(clean):
    path = clean / "metrics/training.json"
    path.write_text(path.read_text().replace('"epochs": 1', '"epochs": 2', 1))
    result = _commit(clean)
    assert (
        result.returncode == 1
        and "metrics/training.json is not what" in result.stdout + result.stderr
    )


@pytest.fixture
def with_data(clean, tmp_path):
    """A file kept by DVC, a DVC remote in the folder `store`, and a git remote; no runs, whose data is not here."""
    assert (
        _run(clean, "git", "rm", "-rq", "dvc.lock", "metrics", "plots", "reports").returncode == 0
    )
    assert (
        _run(
            clean, "dvc", "remote", "add", "-f", "--local", "-d", "store", str(tmp_path / "store")
        ).returncode
        == 0
    )
    _run(clean, "git", "init", "-q", "--bare", str(tmp_path / "bare.git"))
    (clean / "notes.txt").write_text("one")
    assert _run(clean, "dvc", "add", "notes.txt").returncode == 0
    _prepare(clean)
    yield clean
    # without its hook: a test that asks for it makes its own checkout
    _run(clean, "git", "-c", "core.hooksPath=/dev/null", "checkout", "-q", "main")
    _run(clean, "git", "reset", "-q", "--hard", "HEAD~1")


def _push(folder: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    return _run(folder, "git", "push", str(tmp_path / "bare.git"), "HEAD:main")


def test_a_push_takes_the_data_along(with_data, tmp_path):
    assert _push(with_data, tmp_path).returncode == 0
    stored = [path.read_text() for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert stored == ["one"]
    assert _run(tmp_path / "bare.git", "git", "log", "--oneline", "main").returncode == 0


def test_a_push_is_refused_when_the_data_cannot_follow(with_data, tmp_path):
    (tmp_path / "store").write_text("no folder")
    assert _push(with_data, tmp_path).returncode != 0
    assert _run(tmp_path / "bare.git", "git", "log", "--oneline", "main").returncode != 0


def test_a_push_is_refused_when_the_data_of_a_run_is_nowhere(with_data, tmp_path):
    _run(with_data, "git", "checkout", "-q", "HEAD~1", "--", "dvc.lock")
    result = _push(with_data, tmp_path)
    assert (
        result.returncode != 0 and "neither here nor on the remote" in result.stdout + result.stderr
    )


def test_another_branch_brings_its_data(with_data):
    _run(with_data, "git", "checkout", "-q", "-b", "other")
    (
        with_data / "notes.txt"
    ).unlink()  # a link to the cache: writing into it would change what the cache holds
    (with_data / "notes.txt").write_text("two")
    assert _run(with_data, "dvc", "add", "notes.txt").returncode == 0
    _prepare(with_data)
    _run(with_data, "git", "checkout", "-q", "main")
    assert (with_data / "notes.txt").read_text() == "one"


def test_git_does_not_see_what_readmes_commands_write():
    """An untracked season of gigabytes would go into every experiment."""
    written = ["season/Pond/a.flac", "season_truth.csv", "detections/events.csv", "RADR.tflite"]
    assert _run(ROOT, "git", "check-ignore", *written).stdout.splitlines() == written
    assert not _run(ROOT, "git", "check-ignore", "src/chorus/season/page.py").stdout
