"""Which windows are most worth a person's time, and what their answers say about the whole season.

Three kinds: windows about which the detector is uncertain; the highest scores at sites where no call was confirmed;
and a random share in bands of score. Each kind, and each band, is a *stratum* of which the size is known, and windows
are shown in an order that owes nothing to their scores. So the answers given so far are a random sample of each
stratum, and sums over them, weighed by how many windows each answer stands for, are unbiased for the season (Horvitz &
Thompson 1952, doi:10.1080/01621459.1952.10483446; Cochran, Sampling Techniques, 1977, chapter 5).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from chorus.clips import NEGATIVE, POSITIVE
from chorus.errors import DataError, ParameterError
from chorus.season.gather import Heard
from chorus.seeds import generator
from chorus.survey.cuts import Cut, Span

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

UNCERTAIN, UNCONFIRMED, RANDOM = "uncertain", "unconfirmed site", "random"
UNSURE = "unsure"
ANSWERS = (POSITIVE, NEGATIVE, UNSURE)
_IMAGINED = 4000  # seasons: of a tail of 2.5 % that is a hundred
_BANDS = (0.0, 0.5, 0.9, 0.99)  # of the scores below the threshold: by rank, where a stratum begins


@dataclass(frozen=True)
class Wanted:
    """How many windows of each kind; `unconfirmed` is a number for each such site."""

    uncertain: int = 30
    unconfirmed: int = 10
    random: int = 60


@dataclass(frozen=True)
class Recall:
    """The share of a season's windows with a call that the detector finds, by listening.

    calls, found: expected windows with a call, and of them those called positive. low, high: interval of the recall, by
    what the windows may hold that were not answered. answered: how many windows were labelled.
    """

    recall: float
    low: float
    high: float
    calls: float
    found: float
    answered: int


def choose(
    heard: Heard,
    threshold: float,
    wanted: Wanted,
    seed: int,
    confirmed: Collection[str] = (),
    known: Collection[str] = (),
) -> pd.DataFrame:
    """The windows to listen to, in the order in which they are shown.

    Args:
        confirmed: sites at which a call was confirmed. known: windows that were labelled before; they are not chosen
            for being uncertain or unconfirmed, but may be drawn at random.

    Returns:
        The columns of `heard.windows` with window (its name), reason, stratum and stratum_size.

    Raises:
        ParameterError: numbers that cannot be. DataError: there are no windows, or none is wanted.
    """
    for name, count in vars(wanted).items():
        if count < 0:
            raise ParameterError(f"{name}: {count} is not allowed: 0 or more")
    heard.check(threshold)
    windows = heard.windows.sort_values(["file", "start"], ignore_index=True)
    windows = windows.assign(window=window_names(windows), reason="", stratum="", stratum_size=0)
    if windows.empty:
        raise DataError("there are no windows to choose from")
    fresh = ~windows["window"].isin(set(known))
    _mark(windows, _uncertain(windows[fresh], threshold, wanted.uncertain), UNCERTAIN)
    # Of the recordings and not of the windows: there all sites are, in one order whatever the set's.
    for site in sorted(set(heard.recordings["site"]) - set(confirmed)):
        left = windows[fresh & (windows["site"] == site) & (windows["stratum"] == "")]
        best = left.sort_values(["score", "window"], ascending=[False, True]).index[
            : wanted.unconfirmed
        ]
        _mark(windows, best, UNCONFIRMED)
    _mark_random(windows, threshold, wanted.random, generator(seed, "season", "queue", "random"))
    chosen = windows[windows["reason"] != ""]
    if chosen.empty:
        raise DataError("no window is to be listened to: ask for uncertain or random ones")
    # In an order that owes nothing to scores: people stop early, and what they answered must stay a random sample.
    order = generator(seed, "season", "queue", "order").permutation(len(chosen))
    return chosen.iloc[order].reset_index(drop=True)


def window_names(windows: pd.DataFrame) -> list[str]:
    """Each window's name: what it is a piece of, as the survey's tables write it."""
    pieces = zip(windows["file"], windows["start"], windows["end"], strict=True)
    return [Cut(file, Span(start, end)).source for file, start, end in pieces]


def queue_name(chosen: pd.DataFrame, threshold: float) -> str:
    """Names a queue by what is in it."""
    # By content and not by time: the page finds its answers in the browser again when it is written anew.
    text = "\n".join([f"{threshold!r}", *chosen["window"]])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def estimate(answers: pd.DataFrame, *, level: float = 0.95) -> Recall:
    """Recall in the season, from the answers.

    Args:
        answers: of one queue, also those that are missing: label ("" where there is none), score, threshold, stratum,
            stratum_size. Windows without an answer, or `UNSURE`, are taken for missing at random in their stratum.

    Returns:
        The estimate, and an interval that counts what may lie in strata without a call among their answers; NaN where
        no call was confirmed.

    Raises:
        DataError: nothing was drawn at random, or a stratum has no answer: nothing is known of a part of the season.
    """
    # The other strata hold only what was chosen; it is the random ones that together hold all that is left.
    if not answers["stratum"].str.startswith(RANDOM).any():
        raise DataError("no window of this queue was drawn at random")
    given = answers[answers["label"].isin([POSITIVE, NEGATIVE])]
    sizes = answers.groupby("stratum")["stratum_size"].first()
    counts = given.groupby("stratum").size().reindex(sizes.index, fill_value=0)
    if (counts == 0).any():
        raise DataError(
            f"no window of the stratum {counts.index[counts == 0][0]!r} has an answer yet"
        )
    # Each answer stands for as many windows of its stratum as there are to an answer (Horvitz & Thompson 1952).
    weight = given["stratum"].map(sizes / counts).to_numpy(np.float64)
    call = (given["label"] == POSITIVE).to_numpy()
    found = call & (given["score"] >= given["threshold"]).to_numpy()
    calls, hits = float(weight @ call), float(weight @ found)
    if calls == 0:
        return Recall(math.nan, math.nan, math.nan, 0.0, 0.0, len(given))
    recall = hits / calls
    counts = _counts(given.assign(found=found, missed=call & ~found), sizes.index)
    # Where all scores of a stratum are below the threshold, no call in it can have been found; and the reverse.
    reaches = (answers["score"] >= answers["threshold"]).groupby(answers["stratum"])
    possible = np.stack([reaches.any(), ~reaches.all()], axis=1)
    low, high = _interval(counts, sizes.to_numpy(), possible, (1 - level) / 2)
    # The limits are of seasons as they may be, and need not enclose what was found in this one.
    return Recall(recall, min(low, recall), max(high, recall), calls, hits, len(given))


def _counts(given: pd.DataFrame, strata: pd.Index) -> Floats:
    """By stratum, how many answers are found calls, missed ones, and none: (strata, 3)."""
    none = given["label"] == NEGATIVE
    marks = given.assign(none=none).groupby("stratum")[["found", "missed", "none"]]
    return np.asarray(marks.sum().reindex(strata, fill_value=0), dtype=np.float64)


def _interval(counts: Floats, sizes: Floats, possible: Bools, tail: float) -> tuple[float, float]:
    """Of found / (found + missed) in the whole season.

    Sums over strata are drawn as they may be (the windows without an answer hold what a gamma-distributed share says),
    once with what was seen alone and once with one more call, in the stratum where an answer stands for most windows:
    confidence limits of a weighted sum of counts (Fay & Feuer 1997, doi:10.1002/(SICI)1097-0258(19970415)16:7<791::
    AID-SIM500>3.0.CO;2-#). Few found and many missed together give the low end, the opposite the high one: melded
    intervals (Fay, Proschan & Brittain 2015, doi:10.1111/biom.12231), which hold the truth at least as often as they
    say. A neutral prior in each stratum would not: summed over strata without a call it is an opinion.

    Args:
        counts: (strata, 3), see `_counts`. possible: (strata, 2), whether found and missed calls may lie there.
    """
    # One seed for all: the same answers have the same interval, whoever asks.
    random = generator(1, "season", "queue", "recall")
    fewest = _imagine(counts, sizes, random)
    found, missed = (
        _imagine(_one_more(counts, sizes, possible, kind), sizes, random, already=counts)[kind]
        for kind in (0, 1)
    )
    # Seasons without any call have no recall: 0 / 0, which the quantiles pass over.
    with np.errstate(invalid="ignore"):
        low = fewest[0] / (fewest[0] + missed)
        high = found / (found + fewest[1])
    return float(np.nanquantile(low, tail)), float(np.nanquantile(high, 1 - tail))


def _one_more(counts: Floats, sizes: Floats, possible: Bools, kind: int) -> Floats:
    """The counts with one more found or missed call (kind 0, 1), where an answer stands for most windows."""
    stands_for = np.where(possible[:, kind], sizes / counts.sum(axis=1), 0)
    more = counts.copy()
    if stands_for.any():
        more[np.argmax(stands_for), kind] += 1
    return more


def _imagine(
    shapes: Floats, sizes: Floats, random: np.random.Generator, already: Floats | None = None
) -> Floats:
    """Found and missed calls of seasons as they may be, (2, `_IMAGINED`).

    Args:
        shapes: (strata, 3), of the shares of a stratum. already: the answers, where these are others.
    """
    seen = shapes if already is None else already
    totals = np.zeros((_IMAGINED, 3))
    for shape, counts, size in zip(shapes, seen, sizes, strict=True):
        shares = random.gamma(shape, size=(_IMAGINED, 3))
        shares /= shares.sum(axis=1, keepdims=True)
        totals += counts + random.multinomial(int(size - counts.sum()), shares)
    return totals.T[:2]


def _mark(windows: pd.DataFrame, chosen: pd.Index, reason: str) -> None:
    windows.loc[chosen, ["reason", "stratum"]] = reason
    windows.loc[windows["stratum"] == reason, "stratum_size"] = int(
        (windows["stratum"] == reason).sum()
    )


def _uncertain(windows: pd.DataFrame, threshold: float, count: int) -> pd.Index:
    """Those nearest to the threshold in log odds."""
    # From 0.99 to 0.999 is about as far in certainty as from 0.5 to 0.9; scores of 0 and 1 have no log odds.
    at = logit(np.clip(threshold, 1e-6, 1 - 1e-6))
    apart = (logit(windows["score"].clip(1e-6, 1 - 1e-6)) - at).abs()
    return apart.sort_values(kind="stable").index[:count]


def _mark_random(
    windows: pd.DataFrame, threshold: float, count: int, random: np.random.Generator
) -> None:
    """Draw as many from each band of score; every window that is not chosen already is in one."""
    left = windows[windows["stratum"] == ""]
    if not count:
        return
    below = left["score"] < threshold
    bands = pd.Series("at or above the threshold", index=left.index)
    # Most windows of a season are quiet, and most missed calls are just below the threshold: the bands become narrow
    # towards it, so that a few answers tell of them.
    rank = left.loc[below, "score"].rank(method="first", pct=True)
    for begins in _BANDS:
        bands[rank.index[rank > begins]] = f"below, from {100 * begins:g} %"
    groups = dict(list(left.groupby(bands)))
    # Rounded up: a few more than asked for, and none of the bands without an answer.
    share = -(-count // max(len(groups), 1))
    for band, group in sorted(groups.items()):
        windows.loc[group.index, "stratum"] = f"{RANDOM}, {band}"
        windows.loc[group.index, "stratum_size"] = len(group)
        drawn = random.choice(group.index.to_numpy(), min(share, len(group)), replace=False)
        windows.loc[drawn, "reason"] = RANDOM
