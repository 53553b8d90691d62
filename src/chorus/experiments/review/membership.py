"""Which clips belong to which split, subset and training set, and who came and went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from chorus.clips import SPLITS
from chorus.composition import BASELINE

COLUMNS = ["clip_id", "label", "quality", "source"]
TRAINING_SET = "training set"
_KEY = ["clip_id", "label", "quality"]  # a clip whose label was corrected left, and entered again


@dataclass(frozen=True)
class Change:
    """A set of clips before and after.

    before, after: how many clips; None: there was, or is, no such set.
    entered, left: one row a clip, with COLUMNS.
    """

    name: str
    before: int | None
    after: int | None
    entered: pd.DataFrame
    left: pd.DataFrame

    @property
    def any(self) -> bool:
        if self.before is None or self.after is None:
            return True
        return len(self.entered) + len(self.left) > 0


def split_name(split: str) -> str:
    """What a split is called in the tables of a review."""
    return f"split {split}"


def clip_sets(
    splits: pd.DataFrame | None,
    subsets: Mapping[str, pd.DataFrame],
    training: pd.DataFrame | None,
) -> dict[str, pd.DataFrame]:
    """All sets of clips of one revision, by name, each with COLUMNS.

    Args:
        splits: clip_id, split, label, quality of all clips; None: not known, so all labels and qualities are "".
        subsets: "positive/small" -> a table with clip_id.
        training: clip_id, label, source; None: not known.
    """
    sets: dict[str, pd.DataFrame] = {}
    known = pd.DataFrame(columns=["clip_id", "label", "quality"], dtype=str)
    if splits is not None:
        known = splits[["clip_id", "label", "quality"]]
        for split in SPLITS:
            sets[split_name(split)] = splits[splits["split"] == split].assign(source="")[COLUMNS]
    for name, members in subsets.items():
        sets[f"subset {name}"] = _described(members[["clip_id"]].assign(source=""), known)
    if training is not None:
        labelled = _described(training[["clip_id", "source"]], known)
        sets[TRAINING_SET] = labelled.assign(label=training["label"].to_numpy())
    return sets


def compare_sets(
    before: Mapping[str, pd.DataFrame], after: Mapping[str, pd.DataFrame]
) -> list[Change]:
    """The sets of two revisions, the training set first."""
    names = sorted({**before, **after}, key=lambda name: name != TRAINING_SET)
    empty = pd.DataFrame(columns=COLUMNS, dtype=str)
    changes = []
    for name in names:
        old, new = before.get(name, empty), after.get(name, empty)
        changes.append(
            Change(
                name=name,
                before=_size(before, name),
                after=_size(after, name),
                entered=_without(new, old),
                left=_without(old, new),
            )
        )
    return changes


def _size(sets: Mapping[str, pd.DataFrame], name: str) -> int | None:
    """None where there is no such set: it may be new, or lost, and is told apart from an empty one."""
    return len(sets[name]) if name in sets else None


def clips_in_words(clips: pd.DataFrame) -> str:
    """Clips by label, quality and source: "3 positive (high), 34 negative from hardneg_conf_min_50"."""
    counts = clips.groupby(["label", "quality", "source"], sort=True).size()
    words = []
    for (label, quality, source), count in sorted(counts.items(), key=lambda item: -item[1]):
        said = f"{count} {label or 'clips'}"
        if quality:
            said += f" ({quality})"
        if source not in ("", BASELINE):
            said += f" from {source}"
        words.append(said)
    return ", ".join(words)


def _described(members: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    # a clip that stands twice in the splits would be counted twice here
    table = members.merge(known, on="clip_id", how="left", validate="many_to_one")
    return table.fillna({"label": "", "quality": ""})[COLUMNS]


def _without(clips: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    keys, theirs = (pd.MultiIndex.from_frame(table[_KEY]) for table in (clips, others))
    own = clips[~keys.isin(theirs)]
    return own.sort_values("clip_id", ignore_index=True)
