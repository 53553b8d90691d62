"""One run of the study: from the samples of all splits to a network, its curves, and what it says of every sample."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from accents.said import predictions, task_of
from chorus.clips import TRAIN, VALIDATION
from chorus.tasks import Classification
from chorus.voices.augment import AugmentOptions
from chorus.voices.checkpoint import Checkpoint, History, identity
from chorus.voices.networks import ModelOptions, kind_of
from chorus.voices.sequences import Sequences
from chorus.voices.training import OnEpoch, Spoken, TrainOptions, logits_of, train


@dataclass(frozen=True)
class Run:
    """What a run is asked to be."""

    model: ModelOptions
    augmenting: AugmentOptions
    options: TrainOptions
    seed: int


@dataclass(frozen=True)
class Done:
    """network, history, and predictions of all samples (`predictions`). description: of the model, for its JSON."""

    network: nn.Module
    history: History
    predictions: pd.DataFrame
    metrics: dict[str, Any]
    description: dict[str, Any]


def fit(
    samples: pd.DataFrame,
    heard: Sequences,
    run: Run,
    *,
    unfinished: Path | None = None,
    code: str = "",
    on_epoch: OnEpoch | None = None,
) -> Done:
    """Train on the split train, stopped by validation, and let the network judge all samples.

    Args:
        samples: data/manifests/splits.csv. heard: what the network hears of each.
        unfinished: where a training that is killed leaves its state. code: what the stage's code is.
    """
    task, kind = task_of(samples), kind_of(run.model, run.augmenting)
    learn, judge = (spoken(samples, heard, task, split) for split in (TRAIN, VALIDATION))
    checkpoint = None
    if unfinished is not None:
        # Samples keep their ids when they are encoded or labelled anew.
        content = [learn.labels.tobytes(), judge.labels.tobytes(), heard.values.tobytes()]
        known = identity(repr(run), code, task.classes, learn.ids, judge.ids, *content)
        checkpoint = Checkpoint(unfinished, known)
    trained = train(
        lambda: kind.make(task.outputs),
        kind.hearing,
        learn,
        judge,
        task,
        run.options,
        run.seed,
        checkpoint=checkpoint,
        on_epoch=on_epoch,
    )
    logits = logits_of(trained.network, kind.hearing, heard.of(samples["sample_id"]))
    training = trained.summary | {
        "early_stopping": {"on": "split", "clips": len(judge)},
        "training": {"clips": len(learn), "speakers": len(np.unique(learn.speakers))},
    }
    description = task.description() | {
        "options": asdict(run.options),
        "augment": asdict(run.augmenting),
        "seed": run.seed,
        "training": training,
    }
    shares = task.predictions(logits)
    return Done(
        trained.network,
        trained.history,
        predictions(samples, shares, task),
        trained.summary,
        description,
    )


def spoken(samples: pd.DataFrame, heard: Sequences, task: Classification, split: str) -> Spoken:
    """The samples of a split, for training."""
    part = samples[samples["split"] == split]
    return Spoken(
        heard=heard.of(part["sample_id"]),
        labels=task.numbers(part.set_index("sample_id")["region_label"]),
        speakers=part["speaker_id"].to_numpy(dtype=str),
        ids=part["sample_id"].to_numpy(dtype=str),
    )
