"""What a grid costs beyond its training: python benchmarks/sweep.py [sweeps/stage6.yaml] [--jobs N]

Runs the whole grid in a clone of this project, from its committed state and its cached data (dvc repro first), but
without DVC's memory of earlier runs. Prints the wall time, the processor time of training alone (measured in this
process on a sample of the runs), and the aim: 1.6 x training / processors + 2.5 s a run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from chorus import detector, embeddings  # noqa: E402
from chorus.composition import ComposeOptions, compose  # noqa: E402
from chorus.experiments.pipeline import TARGET  # noqa: E402
from chorus.experiments.study import Grid  # noqa: E402
from chorus.files import read_csv, read_yaml  # noqa: E402
from chorus.options import parse  # noqa: E402
from chorus.training import HeadOptions  # noqa: E402

SECONDS_A_RUN, TRAINING_FACTOR = 2.5, 1.6


def training_seconds(grid: Grid, sample: int) -> float:
    """Processor time of training in the whole grid: from a sample spread over it, without start-up and files."""
    clips, known = read_csv("data/manifests/splits.csv"), embeddings.read(Path("data/embeddings"))
    kinds = [
        {
            path.stem: list(read_csv(path)["clip_id"])
            for path in Path("data/subsets", kind).glob("*.csv")
        }
        for kind in ("positive", "negative")
    ]
    chosen = [
        grid.runs[round(place * (len(grid.runs) - 1) / max(1, sample - 1))]
        for place in range(sample)
    ]
    seconds = []
    for run in [chosen[0], *chosen]:  # the first one warms up and does not count
        params = grid.params(run)
        options = parse(ComposeOptions, params["compose"], section="compose")
        manifest = compose(clips, *kinds, options, params["seed"]).manifest
        start = time.process_time()
        detector.fit(
            manifest,
            clips,
            known,
            parse(HeadOptions, params["train"], section="train"),
            params["seed"],
        )
        seconds.append(time.process_time() - start)
    return sum(seconds[1:]) / sample * len(grid.runs)


def clone(folder: Path) -> None:
    """Clone this project with its cache of data, but not with DVC's record of which run gave which result."""
    subprocess.run(["git", "clone", "-q", str(Path.cwd()), str(folder)], check=True)
    for key, value in (("user.name", "benchmark"), ("user.email", "benchmark@example.org")):
        subprocess.run(["git", "config", key, value], cwd=folder, check=True)
    shutil.copytree(".dvc/cache/files", folder / ".dvc/cache/files", copy_function=os.link)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sweep", type=Path, nargs="?", default=Path("sweeps/stage6.yaml"))
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--sample", type=int, default=6, help="runs to measure training on")
    arguments = parser.parse_args()
    grid = Grid(Path(), read_yaml(arguments.sweep), target=TARGET)
    training, runs = training_seconds(grid, arguments.sample), len(grid.runs)
    with tempfile.TemporaryDirectory(dir=ROOT.parent) as scratch:  # on the same disk, for links
        folder = Path(scratch) / "study"
        clone(folder)
        subprocess.run(
            [sys.executable, "-m", "dvc", "checkout", "-q", "--with-deps", *grid.shared],
            cwd=folder,
            check=True,
        )
        command = [
            sys.executable,
            "-m",
            "chorus",
            "sweep",
            str(arguments.sweep),
            "--jobs",
            str(arguments.jobs),
        ]
        own = os.environ | {"PYTHONPATH": str(folder / "src")}
        start = time.monotonic()
        subprocess.run(command, cwd=folder, env=own, check=True)
        wall = time.monotonic() - start
        start = time.monotonic()
        subprocess.run(command, cwd=folder, env=own, check=True, stderr=subprocess.DEVNULL)
        again = time.monotonic() - start
    aim = TRAINING_FACTOR * training / arguments.jobs + SECONDS_A_RUN * runs
    ratio = wall / (training / arguments.jobs)
    print(
        f"{runs} runs, {arguments.jobs} at a time: {wall:.0f} s, {wall / runs:.1f} s a run; again: {again:.1f} s"
    )
    print(
        f"training alone: {training:.0f} s of processor time; wall time / (training / processors): {ratio:.2f}"
    )
    print(f"aim: {TRAINING_FACTOR} x training / processors + {SECONDS_A_RUN} s a run = {aim:.0f} s")


if __name__ == "__main__":
    main()
