"""Fit a detector to a manifest and score clips with it: the one way in which detectors and miners are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from chorus.clips import BINARY, VALIDATION, name_clips
from chorus.composition import ComposeOptions, Composition, compose, lacks
from chorus.embeddings import Embeddings
from chorus.errors import DataError
from chorus.mining import ranked
from chorus.training import (
    Examples,
    Head,
    HeadOptions,
    TrainedHead,
    clip_probabilities,
    clip_scores,
    train_head,
    untrained,
)

ScoresOf = Callable[[np.ndarray], np.ndarray]


def fit(
    manifest: pd.DataFrame,
    clips: pd.DataFrame,
    embeddings: Embeddings,
    options: HeadOptions,
    seed: int,
    *,
    classes: tuple[str, ...] = BINARY,
    consistency_groups: pd.Series | None = None,
    on_epoch: Callable[[list[dict[str, float]]], None] | None = None,
) -> TrainedHead:
    """Train a head on a composed training set; the threshold of two classes is chosen on the validation split.

    Args:
        manifest: clip_id, label of the training set.
        clips: clip_id, label, split, group of the whole survey.
        embeddings: of at least the training and validation clips.
        classes: what the labels may be.
        consistency_groups: indexed by clip id; whose group consistency is measured after each epoch (None: nights).

    Returns:
        A head that knows nothing where the training set lacks a class; `summary` says so under `notes`.

    Raises:
        DataError: a clip has no embedding.
    """
    lacking = [name for name in classes if name not in set(manifest["label"])]
    if lacking:
        reason = f"the training set has no {' and no '.join(lacking)} clips"
        return untrained(embeddings.features.shape[1], classes, reason)
    validation = clips[clips["split"] == VALIDATION]
    learned = examples(manifest, clips, embeddings, classes, consistency_groups)
    judged = examples(validation, clips, embeddings, classes, consistency_groups) if len(validation) else None
    return train_head(learned, judged, options, seed, on_epoch)


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
        return ranked(dict(score(self.trained.head.scores, embeddings, clip_ids)))


def fit_miner(
    clips: pd.DataFrame, embeddings: Embeddings, composition: ComposeOptions, options: HeadOptions, seed: int
) -> Miner:
    """Train a miner. Where its composition would lack a class, there is none, and its `note` says so.

    Raises:
        DataError: as `fit`.
        ParameterError: the composition asks for mined subsets, which a miner cannot have.
    """
    note = ""
    if lacking := lacks(clips, composition):
        note = f"no miner was trained: the training split has no {' and no '.join(lacking)} clips of its composition"
        composed = Composition(pd.DataFrame(columns=["clip_id", "label", "source"]), {"positives": 0, "negatives": 0})
        trained = untrained(embeddings.features.shape[1], BINARY, note)
    else:
        composed = compose(clips, {}, {}, composition, seed)
        trained = fit(composed.manifest, clips, embeddings, options, seed)
    about = {
        "composition": {"quality": list(composition.quality), "balance": composition.balance},
        "trained_on": composed.summary,
        "head": asdict(options),
        "seed": seed,
        "encoder": embeddings.encoder_id,
    }
    return Miner(trained, composed, about, note)


def examples(
    labelled: pd.DataFrame,
    clips: pd.DataFrame,
    embeddings: Embeddings,
    classes: tuple[str, ...] = BINARY,
    consistency_groups: pd.Series | None = None,
) -> Examples:
    """One row a window, with the label and the groups of its clip.

    Args:
        labelled: clip_id, label of the clips that are wanted.
        clips: clip_id, group of the whole survey.
        classes: the names of the classes, by number.
        consistency_groups: indexed by clip id; None: as `group`.

    Raises:
        DataError: a clip has no embedding, or a label that is no class.
    """
    if len(strange := labelled[~labelled["label"].isin(classes)]):
        raise DataError(f"labels must be {', '.join(classes)}, but not so: {name_clips(strange['clip_id'].tolist())}")
    rows = embeddings.of(labelled["clip_id"])
    label = labelled.set_index("clip_id")["label"].loc[rows.clip_ids]
    group = clips.set_index("clip_id")["group"].loc[rows.clip_ids].to_numpy(dtype=str)
    return Examples(
        features=rows.features,
        labels=pd.Index(classes).get_indexer(label).astype(np.int64),
        groups=group,
        clip_ids=rows.clip_ids,
        classes=classes,
        consistency_groups=(
            None if consistency_groups is None else consistency_groups.loc[rows.clip_ids].to_numpy(dtype=str)
        ),
    )


def score(scores_of: ScoresOf, embeddings: Embeddings, clip_ids: Iterable[str]) -> pd.Series:
    """A clip's score: the maximum over its windows. Indexed by clip id, in the order asked for.

    Args:
        scores_of: embeddings (n, dimensions) -> scores (n,): `Head.scores`, or a baseline's.

    Raises:
        DataError: a clip has no embedding.
    """
    wanted = list(clip_ids)
    rows = embeddings.of(wanted)
    ids, scores = clip_scores(scores_of(rows.features), rows.clip_ids)
    return pd.Series(scores, index=ids, name="score").loc[wanted]


def class_probabilities(head: Head, embeddings: Embeddings, clip_ids: Iterable[str]) -> pd.DataFrame:
    """A clip's probability of each class (`chorus.training.examples.clip_probabilities`).

    Returns:
        One row a clip, indexed by clip id, in the order asked for; one column a class.

    Raises:
        DataError: a clip has no embedding.
    """
    wanted = list(clip_ids)
    rows = embeddings.of(wanted)
    ids, probabilities = clip_probabilities(head.probabilities(rows.features), rows.clip_ids)
    classes = BINARY if len(head.classes) == 1 else head.classes
    return pd.DataFrame(probabilities, index=ids, columns=list(classes)).loc[wanted]
