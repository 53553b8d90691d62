"""What each factor of the training data does, from the runs of a grid that differ in nothing else.

The runs of a grid are not independent: those of one seed share the initial weights, the draw of the negatives and the
clips held out, so that what a factor does in one of them it tends to do in all of them. (In the 90 published runs it
shows: the effect of the hardest negatives on OOD precision varies between seeds five times as much as independent runs
would let it, F(2, 18) = 5.4, p = 0.015.) Thirty matched pairs are therefore not thirty witnesses; the seeds are. A
linear model with seed as a block, but its error taken from the spread of single runs, would report false positives:
tests/statistics/test_effects.py sees it do so.

So the seed is the unit: the matched differences are averaged in each seed, and these few values (three seeds: three)
give the mean, a t interval and a p. This is the seed-blocked linear model with the seed-by-contrast interaction as its
error term, each contrast with its own. It is right however runs of a seed depend on each other and however much noisier
one level is than another; it supposes that the effects in single seeds are roughly normal, which three values cannot
show. The price is wide intervals: three seeds must agree closely to show anything. That is what three seeds are worth;
`chorus.statistics.minimal_detectable_difference` tells what more seeds would buy. Without the normal distribution
there is only the flipping of signs, whose p with three seeds is never below 0.25: given beside, as `sign_flip_p`.

Three values also agree by luck now and then, far closer than single runs do. What they agree on must therefore stand
out from the noise of single runs too (`run_p`) before `Effect.holds` says so. (To use the smaller spread of many runs
*instead*, wherever it looks permissible, was tried: after Holm's adjustment it reports up to four times too much.)

None of this knows about other test nights or another site: for that see `chorus.statistics.paired_bootstrap`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.errors import DataError
from chorus.seeds import generator
from chorus.statistics.intervals import student
from chorus.statistics.paired import holm
from chorus.statistics.power import minimal_detectable_difference

Floats = NDArray[np.float64]

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Contrast:
    """A level of a factor against the reference level, among the runs with the values in `where`."""

    factor: str
    level: str
    reference: str
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Interaction:
    """How much more `contrast` does at `level` of another factor than at its `reference` level."""

    contrast: Contrast
    factor: str
    level: str
    reference: str


@dataclass(frozen=True)
class Effect:
    """level - reference in the metric, as a mean over seeds of the mean over matched runs.

    name: of the contrast, for people; factor, level, reference: of an interaction joined with " x ".
    low, high, p: t over the seeds' means. p_holm: adjusted within the family that was asked for together.
    sign_flip_p: needs no normal distribution, and cannot be below `smallest_sign_flip_p(seeds)`.
    per_seed: the mean difference in each seed, by rising seed. pairs: matched runs in all.
    left_out: matched pairs not used, because the same pair is missing for another seed.
    detectable: the true effect that this many seeds would find in 80 % of cases, given the spread of `per_seed`, or
        that of runs where it is larger (a rough figure: so few values hardly know their own spread).
    run_p: p by the spread of single matched differences within the seeds, as though they were independent: on its own
        too small. NaN with one pair a seed.
    shared_p: p of the hypothesis that they are independent: if small, they are not. NaN with one pair a seed.
    """

    name: str
    factor: str
    level: str
    reference: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    sign_flip_p: float
    per_seed: tuple[float, ...]
    pairs: int
    left_out: int
    detectable: float
    run_p: float
    shared_p: float

    @property
    def holds(self) -> bool:
        """Whether the seeds agree (after Holm's adjustment) on something that stands out from the noise of runs."""
        return self.p_holm < SIGNIFICANT and not self.run_p >= SIGNIFICANT  # nor where run_p is NaN


def matched_effects(
    runs: pd.DataFrame,
    metric: str,
    contrasts: Sequence[Contrast | Interaction],
    *,
    factors: Sequence[str],
    level: float = 0.95,
) -> list[Effect]:
    """The effect of each contrast on a metric; p-values adjusted (Holm) over these contrasts.

    Args:
        runs: one row a run: seed, a text column for each factor, and the metric as numbers.
        contrasts: one family, declared before looking.
        factors: all that runs differ in beside the seed: matched runs agree in all but the contrast's.
        level: of the two-sided intervals.

    Raises:
        DataError: a column is missing, a metric is not finite, a configuration has two runs of one seed, there is
            only one seed, or a contrast has no matched runs.
    """
    table = _checked(runs, metric, factors)
    effects = [_effect(table, contrast, list(factors), level) for contrast in contrasts]
    # all at once: what a family is decides how much each p is raised
    adjusted = holm([effect.p for effect in effects])
    return [replace(effect, p_holm=float(p)) for effect, p in zip(effects, adjusted, strict=True)]


@dataclass(frozen=True)
class Judged:
    """What matched differences show: low, high, p, run_p and shared_p as in `Effect`.

    run_sd: the standard deviation that a seed's mean would have if the differences in it were independent.
    """

    low: float
    high: float
    p: float
    run_sd: float
    run_p: float
    shared_p: float


def judge_pairs(differences: Floats, *, level: float = 0.95) -> Judged:
    """Test whether the mean of matched differences is zero, with the seed as the unit.

    Args:
        differences: (pairs, seeds), at least two seeds; with one pair a seed there is no `run_p` (NaN).
        level: of the two-sided interval.
    """
    from scipy.special import fdtrc

    pairs, seeds = differences.shape
    per_seed = differences.mean(axis=0)
    mean, between = float(per_seed.mean()), float(per_seed.var(ddof=1))
    low, high, p = student(mean, (between / seeds, seeds - 1), level=level)
    # one pair a seed, or pairs that differ alike in all seeds, know nothing of the noise of single runs
    if pairs < 2 or (residual := _residual_variance(differences)) == 0:
        return Judged(low, high, p, 0.0, float("nan"), float("nan"))
    freedom = (pairs - 1) * (seeds - 1)  # of the residual in a two-way analysis of variance
    run_p = student(mean, (residual / differences.size, freedom), level=level)[2]
    shared_p = float(fdtrc(seeds - 1, freedom, pairs * between / residual))
    return Judged(low, high, p, float(np.sqrt(residual / pairs)), run_p, shared_p)


def run_spread(runs: pd.DataFrame, metric: str, *, factors: Sequence[str]) -> float:
    """The standard deviation of the difference between two single runs of one seed, their configurations' means aside.

    Pooled over all configurations that have every seed: what a comparison of two configurations has to overcome.

    Raises:
        DataError: see `matched_effects`; or fewer than two configurations with every seed.
    """
    return float(np.sqrt(2 * _residual_variance(whole_grid(runs, metric, factors).to_numpy())))


def whole_grid(runs: pd.DataFrame, metric: str, factors: Sequence[str]) -> pd.DataFrame:
    """The metric of every configuration that has every seed: a row a configuration, a column a seed.

    Raises:
        DataError: see `matched_effects`; or there are fewer than two such configurations.
    """
    table = _checked(runs, metric, factors)
    grid = table.pivot(index=list(factors), columns="seed", values="value").dropna()
    if len(grid) < 2:
        raise DataError(f"{metric}: there must be two configurations with every seed")
    return grid


def _checked(runs: pd.DataFrame, metric: str, factors: Sequence[str]) -> pd.DataFrame:
    if missing := [column for column in ("seed", metric, *factors) if column not in runs]:
        raise DataError(f"the runs lack the columns {', '.join(missing)}")
    # as text, as contrasts name their levels: a 0.5 of the table is then their "0.5"
    table = runs[list(factors)].astype(str)
    table["seed"] = pd.to_numeric(runs["seed"])
    table["value"] = pd.to_numeric(runs[metric])
    if not np.isfinite(table["value"]).all():
        raise DataError(
            f"{metric} must be finite, but is not in {int((~np.isfinite(table['value'])).sum())} runs"
        )
    if (twice := table.duplicated(["seed", *factors])).any():
        raise DataError(
            f"there are two runs of one configuration and seed: {dict(table[twice].iloc[0])}"
        )
    if table["seed"].nunique() < 2:
        raise DataError("effects need runs of at least two seeds")
    return table


def _effect(
    table: pd.DataFrame, asked: Contrast | Interaction, factors: list[str], level: float
) -> Effect:
    if isinstance(asked, Contrast):
        name = f"{asked.factor}: {asked.level} - {asked.reference}"
        factor, of_level, reference = asked.factor, asked.level, asked.reference
        pairs = _matched(table, asked, factors)
    else:
        inner = asked.contrast
        name = f"({inner.level} - {inner.reference}) at {asked.factor}={asked.level} - at {asked.reference}"
        factor = f"{inner.factor} x {asked.factor}"
        of_level = f"{inner.level} x {asked.level}"
        reference = f"{inner.reference} x {asked.reference}"
        inside = _matched(table, inner, factors)
        pairs = _difference_of(inside, asked.factor, asked.level, asked.reference)
    # a pair that one seed lacks would let that seed speak of other configurations than the others do
    whole = _by_seed(pairs).reindex(columns=sorted(table["seed"].unique())).dropna()
    if whole.empty:
        raise DataError(f"{name}: there are no matched runs with every seed")
    values = whole.to_numpy()  # (pairs, seeds)
    per_seed = values.mean(axis=0)
    judged = judge_pairs(values, level=level)
    # a few seeds may agree by luck, but hardly more closely than single runs let them
    spread = max(float(per_seed.std(ddof=1)), judged.run_sd)
    return Effect(
        name,
        factor,
        of_level,
        reference,
        difference=float(per_seed.mean()),
        low=judged.low,
        high=judged.high,
        p=judged.p,
        p_holm=judged.p,
        sign_flip_p=sign_flip(per_seed),
        per_seed=tuple(per_seed.tolist()),
        pairs=values.size,
        left_out=len(pairs) - values.size,
        detectable=minimal_detectable_difference(spread, len(per_seed)),
        run_p=judged.run_p,
        shared_p=judged.shared_p,
    )


def sign_flip(differences: Sequence[float] | Floats, draws: int = 2**16) -> float:
    """Two-sided p of the hypothesis that each difference could as well have had the other sign.

    From all 2^n flips where they are no more than 16 times the draws, else from drawn ones and the differences as
    they are.

    Args:
        draws: of flips, where not all are tried.

    Raises:
        DataError: no differences.
    """
    values = np.asarray(differences, dtype=np.float64)
    if not len(values):
        raise DataError("flipping signs takes at least one difference")
    if 2 ** len(values) <= 16 * draws:
        flipped = np.arange(2 ** len(values))[:, None] >> np.arange(len(values)) & 1
    else:
        # a seed of its own: the same differences have the same p wherever they are tested
        flipped = generator(1, "sign flips").integers(0, 2, size=(1 + draws, len(values)))
        flipped[0] = 0
    # flips that come to the same sum in another order of adding count as equal
    sums = np.abs((1 - 2 * flipped) @ values)
    return float(np.mean(sums >= sums[0] * (1 - 1e-12)))


def _by_seed(pairs: pd.Series) -> pd.DataFrame:
    """A row a matched pair, a column a seed; where runs differ in one factor only, there is one pair."""
    if pairs.index.nlevels == 1:
        return pairs.to_frame().T
    return pairs.unstack("seed")


def _matched(table: pd.DataFrame, contrast: Contrast, factors: list[str]) -> pd.Series:
    """Level minus reference for every seed and setting of the other factors that has both."""
    chosen = table
    for factor, value in contrast.where.items():
        chosen = chosen[chosen[factor] == value]
    values = chosen.set_index(["seed", *factors])["value"]
    return _difference_of(values, contrast.factor, contrast.level, contrast.reference)


def _difference_of(values: pd.Series, factor: str, level: str, reference: str) -> pd.Series:
    by_level = values.unstack(factor)
    if missing := [name for name in (level, reference) if name not in by_level]:
        raise DataError(f"there are no runs with {factor} = {missing[0]}")
    # a run without its partner is no pair
    return (by_level[level] - by_level[reference]).dropna()


def _residual_variance(values: Floats) -> float:
    """Of a table (rows, seeds), what is left when every row's and every seed's mean are taken out."""
    left = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    return float((left**2).sum() / ((values.shape[0] - 1) * (values.shape[1] - 1)))
