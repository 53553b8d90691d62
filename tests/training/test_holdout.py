"""The hold-out takes whole nights, about the wanted share of each class, and never all of one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.clips import BINARY
from chorus.errors import DataError
from chorus.training.examples import hold_out

NIGHTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12)


def _rows(nights):
    """Labels and groups of nights given as the number of clips of each class."""
    labels = [label for night in nights for label, n in enumerate(night) for _ in range(n)]
    groups = [f"n{number}" for number, night in enumerate(nights) for _ in range(sum(night))]
    return np.array(labels, dtype=np.int64), np.array(groups, dtype=str)


@given(NIGHTS, st.sampled_from([0.1, 0.2, 0.5]), st.integers(0, 3))
def test_nights_stay_whole_and_both_classes_are_on_both_sides_whenever_that_is_possible(
    nights, share, seed
):
    labels, groups = _rows(nights)
    possible = min(sum(night[label] > 0 for night in nights) for label in (0, 1)) >= 2
    if not possible:
        with pytest.raises(DataError, match="two site-nights"):
            hold_out(labels, groups, BINARY, share, seed)
        return
    held = hold_out(labels, groups, BINARY, share, seed)
    assert not set(groups[held]) & set(groups[~held])
    for side in (held, ~held):
        assert set(labels[side].tolist()) == {0, 1}


def test_with_many_nights_each_class_is_held_out_at_the_wanted_share():
    random = np.random.default_rng(0)
    labels, groups = _rows(
        [(int(random.integers(0, 20)), int(random.integers(10, 60))) for _ in range(60)]
    )
    for seed in range(5):
        held = hold_out(labels, groups, BINARY, 0.2, seed)
        assert held[labels == 1].mean() == pytest.approx(0.2, abs=0.02)
        assert held[labels == 0].mean() == pytest.approx(0.2, abs=0.02)


def test_the_seed_chooses_the_nights():
    labels, groups = _rows([(5, 10)] * 30)
    held = [hold_out(labels, groups, BINARY, 0.2, seed) for seed in (1, 1, 2)]
    assert np.array_equal(held[0], held[1])
    assert not np.array_equal(held[0], held[2])


def test_one_night_of_a_class_is_explained():
    labels, groups = _rows([(5, 10), (0, 10), (0, 10)])
    with pytest.raises(DataError, match=r"has negative in 1: add nights, or .*validation: split"):
        hold_out(labels, groups, BINARY, 0.2, seed=1)


THREE = ("a", "b", "c")


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=7), st.integers(0, 3))
def test_three_classes_are_all_on_both_sides_or_it_is_said_that_no_such_division_was_found(
    nights, seed
):
    labels, groups = _rows(nights)
    names = [f"n{number}" for number, night in enumerate(nights) if sum(night)]
    has = {name: {k for k in range(3) if nights[int(name[1:])][k]} for name in names}
    possible = any(
        all(
            set().union(*(has[name] for name in side)) == {0, 1, 2}
            for side in (held, set(names) - set(held))
        )
        for size in range(1, len(names))
        for held in combinations(names, size)
    )
    try:
        held = hold_out(labels, groups, THREE, 0.2, seed)
    except DataError:
        # A search that gives up is allowed to miss divisions, but not where some night alone has all classes.
        assert not possible or not any(len(classes) == 3 for classes in has.values())
        return
    assert possible
    assert not set(groups[held]) & set(groups[~held])
    for side in (held, ~held):
        assert set(labels[side].tolist()) == {0, 1, 2}


def test_of_many_classes_each_is_held_out_at_about_the_wanted_share():
    random = np.random.default_rng(0)
    labels, groups = _rows([tuple(random.integers(0, 12, size=8).tolist()) for _ in range(80)])
    held = hold_out(labels, groups, tuple("abcdefgh"), 0.2, seed=1)
    assert [held[labels == label].mean() for label in range(8)] == pytest.approx(
        [0.2] * 8, abs=0.05
    )


def test_classes_that_no_division_leaves_on_both_sides_are_refused():
    """Three nights, each class in two of them: one side is a single night and lacks a class."""
    labels, groups = _rows([(2, 2, 0), (0, 2, 2), (2, 0, 2)])
    with pytest.raises(DataError, match="no division of the site-nights"):
        hold_out(labels, groups, THREE, 0.2, seed=1)
