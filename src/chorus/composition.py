"""The training set as a recipe: which positives, which negatives, and how many of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import Field

from chorus.clips import CANDIDATE, NEGATIVE, POSITIVE, QUALITIES, TRAIN, WINDOW_SECONDS, name_clips
from chorus.errors import DataError, LeakageError, ParameterError
from chorus.leakage import audit_training
from chorus.options import options
from chorus.seeds import stable_fraction

BASELINE = "baseline"  # the source of clips that come from the training split itself

AUTO = "auto"
AUTO_QUALITY = ("high", "medium")
AUTO_POSITIVES = 30  # with fewer, leaving clips out costs more than they disturb (docs/your_recordings.md)

Quality = Literal["high", "medium", "low", "auto"]


@options
class ComposeOptions:
    """What a training set is made of.

    quality: qualities of the training split's positives that are used. auto: high and medium, or all where fewer than
        30 positives are of these.
    balance: draw the negatives down to the number of positives. auto: where there are 30 positives at least.
    positive_subsets, negative_subsets: mined subsets that are added, by name.
    """

    quality: Annotated[tuple[Quality, ...], Field(min_length=1)] = ("high", "medium")
    balance: Literal[True, False, "auto"] = True
    positive_subsets: tuple[str, ...] = ()
    negative_subsets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("quality", "positive_subsets", "negative_subsets"):
            values = getattr(self, name)
            if len(set(values)) < len(values):
                raise ValueError(f"{name} names something twice: {list(values)}")
        if AUTO in self.quality and len(self.quality) > 1:
            raise ValueError(f"quality: auto stands alone, not in {list(self.quality)}")


@dataclass(frozen=True)
class Composition:
    """A training set.

    manifest: one row a clip: clip_id, label, source ("baseline" or the subset it came from); sorted by clip_id.
    summary: the counts, for JSON.
    """

    manifest: pd.DataFrame
    summary: dict[str, Any]


def compose(
    clips: pd.DataFrame,
    positive_subsets: Mapping[str, Sequence[str]],
    negative_subsets: Mapping[str, Sequence[str]],
    options: ComposeOptions,
    seed: int,
) -> Composition:
    """Compose a training set.

    Args:
        clips: clip_id, split, label, quality, windows, site, recorder, recording, group, sha256 of every clip.
        positive_subsets, negative_subsets: the existing subsets, name -> clip ids.
        seed: decides which negatives are drawn when `balance` is on. The draw ranks clips by a hash of seed and clip
            id, so two compositions with the same seed share as many negatives as they can: a difference between them
            is then due to the composition rather than to the luck of the draw.

    Raises:
        ParameterError: an unknown subset.
        DataError: an empty subset, a clip in both classes, or no positives although the training split has some.
        LeakageError: a clip that judges models, or shares with such clips what it must not (`chorus.leakage`).
    """
    table = clips.set_index("clip_id")
    if not table.index.is_unique:
        raise DataError(f"clips listed twice: {name_clips(sorted(set(table.index[table.index.duplicated()])))}")
    train = table[table["split"] == TRAIN]
    quality = _qualities(train, options)
    positives = train[(train["label"] == POSITIVE) & train["quality"].isin(quality)]
    negatives = train[train["label"] == NEGATIVE]
    offered_positives = _chosen(positive_subsets, options.positive_subsets, "compose.positive_subsets")
    offered_negatives = _chosen(negative_subsets, options.negative_subsets, "compose.negative_subsets")
    sources = {
        POSITIVE: _sources(positives.index, offered_positives),
        NEGATIVE: _sources(negatives.index, offered_negatives),
    }
    _audit(table, sources)
    balance = options.balance if options.balance != AUTO else len(sources[POSITIVE]) >= AUTO_POSITIVES
    if balance:
        sources[NEGATIVE] = _draw(sources[NEGATIVE], len(sources[POSITIVE]), seed)
    rows = [(clip, label, source) for label, by_clip in sources.items() for clip, source in by_clip.items()]
    manifest = pd.DataFrame(rows, columns=["clip_id", "label", "source"]).sort_values("clip_id", ignore_index=True)
    offered = {POSITIVE: offered_positives, NEGATIVE: offered_negatives}
    summary = _summary(manifest, table, offered)
    summary |= {"quality": "+".join(quality), "balance": bool(balance)}
    summary |= _long(table.loc[manifest.loc[manifest["label"] == POSITIVE, "clip_id"], "windows"].astype(int))
    left_out = train.loc[~train.index.isin(manifest["clip_id"]), "label"]
    summary |= {f"{label}s_left_out": int((left_out == label).sum()) for label in (POSITIVE, NEGATIVE)}
    return Composition(manifest, summary)


def remarks(summary: Mapping[str, Any]) -> list[str]:
    """What of the training split is not in the training set, and by which parameter, one sentence each."""
    said = []
    if summary["positives_left_out"]:
        said.append(
            f"{summary['positives_left_out']} training positives are left out, because compose.quality takes "
            f"{summary['quality']} alone"
        )
    if summary["negatives_left_out"] and summary["balance"]:
        said.append(
            f"{summary['negatives_left_out']} training negatives are left out, because compose.balance draws them down "
            "to the number of positives"
        )
    if summary["positives_of_several_windows"]:
        said.append(
            f"{summary['positives_of_several_windows']} training positives are longer than {WINDOW_SECONDS} s: all of "
            f"their {summary['windows_of_these']} windows count as positive, whether or not the call is in them; say "
            "where the calls are in the columns onset and end of clips.csv (docs/your_recordings.md)"
        )
    said += [f"the training set has no {label} clips" for label in (POSITIVE, NEGATIVE) if not summary[f"{label}s"]]
    return said


def lacks(clips: pd.DataFrame, options: ComposeOptions) -> list[str]:
    """The labels that a composition without subsets would have no clip of.

    Args:
        clips: split, label, quality of every clip.
    """
    train = clips[clips["split"] == TRAIN]
    positive = (train["label"] == POSITIVE) & train["quality"].isin(_qualities(train, options))
    there = {POSITIVE: positive.any(), NEGATIVE: (train["label"] == NEGATIVE).any()}
    return [label for label, some in there.items() if not some]


def _long(windows: pd.Series) -> dict[str, int]:
    several = windows[windows > 1]
    return {"positives_of_several_windows": len(several), "windows_of_these": int(several.sum())}


def _qualities(train: pd.DataFrame, options: ComposeOptions) -> tuple[str, ...]:
    """The qualities of positives that are used."""
    if options.quality != (AUTO,):
        return options.quality
    counts = train.loc[train["label"] == POSITIVE, "quality"].value_counts()
    enough = counts.reindex(AUTO_QUALITY, fill_value=0).sum() >= AUTO_POSITIVES
    return AUTO_QUALITY if enough else QUALITIES


def _chosen(subsets: Mapping[str, Sequence[str]], names: Sequence[str], key: str) -> dict[str, Sequence[str]]:
    for name in names:
        if name not in subsets:
            raise ParameterError(f"{key}: no subset {name!r}; there are: {', '.join(sorted(subsets)) or 'none'}")
        if not len(subsets[name]):
            full = ", ".join(other for other in sorted(subsets) if len(subsets[other]))
            raise DataError(f"{key}: the subset {name!r} is empty; those with clips are: {full or 'none'}")
    return {name: subsets[name] for name in names}


def _sources(baseline: pd.Index, subsets: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """clip id -> where it came from; a clip that is offered twice counts where it was offered first."""
    sources = dict.fromkeys(baseline, BASELINE)
    for name, members in subsets.items():
        for clip in members:
            sources.setdefault(clip, name)
    return sources


def _audit(table: pd.DataFrame, sources: Mapping[str, Mapping[str, str]]) -> None:
    both = sorted(set(sources[POSITIVE]) & set(sources[NEGATIVE]))
    if both:
        raise DataError(f"clips that are both positive and negative: {name_clips(both)}")
    for label, by_clip in sources.items():
        if not by_clip and ((table["split"] == TRAIN) & (table["label"] == label)).any():
            raise DataError(f"the composition holds no {label} clips: widen compose.quality or add a subset")
        unknown = sorted(set(by_clip) - set(table.index))
        if unknown:
            raise DataError(f"clips of a subset that are not in the survey: {name_clips(unknown)}")
    positives, negatives = table.loc[list(sources[POSITIVE])], table.loc[list(sources[NEGATIVE])]
    stray_positives = positives[(positives["split"] != TRAIN) | (positives["label"] != POSITIVE)]
    stray_negatives = negatives[~negatives["split"].isin([TRAIN, CANDIDATE]) | (negatives["label"] != NEGATIVE)]
    for stray, rule in (
        (stray_positives, "training positives must be positive clips of the training split"),
        (stray_negatives, "training negatives must be negative clips of the training split or candidates"),
    ):
        if len(stray):
            raise LeakageError(f"{rule}: {name_clips(sorted(stray.index))}")
    audit_training([*positives.index, *negatives.index], table.reset_index())


def _draw(sources: Mapping[str, str], size: int, seed: int) -> dict[str, str]:
    ranked = sorted(sources, key=lambda clip: (stable_fraction("compose", seed, clip), clip))
    return {clip: sources[clip] for clip in ranked[:size]}


def _summary(
    manifest: pd.DataFrame, table: pd.DataFrame, offered: Mapping[str, Mapping[str, Sequence[str]]]
) -> dict[str, Any]:
    positives = manifest[manifest["label"] == POSITIVE]
    negatives = manifest[manifest["label"] == NEGATIVE]
    quality = table.loc[positives["clip_id"], "quality"]
    summary: dict[str, Any] = {
        "positives": len(positives),
        "negatives": len(negatives),
        "positives_by_quality": {name: int((quality == name).sum()) for name in QUALITIES},
        "positives_from_split": int((positives["source"] == BASELINE).sum()),
        "negatives_from_split": int((negatives["source"] == BASELINE).sum()),
    }
    for label, part in ((POSITIVE, positives), (NEGATIVE, negatives)):
        for name, members in offered[label].items():
            summary.setdefault(f"{label}_subsets", {})[name] = {
                "offered": len(members),
                "entered": int((part["source"] == name).sum()),
            }
    return summary
