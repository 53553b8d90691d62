"""Subsets picked by a miner's scores: the best of the doubtful positives, the hardest of the new negatives.

A *miner* is a head trained exactly as the detector is, on a composition of its own; this module only picks from its
scores and describes what was picked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import pandas as pd
from pydantic import Field

from chorus.clips import CANDIDATE, POSITIVE, TRAIN, name_clips
from chorus.composition import ComposeOptions
from chorus.errors import DataError, LeakageError
from chorus.files import Exact
from chorus.leakage import candidate_faults, name_faults
from chorus.options import options

Score = Annotated[float, Field(gt=0, lt=1)]
Percent = Annotated[float, Field(gt=0, le=100)]
Seed = Annotated[int, Field(ge=0)]
SubsetName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]  # it becomes a file name


@options
class PositiveMiningOptions:
    """composition, seed: the miner's own training set and seed. min_score: a pool clip counts as detected from this
    score on. top_percent: subset name -> share of the detected clips, best scores first."""

    composition: ComposeOptions
    seed: Seed
    min_score: Score
    top_percent: dict[SubsetName, Percent]


@options
class NegativeMiningOptions:
    """composition, seed: the miner's own training set and seed. min_score: one subset `hardneg_conf_min_<percent>` for
    each of these scores."""

    composition: ComposeOptions
    seed: Seed
    min_score: tuple[Score, ...]


def positive_pool(clips: pd.DataFrame, miner_heard: Sequence[str]) -> list[str]:
    """Low-quality positives of the training split: clip ids, sorted.

    Raises:
        LeakageError: the miner was trained on some of them, so its scores would flatter them.
    """
    mask = (clips["split"] == TRAIN) & (clips["label"] == POSITIVE) & (clips["quality"] == "low")
    pool = sorted(clips.loc[mask, "clip_id"])
    heard = sorted(set(pool) & set(miner_heard))
    if heard:
        raise LeakageError(
            f"the positive miner was trained on clips that it is to score: {name_clips(heard)}"
        )
    return pool


def negative_pool(clips: pd.DataFrame, miner_heard: Sequence[str]) -> list[str]:
    """The candidates: clip ids, sorted.

    Raises:
        LeakageError: a candidate shares something with a split (`chorus.leakage`), or the miner was trained on it.
    """
    candidates = clips[clips["split"] == CANDIDATE]
    faults = candidate_faults(clips)
    if len(faults):
        raise LeakageError(f"candidates must not be mined: {name_faults(clips, faults)}")
    heard = sorted(set(candidates["clip_id"]) & set(miner_heard))
    if heard:
        raise LeakageError(
            f"the negative miner was trained on clips that it is to score: {name_clips(heard)}"
        )
    return sorted(candidates["clip_id"])


def ranked(scores: Mapping[str, float]) -> pd.DataFrame:
    """Scored clips, best first, ties in the order of their ids: columns clip_id, score, rank (from 1)."""
    table = pd.DataFrame({"clip_id": list(scores), "score": list(scores.values())})
    if table["score"].isna().any():
        raise DataError(
            f"clips without a score: {name_clips(table.loc[table['score'].isna(), 'clip_id'].tolist())}"
        )
    table = table.sort_values(["score", "clip_id"], ascending=[False, True], ignore_index=True)
    table["rank"] = range(1, len(table) + 1)
    return table


def pick_top(pool: pd.DataFrame, options: PositiveMiningOptions) -> dict[str, pd.DataFrame]:
    """Of the clips with a detection, the best so many percent (rounded down), for each subset.

    Args:
        pool: from `ranked`.
    """
    detected = pool[pool["score"] >= options.min_score]
    picked = {}
    for name, percent in options.top_percent.items():
        # percent * n / 100 in this order: 0.15 * 100 would round down to 14
        picked[name] = detected.head(math.floor(percent * len(detected) / 100))
    return picked


def pick_hard(pool: pd.DataFrame, options: NegativeMiningOptions) -> dict[str, pd.DataFrame]:
    """The clips with at least a given score, for each subset.

    Args:
        pool: from `ranked`.
    """
    return {hard_negative_name(score): pool[pool["score"] >= score] for score in options.min_score}


def hard_negative_name(min_score: float) -> str:
    """0.5 -> hardneg_conf_min_50, 0.995 -> hardneg_conf_min_99.5."""
    return f"hardneg_conf_min_{min_score * 100:.6g}"


def top_rules(pool: pd.DataFrame, options: PositiveMiningOptions) -> dict[str, str]:
    """How `pick_top` picked each subset, in words."""
    detected = int((pool["score"] >= options.min_score).sum())
    scored = f"by score of the {detected} clips with a score >= {options.min_score:g}"
    return {name: f"top {percent:g} % {scored}" for name, percent in options.top_percent.items()}


def hard_rules(_pool: pd.DataFrame, options: NegativeMiningOptions) -> dict[str, str]:
    """How `pick_hard` picked each subset, in words."""
    return {hard_negative_name(score): f"score >= {score:g}" for score in options.min_score}


@dataclass(frozen=True)
class Kind:
    """A kind of subsets.

    options: the class of its options.
    source: a sentence: which clips are scored.
    pool: clips, and those that the miner heard -> the ids of the clips to score.
    pick, rules: scored clips and options -> the subsets, and how each was picked, in words.
    """

    options: type[Any]
    source: str
    pool: Callable[[pd.DataFrame, Sequence[str]], list[str]]
    pick: Callable[[pd.DataFrame, Any], dict[str, pd.DataFrame]]
    rules: Callable[[pd.DataFrame, Any], dict[str, str]]


KINDS = {
    "positive": Kind(
        PositiveMiningOptions,
        "The low-quality positives of the training split, none of which the miner heard.",
        positive_pool,
        pick_top,
        top_rules,
    ),
    "negative": Kind(
        NegativeMiningOptions,
        "The survey's candidates: clips without the target, from recorders outside all splits.",
        negative_pool,
        pick_hard,
        hard_rules,
    ),
}


def record(
    source: str,
    pool: pd.DataFrame,
    subsets: Mapping[str, pd.DataFrame],
    rules: Mapping[str, str],
    miner: Mapping[str, Any],
    note: str = "",
) -> dict[str, Any]:
    """The full account of one mining, for JSON and for `describe`.

    Args:
        source: a sentence: which clips were scored.
        pool: all scored clips, from `ranked`.
        rules: for each subset, in words, how its clips were picked.
        miner: composition, trained_on (its counts), head, seed, encoder, weights_sha256.
        note: why nothing was scored; "" where it was, or there was nothing.
    """
    sizes = {name: {"rule": rules[name], **_sizes(subset)} for name, subset in subsets.items()}
    empty = [name for name, subset in subsets.items() if subset.empty]
    # One note, the deepest reason: what was not scored cannot have scored high.
    if not note and not len(pool):
        note = "no clip was scored, because there is none to score"
    elif not note and empty:
        note = f"no clip scored high enough for {', '.join(empty)}"
    return {
        "note": note,
        "source": source,
        "clips_scored": len(pool),
        "miner": dict(miner),
        "subsets": sizes,
    }


def describe(records: Mapping[str, Mapping[str, Any]]) -> str:
    """What the subsets are and how they were gathered, as Markdown.

    Args:
        records: "positive" and "negative", each from `record`.
    """
    lines = [
        "# The mined subsets: what they are and how they were gathered",
        "",
        "Written by the stage `mine` as it gathered them. `rank` in each subset's CSV counts",
        "from the best score; subsets of one kind are nested.",
    ]
    for kind, about in records.items():
        pool = f"**Pool.** {about['source']} {about['clips_scored']} clips were scored."
        lines += ["", f"## {kind.capitalize()} subsets", "", pool]
        if note := about["note"]:
            lines += ["", f"**Note.** {note[:1].upper()}{note[1:]}."]
        lines += ["", *_miner_in_words(about["miner"]), ""]
        lines += [
            "| subset | clips | lowest score | highest score | rule |",
            "| --- | ---: | ---: | ---: | --- |",
        ]
        for name, subset in about["subsets"].items():
            lowest, highest = _number(subset["lowest_score"]), _number(subset["highest_score"])
            cells = [f"`{name}`", str(subset["clips"]), lowest, highest, subset["rule"]]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _miner_in_words(miner: Mapping[str, Any]) -> list[str]:
    trained_on, composition = miner["trained_on"], miner["composition"]
    # What was done, and not what was asked for: "auto" decides by the clips that there are.
    quality = trained_on.get("quality", "+".join(composition["quality"])).replace("+", " + ")
    balance = "all of them"
    if trained_on.get("balance", composition["balance"]):
        balance = "drawn down to as many"
    head = ", ".join(f"{key} {value}" for key, value in miner["head"].items())
    return [
        f"**Miner.** A head trained exactly as the detector is, on {trained_on['positives']} positives of the "
        f"training split ({quality} quality) and {trained_on['negatives']} of its negatives ({balance}), seed "
        f"{miner['seed']}, encoder `{miner['encoder']}`. Weights: sha256 `{miner['weights_sha256']}`.",
        "",
        f"**Head.** {head}.",
    ]


def _sizes(subset: pd.DataFrame) -> dict[str, Any]:
    scores = subset["score"]
    if not len(subset):
        return {"clips": 0, "lowest_score": None, "highest_score": None}
    # The lowest is the threshold that the subset has: in full, as scores are compared with it.
    lowest, highest = Exact(scores.min()), float(scores.max())
    return {"clips": len(subset), "lowest_score": lowest, "highest_score": highest}


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}"
