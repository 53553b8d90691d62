"""Clips are named in errors by one function: the first few, and how many more."""

from __future__ import annotations

import pandas as pd
import pytest

from chorus.clips import name_clips, site_nights


@pytest.mark.parametrize(
    ("clips", "words"),
    [
        (["b", "a"], "b, a"),
        (list("abcdef"), "a, b, c, d, e, f"),
        (list("abcdefgh"), "a, b, c, d, e, f and 2 more"),
        ([], ""),
    ],
)
def test_the_first_few_clips_are_named_and_the_others_counted(clips, words):
    assert name_clips(clips) == words


def test_how_many_are_named_can_be_chosen():
    assert name_clips(list("abc"), most=1) == "a and 2 more"


def test_the_unit_of_evidence_is_the_night_at_a_site():
    clips = pd.DataFrame(
        [
            ("Pond", "A0", "2024-03-01", "r1"),
            ("pond ", "A1", "2024-03-01", "r2"),  # another recorder hears the same frogs
            ("Pond", "A0", "2024-03-02", "r1"),
            ("unknown", "B0", "2024-03-01", "r3"),
            ("", "b0", "2024-03-01", "r4"),
            ("Unknown", "A1", "2024-03-01", "r4"),  # all else of A1 is from the pond
            ("Pond", "A0", "", "r5"),
        ],
        columns=["site", "recorder", "night", "recording"],
        index=list("abcdefg"),
    )
    assert site_nights(clips).to_dict() == {
        "a": "Pond/2024-03-01",
        "b": "Pond/2024-03-01",
        "c": "Pond/2024-03-02",
        "d": "B0/2024-03-01",
        "e": "B0/2024-03-01",
        "f": "Pond/2024-03-01",
        "g": "r5",
    }


def test_nights_of_one_block_are_one_unit():
    nights = [f"2024-03-{day:02d}" for day in range(1, 15)]
    clips = pd.DataFrame({"site": "Pond", "recorder": "A0", "night": nights, "recording": "r"})
    units = site_nights(clips, block_nights=7)
    assert units.value_counts().max() == 7 and units.nunique() == 3
    assert (
        units.iloc[0] == "Pond/2024-02-25"
    )  # named after the block's first night, recorded or not
