"""Miners: heads trained exactly as the detector is, that score clips which they never heard."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from chorus import detector
from chorus.composition import ComposeOptions, Composition, compose, lacks
from chorus.embeddings import Embeddings
from chorus.mining import ranked
from chorus.tasks import DETECTION
from chorus.training import HeadOptions, TrainedHead, untrained


@dataclass(frozen=True)
class Miner:
    """A head trained exactly as the detector is, on a composition of the training split alone.

    note: why it could not be trained, or "".
    """

    trained: TrainedHead
    composition: Composition
    about: dict[str, Any]  # composition, trained_on, head, seed, encoder: how to train it again
    note: str = ""

    @property
    def heard(self) -> list[str]:
        """The clips it was trained on: it must not be asked about these."""
        return list(self.composition.manifest["clip_id"])

    def rank(self, embeddings: Embeddings, clip_ids: list[str]) -> pd.DataFrame:
        """These clips with their scores, best first (`chorus.mining.ranked`); none where it could not be trained."""
        if self.note or not clip_ids:
            return ranked({})
        return ranked(dict(detector.score(self.trained.head.scores, embeddings, clip_ids)))


def fit_miner(
    clips: pd.DataFrame,
    embeddings: Embeddings,
    composition: ComposeOptions,
    options: HeadOptions,
    seed: int,
) -> Miner:
    """Train a miner. Where its composition would lack a class, there is none, and its `note` says so.

    Raises:
        DataError: as `chorus.detector.fit`.
        ParameterError: the composition asks for mined subsets, which a miner cannot have.
    """
    note = ""
    if lacking := lacks(clips, composition):
        note = f"no miner was trained: the training split has no {' and no '.join(lacking)} clips of its composition"
        composed = Composition(
            pd.DataFrame(columns=["clip_id", "label", "source"]), {"positives": 0, "negatives": 0}
        )
        # The stage saves its miners, come what may: one that knows nothing stands for it.
        trained = untrained(embeddings.features.shape[1], DETECTION, note)
    else:
        composed = compose(clips, {}, {}, composition, seed)
        trained = detector.fit(composed.manifest, clips, embeddings, options, seed)
    about = {
        "composition": {"quality": list(composition.quality), "balance": composition.balance},
        "trained_on": composed.summary,
        "head": asdict(options),
        "seed": seed,
        "encoder": embeddings.encoder_id,
    }
    return Miner(trained, composed, about, note)
