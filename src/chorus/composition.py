"""The training set as a recipe: which positives, which negatives, and how many of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from chorus.clips import CANDIDATE, NEGATIVE, POSITIVE, QUALITIES, TRAIN, WINDOW_SECONDS, name_clips
from chorus.errors import DataError, LeakageError, ParameterError
from chorus.files import read_csv
from chorus.leakage import audit_training
from chorus.names import among
from chorus.options import options
from chorus.seeds import stable_fraction

BASELINE = "baseline"  # the source of clips that come from the training split itself

AUTO = "auto"
AUTO_QUALITY = ("high", "medium")
# With fewer, leaving clips out costs more than they disturb (docs/your_recordings.md).
AUTO_POSITIVES = 30

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


def read_subsets(folder: Path) -> dict[str, list[str]]:
    """The mined subsets of one kind that a folder holds: name -> clip ids, best first."""
    return {file.stem: read_csv(file)["clip_id"].tolist() for file in sorted(folder.glob("*.csv"))}


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
    if not clips["clip_id"].is_unique:
        twice = clips.loc[clips["clip_id"].duplicated(), "clip_id"]
        raise DataError(f"clips listed twice: {name_clips(sorted(set(twice)))}")
    # Rows are named by number from here on, whatever index the table comes with.
    clips = clips.reset_index(drop=True)
    train = clips["split"] == TRAIN
    positive = train & (clips["label"] == POSITIVE)
    negative = train & (clips["label"] == NEGATIVE)
    quality = _qualities(clips.loc[positive, "quality"], options)
    offered = {
        POSITIVE: _chosen(positive_subsets, options.positive_subsets, "compose.positive_subsets"),
        NEGATIVE: _chosen(negative_subsets, options.negative_subsets, "compose.negative_subsets"),
    }
    of_quality = positive & clips["quality"].isin(quality)
    sources = {
        POSITIVE: _sources(clips["clip_id"], of_quality, offered[POSITIVE]),
        NEGATIVE: _sources(clips["clip_id"], negative, offered[NEGATIVE]),
    }
    _audit(clips, sources)
    # Drawn from baseline and subsets together, as in the reference study: only a part of a subset then gets in.
    balance = options.balance
    if balance == AUTO:
        balance = len(sources[POSITIVE]) >= AUTO_POSITIVES
    if balance:
        drawn = _draw(clips.loc[sources[NEGATIVE].index, "clip_id"], len(sources[POSITIVE]), seed)
        sources[NEGATIVE] = sources[NEGATIVE].loc[drawn]
    manifest = _manifest(clips["clip_id"], sources)
    summary = _summary(sources, clips["quality"], offered)
    summary |= {"quality": "+".join(quality), "balance": bool(balance)}
    summary |= _long(clips.loc[sources[POSITIVE].index, "windows"].astype(int))
    taken = sources[POSITIVE].index.union(sources[NEGATIVE].index)
    left_out = clips.loc[train & ~clips.index.isin(taken), "label"]
    for label in (POSITIVE, NEGATIVE):
        summary[f"{label}s_left_out"] = int((left_out == label).sum())
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
    for label in (POSITIVE, NEGATIVE):
        if not summary[f"{label}s"]:
            said.append(f"the training set has no {label} clips")
    return said


def lacks(clips: pd.DataFrame, options: ComposeOptions) -> list[str]:
    """The labels that a composition without subsets would have no clip of.

    Args:
        clips: split, label, quality of every clip.
    """
    train = clips[clips["split"] == TRAIN]
    qualities = train.loc[train["label"] == POSITIVE, "quality"]
    lacking = []
    if not qualities.isin(_qualities(qualities, options)).any():
        lacking.append(POSITIVE)
    if not (train["label"] == NEGATIVE).any():
        lacking.append(NEGATIVE)
    return lacking


def _long(windows: pd.Series) -> dict[str, int]:
    several = windows[windows > 1]
    return {"positives_of_several_windows": len(several), "windows_of_these": int(several.sum())}


def _qualities(offered: pd.Series, options: ComposeOptions) -> tuple[str, ...]:
    """The qualities of positives that are used, of those that the training split's positives have."""
    if options.quality != (AUTO,):
        return options.quality
    if offered.isin(AUTO_QUALITY).sum() >= AUTO_POSITIVES:
        return AUTO_QUALITY
    return QUALITIES


