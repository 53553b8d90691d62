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
from scipy.special import logit

from chorus.clips import NEGATIVE, POSITIVE
from chorus.errors import DataError, ParameterError
from chorus.season.gather import Heard
from chorus.seeds import generator
from chorus.survey.cuts import Cut, Span

UNCERTAIN, UNCONFIRMED, RANDOM = "uncertain", "unconfirmed site", "random"
UNSURE = "unsure"
ANSWERS = (POSITIVE, NEGATIVE, UNSURE)
_IMAGINED = 4000
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
        ParameterError: numbers that cannot be. DataError: there are no windows.
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
    for site in sorted(set(heard.recordings["site"]) - set(confirmed)):
        left = windows[fresh & (windows["site"] == site) & (windows["stratum"] == "")]
        best = left.sort_values(["score", "window"], ascending=[False, True]).index[
            : wanted.unconfirmed
        ]
        _mark(windows, best, UNCONFIRMED)
    _mark_random(windows, threshold, wanted.random, generator(seed, "season", "queue", "random"))
    chosen = windows[windows["reason"] != ""]
    order = generator(seed, "season", "queue", "order").permutation(len(chosen))
    return chosen.iloc[order].reset_index(drop=True)


def window_names(windows: pd.DataFrame) -> list[str]:
    """Each window's name: what it is a piece of, as the survey's tables write it."""
    pieces = zip(windows["file"], windows["start"], windows["end"], strict=True)
    return [Cut(file, Span(start, end)).source for file, start, end in pieces]


def queue_name(chosen: pd.DataFrame, threshold: float) -> str:
    """Names a queue by what is in it."""
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
        DataError: a stratum below the threshold without an answer: nothing is known of it.
    """
    given = answers[answers["label"].isin([POSITIVE, NEGATIVE])]
    sizes = answers.groupby("stratum")["stratum_size"].first()
    counts = given.groupby("stratum").size().reindex(sizes.index, fill_value=0)
    if (counts == 0).any():
        raise DataError(
            f"no window of the stratum {counts.index[counts == 0][0]!r} has an answer yet"
        )
    weight = given["stratum"].map(sizes / counts).to_numpy(np.float64)
    call = (given["label"] == POSITIVE).to_numpy()
    found = call & (given["score"] >= given["threshold"]).to_numpy()
    calls, hits = float(weight @ call), float(weight @ found)
    if calls == 0:
        return Recall(math.nan, math.nan, math.nan, 0.0, 0.0, len(given))
    recall = hits / calls
    drawn = _imagine(answers, given.assign(found=found, missed=call & ~found), sizes)
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Recall(
        recall, min(float(low), recall), max(float(high), recall), calls, hits, len(given)
    )


def _imagine(answers: pd.DataFrame, given: pd.DataFrame, sizes: pd.Series) -> np.ndarray:
    """Recalls of seasons as they may be: the windows without an answer of each stratum hold calls as its answers do.

    Shares of a stratum that are found calls, missed ones and none are Dirichlet, with a third of a window of each
    before any answer (neutral: Kerman 2011, doi:10.1214/11-EJS648): a stratum without a call may hold some.
    """
    random = generator(1, "season", "queue", "recall")
    hits, missed = np.zeros(_IMAGINED), np.zeros(_IMAGINED)
    for stratum, of in given.groupby("stratum"):
        reaches = (
            answers["score"][answers["stratum"] == stratum]
            >= answers["threshold"][answers["stratum"] == stratum]
        )
        counts = np.array(
            [of["found"].sum(), of["missed"].sum(), (of["label"] == NEGATIVE).sum()],
            dtype=np.float64,
        )
        possible = np.array([reaches.any(), not reaches.all(), True])
        shares = random.gamma(np.where(possible, counts + 1 / 3, 1e-9), size=(_IMAGINED, 3))
        shares /= shares.sum(axis=1, keepdims=True)
        unanswered = int(sizes[stratum]) - len(of)
        extra = random.multinomial(unanswered, shares)
        hits += counts[0] + extra[:, 0]
        missed += counts[1] + extra[:, 1]
    with np.errstate(invalid="ignore"):
        return np.asarray(hits / (hits + missed))


def _mark(windows: pd.DataFrame, chosen: pd.Index, reason: str) -> None:
    windows.loc[chosen, ["reason", "stratum"]] = reason
    windows.loc[windows["stratum"] == reason, "stratum_size"] = int(
        (windows["stratum"] == reason).sum()
    )


def _uncertain(windows: pd.DataFrame, threshold: float, count: int) -> pd.Index:
    """Those nearest to the threshold in log odds."""
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
    rank = left.loc[below, "score"].rank(method="first", pct=True)
    for begins in _BANDS:
        bands[rank.index[rank > begins]] = f"below, from {100 * begins:g} %"
    groups = dict(list(left.groupby(bands)))
    share = -(-count // max(len(groups), 1))
    for band, group in sorted(groups.items()):
        windows.loc[group.index, "stratum"] = f"{RANDOM}, {band}"
        windows.loc[group.index, "stratum_size"] = len(group)
        drawn = random.choice(group.index.to_numpy(), min(share, len(group)), replace=False)
        windows.loc[drawn, "reason"] = RANDOM
