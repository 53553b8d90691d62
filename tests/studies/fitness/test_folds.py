"""A text is on one side, and pairs that do not fit stay with the record that they are made from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chorus.encoders.texts import TextVectors
from chorus.errors import ParameterError
from chorus.options import parse
from fitness import dataset, folds
from fitness.folds import NegativeOptions, SplitOptions

METRICS = ["a", "a/x", "a/y", "b", "b/x", "c"]
NAMES = TextVectors(
    "names",
    METRICS,
    np.eye(6, 4, dtype=np.float32) + np.linspace(0, 1, 24, dtype=np.float32).reshape(6, 4),
)


@pytest.fixture
def records():
    random = np.random.default_rng(1)
    scores = random.permutation(np.repeat([0.0, 5.0, 9.0, 9.5, 10.0], [10, 4, 300, 1, 85]))
    texts = [f"t{number}" for number in random.integers(0, 120, 400)]
    metrics = random.choice(["a", "a/x", "b"], 400)
    table = pd.DataFrame(
        {
            "id": range(1, 401),
            "metric": metrics,
            "score": scores,
            "text_id": texts,
            "language": "English",
        }
    )
    table["fold"] = folds.assign(table, {"t7"}, SplitOptions())
    return table


def test_a_text_is_in_one_fold_and_one_of_the_test_set_in_none(records):
    assert (records.groupby("text_id")["fold"].nunique() == 1).all()
    assert set(records.loc[records["fold"] == folds.SET_ASIDE, "text_id"]) == {"t7"}
    assert set(records["fold"]) == {-1, 0, 1, 2, 3, 4}


def test_scores_are_spread_over_folds(records):
    share = (
        records[records["fold"] >= 0]
        .groupby("fold")["score"]
        .apply(lambda scores: (scores >= 9.5).mean())
    )
    assert share.max() - share.min() < 0.1


def test_the_order_of_the_records_changes_nothing(records):
    shuffled = records.sample(frac=1, random_state=1)
    assert (
        folds.assign(shuffled, {"t7"}, SplitOptions()).sort_index().tolist()
        == records["fold"].tolist()
    )


@pytest.mark.parametrize("kind", ["random", "family", "hard", "all"])
def test_a_pair_that_does_not_fit_keeps_text_and_fold_and_has_an_unknown_metric(records, kind):
    made = folds.negatives(records, NAMES, NegativeOptions(kind=kind, share=0.5))
    origin = records.set_index("id").loc[made["origin"]]
    assert len(made) > 50 and not made.duplicated("origin").any()
    assert (
        made["text_id"].tolist() == origin["text_id"].tolist()
        and made["fold"].tolist() == origin["fold"].tolist()
    )
    known = records.groupby("text_id")["metric"].agg(set)
    assert not any(row.metric in known[row.text_id] for row in made.itertuples())
    for row in made.itertuples():
        low, high = folds.SCORES[row.kind]
        assert low <= row.score <= high
    if kind == "family":
        assert all(
            row.metric[0] == old[0]
            for row, old in zip(made.itertuples(), origin["metric"], strict=True)
        )


def test_a_hard_one_has_the_nearest_name(records):
    made = folds.negatives(records, NAMES, NegativeOptions(kind="hard", share=0.5))
    unit = NAMES.vectors / np.linalg.norm(NAMES.vectors, axis=1, keepdims=True)
    near = unit @ unit.T
    known = records.groupby("text_id")["metric"].agg(set)
    origin = records.set_index("id")["metric"]
    for row in made.itertuples():
        place = METRICS.index(origin[row.origin])
        others = [name for name in METRICS if name not in known[row.text_id]]
        assert near[place, METRICS.index(row.metric)] == pytest.approx(
            max(near[place, METRICS.index(name)] for name in others), abs=1e-4
        )


def test_the_roles_of_a_fold_never_share_a_text(records):
    made = folds.negatives(records, NAMES, NegativeOptions(share=0.5))
    for fold in range(5):
        roles = {
            role: set(records[dataset.part(records, fold, 5) == role]["text_id"])
            for role in ("learn", "stop", "judge")
        }
        taught = roles["learn"] | set(made[dataset.part(made, fold, 5) == "learn"]["text_id"])
        assert (
            not taught & roles["stop"]
            and not taught & roles["judge"]
            and not roles["stop"] & roles["judge"]
        )


@pytest.mark.parametrize(
    "scores", [{"random": [5, 1]}, {"random": [0, 11], "family": [1, 2], "hard": [1, 2]}]
)
def test_scores_of_pairs_must_be_a_range(scores):
    with pytest.raises(
        ParameterError, match=r"negatives: scores\.\w+: lowest and highest, from 0 to 10"
    ):
        parse(NegativeOptions, {"scores": scores}, section="negatives")
