"""The answers of every configuration, and what was chosen for each on development clips that no search saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from chorus.metrics import ece
from chorus.metrics.temperature import fit_temperature, probability
from chorus.options import options
from speech.clips import HOLDOUT, TEST
from speech.demo import SPEECH

CONFIGURATIONS = {  # name -> model, fine-tuning, prompt
    "base": ("base", "no", "baseline"),
    "base_opro": ("base", "no", "OPRO"),
    "lora": ("base", "LoRA", "baseline"),
    "lora_opro": ("base", "LoRA", "OPRO"),
    "lora_mlp": ("base", "LoRA + MLP", "baseline"),
    "lora_mlp_opro": ("base", "LoRA + MLP", "OPRO"),
}


@options
class EvaluateOptions:
    """resamples: of the sources; a fifth of them for fitted curves. seed: of the draws."""

    resamples: Annotated[int, Field(ge=20)] = 1000
    seed: Annotated[int, Field(ge=0)] = 1


@dataclass(frozen=True, eq=False)
class Answers:
    """One configuration on the test variants. rows: the columns of the variants. margins: (seeds, rows).

    temperatures, thresholds: one a seed, chosen on variants of holdout clips. A clip whose margin reaches the threshold
    is called speech; by the argmax, one whose margin reaches 0.
    """

    name: str
    seeds: tuple[int, ...]
    margins: NDArray[np.float64]
    temperatures: tuple[float, ...]
    thresholds: tuple[float, ...]
    rows: pd.DataFrame

    @property
    def speech(self) -> NDArray[np.bool_]:
        """(rows,)."""
        return np.asarray(self.rows["label"] == SPEECH, np.bool_)

    @property
    def right(self) -> NDArray[np.bool_]:
        """By the argmax, (seeds, rows)."""
        return np.asarray((self.margins >= 0) == self.speech)

    @property
    def right_at_threshold(self) -> NDArray[np.bool_]:
        """By the chosen thresholds, (seeds, rows)."""
        chosen = np.array(self.thresholds)[:, None]
        return np.asarray((self.margins >= chosen) == self.speech)

    def take(self, which: NDArray[np.bool_]) -> Answers:
        """Some rows."""
        rows = self.rows[which].reset_index(drop=True)
        chosen = (self.temperatures, self.thresholds)
        return Answers(self.name, self.seeds, self.margins[:, which], *chosen, rows)

    def stacked(self, column: str) -> NDArray[Any]:
        """A column of the rows, once for each seed."""
        return np.tile(self.rows[column].to_numpy(), len(self.seeds))


def read_answers(predictions: pd.DataFrame) -> dict[str, Answers]:
    """The configurations that a table of predictions holds, with what is chosen on variants of holdout clips.

    On clean clips alone an adapted model may be always right; no temperature but 0 would then suit it.
    """
    found = {}
    for name in CONFIGURATIONS:
        # A grid trains one adapter at a time: not every configuration is there.
        own = predictions[predictions["configuration"] == name]
        if own.empty:
            continue
        seeds = tuple(int(seed) for seed in sorted(set(own["seed"])))
        margins, temperatures, thresholds = [], [], []
        for seed in seeds:
            of_seed = own[own["seed"] == seed]
            held, test = of_seed[of_seed["split"] == HOLDOUT], of_seed[of_seed["split"] == TEST]
            speech = (held["label"] == SPEECH).to_numpy(np.bool_)
            temperatures.append(fit_temperature(speech, held["margin"]))
            thresholds.append(best_threshold(speech, held["margin"]))
            margins.append(test["margin"].to_numpy(np.float64))
        rows = test.reset_index(drop=True).drop(columns=["margin", "seed", "configuration"])
        chosen = (tuple(temperatures), tuple(thresholds))
        found[name] = Answers(name, seeds, np.stack(margins), *chosen, rows)
    return found


def summary(answers: Mapping[str, Answers]) -> dict[str, float]:
    """Means over the configurations and their seeds: in a grid, of the one adapter that a run trains."""
    figures = []
    for each in answers.values():
        for margins, temperature in zip(each.margins, each.temperatures, strict=True):
            said = margins >= 0
            recalls = (float(said[each.speech].mean()), float((~said[~each.speech]).mean()))
            error = ece(each.speech, probability(margins, temperature))
            figures.append((sum(recalls) / 2, *recalls, error))
    names = ("balanced_accuracy", "recall_speech", "recall_nonspeech", "ece")
    return dict(zip(names, np.mean(figures, axis=0).tolist(), strict=True))


def best_threshold(speech: ArrayLike, margins: ArrayLike) -> float:
    """From which margin on a clip is called speech, by the highest balanced accuracy; of equals that nearest to 0.

    Midway between two margins, so that a clip that scores a hair otherwise is not judged otherwise.

    Args:
        speech: bool (n,), of both classes. margins: (n,), of clips that are not judged.
    """
    truth, values = np.asarray(speech, np.bool_), np.asarray(margins, np.float64)
    levels = np.unique(values)
    middles = (levels[1:] + levels[:-1]) / 2
    candidates = np.concatenate([[levels[0]], middles, [0.0]])
    recall = 1 - np.searchsorted(np.sort(values[truth]), candidates) / truth.sum()
    rejected = np.searchsorted(np.sort(values[~truth]), candidates) / (~truth).sum()
    balanced = (recall + rejected) / 2
    # Sums of two shares that are equal may differ in their last digit.
    best = candidates[balanced >= balanced.max() - 1e-12]
    return float(best[np.argmin(np.abs(best))])
