"""Searches for prompts: for which models, and what each is said to have gained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np

from chorus.paths import SPLITS
from speech import tuning
from speech.model import AudioModel, Floats, Heard
from speech.opro import History
from speech.signals import Quiz
from speech.study import ADAPTERS, BASE, CLIPS, Study


def models(given: Study, of: Sequence[str]) -> Iterator[tuple[str, int, AudioModel]]:
    """What a prompt is searched for, with every seed; each is of use until the next one.

    Args:
        of: base, and adapters; those that `tune` does not train are left out.
    """
    if not of:
        return
    # Not before: loading a real model takes long.
    model = given.base()
    if "base" in of:
        for seed in given.seeds:
            yield "base", seed, model
    for adapter in given.tune.adapters:
        if adapter not in of:
            continue
        for seed in given.seeds:
            adapted = tuning.with_adapter(model, ADAPTERS / f"{adapter}_{seed}")
            yield adapter, seed, adapted
            model = tuning.without_adapters(adapted)


def weights(given: Study, name: str, seed: int) -> str:
    """What a search's history is of: a hash of the model's weights and of the clips; with others it starts anew."""
    files = [SPLITS, *sorted(CLIPS.glob("*.tar")), *sorted(BASE.glob("*.safetensors"))]
    if name != "base":
        files += sorted((ADAPTERS / f"{name}_{seed}").glob("*.safetensors"))
    found = sha256(given.model.path.encode())
    for path in files:
        found.update(sha256(path.read_bytes()).digest())
    return found.hexdigest()


def gains(given: Study, model: AudioModel, history: History, held: Quiz) -> dict[str, float]:
    """What the best prompt gains over the baseline: as searched, and on clips that the search never saw."""
    # Every search begins with the baseline.
    start, best = history.tried[0], history.best
    before = given.balanced_accuracy(model, held, start.prompt)
    return {
        "prompts": len(history.tried),
        "failures": len(history.failures),
        "gain_as_searched": best.balanced_accuracy - start.balanced_accuracy,
        "gain_held_out": given.balanced_accuracy(model, held, best.prompt) - before,
    }


def mean_gains(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Of the searches for the base: the winner's curse is the difference. Nothing where there are none."""
    searched: list[float] = []
    held_out: list[float] = []
    for name, each in found.items():
        if name.startswith("base_"):
            searched.append(each["gain_as_searched"])
            held_out.append(each["gain_held_out"])
    if not searched:
        return {}
    mean = (float(np.mean(searched)), float(np.mean(held_out)))
    return {"mean": {"gain_as_searched": mean[0], "gain_held_out": mean[1]}}


class Known:
    """Answers that were given already: several searches for one model may end with one prompt."""

    def __init__(self, given: Study, heard: Heard) -> None:
        """`heard` is what every model is asked about."""
        self.given, self.heard = given, heard
        self.known: dict[tuple[str, int, str], Floats] = {}

    def margins(self, name: str, seed: int, model: AudioModel, prompt: str) -> Floats:
        """Of a model with a prompt; the base is one model, whatever the seed of the search."""
        key = (name, 0 if name == "base" else seed, prompt)
        if key not in self.known:
            self.known[key] = self.given.margins(model, self.heard, prompt)
        return self.known[key]
