"""Which questions a table of runs can answer, contrasts with matched runs, and their answers; and which it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from chorus.runs.table import Runs
from chorus.statistics.effects import Contrast, Effect, matched_effects
from chorus.statistics.paired import holm


@dataclass(frozen=True)
class NotEstimated:
    """A factor, or one of its levels, whose effect these runs cannot show, and why in one sentence."""

    factor: str
    level: str
    reason: str


@dataclass(frozen=True)
class Questions:
    """What can be asked of one block of runs.

    factors: those to match runs by: one of each group of factors that always change together.
    contrasts: each level of each factor against its reference, where runs are matched. seeds: of each contrast, those
        that its runs have in common.
    not_estimated: what is left.
    """

    factors: tuple[str, ...]
    contrasts: tuple[Contrast, ...]
    seeds: tuple[tuple[str, ...], ...]
    not_estimated: tuple[NotEstimated, ...]


def questions(
    frame: pd.DataFrame, factors: Sequence[str], references: Mapping[str, str]
) -> Questions:
    """The contrasts that one block of runs can answer.

    A level is compared with its factor's reference in runs that agree in everything else. Where
    there are none, or not with two seeds, the contrast is named instead, with the factors that it
    is confounded with.

    Args:
        frame: of one block, with a seed and the factors as text.
        references: factor -> level to compare with.
    """
    kept, named = apart(frame, factors)
    contrasts: list[Contrast] = []
    seeds_of: list[tuple[str, ...]] = []
    for factor in kept:
        reference = reference_of(frame[factor], references.get(factor))
        for level in ordered(frame[factor]):
            if level == reference:
                continue
            seeds = matched_seeds(frame, kept, factor, level, reference)
            # of a single seed nobody knows how far seeds move the difference
            if len(seeds) >= 2:
                contrasts.append(Contrast(factor, level, reference))
                seeds_of.append(tuple(seeds))
                continue
            reason = _why(frame, kept, factor, level, reference, len(seeds))
            named.append(NotEstimated(factor, level, reason))
    return Questions(tuple(kept), tuple(contrasts), tuple(seeds_of), tuple(named))


def estimate(frame: pd.DataFrame, metric: str, asked: Questions) -> list[Effect]:
    """The effects of the contrasts of one block.

    Each is estimated from the seeds in which its runs are matched: a level that was tried with some
    seeds only does not cost the others theirs.

    Args:
        frame: one row a configuration and seed.
    """
    effects = []
    for contrast, seeds in zip(asked.contrasts, asked.seeds, strict=True):
        matched = frame[frame["seed"].isin(seeds)]
        effects.append(_estimated(matched, metric, contrast, asked.factors))
    adjusted = holm_of_known([effect.p for effect in effects])
    return [replace(effect, p_holm=p) for effect, p in zip(effects, adjusted, strict=True)]


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Seeds as numbers, whatever they are called."""
    names = sorted(frame["seed"].unique())
    number_of = {name: number for number, name in enumerate(names)}
    return frame.assign(seed=frame["seed"].map(number_of).astype(np.int64))


def holm_of_known(p_values: Sequence[float]) -> list[float]:
    """Holm's adjustment of the p-values that are known; NaN stays NaN."""
    # what could not be tested is no test, and makes the others' adjustment no harder
    p = np.asarray(p_values, dtype=np.float64)
    known = ~np.isnan(p)
    p[known] = holm(p[known])
    adjusted: list[float] = p.tolist()
    return adjusted


def between_blocks(runs: Runs) -> list[NotEstimated]:
    """Factors that differ between blocks and in none of them: what they do cannot be told from what else changed."""
    found = []
    for factor in varying(runs.frame, runs.factors):
        inside = runs.frame.groupby("block")[factor].nunique()
        if (inside <= 1).all():
            counted = runs.frame[factor].nunique()
            reason = f"confounded with the block: {counted} levels, but only one in any block"
            found.append(NotEstimated(factor, "", reason))
    return found


