"""requirements.lock, which CI installs by hash, holds what the other lists ask for, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORKFLOWS = ("ci.yml", "review.yml", "slow.yml")
NOT_ON_PYPI = {
    "torch",
    "torchaudio",
}  # their CPU builds: .ci/install takes them from another index, by version


def _pins(name: str) -> dict[str, str]:
    """Package, as PyPI spells it -> version, of the lines of a list."""
    pattern = r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)"
    found = re.findall(pattern, (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", package).lower(): version for package, version in found}


def test_the_lock_holds_the_versions_of_all_lists():
    asked = _pins("constraints.txt") | _pins("requirements.txt") | _pins("requirements-dev.txt")
    assert len(asked) > 150 and asked.keys() > NOT_ON_PYPI
    assert _pins("requirements.lock") == {
        name: pin for name, pin in asked.items() if name not in NOT_ON_PYPI
    }


def test_the_lists_agree_with_the_constraints():
    constraints = _pins("constraints.txt")
    for name in ("requirements.txt", "requirements-dev.txt"):
        both = _pins(name).keys() & constraints.keys()
        assert {package: _pins(name)[package] for package in both} == {
            package: constraints[package] for package in both
        }


def test_every_package_of_the_lock_has_a_hash():
    entries = re.split(
        r"^(?=\S)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    entries = [entry for entry in entries if "==" in entry]
    assert len(entries) == len(_pins("requirements.lock"))
    assert [
        entry for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry)
    ] == []


def test_ci_asks_for_the_hashes_before_it_runs_anything_of_the_project():
    assert "--no-deps --require-hashes -r requirements.lock" in (ROOT / ".ci/install").read_text(
        encoding="utf-8"
    )
    for name in WORKFLOWS:
        text = (ROOT / ".github/workflows" / name).read_text(encoding="utf-8")
        steps = re.findall(r"^ +- run: ((?:\.ci/|make ).*)$", text, flags=re.MULTILINE)
        assert steps[0] == ".ci/install", name
