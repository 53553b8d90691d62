"""What the grid costs beyond training: python benchmarks/sweep.py [sweeps/stage6.yaml] [--clean]

Runs the sweep (what is done already is not run again; --clean removes this grid's experiments first) and prints its wall
time, the processor time of training alone, their ratio, and the aim: 1.6 x training / processors + 2.5 s a run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from chorus.experiments.study import Grid, read_sweep  # noqa: E402

SECONDS_A_RUN, TRAINING_FACTOR = 2.5, 1.6


def training_seconds(grid: Grid, sample: int) -> float:
    """Processor time of the train stage, started as DVC starts it, for the whole grid: from a sample spread over it."""
    chosen = grid.runs[:: max(1, len(grid.runs) // sample)]
    seconds = 0.0
    for run in chosen:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "study"
            subprocess.run(["git", "clone", "-q", str(Path.cwd()), str(folder)], check=True)
            write_params(folder / "params.yaml", grid.params(run))
            for name in ("data/embeddings", "data/manifests/splits.csv", "data/subsets"):
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                if target.is_dir():  # git keeps a .gitignore in some
                    for item in Path(name).iterdir():
                        if not (target / item.name).exists():
                            (target / item.name).symlink_to(item.resolve())
                else:
                    target.symlink_to(Path(name).resolve())
            subprocess.run([sys.executable, "src/compose.py"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            before = os.times()
            subprocess.run([sys.executable, "src/train.py"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            after = os.times()
            seconds += after.children_user + after.children_system - before.children_user - before.children_system
    return seconds / len(chosen) * len(grid.runs)
