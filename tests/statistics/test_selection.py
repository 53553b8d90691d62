"""What the best of many is worth where it was not chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score

from benchmark import load_benchmark
from chorus.errors import ChorusError
from chorus.statistics import correct_for_selection


@dataclass
class Grid:
    labels: NDArray[np.bool_]
    scores: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    nights: NDArray[np.str_]

    def corrected(self, metric: str = "f1", **more):
        return correct_for_selection(
            self.labels, self.scores, self.thresholds, self.nights, metric, **more
        )


def grid(configurations: int = 4, seeds: int = 3, nights: int = 12) -> Grid:
    rng = np.random.default_rng(4)
    night = np.repeat(np.arange(nights), 5)
    labels = rng.random(len(night)) < 0.4
    noise = rng.normal(0, 1, (configurations, seeds, len(night))) + rng.normal(
        0, 0.2, (configurations, seeds, 1)
    )
    thresholds = rng.normal(0.5, 0.1, (configurations, seeds))
    return Grid(labels, labels + noise, thresholds, np.char.add("n", night.astype(str)))


def by_hand(given: Grid, metric: str, seeds: bool, draws: int) -> list[float]:
    """The same procedure in loops, night by night, and with other draws."""
    rng = np.random.default_rng(9)
    names = np.unique(given.nights)
    place = range(given.scores.shape[1])

    def figure(configuration, clips, chosen_seeds):
        values = []
        for seed in chosen_seeds:
            scores, threshold = (
                given.scores[configuration, seed, clips],
                given.thresholds[configuration, seed],
            )
            labels, detected = given.labels[clips], scores >= threshold
            if metric == "f1":
                values.append(2 * np.sum(labels & detected) / (labels.sum() + detected.sum()))
            else:
                values.append(average_precision_score(labels, scores))
        return np.mean(values)

    judged = []
    while len(judged) < draws:
        drawn = rng.choice(names, len(names))
        drawn_seeds = list(rng.choice(place, len(place))) if seeds else list(place)
        left_seeds = sorted(set(place) - set(drawn_seeds)) if seeds else drawn_seeds
        inside = np.concatenate([np.flatnonzero(given.nights == name) for name in drawn])
        outside = np.flatnonzero(~np.isin(given.nights, drawn))
        whole = all(len(set(given.labels[clips])) == 2 for clips in (inside, outside))
        if not whole or not left_seeds:
            continue
        best = max(range(len(given.scores)), key=lambda each: figure(each, inside, drawn_seeds))
        judged.append(figure(best, outside, left_seeds))
    return judged


@pytest.mark.parametrize("metric", ["f1", "auprc"])
@pytest.mark.parametrize("seeds", [1, 3])
def test_the_corrected_figure_agrees_with_choosing_and_judging_by_hand(metric, seeds):
    given = grid(seeds=seeds)
    found = given.corrected(metric, resamples=4000)
    expected = by_hand(given, metric, seeds > 1, draws=120)
    error = np.std(expected) * np.sqrt(1 / 120 + 1 / found.resamples)
    assert found.corrected == pytest.approx(np.mean(expected), abs=3 * error)
    assert [found.low, found.high] == pytest.approx(
        np.quantile(expected, [0.025, 0.975]), abs=9 * error
    )
    assert (found.seeds, found.by_seeds, found.nights, found.configurations) == (
        seeds,
        seeds > 1,
        12,
        4,
    )


def test_the_best_is_the_one_with_the_highest_mean_over_seeds():
    given = grid()
    means = [
        np.mean(
            [f1_score(given.labels, row >= at) for row, at in zip(scores, thresholds, strict=True)]
        )
        for scores, thresholds in zip(given.scores, given.thresholds, strict=True)
    ]
    found = given.corrected(resamples=50)
    assert (found.best, found.apparent) == (int(np.argmax(means)), pytest.approx(max(means)))
    assert found.low <= found.corrected <= found.high
    assert found == given.corrected(resamples=50)


@pytest.mark.parametrize("metric", ["f1", "auprc"])
def test_of_equal_configurations_most_of_the_winners_luck_is_taken_away(metric):
    biases = load_benchmark("selection").biases(
        metric, worlds=40, configurations=12, seeds=3, nights=20, gap=0.0, resamples=60
    )
    assert biases["as it is"].mean() > 0.04
    assert abs(biases["corrected"].mean()) < 0.3 * biases["as it is"].mean()


def test_where_one_is_far_better_there_is_next_to_nothing_to_correct():
    given = grid(configurations=3)
    given.scores[1] += 3 * given.labels
    found = given.corrected("auprc", resamples=500)
    assert found.best == 1
    assert found.corrected == pytest.approx(found.apparent, abs=0.02)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"scores": np.ones((1, 3, 60)), "thresholds": np.ones((1, 3))}, "nothing was chosen"),
        ({"scores": np.ones((4, 3, 59))}, "with a threshold a model and a label a clip"),
        ({"thresholds": np.full((4, 3), np.nan)}, "must be finite"),
        ({"labels": np.ones(60, dtype=bool)}, "needs both classes"),
        ({"nights": np.repeat("n", 59)}, "a night for each of the 60 clips, not 59"),
        ({"nights": np.repeat("n", 60)}, "no draw of 1 nights leaves out nights of both classes"),
    ],
)
def test_what_cannot_be_corrected_is_named(change, sentence):
    given = grid()
    for name, value in change.items():
        setattr(given, name, value)
    with pytest.raises(ChorusError, match=sentence):
        given.corrected(resamples=20)


def test_impossible_questions_are_refused():
    with pytest.raises(
        ChorusError, match="metric: oracle is not allowed: one of precision, recall, f1"
    ):
        grid().corrected("oracle")
    with pytest.raises(ChorusError, match="resamples: 0"):
        grid().corrected(resamples=0)
