"""Which training samples are probably mislabelled: those that the network which learned them doubts all the same."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from accents.said import likely, of_training
from chorus.reports.html import render
from chorus.shards import Members

SHOWN = 20  # of the suspects
PAGE = ("suspects.html", "suspects.css")


def suspects(predictions: pd.DataFrame) -> pd.DataFrame:
    """Training samples, the most suspicious first.

    A sample's score is cleanlab's label quality by self-confidence (Northcutt et al. 2021, doi:10.1613/jair.1.12125):
    the probability of the class that it is said to be of. The network has heard it in training, under that label; it
    doubts all the same, as it hears other variants in each epoch, is small, and stops by speakers it never hears.

    Args:
        predictions: data/predictions.parquet.

    Returns:
        clip_id, label, score (0 to 1, low is suspicious), likely (the most probable class), rank (from 1), and
        speaker_id, dataset_name.
    """
    from cleanlab.rank import get_label_quality_scores

    learned = of_training(predictions)
    table = learned.table[["sample_id", "label", "speaker_id", "dataset_name"]]
    table = table.rename(columns={"sample_id": "clip_id"})
    score = get_label_quality_scores(learned.truth, learned.shares, method="self_confidence")
    table.insert(2, "score", score)
    table.insert(3, "likely", likely(learned.table))
    # By id among equals, or ranks would hang on the order of the table.
    table = table.sort_values(["score", "clip_id"], ignore_index=True)
    return table.assign(rank=np.arange(1, len(table) + 1))


def contradicted(predictions: pd.DataFrame) -> float | None:
    """Share of the training samples whose label is wrong by confident learning (Northcutt et al. 2021,
    doi:10.1613/jair.1.12125): the network is as sure of another class as it is of that class's own samples.

    None: what it says of training samples is not known.
    """
    from cleanlab.count import num_label_issues

    learned = of_training(predictions)
    if learned.table.empty:
        return None
    issues = num_label_issues(learned.truth, learned.shares, estimation_method="off_diagonal")
    return float(issues / len(learned.table))


def sounds(corpus: Path, samples: pd.DataFrame) -> dict[str, bytes]:
    """The FLAC file of each sample, by its id.

    Args:
        corpus: the folder of the shards. samples: sample_id, shard.

    Raises:
        DataError: a shard is missing or damaged, or lacks a sample.
    """
    names = {f"{sample}.flac": sample for sample in samples["sample_id"]}
    members = Members([corpus / shard for shard in sorted(set(samples["shard"]))], list(names))
    found = {}
    for member, sample in names.items():
        with members[member] as file:
            found[sample] = file.read()
    return found


def page(shown: pd.DataFrame, about: pd.DataFrame, heard: Mapping[str, bytes], number: int) -> str:
    """A page to hear suspects on, which loads nothing.

    Args:
        shown: the first rows of `suspects`. about: sample_id, transcript of each. heard: of `sounds`.
        number: of all suspects.
    """
    said = dict(zip(about["sample_id"], about["transcript"], strict=True))
    samples = []
    for row in shown.to_dict("records"):
        sound = base64.b64encode(heard[row["clip_id"]]).decode("ascii")
        samples.append({**row, "said": said[row["clip_id"]], "sound": sound})
    folder = Path(__file__).parent
    return render(Path(PAGE[0]).stem, {}, folder=folder, dark=True, samples=samples, number=number)
