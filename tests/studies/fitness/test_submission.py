"""A submission is refused here rather than by the competition, or than by nobody."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from chorus.errors import DataError
from fitness.submission import ensemble, refuse_unfit, submission


def test_records_that_could_not_be_read_get_the_score_instead():
    table = submission([1, 3], np.array([9.25, 0.0]), records=4, instead=5.5)
    assert table.to_dict("list") == {"ID": [1, 2, 3, 4], "score": [9.25, 5.5, 0.0, 5.5]}


@pytest.mark.parametrize(
    ("ids", "scores", "sentence"),
    [
        ([1, 2], [9.0, 9.0], "2 rows, but the test set 3 records"),
        ([1, 3, 2], [9.0, 9.0, 9.0], "row 2 of the submission has the ID 3"),
        ([0, 1, 2], [9.0, 9.0, 9.0], "row 1 of the submission has the ID 0"),
        ([1, 2, 3], [9.0, math.nan, 9.0], "ID 2 has the score nan"),
        ([1, 2, 3], [9.0, 9.0, 10.01], "ID 3 has the score 10.01"),
        ([1, 2, 3], [-0.01, 9.0, 10.0], "ID 1 has the score -0.01"),
        ([1, 2, 3], ["9", "nine", "9"], "ID 2 has the score nine"),
    ],
)
def test_what_is_unfit_is_refused(ids, scores, sentence):
    with pytest.raises(DataError, match=sentence):
        refuse_unfit(pd.DataFrame({"ID": ids, "score": scores}), 3)


def test_other_columns_are_refused():
    with pytest.raises(DataError, match="columns ID and score, not id, score"):
        refuse_unfit(pd.DataFrame({"id": [1], "score": [9.0]}), 1)


def test_an_ensemble_is_the_mean_of_all_models_of_all_runs():
    one = pd.DataFrame(
        {"id": [1, 2], "fold0_member0.prediction": [1.0, 2.0], "fold0_member0.variance": [9.0, 9.0]}
    )
    two = one.assign(
        **{"fold0_member0.prediction": [3.0, 4.0], "fold1_member0.prediction": [5.0, 6.0]}
    )
    assert ensemble([one, two]).tolist() == [3.0, 4.0]
    with pytest.raises(DataError, match="different test sets"):
        ensemble([one, one.assign(id=[1, 3])])
