"""Was the animal there that night? Presence by site and night, from counts of windows that a detector calls positive.

An occupancy model with false positives (Royle & Link 2006, doi:10.1890/0012-9658(2006)87[835:GSOMAF]2.0.CO;2;
Chambert et al. 2015, doi:10.1890/14-1507.1), whose error rates come from labelled nights and whose counts are not
taken for independent:

* Each night has a false-positive rate of its own, normal on the scale of log odds, whose median and spread are those of
  the labelled nights' negatives. So has its recall, from their positives. (A beta-binomial has tails so light that one
  noisy night looks like calls.)
* A site is used or not (`occupied`, before anything is heard); a used site has calls on an unknown share of its nights.
* A night with calls has one or more windows with a call: a negative binomial without its zero, whose mean share of the
  windows and spread are learnt from the season.

Error rates, calling and prevalence are estimated together, so that a season full of quiet nights corrects a
false-positive rate that was measured on few. The posterior is sampled around its mode by importance (a multivariate t,
adapted twice). What is assumed and not estimated: nights of a site are independent given how often it is used, and the
detector errs in the field as on the labelled nights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln, expit, gammaln
from scipy.stats import nbinom

from chorus.errors import DataError, ParameterError
from chorus.season.nights import NightCounts
from chorus.seeds import generator

Floats = NDArray[np.float64]

COLUMNS = ("site", "night", "windows", "positive")
DRAWS = 400
# Before any data, on the scales on which they are sampled: mean and standard deviation.
PRIOR = {
    # Log odds in the median night: 1 % of windows, from 0.02 to 36 %.
    "false_positive_rate": (-4.5, 2.0),
    # Log of the SD of log odds over nights: 0.5, from 0.12 to 2.
    "spread_of_false_positives": (-0.7, 0.7),
    # Log odds: 0.73, from 0.13 to 0.98.
    "recall": (1.0, 1.5),
    "spread_of_recall": (-0.7, 0.7),
    # Log of the share of a calling night's windows with a call: 3 %, from 0.2 to 57 %.
    "calling": (-3.5, 1.5),
    # Log of the shape of its negative binomial.
    "evenness": (0.0, 1.0),
}
_PLACES = np.linspace(-3, 3, 9)  # of nights in units of their spread
_WEIGHTS = np.exp(-0.5 * _PLACES**2) / np.exp(-0.5 * _PLACES**2).sum()
# A normal as a mixture of nine beta distributions, each of half its width.
_NODES, _WITHIN = len(_PLACES), 0.5
_PREVALENCE = (np.arange(40) + 0.5) / 40  # share of nights on which a used site has calls
# Of a night's counts; beyond, one stands for its neighbours but for so many at the ends.
_MOST_STEPS, _EDGE = 200, 50
_LARGEST_ODDS = 60.0  # log of a likelihood ratio: certainty enough
_DEGREES = 5  # of freedom of the t that proposes
_ROUNDS = 10  # of proposals, at most: with 6, one season in five ended with few draws that count
_KERNELS, _NARROWER = 40, 0.6  # of a later round, each about a draw of an earlier one
_CALLING = list(PRIOR).index("calling")
# A mode need not be exact: whatever the first proposals miss, the later rounds put right.
_SEARCH = {"maxiter": 40}


@dataclass(frozen=True)
class Presence:
    """What a season says of presence.

    nights: one row a site and night, as given, with presence (the probability that there was a call), presence_low and
        presence_high (its 95 % interval: what other error rates and prevalences, as likely by the data, would make of
        it), calls (expected windows with a call), calls_low, calls_high.
    sites: one row a site: nights, presence (that it was used at all), nights_present with _low and _high, and minutes
        of listening to presence and to absence (`listening`).
    rates: false_positive_rate, recall (of the median night), spread_of_false_positives, spread_of_recall (SDs of log
        odds over nights), each (mean, low, high), from the season and the labelled nights together.
    effective: how many independent draws the posterior is worth.
    """

    nights: pd.DataFrame
    sites: pd.DataFrame
    rates: Mapping[str, tuple[float, float, float]]
    effective: float


def presence(
    nights: pd.DataFrame,
    labelled: NightCounts,
    *,
    occupied: float = 0.5,
    level: float = 0.95,
    window_seconds: float = 3.0,
    seed: int = 1,
    draws: int = DRAWS,
) -> Presence:
    """Presence by site and night.

    Args:
        nights: one row a site and night: site, night, windows (heard), positive (of them called positive); recorders of
            one site together.
        labelled: what the detector did on labelled nights at the same threshold (`chorus.season.nights.night_counts`).
        occupied: the probability that a site is used, before anything is heard.

    Raises:
        ParameterError: an impossible `occupied` or `level`.
        DataError: no nights, a site and night twice, or more positive windows than windows.
    """
    _check(nights, occupied, level)
    season = _Season(nights, labelled, occupied)
    thetas, effective = season.sample(draws, generator(seed, "season", "posterior"))
    worlds = season.imagine(thetas, generator(seed, "season", "worlds"))
    tails = ((1 - level) / 2, (1 + level) / 2)
    by_night = nights.reset_index(drop=True).assign(
        presence=worlds.probability.mean(axis=0),
        **_interval("presence", worlds.probability, tails),
        calls=worlds.calls.mean(axis=0),
        **_interval("calls", worlds.calls, tails),
    )
    scales = (expit, np.exp, expit, np.exp)
    # The first four of the six parameters: how a night calls is not put out as a rate.
    names = zip(PRIOR, scales, thetas.T, strict=False)
    rates = {name: _summary(scale(values), tails) for name, scale, values in names}
    return Presence(
        by_night, _sites(by_night, worlds, tails, level, window_seconds), rates, effective
    )


@dataclass(frozen=True)
class Worlds:
    """Seasons as they may have been, each as likely as the others. All of shape (draws, nights).

    probability: of presence, knowing the draw's rates and prevalence. present: whether there was a call.
    found, calls: windows with a call that were called positive, and all of them.
    """

    probability: Floats
    present: NDArray[np.bool_]
    found: Floats
    calls: Floats


class _Season:
    """The likelihood: arrays over pairs of a night and a number of right detections in it."""

    def __init__(self, nights: pd.DataFrame, labelled: NightCounts, occupied: float) -> None:
        self.windows = nights["windows"].to_numpy(np.float64)
        self.positive = nights["positive"].to_numpy(np.float64)
        self.site, _ = pd.factorize(nights["site"], sort=True)
        self.labelled = labelled
        self.occupied = occupied
        steps = [_steps(int(count)) for count in self.positive]
        self.right = np.concatenate([right for right, _ in steps])
        self.weight = np.concatenate([weight for _, weight in steps])
        self.pairs = np.repeat(np.arange(len(steps)), [len(right) for right, _ in steps])
        self.starts = np.flatnonzero(np.r_[True, np.diff(self.pairs) > 0])
        self.wrong = self.positive[self.pairs] - self.right
        self.of_windows = self.windows[self.pairs]
        # Nights of a season are alike: few of these pairs differ, and only those are computed.
        counts = np.stack([self.wrong, self.of_windows], axis=1)
        differing, self.same = np.unique(counts, axis=0, return_inverse=True)
        self.some_wrong, self.some_of = differing.T
        self.choices = _choose(self.some_of, self.some_wrong)
        self.factorial = gammaln(self.right + 1)

    def sample(self, draws: int, random: np.random.Generator) -> tuple[Floats, float]:
        """Draws of the parameters (draws, 6), equally likely, and how many independent ones they are worth.

        Adaptive multiple importance sampling (Cornuet et al. 2012, doi:10.1111/j.1467-9469.2011.00756.x): whatever was
        proposed in any round counts, weighed by the mixture of all proposals.
        """
        theta, log_posterior = np.empty((0, len(PRIOR))), np.empty(0)
        proposals: list[_Proposal] = [self._modes()]
        for _ in range(_ROUNDS):
            new = proposals[-1].draw(draws, random)
            theta = np.concatenate([theta, new])
            log_posterior = np.r_[log_posterior, [self.log_posterior(one) for one in new]]
            proposed = _log_sum(np.transpose([proposal.density(theta) for proposal in proposals]))
            log_weight = log_posterior - proposed
            weight = np.exp(log_weight - _log_sum(log_weight))
            effective = float(1 / np.sum(weight**2))
            if effective > draws / 2:
                break
            proposals.append(_around(theta, weight, random))
        # Systematic resampling: one random number for all, so that chance doubles and drops as few draws as can be.
        position = (np.arange(draws) + random.random()) / draws
        chosen = np.searchsorted(np.cumsum(weight), position, side="right")
        # The sum of the weights may end a rounding below 1.
        return theta[np.minimum(chosen, len(theta) - 1)], effective

    def _modes(self) -> _Proposal:
        """Peaks of the posterior, from where calls are rare, usual and frequent: rare ones look like errors."""
        mean, scale = np.array(list(PRIOR.values())).T
        centres, spreads = [], []
        for calling in (-1.2, 0.0, 1.2):
            start = mean + calling * scale * (np.arange(len(mean)) == _CALLING)
            found = minimize(
                lambda theta: -self.log_posterior(theta), start, method="L-BFGS-B", options=_SEARCH
            )
            centres.append(found.x)
            spreads.append(_covariance(self.log_posterior, found.x, scale))
        return _Proposal(np.array(centres), np.array(spreads))

    def log_posterior(self, theta: Floats) -> float:
        """Up to a constant."""
        mean, scale = np.array(list(PRIOR.values())).T
        prior = -0.5 * float(np.sum(((theta - mean) / scale) ** 2))
        # Beyond all that the prior allows numbers overflow; the search is to turn back there.
        if np.abs(theta).max() > 12:
            return prior - 1e6
        wrong, negatives = self.labelled.false_positives
        missed, positives = self.labelled.misses
        measured = _over_nights(wrong, negatives, theta[0], theta[1]).sum()
        measured += _over_nights(positives - missed, positives, theta[2], theta[3]).sum()
        odds, absent = self.odds(theta)
        return prior + float(measured) + float(absent.sum()) + float(self._of_sites(odds)[1].sum())

    def odds(self, theta: Floats) -> tuple[Floats, Floats]:
        """By night: log of how much likelier its count is with calls than without, and log likelihood without."""
        absent = _over_nights(self.positive, self.windows, theta[0], theta[1])
        mixed, _ = self._mixtures(theta)
        # A night that calls cannot explain has a likelihood below all numbers, whose logarithm would be no number.
        present = np.log(np.maximum(np.add.reduceat(mixed.sum(axis=1), self.starts), 1e-300))
        return np.clip(present - absent, -_LARGEST_ODDS, _LARGEST_ODDS), absent

    def _mixtures(self, theta: Floats) -> tuple[Floats, Floats]:
        """Likelihood of each pair at each recall of a night with calls, (pairs, nodes); and those recalls."""
        chance = _over_nights(self.some_wrong, self.some_of, theta[0], theta[1], self.choices)
        wrong = np.exp(chance)[self.same]
        nodes = expit(theta[2] + np.exp(theta[3]) * _PLACES).clip(1e-6, 1 - 1e-6)
        shape = np.exp(theta[5])
        mean = np.exp(theta[4]) * self.of_windows
        heard = mean[:, None] * nodes
        common = gammaln(self.right + shape) - gammaln(shape) - self.factorial
        log_right = common[:, None] + shape * np.log(shape / (shape + heard))
        log_right += self.right[:, None] * np.log(heard / (shape + heard))
        # A night without any window with a call is no night with calls: that case is taken out of the zero.
        none = np.exp(shape * np.log(shape / (shape + mean)))
        right = np.exp(log_right)
        right[self.right == 0] -= none[self.right == 0, None]
        right = np.maximum(right, 0) / np.maximum(1 - none, 1e-12)[:, None]
        return right * (wrong * self.weight)[:, None] * _WEIGHTS, nodes

    def _of_sites(self, odds: Floats) -> tuple[Floats, Floats]:
        """By site: log weight of being unused and of each prevalence (sites, 1 + prevalences); log of their sum."""
        gain = np.log1p(_PREVALENCE[None, :] * np.expm1(np.minimum(odds, _LARGEST_ODDS))[:, None])
        used = np.zeros((self.site.max() + 1, len(_PREVALENCE)))
        np.add.at(used, self.site, gain)
        used += np.log(self.occupied / len(_PREVALENCE))
        unused = np.full((len(used), 1), np.log1p(-self.occupied))
        weights = np.concatenate([unused, used], axis=1)
        return weights, _log_sum(weights)

    def imagine(self, thetas: Floats, random: np.random.Generator) -> Worlds:
        """For each draw of the parameters a season as it may have been."""
        worlds = [self._imagine(theta, random) for theta in thetas]
        probability, present, found, calls = (np.array(part) for part in zip(*worlds, strict=True))
        return Worlds(probability, present, found, calls)

    def _imagine(self, theta: Floats, random: np.random.Generator) -> tuple[Floats, ...]:
        odds, _ = self.odds(theta)
        weights, total = self._of_sites(odds)
        reached = np.cumsum(np.exp(weights - total[:, None]), axis=1)
        chosen = (reached < random.random((len(reached), 1))).sum(axis=1).clip(0, len(_PREVALENCE))
        prevalence = np.r_[0.0, _PREVALENCE][chosen][self.site]
        # An unused site has a prevalence of 0, whose log odds are minus infinity and give the probability 0.
        with np.errstate(divide="ignore"):
            probability = expit(np.log(prevalence) - np.log1p(-prevalence) + odds)
        present = random.random(len(odds)) < probability
        found, calls = self._imagine_calls(theta, random)
        return probability, present, np.where(present, found, 0), np.where(present, calls, 0)

    def _imagine_calls(self, theta: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
        """Right detections and windows with a call of each night, if it had any."""
        mixed, nodes = self._mixtures(theta)
        reached = np.cumsum(mixed.ravel())
        ends = np.r_[self.starts[1:], len(self.pairs)] * _NODES
        before = np.r_[0.0, reached[ends[:-1] - 1]]
        target = before + random.random(len(ends)) * (reached[ends - 1] - before)
        cell = np.clip(np.searchsorted(reached, target), self.starts * _NODES, ends - 1)
        right, recall = self.right[cell // _NODES], nodes[cell % _NODES]
        shape = np.exp(theta[5])
        size = shape + right
        per_window = shape / (np.exp(theta[4]) * self.windows) + recall
        # Of successes: a mean of size (1 - recall) / per_window.
        share = per_window / (per_window + 1 - recall)
        # Where nothing was found a call was missed, or there was none: the draw begins above that chance.
        lowest = np.where(right == 0, nbinom.pmf(0, size, share), 0.0)
        missed = nbinom.ppf(lowest + (1 - lowest) * random.random(len(right)), size, share)
        missed = np.maximum(np.nan_to_num(missed, posinf=0.0), right == 0)
        return np.rint(right), np.minimum(np.rint(right + missed), self.windows)


def listening(
    positive: int, negative: int, worlds: tuple[NDArray[np.bool_], Floats, Floats], level: float
) -> tuple[float, float]:
    """How many windows to listen to, detections first in any order, then others at random, until it is certain.

    Args:
        positive, negative: a site's windows that were called positive, and others.
        worlds: by draw (draws,): whether the site was used, right detections, calls missed.

    Returns:
        Until a call is heard with probability `level` if the site is used, 0 where its use is so certain already; and
        until, nothing having been heard, the site is unused with that probability, 0 where it is so likely already. NaN
        where the listener would have to hear all of it.
    """
    present, found, missed = worlds
    share = float(present.mean())
    detections = _unheard_by(positive, found)
    others = _unheard_by(negative, missed)
    # Whoever comes to the others has heard all detections: silence there is silence in both.
    silent = np.concatenate([detections[1], detections[1][:, -1:] * others[1][:, 1:]], axis=1)
    listened = np.concatenate([detections[0], positive + others[0][1:]])
    heard = 1 - silent[present].mean(axis=0) if present.any() else np.zeros(len(listened))
    unheard = np.where(present[:, None], silent, 0).sum(axis=0)
    unused = np.count_nonzero(~present)
    still = unheard / np.maximum(unheard + unused, 1e-12)
    to_presence = 0.0 if share >= level else _first(listened, heard >= level)
    to_absence = 0.0 if share <= 1 - level else _first(listened, still <= 1 - level)
    return to_presence, to_absence


def _unheard_by(windows: int, hits: Floats) -> tuple[Floats, Floats]:
    """Numbers of windows listened to (steps,), and the chance that none of the hits was among them (draws, steps)."""
    # Eighty steps on a logarithmic scale: a site may have a million windows, and each draw has a row of them.
    listened = np.unique(np.r_[0, np.geomspace(1, max(windows, 1), 80).round(), windows]).clip(
        0, windows
    )
    listened = np.unique(listened)
    hits = np.minimum(hits, windows)[:, None]
    left = windows - listened
    # Drawn without replacement; by logarithms, as the factorials of thousands of windows are beyond numbers.
    with np.errstate(invalid="ignore"):
        log_chance = (
            gammaln(left + 1)
            - gammaln(left - hits + 1)
            + gammaln(windows - hits + 1)
            - gammaln(windows + 1)
        )
    return listened, np.where(left >= hits, np.exp(np.nan_to_num(log_chance, nan=-np.inf)), 0.0)


def _first(listened: Floats, reached: NDArray[np.bool_]) -> float:
    return float(listened[np.argmax(reached)]) if reached.any() else float("nan")


def _sites(
    nights: pd.DataFrame,
    worlds: Worlds,
    tails: tuple[float, float],
    level: float,
    window_seconds: float,
) -> pd.DataFrame:
    rows = []
    for site in sorted(nights["site"].unique()):
        chosen = (nights["site"] == site).to_numpy()
        present = worlds.present[:, chosen]
        found, calls = worlds.found[:, chosen].sum(axis=1), worlds.calls[:, chosen].sum(axis=1)
        positive = int(nights.loc[chosen, "positive"].sum())
        negative = int(nights.loc[chosen, "windows"].sum()) - positive
        used = np.asarray(present.any(axis=1))
        counts = listening(positive, negative, (used, found, calls - found), level)
        minutes = [count * window_seconds / 60 for count in counts]
        of_calls = present.sum(axis=1)
        low, high = np.quantile(of_calls, tails)
        rows.append(
            (
                site,
                int(chosen.sum()),
                float(used.mean()),
                float(of_calls.mean()),
                low,
                high,
                *minutes,
            )
        )
    names = [
        "site",
        "nights",
        "presence",
        "nights_present",
        "nights_present_low",
        "nights_present_high",
    ]
    return pd.DataFrame(rows, columns=[*names, "minutes_to_presence", "minutes_to_absence"])


def _interval(name: str, values: Floats, tails: tuple[float, float]) -> dict[str, Floats]:
    low, high = np.quantile(values, tails, axis=0)
    return {f"{name}_low": low, f"{name}_high": high}


def _summary(values: Floats, tails: tuple[float, float]) -> tuple[float, float, float]:
    low, high = np.quantile(values, tails)
    return float(values.mean()), float(low), float(high)


def _steps(count: int) -> tuple[Floats, Floats]:
    """Numbers of right detections among so many, and how many each stands for, as the middle of its neighbours.

    All near 0 and near `count` stand for themselves: there one of two distributions has its peak.
    """
    edge = min(_EDGE, (count + 1) // 2)
    stride = -(-(count + 1) // _MOST_STEPS)
    first = np.arange(edge, count + 1 - edge, stride, dtype=np.float64)
    size = np.minimum(stride, count + 1 - edge - first)
    low, high = np.arange(edge), np.arange(count + 1 - edge, count + 1)
    return np.r_[low, first + (size - 1) / 2, high], np.r_[np.ones(edge), size, np.ones(edge)]


def _log_sum(logs: Floats, weights: Floats | float = 1.0) -> Floats:
    """Log of the weighted sum of exponentials over the last axis; SciPy's spends ten times as long on checks."""
    most = logs.max(axis=-1)
    return np.asarray(np.log((np.exp(logs - most[..., None]) * weights).sum(axis=-1)) + most)


