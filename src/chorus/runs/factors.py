"""What the runs of a sweep differ in beside the seed, and what levels and configurations are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

OTHER = "other"  # among a factor's words: the pattern for levels without words of their own
PLACE = "{}"  # of the level in that pattern
ONLY = "the one configuration"
RESERVED = (
    "run", "seed", "block", "signature", "splits", "version", "versions", "configuration", "runs", "n", "threshold",
    "positives", "negatives",
)  # fmt: skip


@dataclass(frozen=True)
class Factor:
    """One thing that runs differ in.

    key: of params.yaml ("compose.balance"). name: its column in every table ("balance").
    levels: as tables spell them, in the order of the sweep: the first is what others are compared with.
    words: level -> what a configuration is called for it, "" for nothing; `OTHER` -> the same for all other levels,
        with the level in place of {}.
    """

    key: str
    name: str
    levels: tuple[str, ...]
    words: Mapping[str, str] = field(default_factory=dict)

    def in_words(self, level: str) -> str:
        """A level as a part of a configuration's name; "" where it goes without saying."""
        if level in self.words:
            return self.words[level]
        pattern = self.words.get(OTHER, f"{self.spoken} {PLACE}")
        return pattern.replace(PLACE, level)

    def label(self, level: str) -> str:
        """A level where its factor stands beside it."""
        # what goes without saying in a name ("") has to be said beside its factor
        return self.words.get(level) or level

    @property
    def spoken(self) -> str:
        return self.name.replace("_", " ")


def spell(value: Any) -> str:
    """A parameter as the tables spell it: lists joined by "+", an empty one "none", nothing "null"."""
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return "+".join(str(item) for item in value) or "none"
    return str(value)


def short_names(keys: Sequence[str], reserved: Sequence[str] = ()) -> dict[str, str]:
    """Key -> its last part, or the whole key where others have the same last part, or it is `reserved`."""
    last = {key: key.rpartition(".")[2] for key in keys}
    times = Counter(last.values())
    names = {}
    for key, name in last.items():
        is_clear = times[name] == 1 and name not in reserved
        names[key] = name if is_clear else key
    return names


def configuration(run: Mapping[str, Any], factors: Sequence[Factor]) -> str:
    """The levels of a run in a few words: "high+medium, balanced, +small"."""
    parts = [factor.in_words(str(run[factor.name])) for factor in factors]
    return ", ".join(filter(None, parts)) or ONLY
