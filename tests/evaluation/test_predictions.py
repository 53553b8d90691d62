"""The table of predictions: what it takes, and what it refuses by name."""

from __future__ import annotations

import pandas as pd
import pytest

from chorus.errors import DataError
from chorus.evaluation import predictions
from predicted import predicted
from tables import clip_table


def test_a_table_of_predictions_stays_as_it_is_and_is_sorted():
    table = predicted(clips=12)
    pd.testing.assert_frame_equal(
        predictions(table.sample(frac=1, random_state=1)), predictions(table)
    )
    pd.testing.assert_frame_equal(predictions(predictions(table)), predictions(table))
    assert predictions(table)["clip_id"].is_monotonic_increasing


def test_the_night_of_a_surveys_table_is_its_group():
    """The bare date would throw the sites of one evening together."""
    clips = clip_table(
        (2, {"split": "test_iid", "site": "Creek"}), (1, {"split": "test_iid", "site": "Pond"})
    )
    table = predictions(clips.assign(score=[0.25, 0.5, 0.75]))
    assert list(table["night"]) == ["Creek/2024-03-01", "Creek/2024-03-01", "Pond/2024-03-01"]
    assert list(table["score"]) == [0.25, 0.5, 0.75]


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("score", None, "without a score: validation_00002"),
        ("score", 1.5, "from 0 to 1, but not so: validation_00002"),
        ("clip_id", "validation_00003", "more than one prediction: validation_00003"),
        ("label", "frog", "labels .* validation_00002"),
        ("split", "candidate", "splits .* validation_00002"),
        ("night", "", "without a night: validation_00002"),
    ],
)
def test_a_value_that_cannot_be_judged_is_refused_with_its_clip(column, value, text):
    table = predicted(clips=6)
    table.loc[2, column] = value
    with pytest.raises(DataError, match=text):
        predictions(table)


def test_a_missing_column_is_named():
    with pytest.raises(DataError, match="lack the columns score, site"):
        predictions(predicted(clips=3).drop(columns=["site", "score"]))
