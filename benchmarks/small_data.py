"""How little is too little? Small studies drawn from the demo's nights.

    python benchmarks/small_data.py

Needs data/embeddings and data/manifests of the demo (make run), in the folder where it is started. Prints Markdown for
docs/your_recordings.md: how far figures scatter over so many nights to judge by, how good a detector becomes on so many
nights to learn from, and what leaving clips out (compose.quality, compose.balance) costs there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np
import pandas as pd

from chorus import detector, embeddings
from chorus.clips import POSITIVE, TEST_IID, TEST_OOD, TRAIN, VALIDATION
from chorus.composition import ComposeOptions, compose
from chorus.files import read_csv
from chorus.metrics import auprc, confusion
from chorus.seeds import generator
from chorus.training import HeadOptions

JUDGING_NIGHTS = (2, 4, 6, 10, 20, 40)
LEARNING_NIGHTS = (2, 4, 8, 16, 32)
DRAWS = 1000
COMPOSITIONS = {
    "all": ComposeOptions(quality=("high", "medium", "low"), balance=False),
    "high + medium, balanced": ComposeOptions(quality=("high", "medium"), balance=True),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--trainings",
        type=int,
        default=6,
        help="for each number of nights to learn from (default: 6)",
    )
    arguments = parser.parse_args()
    clips, known = read_csv("data/manifests/splits.csv"), embeddings.read(Path("data/embeddings"))
    print("\n| nights to judge by | positives | SD of AUPRC | of F1 | draws without a positive |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for row in judging(clips, known):
        print(row, flush=True)
    print(
        "\n| nights to learn from | positives | AUPRC on the OOD test | lowest | high + medium, balanced | lowest |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in learning(clips, known, arguments.trainings):
        print(row, flush=True)


def judging(clips: pd.DataFrame, known: embeddings.Embeddings) -> Iterator[str]:
    """Rows: how figures of one detector scatter when so many of its test nights are drawn."""
    manifest = compose(clips, {}, {}, COMPOSITIONS["high + medium, balanced"], 1).manifest
    trained = detector.fit(manifest, clips, known, HeadOptions(), 1)
    judged = clips[clips["split"].isin([VALIDATION, TEST_IID, TEST_OOD])]
    scores = detector.score(trained.head.scores, known, judged["clip_id"]).to_numpy()
    labels = (judged["label"] == POSITIVE).to_numpy()
    names, night_of = np.unique(judged["group"], return_inverse=True)
    assert trained.threshold is not None
    for nights in JUDGING_NIGHTS:
        figures = []
        random = generator(1, "small data", nights)
        for _ in range(DRAWS):
            part = np.isin(night_of, random.choice(len(names), nights, replace=False))
            if labels[part].any() and not labels[part].all():
                f1 = confusion(labels[part], scores[part], trained.threshold).f1
                figures.append((labels[part].sum(), auprc(labels[part], scores[part]), f1))
        positives, *values = np.array(figures).T
        spread = " | ".join(f"{value.std(ddof=1):.2f}" for value in values)
        yield f"| {nights} | {positives.mean():.0f} | {spread} | {1 - len(figures) / DRAWS:.0%} |"


def learning(clips: pd.DataFrame, known: embeddings.Embeddings, trainings: int) -> Iterator[str]:
    """Rows: how good detectors become that learn from so many training nights, with all their clips and with some."""
    train = clips["split"] == TRAIN
    names = clips.loc[train, "group"].unique()
    tests = clips[clips["split"] == TEST_OOD]
    labels = (tests["label"] == POSITIVE).to_numpy()
    for nights in LEARNING_NIGHTS:
        found: dict[str, list[float]] = {name: [] for name in COMPOSITIONS}
        positives = []
        for seed in range(1, trainings + 1):
            kept = generator(seed, "small data", "learning", nights).choice(
                names, nights, replace=False
            )
            part = clips[~train | clips["group"].isin(kept)]
            positives.append(int(((part["split"] == TRAIN) & (part["label"] == POSITIVE)).sum()))
            for name, options in COMPOSITIONS.items():
                manifest = compose(part, {}, {}, options, seed).manifest
                trained = detector.fit(manifest, part, known, HeadOptions(), seed)
                scores = detector.score(trained.head.scores, known, tests["clip_id"]).to_numpy()
                found[name].append(auprc(labels, scores))
        cells = " | ".join(
            f"{np.mean(values):.2f} | {np.min(values):.2f}" for values in found.values()
        )
        yield f"| {nights} | {min(positives)}-{max(positives)} | {cells} |"


if __name__ == "__main__":
    main()
