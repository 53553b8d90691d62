"""The quarantine keeps every reason, and too much of it stops the run."""

from __future__ import annotations

import pandas as pd
import pytest

from chorus import quarantine
from chorus.errors import DataError
from tables import clip_table


def test_an_empty_quarantine_joins_and_has_its_columns():
    one = quarantine.table([("b.wav", "silent"), ("a.wav", "silent")])
    assert list(quarantine.join(quarantine.empty(), one)["source"]) == ["a.wav", "b.wav"]
    assert list(quarantine.empty().columns) == ["source", "clip_id", "stage", "reason"]


def test_failures_of_a_later_stage_are_added_with_their_source():
    clips = clip_table((2, {}))
    added = quarantine.add(
        quarantine.table([("z.wav", "silent")]), clips, {"c000001": "damaged"}, stage="encode"
    )
    assert added.to_dict("records") == [
        {"source": "1.wav", "clip_id": "c000001", "stage": "encode", "reason": "damaged"},
        {"source": "z.wav", "clip_id": "", "stage": "survey", "reason": "silent"},
    ]


def test_reasons_are_counted_without_their_details():
    rejected = quarantine.table(
        [("a", "too short: 1 s"), ("b", "silent"), ("c", "too short: 2 s"), ("d", "empty")]
    )
    assert list(quarantine.count_reasons(rejected).items()) == [
        ("too short", 2),
        ("empty", 1),
        ("silent", 1),
    ]


def test_too_much_stops_the_run_with_the_commonest_reasons():
    reasons = ["a"] * 4 + ["b: 1", "b: 2", "b: 3", "c", "c", "d"]
    rejected = quarantine.table((f"{n}.wav", reason) for n, reason in enumerate(reasons))
    with pytest.raises(DataError) as error:
        quarantine.check_share(rejected, 40, 0.2)
    assert str(error.value) == (
        "10 of 40 clips (25.0%) are in quarantine, more than survey.max_quarantined_share allows (20.0%): "
        "a (4), b (3), c (2)"
    )
    quarantine.check_share(rejected, 50, 0.2)


def test_no_clips_at_all_is_an_error():
    with pytest.raises(DataError, match="no clips at all"):
        quarantine.check_share(pd.DataFrame(columns=list(quarantine.COLUMNS)), 0, 0.2)
