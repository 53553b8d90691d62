"""How well any number of classes are told apart, and how sure, evenly and consistently: pure functions of predictions.

Everywhere, `probabilities` are floats (n, k), one row a sample and one column a class, rows summing to 1; `truth` and
`predicted` are class numbers (n,) from 0 to k - 1. The predicted class is the most probable one, of several equally
probable ones the first. Where scikit-learn has the same figure, the value is the same; importing it would cost a
second in every run of a grid.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chorus.errors import DataError

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]
UNCERTAIN = 10  # samples that are listed as the most uncertain ones
CONFUSED = 0.1  # share of a class that is taken for another, from which on the pair is listed
TREND_EPOCHS = 5  # that a rate of improvement looks back over


def predictions(probabilities: ArrayLike) -> Numbers:
    """The predicted classes, (n,).

    Raises:
        DataError: no samples, fewer than two classes, or rows that are no probabilities.
    """
    predicted: Numbers = np.argmax(_probabilities(probabilities), axis=1)
    return predicted


def ranks(probabilities: ArrayLike, truth: ArrayLike) -> Numbers:
    """How many classes are predicted before the true one, (n,): 0 where the prediction is right.

    Raises:
        DataError: no samples, rows that are no probabilities, or class numbers that are none.
    """
    shares = _probabilities(probabilities)
    true = _classes(truth, len(shares), shares.shape[1])[:, None]
    own = np.take_along_axis(shares, true, axis=1)
    # of equal chances the first is predicted, so a tie with an earlier class is a rank lost
    before = np.arange(shares.shape[1]) < true
    places: Numbers = ((shares > own) | ((shares == own) & before)).sum(axis=1)
    return places


def accuracy(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """Share of the samples whose prediction is right.

    Raises:
        DataError: as `ranks`.
    """
    return top_k_accuracy(probabilities, truth, 1)


def top_k_accuracy(probabilities: ArrayLike, truth: ArrayLike, k: int) -> float:
    """Share of the samples whose true class is among the `k` most probable ones.

    Raises:
        DataError: as `ranks`.
    """
    return float(np.mean(ranks(probabilities, truth) < k))


def balanced_accuracy(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Mean share of right predictions over the classes that occur.

    Raises:
        DataError: no samples, or class numbers that are none.
    """
    true = _classes(truth)
    right = np.bincount(true, weights=_classes(predicted, len(true)) == true)
    sizes = np.bincount(true)
    return float(np.mean(right[sizes > 0] / sizes[sizes > 0]))


