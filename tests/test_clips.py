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
            ("unknown", "A0", "2024-03-01", "r3"),
            ("", "a0", "2024-03-01", "r4"),
            ("Pond", "A0", "", "r5"),
        ],
        columns=["site", "recorder", "night", "recording"],
        index=list("abcdef"),
    )
    assert site_nights(clips).to_dict() == {
        "a": "Pond/2024-03-01",
        "b": "Pond/2024-03-01",
        "c": "Pond/2024-03-02",
        "d": "A0/2024-03-01",
        "e": "A0/2024-03-01",
        "f": "r5",
    }
