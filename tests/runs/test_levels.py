"""Cells as levels: what means the same is the same text."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.runs.levels import items, levels


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (
            ["['high', 'medium']", '["high","medium"]', "[high, medium]", "['medium', 'high']"],
            "high+medium",
        ),
        (["[]", "[ ]"], "none"),
        (["512", "512.0", "5.12e2", " 512 "], "512"),
        (["0.0005", "5e-4", "5.0E-04"], "0.0005"),
        (["True", "true", "TRUE"], "True"),
        (["", " ", "nan", "NaN", "None", "null"], "missing"),
        (["007"], "007"),
        (["2024_1"], "2024_1"),
        (["0.30000000000000004", "0.3"], "0.3"),
        (["20260101123456", "20260101123456.0", "+20260101123456"], "20260101123456"),
        (["-0.5"], "-0.5"),
        (["0", "0.0", "-0"], "0"),
        (["[7.0, 8]"], "7+8"),
        (["[007, 0123]"], "007+0123"),
        (["[yes, true]", "['yes', True]"], "yes+True"),
        (["[1:30]"], "1:30"),
        (["['it''s']"], "it's"),
        (["[unclosed"], "[unclosed"),
        (["{a: 1}"], "{a: 1}"),
    ],
)
def test_however_it_is_written(written, meant):
    assert set(levels(pd.Series(written))) == {meant}


def test_long_seeds_that_are_neighbours_stay_two():
    seeds = ["20260101123456", "20260101123457", "9007199254740992", "9007199254740993"]
    assert list(levels(pd.Series(seeds))) == seeds


def test_names_replace_levels_and_items_of_lists():
    cells = pd.Series(["['a/small', 'x']", "a/small", "['x', 'a/small']", ""])
    found = levels(cells, {"a/small": "small", "missing": "unknown"})
    assert list(found) == ["small+x", "small", "small+x", "unknown"]


def test_a_cell_is_data_and_never_code():
    assert items("[!!python/object/apply:os.system ['true']]") is None


@given(
    st.lists(st.sampled_from("abcd"), max_size=4, unique=True), st.randoms(use_true_random=False)
)
def test_the_order_in_a_list_makes_no_other_level(given_items, random):
    shuffled = random.sample(given_items, len(given_items))
    found = levels(pd.Series([str(given_items), str(shuffled)]))
    assert found.nunique() == 1
    assert items(str(shuffled)) == tuple(shuffled)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_is_one_level_in_any_notation(value):
    found = levels(pd.Series([repr(value), f"{value:.17e}"]))
    assert found.nunique() == 1
    assert float(found.iloc[0]) == pytest.approx(value, rel=1e-11)