def _chosen(
    subsets: Mapping[str, Sequence[str]], names: Sequence[str], key: str
) -> dict[str, Sequence[str]]:
    for name in names:
        if name not in subsets:
            raise ParameterError(
                f"{key}: no subset {name!r}; there are: {', '.join(sorted(subsets)) or 'none'}"
            )
        if not len(subsets[name]):
            full = ", ".join(other for other in sorted(subsets) if len(subsets[other]))
            raise DataError(
                f"{key}: the subset {name!r} is empty; those with clips are: {full or 'none'}"
            )
    return {name: subsets[name] for name in names}


def _sources(
    clip_ids: pd.Series, baseline: pd.Series, subsets: Mapping[str, Sequence[str]]
) -> pd.Series:
    """Where each clip of the composition came from, indexed as the survey's table; offered twice, the first counts.

    Args:
        clip_ids: of the whole survey. baseline: which of them the training split itself offers.
    """
    source = pd.Series("", clip_ids.index, dtype="str").mask(baseline, BASELINE)
    for name, members in subsets.items():
        offered = pd.Series(members, dtype="str")
        unknown = offered[~among(offered, clip_ids)]
        if len(unknown):
            raise DataError(
                f"clips of a subset that are not in the survey: {name_clips(sorted(set(unknown)))}"
            )
        source = source.mask(among(clip_ids, offered) & (source == ""), name)
    return source[source != ""]


def _audit(clips: pd.DataFrame, sources: Mapping[str, pd.Series]) -> None:
    both = sources[POSITIVE].index.intersection(sources[NEGATIVE].index)
    if len(both):
        raise DataError(f"clips that are both positive and negative: {_named(clips.loc[both])}")
    for label, source in sources.items():
        if source.empty and ((clips["split"] == TRAIN) & (clips["label"] == label)).any():
            raise DataError(
                f"the composition holds no {label} clips: widen compose.quality or add a subset"
            )
    about = clips[["clip_id", "split", "label"]]
    positives, negatives = about.loc[sources[POSITIVE].index], about.loc[sources[NEGATIVE].index]
    # Subsets are files, which somebody may have edited or brought along from another split.
    stray = positives[(positives["split"] != TRAIN) | (positives["label"] != POSITIVE)]
    if len(stray):
        raise LeakageError(
            f"training positives must be positive clips of the training split: {_named(stray)}"
        )
    may_train = negatives["split"].isin([TRAIN, CANDIDATE])
    stray = negatives[~may_train | (negatives["label"] != NEGATIVE)]
    if len(stray):
        raise LeakageError(
            "training negatives must be negative clips of the training split or candidates: "
            + _named(stray)
        )
    audit_training(pd.concat([positives["clip_id"], negatives["clip_id"]]), clips)


def _named(clips: pd.DataFrame) -> str:
    return name_clips(sorted(clips["clip_id"]))


def _draw(clip_ids: pd.Series, size: int, seed: int) -> pd.Index:
    """The rows of the clips that are drawn: those with the smallest hashes."""
    # By name first, so that the order of the table decides nothing, not even between equal hashes.
    in_order = clip_ids.sort_values()
    fraction = np.array([stable_fraction("compose", seed, clip) for clip in in_order.tolist()])
    return in_order.index[np.argsort(fraction, kind="stable")[:size]]


def _manifest(clip_ids: pd.Series, sources: Mapping[str, pd.Series]) -> pd.DataFrame:
    parts = []
    for label, source in sources.items():
        ids = clip_ids.loc[source.index]
        parts.append(pd.DataFrame({"clip_id": ids, "label": label, "source": source}))
    return pd.concat(parts).sort_values("clip_id", ignore_index=True)


def _summary(
    sources: Mapping[str, pd.Series],
    quality: pd.Series,
    offered: Mapping[str, Mapping[str, Sequence[str]]],
) -> dict[str, Any]:
    of_positives = quality.loc[sources[POSITIVE].index]
    summary: dict[str, Any] = {
        "positives": len(sources[POSITIVE]),
        "negatives": len(sources[NEGATIVE]),
        "positives_by_quality": {name: int((of_positives == name).sum()) for name in QUALITIES},
        "positives_from_split": int((sources[POSITIVE] == BASELINE).sum()),
        "negatives_from_split": int((sources[NEGATIVE] == BASELINE).sum()),
    }
    for label, source in sources.items():
        for name, members in offered[label].items():
            summary.setdefault(f"{label}_subsets", {})[name] = {
                "offered": len(members),
                "entered": int((source == name).sum()),
            }
    return summary
