"""Where the spread of runs comes from: variance components, by the mean squares of an analysis of variance.

Terms are fitted one after the other (Henderson's method III, 1953, doi:10.2307/3001853): each
explains what those before it left, so that any table will do, balanced or not. Its mean square is
expected to be the variance of single runs plus a known multiple of each later term's variance; from
the last to the first these are solved for. In balanced tables the estimates are those of REML
wherever none would be negative (tests/statistics/test_components.py). The library for it,
statsmodels' MixedLM, takes 2.7 s to import and gives no intervals for components near zero, which
is where ours are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chorus.errors import DataError, ParameterError

Floats = NDArray[np.float64]

REST = "rest"
# Of the longest that a column of zeros and ones can be: a shorter rest of it is rounding.
_RANK_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Component:
    """One source of spread.

    freedom: its degrees of freedom. variance: its estimate, which may be negative where the source
        does nothing.
    low, high: interval of the variance, 0 at least (chi-square for the rest; Tukey's and Williams'
        for the others: doi:10.1093/biomet/49.1-2.278).
    share: of the variance of single runs that differ in this source and in the rest, that of this
        source; with its interval (from F). In a table that is not balanced, what later sources lend
        to its mean square counts as rest: of seeds nested in configurations, twice or more their
        variance. p: of the hypothesis that the source does nothing. These are NaN for the rest.
    """

    name: str
    freedom: int
    variance: float
    low: float
    high: float
    share: float
    share_low: float
    share_high: float
    p: float

    @property
    def sd(self) -> float:
        """The standard deviation; 0 for a negative estimate."""
        return float(np.sqrt(max(self.variance, 0.0)))


def variance_components(
    values: ArrayLike,
    sources: Mapping[str, Sequence[str]],
    *,
    aside: Sequence[Sequence[str]] = (),
    level: float = 0.95,
) -> list[Component]:
    """Estimate how much each source adds to the spread of values; the last is what no source explains.

    Args:
        values: (runs,). sources: name -> the label of each run, in the order in which they are
            fitted. aside: labels of what is taken out before, and is of no interest. level: of the
            two-sided intervals.

    Returns:
        a component a source, and the rest.

    Raises:
        DataError: a value is not finite, lengths differ, a source explains nothing that those
            before it did not, or nothing is left for the rest.
        ParameterError: a level outside (0, 1).
    """
    y = np.asarray(values, dtype=np.float64)
    if not 0 < level < 1:
        raise ParameterError(f"level: {level} is not allowed: between 0 and 1")
    lengths = {len(labels) for labels in (*sources.values(), *aside)}
    if not np.isfinite(y).all() or lengths - {len(y)}:
        raise DataError("variance components need finite values, and labels for each of them")
    dummies = {name: _dummies(labels) for name, labels in sources.items()}
    # the overall mean comes first of all, then what is taken out: each source is left with what is beyond them
    basis = np.full((len(y), 1), len(y) ** -0.5)
    for labels in aside:
        basis = np.hstack([basis, _new_directions(_dummies(labels), basis)])
    squares: list[float] = []
    freedoms: list[int] = []
    weights: list[dict[str, float]] = []
    for name in sources:
        new = _new_directions(dummies[name], basis)
        freedom = new.shape[1]
        if not freedom:
            raise DataError(
                f"{name}: explains nothing that is not explained by the sources before it"
            )
        freedoms.append(freedom)
        squares.append(float(np.sum((new.T @ y) ** 2)) / freedom)
        expected = {}
        for other, columns in dummies.items():
            expected[other] = float(np.sum((new.T @ columns) ** 2)) / freedom
        weights.append(expected)
        basis = np.hstack([basis, new])
    left = len(y) - basis.shape[1]
    if left < 1:
        raise DataError(
            "variance components need runs beyond what the sources explain: nothing is left for the rest"
        )
    squares.append(float(np.sum((y - basis @ (basis.T @ y)) ** 2)) / left)
    freedoms.append(left)
    return _solved(list(sources), np.array(squares), np.array(freedoms), weights, level)


def _solved(
    names: list[str],
    squares: Floats,
    freedoms: NDArray[np.int64],
    weights: list[dict[str, float]],
    level: float,
) -> list[Component]:
    """From mean squares to components, from the last source to the first.

    Each variance is kept as a combination of mean squares, so that what a mean square is compared
    with has degrees of freedom (Satterthwaite's).
    """
    parts = {REST: np.eye(len(squares))[-1]}
    found = [_rest(float(squares[-1]), int(freedoms[-1]), level)]
    for k in reversed(range(len(names))):
        name = names[k]
        # what this mean square would be if the source did nothing: the rest, and the later sources' shares
        borrowed = np.zeros(len(squares))
        for other in names[k + 1 :]:
            borrowed = borrowed + weights[k][other] * parts[other]
        compared = parts[REST] + borrowed
        multiple = weights[k][name]
        parts[name] = (np.eye(len(squares))[k] - compared) / multiple
        terms = compared * squares
        yardstick = float(terms.sum())
        # without a yardstick there is no test, and nobody reads its degrees of freedom
        freedom = 1.0
        if yardstick > 0:
            freedom = yardstick**2 / float(np.sum(terms**2 / freedoms))
        found.append(
            _component(
                name, float(squares[k]), int(freedoms[k]), yardstick, freedom, multiple, level
            )
        )
    return found[::-1]


def _component(
    name: str,
    square: float,
    freedom: int,
    yardstick: float,
    its_freedom: float,
    multiple: float,
    level: float,
) -> Component:
    from scipy.special import chdtri, fdtrc, fdtri

    tails = ((1 - level) / 2, (1 + level) / 2)
    variance = (square - yardstick) / multiple
    if yardstick <= 0:
        # negative estimates of later sources can outweigh the rest: then nothing is left to compare with
        nan = float("nan")
        return Component(name, freedom, variance, nan, nan, nan, nan, nan, nan)
    ratio = square / yardstick
    # fdtri takes the lower tail, chdtri the upper one
    below, above = (float(fdtri(freedom, its_freedom, tail)) for tail in tails)
    most, least = (float(chdtri(freedom, tail)) for tail in tails)
    low = freedom * (square - above * yardstick) / (multiple * most)
    high = freedom * (square - below * yardstick) / (multiple * least)
    return Component(
        name=name,
        freedom=freedom,
        variance=variance,
        low=max(low, 0.0),
        high=max(high, 0.0),
        share=_share((ratio - 1) / multiple),
        share_low=_share((ratio / above - 1) / multiple),
        share_high=_share((ratio / below - 1) / multiple),
        p=float(fdtrc(freedom, its_freedom, ratio)),
    )


def _share(ratio: float) -> float:
    """The share of a source in the variance, from its variance over that of the rest; 0 for a negative estimate."""
    return max(ratio, 0.0) / (1 + max(ratio, 0.0))


def _rest(square: float, freedom: int, level: float) -> Component:
    from scipy.special import chdtri

    nan = float("nan")
    low = freedom * square / float(chdtri(freedom, (1 - level) / 2))
    high = freedom * square / float(chdtri(freedom, (1 + level) / 2))
    return Component(REST, freedom, square, low, high, nan, nan, nan, nan)


def _dummies(labels: Sequence[str]) -> Floats:
    """(runs, levels): 1 where a run has a level."""
    _, which = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    return np.eye(int(which.max()) + 1)[which]


def _new_directions(columns: Floats, basis: Floats) -> Floats:
    """Orthonormal directions that columns span beyond an orthonormal basis."""
    left = columns - basis @ (basis.T @ columns)
    # singular values tell how many directions are left; columns of levels always depend on one another
    directions, lengths, _ = np.linalg.svd(left, full_matrices=False)
    return directions[:, lengths > _RANK_TOLERANCE * np.sqrt(len(columns))]
