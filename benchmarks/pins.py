"""What one set of kernels for every CPU costs here: processor time with the pins, and with the libraries' own choice.

    python benchmarks/pins.py [--rounds 5]

Each round computes everything twice, in processes of their own and in turns: with `chorus.pins.KERNELS`, and without
them (threads stay at one, for a second one changes sums, not kernels). Printed are medians of processor time and the
median and range of the ratios.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from chorus import pins  # before NumPy is loaded

CLIPS, EPOCHS, WINDOWS = 1200, 6, 24


def synthesis() -> Callable[[], object]:
    """Clips of the demo, as `survey` makes them."""
    from chorus import demo

    sources = demo.plan(demo.DemoOptions(scale=0.02))[::20]
    return lambda: [source.samples() for source in sources]


def encoding(encoder: str) -> Callable[[], object]:
    """Embeddings of noise, as `encode` makes them."""
    import numpy as np

    from chorus import encoders

    windows = np.random.default_rng(1).normal(0, 0.1, (WINDOWS, 144_000)).astype(np.float32)
    encode = encoders.load(encoders.EncodeOptions(encoder=encoder)).embed
    encode(windows[:2])
    return lambda: encode(windows)


def training() -> Callable[[], object]:
    """A head at the size of BirdNET's embeddings, as `train` makes it."""
    import numpy as np

    from chorus.training import Examples, HeadOptions, train_head

    random = np.random.default_rng(1)
    labels = (random.random(CLIPS) < 0.3).astype(np.int64)
    features = random.standard_normal((CLIPS, 1024), dtype=np.float32) + 0.1 * labels[
        :, None
    ].astype(np.float32)
    groups = np.char.add("night", (np.arange(CLIPS) // 10).astype(str))
    examples = Examples(features, labels, groups, np.char.add("clip", np.arange(CLIPS).astype(str)))
    train_head(examples, None, HeadOptions(epochs=1), seed=1)
    return lambda: train_head(examples, None, HeadOptions(epochs=EPOCHS), seed=1)


def regression() -> Callable[[], object]:
    """The logistic regression of every evaluation."""
    import numpy as np

    from chorus.evaluation.baseline import logistic_regression_scores

    random = np.random.default_rng(1)
    labels = random.random(CLIPS) < 0.3
    features = random.standard_normal((CLIPS, 1024), dtype=np.float32) + 0.1 * labels[
        :, None
    ].astype(np.float32)
    return lambda: logistic_regression_scores(features, labels, features)


TASKS: dict[str, Callable[[], Callable[[], object]]] = {
    "synthesis of the demo": synthesis,
    "encode, birdnet": lambda: encoding("birdnet"),
    "encode, logmel": lambda: encoding("logmel"),
    "train": training,
    "logistic regression": regression,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--task", choices=TASKS, help="only this one")
    parser.add_argument("--measure", choices=("pinned", "free"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(measured(options.task, options.measure))
        return
    if why := pins.digits_may_differ():
        sys.exit(f"error: nothing is pinned here: {why}")
    print(f"processor seconds, {options.rounds} rounds in turns")
    print("| | pinned | free | ratio |\n| --- | ---: | ---: | ---: |")
    for task in [options.task] if options.task else TASKS:
        rounds = [
            [_apart(task, which) for which in ("pinned", "free")] for _ in range(options.rounds)
        ]
        ratios = [with_pins / without for with_pins, without in rounds]
        pinned, free = (statistics.median(column) for column in zip(*rounds, strict=True))
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} - {max(ratios):.2f})"
        print(f"| {task} | {pinned:.2f} | {free:.2f} | {spread} |", flush=True)


def _apart(task: str, which: str) -> float:
    command = [sys.executable, __file__, "--task", task, "--measure", which]
    run = subprocess.run(
        command, capture_output=True, text=True, check=False
    )  # the encoder's runtime has much to say
    if run.returncode:
        sys.exit(run.stderr)
    return float(run.stdout.splitlines()[-1])


def measured(task: str, which: str) -> float:
    """Processor seconds of a task in this process, without what it takes to load libraries."""
    if which == "free":
        for name in pins.KERNELS:  # nothing has read them yet
            os.environ.pop(name, None)
    work = TASKS[task]()
    begin = time.process_time()
    work()
    return time.process_time() - begin


if __name__ == "__main__":
    main()
