"""How long one run's training takes on one core, how much of that is not the unavoidable matrix products, and how much
goes into the signals of its health (gradient norms, accuracy on training rows, everything on validation but its loss).

    python benchmarks/training.py --clips 12110 --epochs 50

The data are random, of the reference study's size by default; curves are of a validation split, so that nothing
is trained twice.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np
import torch

from chorus.training import Examples, HeadOptions, descent, train_head
from chorus.training.validation import Validation

DIMENSIONS = 1024
POSITIVE_SHARE = 0.3  # 3,585 of the reference's 12,110


def random_examples(clips: int, name: str, random: np.random.Generator) -> Examples:
    """One window a clip, ten clips a night; positives are shifted a little, so that there is something to learn."""
    labels = (random.random(clips) < POSITIVE_SHARE).astype(np.int64)
    features = random.standard_normal((clips, DIMENSIONS), dtype=np.float32) + 0.1 * labels[
        :, None
    ].astype(np.float32)
    ids = np.array([f"{name}_{number:06d}" for number in range(clips)])
    groups = np.array([f"{name}_{number // 10:05d}" for number in range(clips)])
    return Examples(features, labels, groups, ids)


def share_of_products(training: Examples, validation: Examples, epochs: int = 5) -> float:
    """Share of the time in matrix products, from a profile of a few epochs (which costs the rest a little)."""
    options = HeadOptions(epochs=epochs, validation="split")
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        start = time.perf_counter()
        train_head(training, validation, options, seed=1)
        seconds = time.perf_counter() - start
    products = [
        event for event in profile.key_averages() if event.key in ("aten::addmm", "aten::mm")
    ]
    return sum(event.self_cpu_time_total for event in products) / 1e6 / seconds


@contextmanager
def timed(owner: Any, name: str, spent: dict[str, float]) -> Iterator[None]:
    """Add up the processor seconds that calls of a function take."""
    function = getattr(owner, name)

    def call(*arguments: Any) -> Any:
        start = time.process_time()
        result = function(*arguments)
        spent[name] = spent.get(name, 0.0) + time.process_time() - start
        return result

    setattr(owner, name, call)
    try:
        yield
    finally:
        setattr(owner, name, function)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=12_110)
    parser.add_argument("--epochs", type=int, default=50)
    arguments = parser.parse_args()
    options = HeadOptions(epochs=arguments.epochs, validation="split")
    random = np.random.default_rng(1)
    training = random_examples(arguments.clips, "training", random)
    validation = random_examples(max(100, arguments.clips // 4), "validation", random)
    train_head(
        training.take(np.arange(min(400, arguments.clips))),
        validation,
        HeadOptions(epochs=1),
        seed=1,
    )  # warm-up
    spent: dict[str, float] = {}
    start, processor = time.perf_counter(), time.process_time()
    with (
        timed(descent, "global_norm", spent),
        timed(descent.Descent, "quality", spent),
        timed(Validation, "signals", spent),
    ):
        trained = train_head(training, validation, options, seed=1)
    seconds, busy = time.perf_counter() - start, time.process_time() - processor
    products = share_of_products(training, validation)
    rows = trained.summary["training"]["windows"]
    print(
        f"{arguments.clips} clips x {DIMENSIONS}, {options.hidden_units} hidden units, {arguments.epochs} epochs of"
    )
    print(f"{rows} rows in batches of {options.batch_size}, torch on one thread:")
    print(f"{seconds:8.1f} s, of which the processor worked {busy:.1f} s for this process")
    print(f"{arguments.clips * arguments.epochs / seconds:8.0f} clips/s")
    print(f"{100 * (1 - products):8.0f} % of the time outside matrix products")
    parts = ", ".join(f"{name} {100 * part / busy:.1f}" for name, part in spent.items())
    print(
        f"{100 * sum(spent.values()) / busy:8.1f} % of that work for the signals of health: {parts}"
    )


if __name__ == "__main__":
    main()