def macro_f1(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Mean F1 of the classes. One that is neither true nor predicted anywhere does not count.

    Raises:
        DataError: no samples, or class numbers that are none.
    """
    true = _classes(truth)
    said = _classes(predicted, len(true))
    classes = 1 + max(true.max(), said.max())
    right = np.bincount(true[true == said], minlength=classes)
    sizes = np.bincount(true, minlength=classes) + np.bincount(said, minlength=classes)
    return float(np.mean(2 * right[sizes > 0] / sizes[sizes > 0]))


def entropy(probabilities: ArrayLike) -> Floats:
    """Entropy of each row in nats, (n,): 0 is sure, ln k knows nothing.

    Raises:
        DataError: as `predictions`.
    """
    shares = _probabilities(probabilities)
    # 0 log 0 is 0: a chance of 0 is put to 1, whose logarithm is 0
    nats: Floats = -np.sum(shares * np.log(np.where(shares > 0, shares, 1)), axis=1)
    return nats


def most_uncertain(probabilities: ArrayLike, count: int = UNCERTAIN) -> Numbers:
    """Row numbers of the samples with the highest entropy, the highest first; of equal ones the first comes first.

    Raises:
        DataError: as `predictions`.
    """
    return np.argsort(-entropy(probabilities), kind="stable")[:count]


@dataclass(frozen=True)
class GroupConsistency:
    """How often a whole group (speaker, recorder, night) gets one and the same prediction.

    share: of the groups of two samples or more; nan without any.
    chance: what to expect of `share` for these group sizes when the same predictions are dealt to samples at random.
    groups: of two samples or more.
    alone: groups of one sample, which are always of one mind and are left out of everything.
    unknown: samples whose group is not known, left out as well.
    """

    share: float
    chance: float
    groups: int
    alone: int
    unknown: int


def group_consistency(predicted: ArrayLike, groups: ArrayLike) -> GroupConsistency:
    """The share of groups whose samples all get the same prediction (the guide's speaker consistency).

    The chance level is exact, no simulation: a group of n among N samples, of which m_c are predicted as c, gets one
    prediction throughout with probability sum_c C(m_c, n) / C(N, n), as if drawn without replacement.

    Args:
        predicted: class numbers (n,). groups: names or numbers (n,); "" stands for unknown.

    Raises:
        DataError: no samples, or not one group a sample.
    """
    said = _classes(predicted)
    if np.shape(groups) != said.shape:
        raise DataError(f"each prediction needs one group, not {np.shape(groups)} for {said.shape}")
    names = np.asarray(groups)
    # only a name can be "": groups that are numbers are all known
    known = names != "" if names.dtype.kind in "UO" else np.ones(len(names), dtype=bool)
    unknown, said = int(np.sum(~known)), said[known]
    if not len(said):
        return GroupConsistency(math.nan, math.nan, 0, 0, unknown)
    _, group_of = np.unique(names[known], return_inverse=True)
    # one number for each pair of group and class, so that one count gives the whole table
    table = np.bincount(
        group_of * (said.max() + 1) + said, minlength=(group_of.max() + 1) * (said.max() + 1)
    )
    table = table.reshape(-1, said.max() + 1)
    sizes = table.sum(axis=1)
    table, sizes, alone = table[sizes > 1], sizes[sizes > 1], int(np.sum(sizes == 1))
    if not len(sizes):
        return GroupConsistency(math.nan, math.nan, 0, alone, unknown)
    share = float(np.mean(table.max(axis=1) == sizes))
    # many groups are of one size, and its chance is worked out once
    different, times = np.unique(sizes, return_counts=True)
    expected = _chance_of_one_class(table.sum(axis=0), different)
    return GroupConsistency(
        share, float(np.average(expected, weights=times)), len(sizes), alone, unknown
    )


def wilson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share (1927, doi:10.1080/01621459.1927.10502953); (0, 1) without trials.

    Raises:
        DataError: not 0 <= successes <= trials.
    """
    if not 0 <= successes <= trials:
        raise DataError(f"{successes} of {trials} is no share")
    if not trials:
        return 0.0, 1.0
    z2 = NormalDist().inv_cdf((1 + level) / 2) ** 2
    share = successes / trials
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    reach = math.sqrt(z2 * (share * (1 - share) + z2 / (4 * trials)) / trials) / (1 + z2 / trials)
    # At the ends the interval touches 0 or 1 exactly, but for rounding.
    return (middle - reach if successes else 0.0), (middle + reach if successes < trials else 1.0)


def accuracy_by(
    predicted: ArrayLike, truth: ArrayLike, categories: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Accuracy within each category (data set, site, bucket of durations), in the order of their names.

    Args:
        categories: str (n,); "" stands for unknown and is left out.

    Returns:
        category -> clips, accuracy, low, high: the last two are Wilson's 95 % interval.

    Raises:
        DataError: no samples, or not one category a sample.
    """
    true = _classes(truth)
    right = _classes(predicted, len(true)) == true
    names = np.asarray(categories, dtype=str)
    if names.shape != true.shape:
        raise DataError(f"each prediction needs one category, not {names.shape} for {true.shape}")
    found = {}
    for name in np.unique(names[names != ""]).tolist():
        inside = right[names == name]
        low, high = wilson(int(inside.sum()), len(inside))
        found[name] = {
            "clips": len(inside),
            "accuracy": float(inside.mean()),
            "low": low,
            "high": high,
        }
    return found


def duration_buckets(seconds: ArrayLike, edges: Sequence[float]) -> list[str]:
    """The bucket of each duration in words: "0-5 s", "5-10 s", ..., "15+ s"; an edge belongs to the upper bucket.

    Raises:
        DataError: edges that do not rise, or a duration that is no number or below the first edge.
    """
    bounds, lengths = np.asarray(edges, dtype=np.float64), np.asarray(seconds, dtype=np.float64)
    if not len(bounds) or not np.isfinite(bounds).all() or (np.diff(bounds) <= 0).any():
        raise DataError(f"the edges of duration buckets must rise, but they are {list(edges)}")
    wrong = lengths[~(lengths >= bounds[0])]
    if len(wrong):
        raise DataError(f"durations must be {bounds[0]:g} s at least, but one is {wrong[0]:g} s")
    names = [f"{low:g}-{high:g} s" for low, high in pairwise(bounds)] + [f"{bounds[-1]:g}+ s"]
    return [names[number] for number in np.searchsorted(bounds, lengths, side="right") - 1]


def confusion_pairs(
    predicted: ArrayLike,
    truth: ArrayLike,
    classes: Sequence[str],
    above: float = CONFUSED,
    expected: Iterable[tuple[str, str]] = (),
) -> list[dict[str, Any]]:
    """Which classes are taken for which others, the most frequent confusion first.

    Args:
        classes: the name of each class number.
        above: only confusions of a larger share of the clips of the true class are listed.
        expected: pairs of classes that are known to be alike, in either order.

    Returns:
        One dict a pair: true, predicted (names), clips (confused), of (clips of the true class), share, low, high
        (Wilson's 95 % interval of the share), expected.

    Raises:
        DataError: no samples, class numbers without a name, or an expected pair of unknown classes.
    """
    pairs = {frozenset(pair) for pair in expected}
    if unknown := sorted({name for pair in pairs for name in pair} - set(classes)):
        raise DataError(
            f"expected confusions of unknown classes: {', '.join(unknown)}; there are {', '.join(classes)}"
        )
    true = _classes(truth, classes=len(classes))
    said = _classes(predicted, len(true), len(classes))
    counts = np.bincount(true * len(classes) + said, minlength=len(classes) ** 2).reshape(
        len(classes), -1
    )
    found = []
    for row, column in zip(*np.nonzero(counts), strict=True):
        of = int(counts[row].sum())
        share = int(counts[row, column]) / of
        if row != column and share > above:
            names = classes[row], classes[column]
            low, high = wilson(int(counts[row, column]), of)
            found.append(
                {
                    "true": names[0],
                    "predicted": names[1],
                    "clips": int(counts[row, column]),
                    "of": of,
                    "share": share,
                    "low": low,
                    "high": high,
                    "expected": frozenset(names) in pairs,
                }
            )
    # stable, so that of equal shares the order is that of the classes
    return sorted(found, key=lambda pair: -pair["share"])


def improvement_rate(series: Sequence[float], epochs: int = TREND_EPOCHS) -> float:
    """How much a figure rises an epoch: the slope of the line fitted to its last few values; nan for a single value.

    The slope over several epochs and not the last difference, because on a hundred clips accuracy moves in steps of
    a hundredth.
    """
    recent = np.asarray(series[-epochs:], dtype=np.float64)
    if len(recent) < 2:
        return math.nan
    # centred, which makes the slope a plain quotient
    time = np.arange(len(recent)) - (len(recent) - 1) / 2
    return float(time @ (recent - recent.mean()) / (time @ time))


def _chance_of_one_class(counts: Numbers, sizes: Numbers) -> Floats:
    """For each size n, the chance that n samples drawn without replacement are all of one class."""
    total = int(counts.sum())
    # by logarithms, because factorials of a few hundred clips overflow
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, total + 1)))])

    def log_choose(of: Numbers, n: Numbers) -> Floats:
        enough = of >= n
        some = np.where(enough, of, n)
        return np.where(
            enough, log_factorial[some] - log_factorial[n] - log_factorial[some - n], -np.inf
        )

    ways = (
        log_choose(counts[None, :], sizes[:, None]) - log_choose(np.array([total]), sizes)[:, None]
    )
    chances: Floats = np.exp(ways).sum(axis=1)
    return chances


def _probabilities(values: ArrayLike) -> Floats:
    shares = np.asarray(values, dtype=np.float64)
    if shares.ndim != 2 or shares.shape[1] < 2:
        raise DataError(
            f"probabilities must be a table of samples by two classes at least, not {shares.shape}"
        )
    if not len(shares):
        raise DataError("there are no samples to judge")
    if not (
        np.isfinite(shares).all()
        and (shares >= 0).all()
        # chances in float32 or written to six digits do not sum to 1 exactly
        and (np.abs(shares.sum(axis=1) - 1) < 1e-4).all()
    ):
        raise DataError("probabilities must be from 0 to 1 and sum to 1 in each row")
    return shares


def _classes(values: ArrayLike, samples: int | None = None, classes: int | None = None) -> Numbers:
    numbers = np.asarray(values)
    if numbers.ndim != 1 or not len(numbers):
        raise DataError(
            "there are no samples to judge"
            if numbers.ndim == 1
            else "class numbers must be a plain list"
        )
    if samples is not None and len(numbers) != samples:
        raise DataError(f"there are {len(numbers)} class numbers for {samples} samples")
    if (
        numbers.dtype.kind not in "iu"
        or numbers.min() < 0
        or (classes is not None and numbers.max() >= classes)
    ):
        raise DataError(
            f"class numbers must be whole, from 0 to {'k' if classes is None else classes} - 1"
        )
    return numbers.astype(np.intp)
