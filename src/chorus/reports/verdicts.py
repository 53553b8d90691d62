"""Whether the differences between compared configurations are real, in a sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pandas as pd

from chorus import statistics
from chorus.errors import DataError


class Pair(Protocol):
    """Two runs that stand for their configurations."""

    @property
    def name(self) -> str: ...
    @property
    def a(self) -> str: ...
    @property
    def b(self) -> str: ...


def verdicts(
    predictions: pd.DataFrame, runs: pd.DataFrame, pairs: Sequence[Pair], split: str, metric: str
) -> dict[str, str]:
    """Name of a comparison -> the sentence of `chorus.statistics.compare`; no entry where it cannot be judged.

    Args:
        predictions: of all runs: run, seed, threshold and what `chorus.statistics.compare` needs.
        runs: run and signature.
        split: "test_ood" or "test_iid".
        metric: what the sentence is about, such as "f1".
    """
    found = {}
    signatures = runs.set_index("run")["signature"]
    signature_of = predictions["run"].map(signatures)
    for pair in pairs:
        a = predictions[signature_of == signatures[pair.a]]
        b = predictions[signature_of == signatures[pair.b]]
        try:
            compared = statistics.compare(b, a, names=("b", "a"), split=split, metric=metric)
        except DataError:
            # say, b lacks a seed that a has: the table of comparisons shows how many there are
            continue
        found[pair.name] = compared.sentence
    return found
