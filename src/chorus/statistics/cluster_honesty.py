"""How often tests of two classifiers find an effect where there is none, when rows come in clusters: a simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chorus.seeds import generator
from chorus.statistics.clusters import compare_clusters
from chorus.statistics.effects import SIGNIFICANT
from chorus.statistics.paired import mcnemar_exact

_DRAWS = 999  # of the permutation: enough for shares of p below 0.05


@dataclass(frozen=True)
class ClusteredFalsePositives:
    """Shares of simulations with p below 0.05, and of intervals of 95 % without 0.

    naive: McNemar's exact test over all rows. permutation: whole clusters exchanged. bootstrap: the interval.
    """

    simulations: int
    naive: float
    permutation: float
    bootstrap: float


def clustered_false_positives(
    *, clusters: int, variants: int, simulations: int, seed: int, of_clip: float = 1.0
) -> ClusteredFalsePositives:
    """Two classifiers of the same skill judge variants of clips; what each test finds.

    A variant is answered rightly where skill + what is easy in the clip + what suits this classifier in the clip
    + chance is above what its condition asks. All are normal with SD 1, but for `of_clip`, the SD of the third.

    Args:
        clusters: clips, half of each class. variants: conditions of each.
    """
    # a stream for each size, so that none depends on which sizes were tried before it
    rng = generator(seed, "clustered false positives", clusters, variants)
    truth = np.repeat(np.arange(clusters) % 2, variants)
    cluster = np.repeat(np.arange(clusters), variants)
    asks = np.tile(np.linspace(-2, 2, variants), clusters)
    below = np.zeros(3)
    # Both classifiers have the same skill, so that whatever is found is false.
    for number in range(simulations):
        easy = np.repeat(rng.normal(0, 1, clusters), variants)
        a, b = (easy + _suits(rng, clusters, variants, of_clip) > asks for _ in range(2))
        found = compare_clusters(truth, a, b, cluster, resamples=_DRAWS, draws=_DRAWS, seed=number)
        outside = found.difference.low > 0 or found.difference.high < 0
        naive = mcnemar_exact(found.only_a, found.only_b)
        below += [naive < SIGNIFICANT, found.p < SIGNIFICANT, outside]
    return ClusteredFalsePositives(simulations, *(below / simulations).tolist())


def _suits(
    rng: np.random.Generator, clusters: int, variants: int, of_clip: float
) -> NDArray[np.float64]:
    of_classifier = np.repeat(rng.normal(0, of_clip, clusters), variants)
    # at 0.8 about two answers in three are right: with all or none of them no test finds anything
    return 0.8 + of_classifier + rng.normal(0, 1, clusters * variants)
