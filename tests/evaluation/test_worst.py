"""The worst errors: the surest ones first, and no right decision among them."""

from __future__ import annotations

import pytest

from chorus.errors import ParameterError
from chorus.evaluation import worst
from predicted import predicted


@pytest.fixture
def table():
    table = predicted(clips=120)
    table["score"] = table["score"].round(1)  # ties
    return table


def test_false_positives_are_the_negatives_that_score_highest(table):
    found = worst(table, "test_ood", "false_positives", threshold=0.5)
    assert len(found) == 10
    assert set(found["label"]) == {"negative"}
    assert set(found["split"]) == {"test_ood"}
    assert (found["score"] >= 0.5).all()
    ordered = sorted(
        table[(table["split"] == "test_ood") & (table["label"] == "negative")].itertuples(),
        key=lambda row: (-row.score, row.clip_id),
    )
    assert list(found["clip_id"]) == [row.clip_id for row in ordered[:10]]


def test_false_negatives_are_the_positives_that_score_lowest(table):
    found = worst(table, "validation", "false_negatives", threshold=0.9, n=4)
    ordered = sorted(
        table[(table["split"] == "validation") & (table["label"] == "positive")].itertuples(),
        key=lambda row: (row.score, row.clip_id),
    )
    assert list(found["clip_id"]) == [row.clip_id for row in ordered[:4]]


def test_a_clip_at_the_threshold_is_a_detection(table):
    at = table.assign(score=0.5)
    assert len(worst(at, "test_iid", "false_negatives", threshold=0.5)) == 0
    assert len(worst(at, "test_iid", "false_positives", threshold=0.5, n=500)) == 80


@pytest.mark.parametrize(
    ("split", "kind"), [("train", "false_positives"), ("test_ood", "mistakes")]
)
def test_an_unknown_split_or_kind_is_refused(table, split, kind):
    with pytest.raises(ParameterError, match="is not allowed"):
        worst(table, split, kind, threshold=0.5)
