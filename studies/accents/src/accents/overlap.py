"""What a split by rows hides: the same method, judged by speakers whom it has heard and by others.

CommonAccent (Zuluaga-Gomez et al. 2023, arXiv:2305.18283) cuts Common Voice by rows for each accent, so that a speaker
may be on both sides. Here the plain head learns from as many samples of the same texts either way.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field

from chorus.clips import TEST_IID, TRAIN, VALIDATION
from chorus.files import write_text
from chorus.options import options
from chorus.reports.svg import bar_chart
from chorus.seeds import generator
from chorus.speech import plain
from chorus.speech.sequences import Sequences
from chorus.tasks import Classification
from chorus.training import HeadOptions

APART, SHARED = "speakers apart", "speakers on both sides"


@options
class OverlapOptions:
    """seeds: of the rows' deal and of the heads; one comparison each."""

    seeds: tuple[Annotated[int, Field(ge=0)], ...] = (1, 2, 3)


def measure(
    samples: pd.DataFrame,
    heard: Sequences,
    task: Classification,
    head: HeadOptions,
    wanted: OverlapOptions,
) -> dict[str, Any]:
    """Accuracy of the plain head on the test of heard sentences, by seed, with speakers apart and on both sides."""
    judged = samples[samples["split"].isin((TRAIN, VALIDATION, TEST_IID))]
    accuracies: dict[str, list[float]] = {APART: [], SHARED: []}
    for seed in wanted.seeds:
        dealt = generator(seed, "overlap").permutation(judged["split"].to_numpy())
        for name, split in ((APART, judged["split"].to_numpy()), (SHARED, dealt)):
            table = judged.assign(split=split, voice=judged["sample_id"])
            accuracies[name].append(_accuracy(table, heard, task, head, seed))
    found = {
        name: {"mean": float(np.mean(values)), "runs": values}
        for name, values in accuracies.items()
    }
    return {"test": TEST_IID, "chance": 1 / task.outputs, **found}


def _accuracy(
    table: pd.DataFrame, heard: Sequences, task: Classification, head: HeadOptions, seed: int
) -> float:
    learn, judge, test = (table[table["split"] == split] for split in (TRAIN, VALIDATION, TEST_IID))
    trained = plain.fit(learn, judge, heard, task, head, seed)
    predicted = np.argmax(plain.probabilities(trained, test, heard), axis=1)
    truth = task.numbers(test.set_index("sample_id")["region_label"])
    return float(np.mean(predicted == truth))


def draw(found: dict[str, Any], path: Path) -> None:
    """A bar for each way, from the lowest to the highest of its runs."""
    bars = [
        (
            name,
            found[name]["mean"],
            min(found[name]["runs"]),
            max(found[name]["runs"]),
            f"{found[name]['mean']:.2f}",
        )
        for name in (APART, SHARED)
    ]
    write_text(path, bar_chart(bars, "accuracies"))


def in_words(found: dict[str, Any]) -> str:
    """One sentence."""
    return (
        f"plain head: accuracy {found[APART]['mean']:.3f} on unheard speakers, "
        f"{found[SHARED]['mean']:.3f} had rows been dealt without regard to the speaker"
    )