def _choose(of: Floats, chosen: Floats) -> Floats:
    return np.asarray(gammaln(of + 1) - gammaln(chosen + 1) - gammaln(of - chosen + 1))


def _over_nights(
    hits: Floats, of: Floats, median: float, log_spread: float, choices: Floats | None = None
) -> Floats:
    """Log chance of so many hits in a night whose rate is normal over nights on the scale of log odds.

    Args:
        choices: of `_choose`, where they are known.
    """
    spread = np.exp(log_spread)
    # The variance of the nodes and that within them add up to the spread's.
    means = expit(median + np.sqrt(1 - _WITHIN**2) * spread * _PLACES).clip(1e-9, 1 - 1e-9)
    alike = np.minimum(means * (1 - means) * (_WITHIN * spread) ** 2, 0.99)
    a, b = means * (1 / alike - 1), (1 - means) * (1 / alike - 1)
    chances = betaln(hits[:, None] + a, (of - hits)[:, None] + b) - betaln(a, b)
    known = _choose(of, hits) if choices is None else choices
    return np.asarray(known + _log_sum(chances, _WEIGHTS))


def _covariance(log_density: Callable[[Floats], float], centre: Floats, scale: Floats) -> Floats:
    """Of a normal distribution as peaked as a density at its mode; never wider than the prior."""
    size, step = len(centre), 0.02
    units = step * np.diag(scale)

    def at(*moves: Floats) -> float:
        return log_density(np.asarray(centre + sum(moves)))

    curvature = np.empty((size, size))
    for row in range(size):
        for column in range(row + 1):
            one, other = units[row], units[column]
            bent = at(one, other) - at(one, -other) - at(-one, other) + at(-one, -other)
            curvature[row, column] = curvature[column, row] = -bent / (2 * step) ** 2
    # Where the data say nothing the curvature is that of the prior, 1 in its units; less is no mode, or an error.
    values, vectors = np.linalg.eigh(curvature)
    inverse = vectors @ np.diag(1 / np.maximum(values, 1.0)) @ vectors.T
    return np.asarray(inverse * np.outer(scale, scale))


