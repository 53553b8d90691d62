"""The hold-out takes whole nights, about the wanted share of each class, and never all of one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.errors import DataError
from chorus.training.holdout import hold_out

NIGHTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12)


def _rows(nights):
    """Labels and groups of nights given as (positives, negatives)."""
    labels = [label for night in nights for label, n in zip((True, False), night, strict=True) for _ in range(n)]
    groups = [f"n{number}" for number, night in enumerate(nights) for _ in range(sum(night))]
    return np.array(labels, dtype=bool), np.array(groups, dtype=str)


@given(NIGHTS, st.sampled_from([0.1, 0.2, 0.5]), st.integers(0, 3))
def test_nights_stay_whole_and_both_classes_are_on_both_sides_whenever_that_is_possible(nights, share, seed):
    labels, groups = _rows(nights)
    possible = min(sum(night[label] > 0 for night in nights) for label in (0, 1)) >= 2
    if not possible:
        with pytest.raises(DataError, match="two recorder-nights"):
            hold_out(labels, groups, share, seed)
        return
    held = hold_out(labels, groups, share, seed)
    assert not set(groups[held]) & set(groups[~held])
    for side in (held, ~held):
        assert set(labels[side].tolist()) == {True, False}


def test_with_many_nights_each_class_is_held_out_at_the_wanted_share():
    random = np.random.default_rng(0)
    labels, groups = _rows([(int(random.integers(0, 20)), int(random.integers(10, 60))) for _ in range(60)])
    for seed in range(5):
        held = hold_out(labels, groups, 0.2, seed)
        assert held[labels].mean() == pytest.approx(0.2, abs=0.02)
        assert held[~labels].mean() == pytest.approx(0.2, abs=0.02)


def test_the_seed_chooses_the_nights():
    labels, groups = _rows([(5, 10)] * 30)
    held = [hold_out(labels, groups, 0.2, seed) for seed in (1, 1, 2)]
    assert np.array_equal(held[0], held[1])
    assert not np.array_equal(held[0], held[2])


def test_one_night_of_positives_is_explained():
    labels, groups = _rows([(5, 10), (0, 10), (0, 10)])
    with pytest.raises(DataError, match=r"positives in 1 and negatives in 3: add nights, or .*validation: split"):
        hold_out(labels, groups, 0.2, seed=1)
