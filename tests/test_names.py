"""Names as people write them: what is one name, and what only looks like one."""

import re
import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.names import among, comparable, look_alikes, one_spelling, skeleton


@pytest.mark.parametrize(
    "spelling",
    ["Mill Pond", "mill pond", " Mill  Pond ", "MILL POND", "Mill\u00a0Pond", "Mill\tPond"],
)
def test_capitals_and_white_space_make_no_other_name(spelling):
    assert comparable(spelling) == comparable("Mill Pond")


def test_unicode_forms_make_no_other_name():
    composed, decomposed = (unicodedata.normalize(form, "Étang") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert comparable(composed) == comparable(decomposed)


@given(st.text())
def test_comparing_twice_changes_nothing(name):
    assert comparable(comparable(name)) == comparable(name)
    assert skeleton(comparable(name)) == skeleton(name)


def test_the_first_spelling_is_shown():
    names = pd.Series(["Pond ", "pond", "Creek", "POND", ""])
    assert one_spelling(names).tolist() == ["Pond", "Pond", "Creek", "Pond", ""]


@pytest.mark.parametrize(
    "alike",
    [
        ("Mill Pond", "MillPond"),
        ("Mill Pond", "Mill-Pond"),
        ("Mill Pond", "mill_pond."),
        ("Pond", "P\u043end"),  # a Cyrillic o
        ("Etang", "Étang"),
        ("Moth1", "Moth01"),
        ("Plot 1-1", "plot_1_1"),
    ],
)
def test_look_alikes_are_found(alike):
    assert look_alikes([*alike, "Creek"]) == [tuple(sorted(alike))]


@pytest.mark.parametrize(
    "different",
    [
        ("Pond 1", "Pond 2"),
        ("Plot 1-1", "Plot 11"),
        ("Moth1", "Moth10"),
        ("?", "!"),
        ("池", "湖"),
        ("S1", "S1a"),
    ],
)
def test_different_names_are_no_look_alikes(different):
    assert look_alikes(different) == []


def test_spellings_of_one_name_are_no_look_alikes():
    assert look_alikes(["Pond", "pond", "Pond "]) == []


@given(st.text(alphabet="0019 -_/.aBé²٣½оx7\u00a0", max_size=9))
def test_a_skeleton_drops_signs_except_between_numbers_and_zeros_before_them(name):
    """The rule as three replacements, which is another way to the same."""
    latin = comparable(name)
    if not latin.isascii():
        apart = unicodedata.normalize("NFKD", latin)
        latin = "".join(sign for sign in apart if not unicodedata.combining(sign)).replace(
            "о", "o"
        )  # Cyrillic
    between = re.sub(r"(?<=\d)[\W_]+(?=\d)", "-", latin)
    kept = re.sub(r"(?<!\d)[\W_]+|[\W_]+(?!\d)", "", between)
    assert skeleton(name) == (re.sub(r"(?<!\d)0+(?=\d)", "", kept) or comparable(name))


@given(st.lists(st.text(max_size=3)), st.lists(st.text(max_size=3)))
def test_names_are_found_among_others_as_pandas_finds_them(names, others):
    index = range(5, 5 + len(names))
    given_names, given_others = pd.Series(names, index, dtype="str"), pd.Series(others, dtype="str")
    found = among(given_names, given_others)
    assert found.tolist() == [name in others for name in names]
    assert found.index.equals(given_names.index)