@dataclass(frozen=True)
class _Proposal:
    """A mixture of multivariate t distributions, equally likely: centres (kernels, 6), spreads (kernels, 6, 6)."""

    centres: Floats
    spreads: Floats

    def draw(self, draws: int, random: np.random.Generator) -> Floats:
        """Draws (draws, 6)."""
        kernel = random.integers(len(self.centres), size=draws)
        root = np.linalg.cholesky(self.spreads)[kernel]
        normal = np.einsum(
            "nij,nj->ni", root, random.standard_normal((draws, self.centres.shape[1]))
        )
        return np.asarray(
            self.centres[kernel]
            + normal * np.sqrt(_DEGREES / random.chisquare(_DEGREES, (draws, 1)))
        )

    def density(self, theta: Floats) -> Floats:
        """Log density (draws,), up to what all proposals share."""
        size = self.centres.shape[1]
        apart = theta[:, None, :] - self.centres[None, :, :]
        squared = np.einsum(
            "nki,kij,nkj->nk", apart, np.linalg.inv(self.spreads), apart, optimize=True
        )
        volume = np.linalg.slogdet(self.spreads)[1]
        log = -0.5 * (_DEGREES + size) * np.log1p(squared / _DEGREES) - 0.5 * volume
        return np.asarray(_log_sum(log) - np.log(len(self.centres)))


