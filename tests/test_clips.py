"""Clips are named in errors by one function: the first few, and how many more."""

from __future__ import annotations

import pytest

from chorus.clips import name_clips


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
