"""What two things do to the accents study's small trainings, which are the healthy ones of `accent_faults.py`.

    python benchmarks/accent_trainings.py masks      # SpecAugment by itself, against no masks
    python benchmarks/accent_trainings.py overlap    # rows dealt without asking who speaks, against voices apart

The two trainings of a seed differ in that alone; another seed has other training voices. Both are judged by the test of
heard sentences, which chooses nothing. Needs what accent_faults.py needs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "studies/accents/src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np
from accent_faults import STUDY, Training, training_of
from spoken_digits import accuracy

from accents import fitting
from chorus.clips import TEST_IID
from chorus.seeds import generator
from chorus.statistics.intervals import student

FIRST_SEED = 301
BANDS, FRAMES = 8, 20  # widest masks, of 40 mel bands and 100 frames


def masks(training: Training) -> Training:
    """With SpecAugment's masks over bands and moments."""
    masked = replace(training.run.augmenting, bands=BANDS, frames=FRAMES)
    return replace(training, run=replace(training.run, augmenting=masked))


def overlap(training: Training) -> Training:
    """As many rows in each split, dealt at random: speakers of the test are heard in training."""
    samples = training.samples
    random = generator(training.run.seed, "overlap")
    dealt = random.permutation(samples["split"].to_numpy())
    return replace(training, samples=samples.assign(split=dealt))


CHANGES: dict[str, Callable[[Training], Training]] = {"masks": masks, "overlap": overlap}


def tested(training: Training) -> float:
    """Accuracy on the test."""
    said = fitting.fit(training.samples, training.heard, training.run).predictions
    return accuracy(said[said["split"] == TEST_IID])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("change", choices=CHANGES)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--study", type=Path, default=STUDY, metavar="FOLDER")
    arguments = parser.parse_args()
    without, changed = [], []
    for seed in range(FIRST_SEED, FIRST_SEED + arguments.seeds):
        training = training_of(arguments.study, seed)
        without.append(tested(training))
        changed.append(tested(CHANGES[arguments.change](training)))
        print(f"seed {seed}: as it is {without[-1]:.3f}, changed {changed[-1]:.3f}", flush=True)
    more = np.subtract(changed, without)
    variance = float(np.var(more, ddof=1)) / len(more)
    low, high, _ = student(float(more.mean()), (variance, len(more) - 1), level=0.95)
    print(f"as it is {np.mean(without):.3f}, changed {np.mean(changed):.3f}")
    print(
        f"{arguments.change}: {more.mean():+.3f} (95 % over {len(more)} seeds: {low:+.3f} to {high:+.3f})"
    )


if __name__ == "__main__":
    main()