def _around(theta: Floats, weight: Floats, random: np.random.Generator) -> _Proposal:
    """Kernels about likely draws: softened, as a few heavy draws must not make the proposal too narrow."""
    softened = np.sqrt(weight) / np.sqrt(weight).sum()
    # With a little on the diagonal: few draws may lie in a plane, and a flat proposal has no density.
    spread = np.cov(theta.T, aweights=softened) + 1e-4 * np.eye(theta.shape[1])
    centres = theta[random.choice(len(theta), _KERNELS - 1, p=softened)]
    whole = (softened @ theta)[None, :]
    narrow = np.repeat((_NARROWER**2 * spread)[None], _KERNELS - 1, axis=0)
    return _Proposal(np.concatenate([whole, centres]), np.concatenate([spread[None], narrow]))


def _check(nights: pd.DataFrame, occupied: float, level: float) -> None:
    if not 0 < occupied < 1:
        raise ParameterError(f"occupied: {occupied} is not allowed: between 0 and 1")
    if not 0 < level < 1:
        raise ParameterError(f"level: {level} is not allowed: between 0 and 1")
    if nights.empty:
        raise DataError("a season needs at least one night")
    if (twice := nights.duplicated(["site", "night"])).any():
        row = nights[twice].iloc[0]
        raise DataError(f"site {row['site']} has the night {row['night']} twice")
    if not (
        (nights["windows"] >= nights["positive"])
        & (nights["positive"] >= 0)
        & (nights["windows"] > 0)
    ).all():
        raise DataError("a night needs windows, and no more positive ones than there are")
