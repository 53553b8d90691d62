"""What a grid costs at the size of the reference study: 12,110 training, 2,943 and 3,585 test clips.

    python benchmarks/reference_scale.py [--runs 4] [--scale 1]

Runs the first few runs of sweeps/stage6.yaml, spread over the grid, with the real pipeline and the real DVC, in a copy
of this project whose embeddings (1,024 numbers a clip) are generated: what a run costs depends on their number and
length only. Prints seconds a run and the time for 90, beside the 30 GPU-hours of the reference study.
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
sys.path.insert(0, str(ROOT / "src"))

import chorus  # noqa: E402, F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np  # noqa: E402
import yaml  # noqa: E402

DIMENSIONS = 1024
NIGHT = 20  # clips
# split, label, quality, clips: the counts of the reference study
PARTS = (
    ("train", "positive", "high", 245),
    ("train", "positive", "medium", 1772),
    ("train", "positive", "low", 1568),
    ("train", "negative", "", 8525),
    ("validation", "positive", "medium", 647),
    ("validation", "negative", "", 2602),
    ("test_iid", "positive", "medium", 1964),
    ("test_iid", "negative", "", 979),
    ("test_ood", "positive", "medium", 1691),
    ("test_ood", "negative", "", 1894),
    ("candidate", "negative", "", 20457),
)
SUBSETS = {
    "positive": {"small": 51, "medium": 154, "large": 309, "top50": 515},
    "negative": {
        "hardneg_conf_min_50": 1401,
        "hardneg_conf_min_85": 981,
        "hardneg_conf_min_99": 475,
    },
}
SHARED_STAGES = ("survey", "encode", "split", "mine", "gallery")
REFERENCE_GPU_HOURS = 30


def generate(scale: float) -> None:
    """Write splits, subsets and embeddings of generated clips into data/ of the current folder."""
    import pandas as pd

    from chorus import embeddings

    random = np.random.default_rng(1)
    rows, features = [], []
    direction = random.standard_normal(DIMENSIONS, dtype=np.float32)
    for split, label, quality, count in PARTS:
        clips = max(2 * NIGHT, round(count * scale))
        strength = {"high": 0.2, "medium": 0.12, "low": 0.06, "": 0.0}[quality]
        features.append(
            random.standard_normal((clips, DIMENSIONS), dtype=np.float32) + strength * direction
        )
        for number in range(clips):
            night = number // NIGHT
            rows.append(
                {
                    "clip_id": f"{split}_{label}_{quality or 'none'}_{number:05d}", "label": label, "quality": quality,
                    "call_type": "", "site": split, "recorder": f"{split}-{label}", "night": f"night{night:04d}",
                    "recording": f"{split}_{label}_{quality}_{night:04d}", "role": "labelled", "split": split,
                    "source": "generated", "windows": "1", "seconds": "3.000", "sha256": f"{len(rows):064x}",
                    "shard": "generated.tar",
                    "group": f"{split}-{label}-{quality}/{night:04d}",
                }
            )  # fmt: skip
    table = pd.DataFrame(rows)
    Path("data/manifests").mkdir(parents=True, exist_ok=True)
    table.to_csv("data/manifests/splits.csv", index=False, lineterminator="\n")
    pools = {
        "positive": table[(table["split"] == "train") & (table["quality"] == "low")],
        "negative": table[table["split"] == "candidate"],
    }
    for kind, subsets in SUBSETS.items():
        folder = Path("data/subsets") / kind
        folder.mkdir(parents=True, exist_ok=True)
        for name, count in subsets.items():
            pools[kind][["clip_id"]].head(max(2, round(count * scale))).to_csv(
                folder / f"{name}.csv", index=False, lineterminator="\n"
            )
    by_content = dict(zip(table["sha256"], np.concatenate(features)[:, np.newaxis], strict=True))
    embeddings.write_shard(
        Path("data/embeddings/generated.safetensors"), "generated", table, by_content
    )


def make_study(folder: Path, scale: float, sweep: dict[str, object]) -> None:
    """A copy of this project in `folder`, as a git repository, whose shared stages are replaced by generated clips."""
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
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    for stage in SHARED_STAGES:
        pipeline["stages"].pop(stage, None)
    pipeline["stages"]["generate"] = {
        "cmd": f"python benchmarks/{Path(__file__).name} --generate {scale}",
        "outs": ["data/embeddings", "data/manifests/splits.csv", "data/subsets"],
    }
    (folder / "dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False), encoding="utf-8")
    (folder / "sweeps" / "bench.yaml").write_text(
        yaml.safe_dump(sweep, sort_keys=False), encoding="utf-8"
    )
    run(folder, "git", "init", "-q", "-b", "main")
    run(folder, "git", "config", "user.name", "benchmark")
    run(folder, "git", "config", "user.email", "benchmark@example.org")
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-q", "-m", "start")
    run(folder, sys.executable, "-m", "dvc", "repro", "-q", "fingerprint", "generate")
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-q", "-m", "shared stages")


def run(folder: Path, *command: str, shown: bool = False) -> str:
    """Run a command in a folder; its output, unless it is shown."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(folder / "src")}
    stream = None if shown else subprocess.PIPE
    result = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        check=False,
        text=True,
        stdout=stream,
        stderr=None if shown else subprocess.STDOUT,
    )
    if result.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{result.stdout or ''}")
    return result.stdout or ""


def few_runs(count: int) -> dict[str, object]:
    """A sweep of so many runs from stage6.yaml, alternating between the largest and the smallest training sets."""
    balances = [[False], [True]]
    blocks = [
        {
            "seed": [100 + number],
            "compose.balance": balances[number % 2],
            "compose.negative_subsets": [["hardneg_conf_min_50"]],
        }
        for number in range(count)
    ]
    return {
        "name": "run_{:02d}",
        "axes": {"seed": [0], "compose.balance": [True], "compose.negative_subsets": [[]]},
        "blocks": blocks,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument(
        "--scale", type=float, default=1.0, help="1: the size of the reference study"
    )
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument(
        "--generate", type=float, metavar="SCALE", help=argparse.SUPPRESS
    )  # the stage of the copy
    arguments = parser.parse_args()
    if arguments.generate:
        generate(arguments.generate)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_study(folder, arguments.scale, few_runs(arguments.runs))
        started = time.monotonic()
        run(
            folder,
            sys.executable,
            "-m",
            "chorus",
            "sweep",
            "bench",
            "--jobs",
            str(arguments.jobs),
            shown=True,
        )
        seconds = time.monotonic() - started
    each = seconds / arguments.runs
    print(
        f"{arguments.runs} runs, {arguments.scale:g} x the reference, {arguments.jobs} at a time: {seconds:.0f} s"
    )
    print(
        f"{each:.1f} s a run; 90 runs: {90 * each / 3600:.2f} hours of {arguments.jobs} processors, without a GPU"
    )
    print(f"the reference study: {REFERENCE_GPU_HOURS} GPU-hours (about 20 minutes a run)")


if __name__ == "__main__":
    main()
