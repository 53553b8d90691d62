"""Cuts cover all of an utterance, are as long as allowed, and overlap as asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.errors import ParameterError
from chorus.options import parse
from chorus.voices.cutting import CutOptions, cuts

DEFAULT = CutOptions()


@given(st.floats(10.001, 4_000))
def test_cuts_of_a_long_utterance(seconds):
    spans = cuts(seconds, DEFAULT)
    assert spans[0].onset == 0
    assert spans[-1].end == seconds
    assert all(5 <= span.end - span.onset <= 10 for span in spans)
    assert [span.onset for span in spans] == [5.0 * number for number in range(len(spans))]
    assert all(span.end - span.onset == 7.5 for span in spans[:-1])


@given(st.floats(1.0, 10.0))
def test_an_utterance_of_ten_seconds_stays_whole(seconds):
    ((onset, end),) = [(span.onset, span.end) for span in cuts(seconds, DEFAULT)]
    assert (onset, end) == (0, seconds)


def test_a_short_one_is_none():
    assert cuts(0.99, DEFAULT) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"seconds": 12.0}, "seconds must lie between shortest and longest"),
        ({"overlap": 7.5}, "overlap must be less than seconds"),
        ({"shortest": 6.0}, "seconds + shortest - overlap <= longest"),
        ({"second": 7.5}, "unknown parameter"),
    ],
)
def test_cuts_that_cannot_be_are_refused(values, words):
    with pytest.raises(ParameterError) as error:
        parse(CutOptions, values, section="corpus.cuts")
    assert words in str(error.value)
