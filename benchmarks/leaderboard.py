"""How long the leaderboard of many experiments takes: python benchmarks/leaderboard.py [--experiments 1000]

Makes, in a clone of this project's committed state, experiments as DVC leaves them (a commit each, with its own
params.yaml, dvc.lock and metrics), and times `chorus leaderboard` on a sweep of as many runs. Nothing is
trained: the metrics are those of the current commit, shifted at random.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pygit2
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from chorus.experiments.sections import value_of  # noqa: E402
from chorus.experiments.study import Grid  # noqa: E402
from chorus.files import read_yaml  # noqa: E402
from chorus.paths import COMPOSITION, EVALUATION_DETAIL  # noqa: E402

SETTINGS = {
    "compose.balance": [True, False],
    "compose.quality": [["high", "medium"], ["high", "medium", "low"]],
    "compose.negative_subsets": [[], ["hardneg_conf_min_50"]],
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--experiments", type=int, default=1000, help="a multiple of 8 (default: %(default)s)"
    )
    arguments = parser.parse_args()
    sweep = {
        "name": "many_{:05d}",
        "axes": {"seed": list(range(1, arguments.experiments // 8 + 1)), **SETTINGS},
    }
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "study"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
        path = folder / "sweeps/many.yaml"
        path.write_text(yaml.safe_dump(sweep), encoding="utf-8")
        make_experiments(folder, Grid(folder, read_yaml(path), target="evaluate"))
        for attempt in ("first", "again"):
            command, start = (
                [sys.executable, "-m", "chorus", "leaderboard", "many"],
                time.monotonic(),
            )
            own = os.environ | {"PYTHONPATH": str(folder / "src")}
            shown = subprocess.run(
                command, cwd=folder, env=own, check=True, capture_output=True, text=True
            ).stdout
            print(f"{attempt}: {time.monotonic() - start:.1f} s for {shown.splitlines()[-1]}")


def make_experiments(folder: Path, grid: Grid) -> None:
    """A commit for each run of the grid, under refs/exps/ as DVC names them."""
    git = pygit2.Repository(str(folder))
    head = git.head.peel(pygit2.Commit)
    author = pygit2.Signature("benchmark", "benchmark@example.org", head.commit_time, 0)
    rng = random.Random(1)
    for number, run in enumerate(grid.runs):
        params = grid.params(run)
        files = {
            "params.yaml": _yaml(params),
            "dvc.lock": _yaml(_lock(grid, params, run.name)),
            str(EVALUATION_DETAIL): json.dumps(
                _shifted(grid.start.json(str(EVALUATION_DETAIL)), rng), indent=2
            ).encode(),
            str(COMPOSITION): json.dumps(
                grid.start.json(str(COMPOSITION)) | {"negatives": number}, indent=2
            ).encode(),
        }
        index = pygit2.Index()
        index.read_tree(head.tree)
        for name, content in files.items():
            index.add(pygit2.IndexEntry(name, git.create_blob(content), pygit2.enums.FileMode.BLOB))
        reference = f"refs/exps/{str(head.id)[:2]}/{str(head.id)[2:]}/{run.name}"
        git.create_commit(reference, author, author, run.name, index.write_tree(git), [head.id])


def _lock(grid: Grid, params: dict[str, Any], name: str) -> dict[str, Any]:
    """The dvc.lock of a run with these parameters, whose stages gave outputs of their own."""
    lock: dict[str, Any] = yaml.load(
        grid.start.commit.tree["dvc.lock"].data, Loader=yaml.CSafeLoader
    )
    made: dict[str, str] = {}
    for stage in grid.stages:
        locked = lock["stages"][stage]
        for section in locked.get("params", {}).values():
            section.update({key: value_of(params, key) for key in section})
        for out in locked["outs"]:
            made[out["path"]] = out["md5"] = hashlib.md5(
                f"{name} {out['path']}".encode()
            ).hexdigest()
    for stage in grid.stages:
        for dep in lock["stages"][stage]["deps"]:
            dep["md5"] = made.get(dep["path"], dep["md5"])
    return lock


def _shifted(detail: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    headline = detail["splits"]["test_ood"]["at"]["headline"]
    headline |= {
        metric: headline[metric] + rng.gauss(0, 0.01) for metric in ("f1", "precision", "recall")
    }
    return detail


def _yaml(content: Any) -> bytes:
    return str(yaml.dump(content, sort_keys=False, Dumper=yaml.CSafeDumper)).encode()


if __name__ == "__main__":
    main()
