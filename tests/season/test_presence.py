"""Presence by site and night: what is certain, what is not, and how long one has to listen."""

from __future__ import annotations

import sys
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from chorus.errors import DataError, ParameterError
from chorus.season import NightCounts, chance_missed, presence
from chorus.season.presence import _Season, _unheard_by, listening


def labelled(
    false: float = 0.01, missed: float = 0.2, nights: int = 20, alike: float = 0.0
) -> NightCounts:
    """Nights of 200 negatives and 40 positives, all alike, or with errors in every other one only."""
    swing = 1 + alike * np.where(np.arange(nights) % 2, 1.0, -1.0)
    of = np.full(nights, 200.0), np.full(nights, 40.0)
    return NightCounts((np.rint(200 * false * swing), of[0]), (np.rint(40 * missed * swing), of[1]))


def season(**counts: list[int]) -> pd.DataFrame:
    rows = [
        (site, f"2024-03-{night + 1:02}", 1_000, positive)
        for site, positives in counts.items()
        for night, positive in enumerate(positives)
    ]
    return pd.DataFrame(rows, columns=["site", "night", "windows", "positive"])


@pytest.fixture(scope="module")
def found():
    quiet = [9, 11, 8, 12, 10, 9, 10, 13, 7, 10]
    return presence(season(Pond=[*quiet[:5], 90, 120, 70, 150, 40], Ditch=quiet), labelled())


def test_counts_far_above_the_false_positives_are_presence_and_others_stay_open(found):
    pond = found.nights[found.nights["site"] == "Pond"]
    assert (pond["presence"].to_numpy()[5:] > 0.95).all() and (
        pond["presence"].to_numpy()[:5] < 0.5
    ).all()
    assert (found.nights["presence_low"] <= found.nights["presence_high"]).all()
    assert found.nights["presence"].between(0, 1).all()
    sites = found.sites.set_index("site")
    assert sites.loc["Pond", "presence"] > 0.99 and sites.loc["Ditch", "presence"] < 0.5
    assert 4.5 < sites.loc["Pond", "nights_present"] < 7
    assert (
        sites.loc["Pond", "minutes_to_presence"] == 0
        and sites.loc["Pond", "minutes_to_absence"] != 0
    )
    false = found.rates["false_positive_rate"]
    assert false[1] < 0.01 < false[2]


def test_calls_are_those_found_and_those_missed(found):
    pond = found.nights[found.nights["site"] == "Pond"].iloc[
        8
    ]  # 150 detections, 10 of them wrong, a fifth missed
    assert pond["calls_low"] < (150 - 10) / 0.8 < pond["calls_high"]
    assert pond["calls"] == pytest.approx(175, rel=0.15)


def test_errors_that_come_in_nights_leave_more_open():
    counts = season(Pond=[50, 60, 45, 55, 110, 50, 48, 52])
    even, clumped = (
        presence(counts, labelled(false=0.05, alike=alike), draws=200) for alike in (0.0, 0.9)
    )
    assert even.nights["presence"][4] > clumped.nights["presence"][4] + 0.2
    assert (
        clumped.rates["spread_of_false_positives"][0]
        > 3 * even.rates["spread_of_false_positives"][0]
    )


def test_the_same_season_gives_the_same_numbers_and_the_order_of_nights_does_not_matter():
    counts = season(A=[3, 20, 4], B=[5, 4, 30])
    one, same = (presence(counts, labelled()) for _ in range(2))
    pd.testing.assert_frame_equal(one.nights, same.nights)
    pd.testing.assert_frame_equal(one.sites, same.sites)
    turned = presence(counts.iloc[::-1], labelled()).nights.iloc[::-1].reset_index(drop=True)
    np.testing.assert_allclose(turned["presence"], one.nights["presence"], atol=0.06)


def test_without_false_positives_and_spread_it_is_bayes_by_hand():
    """One night, nothing heard: prior odds by the chance to miss all calls, which many nodes of recall make up."""
    model = _Season(season(Pond=[0]), labelled(), 0.5)
    theta = np.array(
        [-30.0, -9.0, 0.0, -9.0, np.log(0.005), np.log(1e4)]
    )  # recall 1/2, 5 calls as a Poisson
    odds, absent = model.odds(theta)
    by_hand = (np.exp(-5 * 0.5) - np.exp(-5)) / (1 - np.exp(-5))
    assert absent[0] == pytest.approx(0, abs=1e-6)
    assert np.exp(odds[0]) == pytest.approx(by_hand, rel=0.01)


def test_large_counts_are_thinned_without_a_change():
    counts = season(Pond=[900])
    thinned = _Season(counts, labelled(), 0.5)
    with (
        pytest.MonkeyPatch.context() as patch
    ):  # by its module: the package has a function of its name
        patch.setattr(sys.modules["chorus.season.presence"], "_MOST_STEPS", 1_000)
        whole = _Season(counts, labelled(), 0.5)
    assert len(thinned.right) < len(whole.right) / 2
    theta = np.array([-4.0, -3.0, 1.0, -2.0, -1.5, 0.0])
    likelihoods = [sum(model.odds(theta)) for model in (thinned, whole)]
    np.testing.assert_allclose(*likelihoods, atol=0.02)


def test_independence_overstates_certainty():
    assert 1 - chance_missed(0.3, 20) > 0.999 > 0.93 > 1 - chance_missed(0.3, 20, 0.2)


@pytest.mark.parametrize("hits", [0, 1, 3, 6])
def test_the_chance_to_hear_none_is_that_of_drawing_without_replacement(hits):
    listened, chance = _unheard_by(6, np.array([float(hits)]))
    for count, found in zip(listened.astype(int), chance[0], strict=True):
        ways = list(combinations(range(6), count))
        by_hand = sum(all(place >= hits for place in way) for way in ways) / len(ways)
        assert found == pytest.approx(by_hand, abs=1e-9)


def test_listening_ends_where_it_is_certain():
    used = np.array([True] * 50 + [False] * 50)
    found, missed = np.where(used, 5.0, 0.0), np.where(used, 10.0, 0.0)
    to_presence, to_absence = listening(10, 1_000, (used, found, missed), 0.95)
    assert (to_presence, to_absence) == (
        4,
        4,
    )  # of ten detections half are right: C(5, 4) / C(10, 4) < 0.05
    always = np.ones(100, bool)
    assert listening(10, 1_000, (always, np.full(100, 5.0), np.zeros(100)), 0.95)[0] == 0
    assert listening(10, 1_000, (~always, np.zeros(100), np.zeros(100)), 0.95)[1] == 0
    beyond = listening(0, 1_000, (used, np.zeros(100), np.where(used, 1.0, 0.0)), 0.95)
    assert beyond[0] > 900


@pytest.mark.parametrize(
    ("nights", "options", "error", "message"),
    [
        (season(), {}, DataError, "at least one night"),
        (pd.concat([season(A=[1])] * 2), {}, DataError, "site A has the night 2024-03-01 twice"),
        (season(A=[1_001]), {}, DataError, "no more positive ones"),
        (season(A=[1]), {"occupied": 1.0}, ParameterError, "occupied: 1.0 is not allowed"),
        (season(A=[1]), {"level": 0.0}, ParameterError, "level: 0.0 is not allowed"),
    ],
)
def test_seasons_that_cannot_be_are_refused(nights, options, error, message):
    with pytest.raises(error, match=message):
        presence(nights, labelled(), **options)
