"""Would the last digits of embeddings, which differ between types of CPU, change the detector?

    python benchmarks/rounding.py

Needs data/embeddings and data/manifests of the demo (make run). Trains the default detector on embeddings changed at
random by a relative 1e-7 (about one last digit) and more.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np

from chorus import detector, embeddings
from chorus.clips import POSITIVE, TEST_OOD
from chorus.files import read_csv
from chorus.metrics import auprc
from chorus.training import HeadOptions

CHANGES = (0.0, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3)
SEED = 123


def main() -> None:
    clips, manifest = read_csv("data/manifests/splits.csv"), read_csv("data/manifests/train.csv")
    known = embeddings.read(Path("data/embeddings"))
    ood = clips[clips["split"] == TEST_OOD]
    truth = (ood["label"] == POSITIVE).to_numpy(dtype=bool)
    print(
        f"{'change':>8} {'best epoch':>11} {'threshold':>10} {'OOD AUPRC':>10} {'detections':>11}"
    )
    for change in CHANGES:
        noise = np.random.default_rng(SEED).standard_normal(known.features.shape)
        features = (known.features * (1 + change * noise)).astype(np.float32)
        changed = embeddings.Embeddings(known.encoder_id, features, known.clip_ids)
        trained = detector.fit(manifest, clips, changed, HeadOptions(), SEED)
        scores = detector.score(trained.head.scores, changed, ood["clip_id"]).to_numpy()
        figures = f"{trained.threshold:>10.5f} {auprc(truth, scores):>10.5f} {(scores >= trained.threshold).sum():>11}"
        print(f"{change:>8.0e} {trained.best_epoch:>11} {figures}")


if __name__ == "__main__":
    main()
