"""Which windows to listen to, and what the answers say of the season."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from season.seasons import write_season

from chorus.errors import DataError, ParameterError
from chorus.season.gather import read_season
from chorus.season.listening import Sight
from chorus.season.queue import Wanted, choose, estimate, queue_name, window_names
from chorus.season.queue_page import queue_page

THRESHOLD = 0.6


@pytest.fixture(scope="module")
def season(tmp_path_factory):
    folder = tmp_path_factory.mktemp("season")
    calls = write_season(folder)
    return read_season(folder), calls


@pytest.fixture(scope="module")
def queues(season):
    """Of one season, as many listeners may be given, with the right answers."""
    heard, calls = season
    seeds = range(60)
    drawn = [choose(heard, THRESHOLD, Wanted(20, 5, 120), seed) for seed in seeds]
    return [answered(one, calls) for one in drawn]


def answered(chosen: pd.DataFrame, calls: pd.Series) -> pd.DataFrame:
    label = np.where(calls[chosen["window"]], "positive", "negative")
    return chosen.assign(label=label, threshold=THRESHOLD)


def test_each_kind_is_there_and_every_stratum_knows_its_size(season):
    heard, _ = season
    chosen = choose(
        heard, THRESHOLD, Wanted(uncertain=10, unconfirmed=4, random=25), seed=1, confirmed={"Pond"}
    )
    assert chosen["window"].is_unique and len(chosen) == 10 + 2 * 4 + 5 * 5
    uncertain = chosen[chosen["reason"] == "uncertain"]
    others = heard.windows[~pd.Series(window_names(heard.windows)).isin(uncertain["window"])]
    assert (uncertain["score"] - THRESHOLD).abs().max() <= (
        others["score"] - THRESHOLD
    ).abs().min() + 0.01
    assert set(chosen.loc[chosen["reason"] == "unconfirmed site", "site"]) == {"Stream", "Ditch"}
    sizes = chosen.groupby("stratum")["stratum_size"].first()
    assert sizes.sum() == len(heard.windows)  # every window lies in one stratum


def test_the_same_seed_gives_the_same_queue_and_another_one_draws_anew(season):
    heard, _ = season
    one, same, other = (choose(heard, THRESHOLD, Wanted(), seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert queue_name(one, THRESHOLD) == queue_name(same, THRESHOLD) != queue_name(other, THRESHOLD)
    certain = [set(queue.loc[queue["reason"] != "random", "window"]) for queue in (one, other)]
    assert certain[0] == certain[1]


def test_what_was_labelled_before_is_no_longer_uncertain(season):
    heard, _ = season
    first = choose(heard, THRESHOLD, Wanted(10, 0, 0), seed=1)
    second = choose(heard, THRESHOLD, Wanted(10, 0, 0), seed=1, known=set(first["window"]))
    assert not set(first["window"]) & set(second["window"])


def test_recall_by_listening_is_without_bias_and_its_interval_covers(season, queues):
    heard, calls = season
    truly = calls[window_names(heard.windows)].to_numpy()
    found = truly & (heard.windows["score"] >= THRESHOLD).to_numpy()
    estimates = [estimate(answers) for answers in queues]
    total = np.array([one.calls for one in estimates])
    assert abs(total.mean() - truly.sum()) < 3 * total.std() / np.sqrt(len(queues))
    recall = np.array([one.recall for one in estimates])
    right = found.sum() / truly.sum()
    assert abs(recall.mean() - right) < 3 * recall.std() / np.sqrt(len(queues)) + 0.005
    held = np.mean([one.low <= right <= one.high for one in estimates])
    assert held >= 0.94  # of 95 % or more, from ten missed calls in all
    assert np.mean([one.high - one.low for one in estimates]) < 0.4


def test_the_share_that_was_not_answered_changes_nothing_on_average(season, queues):
    heard, calls = season
    truly = calls[window_names(heard.windows)].sum()
    totals = []
    for answers in queues:
        went_home = answers.assign(label=np.where(answers.index < 100, answers["label"], ""))
        totals.append(estimate(went_home).calls)
    assert abs(np.mean(totals) - truly) < 3 * np.std(totals) / np.sqrt(len(queues))


def test_a_naive_share_of_the_answers_would_be_biased(season):
    heard, calls = season
    truly = calls[window_names(heard.windows)]
    answers = answered(choose(heard, THRESHOLD, Wanted(0, 40, 5), 1), calls)
    positive = answers[answers["label"] == "positive"]
    naive = (positive["score"] >= THRESHOLD).mean()
    found = truly.to_numpy() & (heard.windows["score"] >= THRESHOLD).to_numpy()
    assert abs(naive - found.sum() / truly.sum()) > 0.05


def test_answers_to_what_was_chosen_alone_tell_nothing_of_the_season(season):
    heard, calls = season
    answers = answered(choose(heard, THRESHOLD, Wanted(0, 10, 0), 1), calls)
    with pytest.raises(DataError, match="no window of this queue was drawn at random"):
        estimate(answers)


def test_the_page_says_how_long_its_windows_are(season):
    chosen = choose(season[0], THRESHOLD, Wanted(5, 0, 5), 1)
    chosen = chosen.assign(end=chosen["start"] + 5.0)
    page = queue_page(chosen, [Sight()] * len(chosen), "perch", THRESHOLD)
    assert "windows of up to 5 s, chosen by the detector perch" in page


def test_a_queue_of_nothing_is_refused(season):
    with pytest.raises(DataError, match="no window is to be listened to"):
        choose(season[0], THRESHOLD, Wanted(0, 0, 0), 1)


def test_answers_that_tell_nothing(season):
    heard, calls = season
    answers = answered(choose(heard, THRESHOLD, Wanted(5, 0, 20), 1), calls)
    with pytest.raises(DataError, match="no window of the stratum"):
        estimate(
            answers.assign(label=np.where(answers["stratum"] == "uncertain", answers["label"], ""))
        )
    assert np.isnan(estimate(answers.assign(label="negative")).recall)
    none_missed = answers.assign(
        label=np.where(answers["score"] >= THRESHOLD, "positive", "negative")
    )
    found = estimate(none_missed)
    assert found.recall == found.high == 1 and found.low < 0.9


@pytest.mark.parametrize(
    ("wanted", "threshold", "message"),
    [
        (Wanted(uncertain=-1), 0.6, "uncertain: -1 is not allowed"),
        (Wanted(), 1.5, "threshold: 1.5 is not allowed"),
    ],
)
def test_queues_that_cannot_be(season, wanted, threshold, message):
    with pytest.raises(ParameterError, match=message):
        choose(season[0], threshold, wanted, 1)