def apart(frame: pd.DataFrame, factors: Sequence[str]) -> tuple[list[str], list[NotEstimated]]:
    """The factors that vary and can be told apart, and those that always change together with one before them."""
    kept: list[str] = []
    same: list[NotEstimated] = []
    for factor in varying(frame, factors):
        twins = [other for other in kept if _one_to_one(frame[factor], frame[other])]
        if twins:
            reason = f"confounded with {twins[0]}: they always change together"
            same.append(NotEstimated(factor, "", reason))
        else:
            kept.append(factor)
    return kept, same


def varying(frame: pd.DataFrame, factors: Sequence[str]) -> list[str]:
    """Those of these columns that have more than one level."""
    return [factor for factor in factors if frame[factor].nunique() > 1]


def reference_of(cells: pd.Series, declared: str | None) -> str:
    """The level to compare with: the declared one where it occurs, else the most frequent (of equals the first)."""
    if declared is not None and (cells == declared).any():
        return declared
    counts = cells.value_counts()
    most = [level for level in ordered(cells) if counts[level] == counts.max()]
    return most[0]


def ordered(cells: pd.Series) -> list[str]:
    """The levels in their natural order: numbers by size, other texts by the alphabet."""
    return sorted(cells.unique(), key=_size)


def matched_seeds(
    frame: pd.DataFrame, factors: Sequence[str], factor: str, level: str, reference: str
) -> list[str]:
    """The seeds to compare two levels with: those that matched runs have in common.

    A pair of configurations that differ in nothing else counts with the seeds that both have. Where
    the pairs have different seeds, those are taken that keep most runs; two seeds only where no
    pair has three.
    """
    others = [other for other in factors if other != factor]
    with_level = _seeds_of_settings(frame[frame[factor] == level], others)
    with_reference = _seeds_of_settings(frame[frame[factor] == reference], others)
    of_pairs = []
    for setting in with_level.keys() & with_reference.keys():
        if both := with_level[setting] & with_reference[setting]:
            of_pairs.append(frozenset(both))
    best: tuple[bool, int] = (False, 0)
    chosen: frozenset[str] = frozenset()
    # by name, and only what is better replaces: of equals the first, whatever the order of the table
    for seeds in sorted(set(of_pairs), key=sorted):
        pairs = sum(seeds <= of_pair for of_pair in of_pairs)
        worth = (len(seeds) >= 3, len(seeds) * pairs)
        if worth > best:
            best, chosen = worth, seeds
    return sorted(chosen)


def _seeds_of_settings(
    frame: pd.DataFrame, factors: Sequence[str]
) -> dict[tuple[str, ...], set[str]]:
    """The seeds of each setting of these factors that runs have."""
    found: dict[tuple[str, ...], set[str]] = {}
    # plain tuples, as a merge of pandas takes ten times as long for tables of some hundred rows
    for seed, *setting in zip(frame["seed"], *(frame[factor] for factor in factors), strict=True):
        found.setdefault(tuple(setting), set()).add(str(seed))
    return found


def _why(
    frame: pd.DataFrame, kept: Sequence[str], factor: str, level: str, reference: str, seeds: int
) -> str:
    if seeds == 1:
        return f"runs with {level} and with {reference} that agree in all else have no two seeds in common"
    both = frame[frame[factor].isin([level, reference])]
    culprits = [other for other in kept if other != factor and _separates(both, factor, other)]
    if not culprits:
        return f"no runs with {level} and with {reference} agree in all else and in the seed"
    return f"confounded with {', '.join(culprits)}: no level of it has both {level} and {reference}"


def _separates(frame: pd.DataFrame, factor: str, other: str) -> bool:
    """Whether no level of the other factor has both levels of this one."""
    return bool((frame.groupby(other)[factor].nunique() <= 1).all())


def _one_to_one(a: pd.Series, b: pd.Series) -> bool:
    pairs = pd.DataFrame({"a": a, "b": b}).drop_duplicates()
    return not (pairs["a"].duplicated().any() or pairs["b"].duplicated().any())


def _size(level: str) -> tuple[int, float, str]:
    try:
        return 0, float(level), level
    except ValueError:
        return 1, 0.0, level


def _estimated(
    frame: pd.DataFrame, metric: str, contrast: Contrast, factors: Sequence[str]
) -> Effect:
    (effect,) = matched_effects(numbered(frame), metric, [contrast], factors=factors)
    return effect
