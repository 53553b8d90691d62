"""SpecAugment by itself: the accents study's small trainings with masks over bands and moments, and without.

    python benchmarks/spec_augment.py [--bands 8] [--frames 20] [--seeds 3]

The trainings are the healthy ones of `accent_faults.py`, on other voices with each seed; the two of a seed differ in
the masks alone. Judged by the test of unheard voices, which chooses nothing. Needs what accent_faults.py needs.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "studies/accents/src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np
from accent_faults import STUDY, Training, training_of
from voice_networks import accuracy

from accents import fitting
from chorus.clips import TEST_IID
from chorus.statistics.intervals import student

FIRST_SEED = 301


def tested(training: Training, bands: int, frames: int) -> float:
    """Accuracy on the test of unheard voices. bands, frames: widest masks."""
    masked = replace(training.run.augmenting, bands=bands, frames=frames)
    asked = replace(training.run, augmenting=masked)
    said = fitting.fit(training.samples, training.heard, asked).predictions
    return accuracy(said[said["split"] == TEST_IID])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bands", type=int, default=8, help="of 40 mel bands")
    parser.add_argument("--frames", type=int, default=20, help="of 100 in a piece")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--study", type=Path, default=STUDY, metavar="FOLDER")
    arguments = parser.parse_args()
    more = []
    for seed in range(FIRST_SEED, FIRST_SEED + arguments.seeds):
        training = training_of(arguments.study, seed)
        without = tested(training, 0, 0)
        masked = tested(training, arguments.bands, arguments.frames)
        more.append(masked - without)
        print(f"seed {seed}: without {without:.3f}, with masks {masked:.3f}", flush=True)
    variance = float(np.var(more, ddof=1)) / len(more)
    low, high, _ = student(float(np.mean(more)), (variance, len(more) - 1), level=0.95)
    print(f"masks: {np.mean(more):+.3f} (95 % over {len(more)} seeds: {low:+.3f} to {high:+.3f})")


if __name__ == "__main__":
    main()
