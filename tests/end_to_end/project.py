"""A copy of this repository in a folder of its own, as a git clone would give it, to run the real pipeline in."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import yaml

from folder import Folder

ROOT = Path(__file__).parents[2]
# The whole pipeline in a minute, without the weights of an encoder.
TINY = {
    "survey.demo.scale": 0.008,
    "encode.encoder": "logmel",
    "train.epochs": 8,
    "mine.head.epochs": 8,
    "train.learning_rate": 0.002,
    "mine.head.learning_rate": 0.002,
    "mine.negatives.min_score": [0.3, 0.5],
    "compose.quality": ["high", "medium"],
    "compose.balance": True,
    "evaluate.resamples": 200,
}


class Project(Folder):
    """A copy of this repository: a new one, or a copy of the finished one (`conftest.py`)."""

    @classmethod
    def new(cls, folder: Path) -> Project:
        """The repository's files as they are now (committed or not), committed to a new git repository in `folder`."""
        # data, models and results stay behind: a run has to make them
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file() and not name.startswith(
                ("metrics/", "plots/", "reports/", "dvc.lock")
            ):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)
        project = cls(folder)
        project.git_init()
        project.commit("start")
        return project

    def copy(self, folder: Path) -> Project:
        """All of it, cache and data included, in a folder of its own: DVC takes it for another repository."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return Project(folder)

    def params(self, changes: dict[str, Any]) -> None:
        """Set parameters: {"survey.demo.scale": 0.01, ...}."""
        path = self.folder / "params.yaml"
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        for key, value in changes.items():
            *sections, name = key.split(".")
            section = values
            for part in sections:
                section = section[part]
            assert name in section, f"no parameter {key}"
            section[name] = value
        path.write_text(
            yaml.safe_dump(values, sort_keys=False, allow_unicode=True), encoding="utf-8"
        )

    def git(self, *arguments: str) -> str:
        return self.run("git", *arguments)

    def of_experiment(self, name: str, path: str, patience: float = 60) -> str:
        """A git-tracked file of an experiment; its commit appears a moment after its log has ended."""
        until = time.monotonic() + patience
        while True:
            refs = self.git("for-each-ref", "--format=%(refname)", "refs/exps").split()
            found = [ref for ref in refs if ref.endswith(f"/{name}")]
            if found:
                return self.git("show", f"{found[0]}:{path}")
            assert time.monotonic() < until, (
                f"no experiment {name} among {refs}:\n{self.dvc('queue', 'status')}"
            )
            time.sleep(0.5)

    def dvc(self, *arguments: str, fails: bool = False) -> str:
        return self.run("dvc", *arguments, fails=fails, patience=600)


def stages_run(output: str) -> set[str]:
    """The stages that DVC ran, from what it printed."""
    return {
        line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage '")
    }
