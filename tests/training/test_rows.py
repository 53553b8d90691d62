"""Upsampling adds the right number of rows in the right places; mixup keeps the mean label."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from chorus.errors import DataError
from chorus.training.rows import SMOTE_NEIGHBOURS, blend, mixup_shares, nearest, upsample

RNG = np.random.default_rng
FEATURES = RNG(0).standard_normal((60, 5)).astype(np.float32)
LABELS = (np.arange(60) < 12).astype(np.int64)
MINORITY = FEATURES[:12]


def _added(mode, ratio=1.0, seed=0):
    features, labels, origin = upsample(FEATURES, LABELS, mode, ratio, RNG(seed))
    assert np.array_equal(features[:60], FEATURES)
    assert np.array_equal(labels[:60], LABELS)
    assert features.dtype == np.float32
    assert np.array_equal(origin[:60], np.arange(60))
    assert (origin[60:] < 12).all()
    assert labels[60:].all()
    return features[60:]


def _segments(point, ends):
    """Distance from a point to each segment between two of the ends, and where on it (0..1) the nearest place lies."""
    start, direction = ends[:, None], ends[None] - ends[:, None]
    length = (direction**2).sum(-1)
    place = np.clip(((point - start) * direction).sum(-1) / np.where(length, length, 1), 0, 1)
    gap = np.linalg.norm(point - start - place[..., None] * direction, axis=-1)
    gap[np.diag_indices(len(ends))] = np.inf
    return gap, place


@pytest.mark.parametrize("mode", ["repeat", "mean", "linear", "smote"])
@pytest.mark.parametrize(("ratio", "positives"), [(1.0, 48), (0.5, 24), (0.25, 12), (0.1, 12)])
def test_the_rarer_class_is_raised_to_the_ratio(mode, ratio, positives):
    assert len(_added(mode, ratio)) == positives - 12


def test_none_adds_nothing():
    assert len(_added("none")) == 0


def test_negatives_are_raised_when_they_are_the_rarer_class():
    features, labels, _ = upsample(FEATURES, 1 - LABELS, "repeat", 1.0, RNG(0))
    assert (1 - labels).sum() == labels.sum() == 48
    assert len(features) == 96


@pytest.mark.parametrize("mode", ["repeat", "mean", "linear", "smote"])
def test_of_several_classes_each_rarer_one_is_raised_from_its_own_rows(mode):
    labels = np.repeat([2, 0, 1], [30, 20, 10])
    features, raised, origin = upsample(FEATURES, labels, mode, 0.9, RNG(0))
    assert np.bincount(raised).tolist() == [27, 27, 30]
    assert np.array_equal(raised, labels[origin])
    for label in (0, 1):  # convex combinations of rows of one class stay within its range
        own = FEATURES[labels == label]
        assert (features[raised == label] >= own.min(axis=0) - 1e-6).all()
        assert (features[raised == label] <= own.max(axis=0) + 1e-6).all()


def test_a_repeated_row_names_the_row_it_is_a_copy_of():
    features, _, origin = upsample(FEATURES, LABELS, "repeat", 1.0, RNG(0))
    assert np.array_equal(features, FEATURES[origin])


def test_repeat_adds_rows_of_the_class():
    assert {row.tobytes() for row in _added("repeat")} <= {row.tobytes() for row in MINORITY}


def test_mean_adds_points_halfway_between_two_rows():
    for point in _added("mean"):
        gap, place = _segments(point, MINORITY)
        nearest_segment = np.unravel_index(gap.argmin(), gap.shape)
        assert gap[nearest_segment] < 1e-5
        assert place[nearest_segment] == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize("mode", ["linear", "smote"])
def test_linear_and_smote_add_different_points_between_two_rows(mode):
    places = []
    for point in _added(mode):
        gap, place = _segments(point, MINORITY)
        assert gap.min() < 1e-5
        places.append(place.flat[gap.argmin()])
    assert np.ptp(places) > 0.5


def test_smote_goes_towards_near_neighbours_only():
    neighbours = nearest(MINORITY, SMOTE_NEIGHBOURS)
    allowed = np.zeros((12, 12), dtype=bool)
    allowed[np.arange(12)[:, None], neighbours] = True
    for point in _added("smote"):
        gap, _ = _segments(point, MINORITY)
        assert gap[allowed].min() < 1e-5


def test_nearest_rows_are_those_of_scikit_learn():
    points = RNG(3).standard_normal((1500, 4)).astype(np.float32)  # more than one block
    golden = (
        NearestNeighbors(n_neighbors=6).fit(points).kneighbors(points, return_distance=False)[:, 1:]
    )
    assert np.array_equal(np.sort(nearest(points, 5)), np.sort(golden))


def test_points_between_rows_need_two_rows():
    one = (np.arange(60) < 1).astype(np.int64)
    with pytest.raises(DataError, match="'smote' needs two rows"):
        upsample(FEATURES, one, "smote", 1.0, RNG(0))
    assert upsample(FEATURES, one, "repeat", 1.0, RNG(0))[1].sum() == 59


def test_smote_of_two_rows_uses_the_only_neighbour_there_is():
    assert (
        upsample(FEATURES, (np.arange(60) < 2).astype(np.int64), "smote", 1.0, RNG(0))[1].sum()
        == 58
    )


@given(st.lists(st.booleans(), min_size=1, max_size=50), st.floats(0.05, 5), st.integers(0, 99))
def test_mixup_keeps_the_mean_label_and_stays_between(labels, alpha, seed):
    targets = np.array(labels, dtype=np.float32)
    shares = mixup_shares(len(targets), alpha, RNG(seed))
    mixed = blend(targets, targets[::-1], shares)
    assert mixed.mean() == pytest.approx(targets.mean(), abs=1e-6)
    assert mixed.min() >= 0
    assert mixed.max() <= 1


def test_mixup_shares_follow_the_beta_distribution():
    shares = mixup_shares(20_000, 0.2, RNG(0))
    assert shares.mean() == pytest.approx(0.5, abs=0.02)
    assert shares.var() == pytest.approx(1 / (4 * (2 * 0.2 + 1)), rel=0.03)


def test_blend_mixes_features_and_targets_alike():
    rows, partners = FEATURES[:2], FEATURES[2:4]
    mixed = blend(rows, partners, np.array([1.0, 0.25], dtype=np.float32))
    assert mixed[0] == pytest.approx(rows[0], abs=1e-6)
    assert mixed[1] == pytest.approx(0.25 * rows[1] + 0.75 * partners[1], abs=1e-6)
