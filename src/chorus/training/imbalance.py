"""Scores of which some are rare: weights of records, and Yang et al.'s smoothing of labels and features.

Weights are (n,) and have mean 1 over the records they are for, so that they do not act as a learning rate.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from chorus.roots import root

Floats = NDArray[np.float64]
Places = NDArray[np.int64]  # the bin of each record, (n,): `chorus.metrics.scores.bins`
# Bins that labels and features are smoothed over, and the SD of the Gaussian, in bins: as in the paper.
KERNEL = 5
SIGMA = 2.0


def inverse_weights(
    places: Places,
    *,
    exponent: float = 0.5,
    floor: float = 0.5,
    cap: float = 8.0,
    boost: Mapping[int, float] | None = None,
) -> Floats:
    """(largest count / count of the bin) ^ exponent, kept between floor and cap, times the bin's boost.

    Args:
        exponent: 0.5 is the square root; the study's report calls it temperature.
        boost: factors of bins.
    """
    counts = np.bincount(places).astype(np.float64)
    weights = np.clip((counts.max() / counts[places]) ** exponent, floor, cap)
    factors = np.array([(boost or {}).get(int(place), 1.0) for place in places])
    return _mean_one(weights * factors)


def lds_weights(places: Places, highest: int, *, square_root: bool = True) -> Floats:
    """Label distribution smoothing (Yang et al. 2021, arXiv:2102.09554): the inverse of the smoothed (root of the)
    counts of the bins from 0 to `highest`."""
    counts = np.bincount(places, minlength=highest + 1).astype(np.float64)
    known = np.sqrt(counts) if square_root else counts
    # of fewer bins than the kernel has, "same" would give as many as the kernel
    smooth = np.convolve(known, kernel(), mode="same") if len(known) >= KERNEL else known
    return _mean_one(1 / smooth[places])


def target_weights(places: Places, target: Mapping[int, float], *, cap: float = 20.0) -> Floats:
    """Share in the target distribution over share here, at most `cap` times the smallest: importance weights."""
    counts = np.bincount(places).astype(np.float64)
    weights = np.array([target.get(int(place), 0.0) for place in places]) / counts[places]
    positive = weights[weights > 0]
    return (
        _mean_one(np.minimum(weights, cap * positive.min()))
        if len(positive)
        else np.ones(len(places))
    )


def kernel(size: int = KERNEL, sigma: float = SIGMA) -> Floats:
    """A Gaussian over neighbouring bins, as the paper's code has it: cut off, and 1 in the middle."""
    from scipy.ndimage import gaussian_filter1d

    middle = np.zeros(size)
    middle[size // 2] = 1.0
    smooth = gaussian_filter1d(middle, sigma)
    return np.asarray(smooth / smooth.max())


def _mean_one(weights: Floats) -> Floats:
    return np.asarray(weights / weights.mean())


class FeatureSmoothing:
    """Feature distribution smoothing (Yang et al. 2021): features of a bin get the mean and variance that its
    neighbours suggest.

    Statistics of an epoch are taken at its end, and used in the next: running with a momentum of 0.9, and smoothed over
    bins by `kernel`, divided by its sum. Bins that were never seen leave their features alone.
    """

    def __init__(
        self, width: int, highest: int, device: torch.device | str = "cpu", momentum: float = 0.9
    ) -> None:
        """Of features (n, width) of records with scores up to `highest`."""
        self.momentum = momentum
        self.seen = torch.zeros(highest + 1, dtype=torch.bool, device=device)
        self.mean = torch.zeros(highest + 1, width, device=device)
        self.variance = torch.ones(highest + 1, width, device=device)
        self.smooth_mean, self.smooth_variance = self.mean.clone(), self.variance.clone()

    def end_epoch(self, features: torch.Tensor, places: torch.Tensor) -> None:
        """Take in the features (n, width) of an epoch's records and their bins (n,)."""
        for place in torch.unique(places).tolist():
            own = features[places == place]
            # the sample variance of a single record would be NaN
            mean, variance = own.mean(dim=0), own.var(dim=0, unbiased=len(own) > 1)
            # a bin that is seen for the first time has nothing to go on from
            keep = self.momentum if self.seen[place] else 0.0
            self.mean[place] = keep * self.mean[place] + (1 - keep) * mean
            self.variance[place] = keep * self.variance[place] + (1 - keep) * variance
            self.seen[place] = True
        self.smooth_mean, self.smooth_variance = (
            self._smoothed(self.mean),
            self._smoothed(self.variance),
        )

    def _smoothed(self, statistics: torch.Tensor) -> torch.Tensor:
        """Over the bins that were seen, (bins, width)."""
        places = torch.arange(len(statistics), device=statistics.device)
        weights = torch.from_numpy(kernel()).to(statistics)
        distance = places[:, None] - places[None, :] + KERNEL // 2
        near = torch.where(
            (distance >= 0) & (distance < KERNEL), weights[distance.clamp(0, KERNEL - 1)], 0.0
        )
        # what was never seen has the statistics that it started with, and lends nothing
        near = near * self.seen.to(near)
        return (near @ statistics) / near.sum(dim=1, keepdim=True).clamp(min=1e-12)

    def __call__(self, features: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """Features (n, width) with the smoothed statistics of their bins; the factor stays within 0.1 and 10."""
        ratio = (self.smooth_variance[places] / self.variance[places].clamp(min=1e-12)).clamp(
            0.1, 10
        )
        moved = (features - self.mean[places]) * root(ratio) + self.smooth_mean[places]
        return torch.where(self.seen[places, None], moved, features)
