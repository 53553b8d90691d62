"""What is said of sites, durations, groups and single clips, against independent implementations."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, entropy
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from statsmodels.stats.proportion import proportion_confint

from chorus.errors import DataError
from chorus.health import details
from chorus.health.details import association, group_effect

describe = partial(details.describe, duration_edges=(5, 10, 15))

CLASSES = ("north", "south", "west")


def clips(n: int = 300, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Made-up clips of three classes at three sites, and probabilities that are right more often than not."""
    random = np.random.default_rng(seed)
    labels = random.integers(3, size=n)
    logits = random.normal(size=(n, 3)) + 1.5 * np.eye(3)[labels]
    table = pd.DataFrame(
        {
            "clip_id": [f"c{number:03d}" for number in range(n)],
            "label": np.array(CLASSES)[labels],
            "source": random.choice(["A", "B", "C"], size=n),
            "group": random.choice([f"g{number}" for number in range(12)], size=n),
            "seconds": random.choice([3, 6, 12, 18], size=n),
        }
    )
    return table, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def test_accuracies_are_those_of_scikit_learn():
    table, probabilities = clips()
    facts = describe(table, probabilities, CLASSES)
    predicted = np.array(CLASSES)[probabilities.argmax(axis=1)]
    assert facts.tables["accuracy"] == pytest.approx(accuracy_score(table["label"], predicted))
    assert facts.tables["balanced_accuracy"] == pytest.approx(
        balanced_accuracy_score(table["label"], predicted)
    )
    for source, share in facts.tables["sources"].items():
        here = (table["source"] == source).to_numpy()
        assert share["accuracy"] == pytest.approx(
            accuracy_score(table["label"][here], predicted[here])
        )
        assert share["clips"] == here.sum()


def test_clips_are_parted_by_duration_with_the_edge_in_the_longer_bucket():
    table, probabilities = clips(4)
    table["seconds"] = [4.99, 5, 15, 100]
    durations = describe(table, probabilities, CLASSES).tables["durations"]
    assert {name: share["clips"] for name, share in durations.items()} == {
        "0-5 s": 1,
        "5-10 s": 1,
        "15+ s": 2,
    }
    assert list(describe(table, probabilities, CLASSES, duration_edges=()).tables["durations"]) == [
        "0+ s"
    ]


def test_clips_of_one_length_say_nothing_about_length():
    table, probabilities = clips()
    facts = describe(table.assign(seconds=3), probabilities, CLASSES)
    assert facts.signals["durations.gain"] is None


def test_the_most_uncertain_clips_are_those_with_the_highest_entropy():
    table, probabilities = clips()
    listed = describe(table, probabilities, CLASSES).tables["uncertain"]
    expected = pd.Series(entropy(probabilities, axis=1), index=table["clip_id"]).nlargest(10)
    assert [clip["clip_id"] for clip in listed] == list(expected.index)
    assert [clip["entropy"] for clip in listed] == pytest.approx(list(expected))


def test_a_sure_prediction_has_no_entropy():
    table, _ = clips(3)
    listed = describe(table, np.eye(3), CLASSES).tables["uncertain"]
    assert [clip["entropy"] for clip in listed] == [0, 0, 0]


def test_groups_are_set_beside_chance_and_their_labels():
    table, _ = clips(4)
    table = table.assign(label=["north", "north", "north", "south"], group=["g", "g", "h", "h"])
    probabilities = np.eye(3)[[0, 0, 0, 0]]
    about = describe(table, probabilities, CLASSES).tables["group_consistency"]
    assert about == {
        "share": 1.0,
        "chance": 1.0,
        "groups": 2,
        "alone": 0,
        "unknown": 0,
        "labels": 0.5,
    }
    alone = describe(table.assign(group=list("abcd")), probabilities, CLASSES)
    assert alone.tables["group_consistency"]["share"] is None and alone.consistency_chance is None


def test_durations_stand_in_the_order_of_their_length():
    table, probabilities = clips()
    facts = describe(table, probabilities, CLASSES)
    assert list(facts.tables["durations"]) == ["0-5 s", "5-10 s", "10-15 s", "15+ s"]


def test_a_source_counts_as_behind_only_beyond_chance():
    table, _ = clips(400)
    right = np.eye(3)[[CLASSES.index(label) for label in table["label"]]]
    wrong = right[:, [1, 2, 0]]
    at_a = (table["source"] == "A").to_numpy()
    assert describe(table, right, CLASSES).signals["sources.gap"] == 0
    gap = describe(table, np.where(at_a[:, None], wrong, right), CLASSES).signals["sources.gap"]
    assert gap == pytest.approx(1, abs=0.02)
    table = table.assign(source=table["source"].where(at_a, table["group"]))
    few = table[~at_a | (np.cumsum(at_a) <= 9)].reset_index(
        drop=True
    )  # nine wrong clips at A prove nothing
    at_a = (few["source"] == "A").to_numpy()
    right = np.eye(3)[[CLASSES.index(label) for label in few["label"]]]
    assert (
        describe(few, np.where(at_a[:, None], right[:, [1, 2, 0]], right), CLASSES).signals[
            "sources.gap"
        ]
        == 0
    )


def test_one_source_cannot_be_behind():
    table, probabilities = clips()
    assert describe(table.assign(source="A"), probabilities, CLASSES).signals["sources.gap"] is None


def test_confusions_above_a_tenth_are_listed_and_marked_either_way_round():
    table = pd.DataFrame(
        {"clip_id": range(20), "label": ["north"] * 20, "source": "A", "group": "g", "seconds": 3}
    )
    table["clip_id"] = table["clip_id"].astype(str)
    predicted = ["north"] * 13 + ["south"] * 5 + ["west"] * 2  # 2 of 20 is not above a tenth
    probabilities = np.eye(3)[[CLASSES.index(name) for name in predicted]]
    facts = describe(table, probabilities, CLASSES, expected_confusions=[("south", "north")])
    (pair,) = facts.tables["confusions"]
    low, high = pair.pop("low"), pair.pop("high")
    assert pair == {
        "true": "north",
        "predicted": "south",
        "clips": 5,
        "of": 20,
        "share": 0.25,
        "expected": True,
    }
    assert (low, high) == pytest.approx(proportion_confint(5, 20, method="wilson"))
    assert facts.signals["confusions.unexpected"] == 0
    facts = describe(table, probabilities, CLASSES, expected_confusions=[("south", "west")])
    assert facts.signals["confusions.unexpected"] == 1
    assert facts.signals["confusions.certain"] == 1
    few = describe(
        table.tail(8), probabilities[-8:], CLASSES, expected_confusions=[("south", "west")]
    )
    assert (few.signals["confusions.unexpected"], few.signals["confusions.certain"]) == (
        2,
        1,
    )  # 2 of 8 prove nothing
    facts = describe(
        table, probabilities, CLASSES
    )  # without a table nobody knows what is unexpected
    assert facts.signals["confusions.unexpected"] is None
    assert facts.tables["confusions_expected"] is False


def test_the_group_effect_is_about_0_without_and_1_with_groups_alone():
    table, probabilities = clips(600)
    assert abs(group_effect(table, probabilities)) < 0.05
    by_group = np.linspace(0, 1, 12)[[int(group[1:]) for group in table["group"]]]
    assert group_effect(table, np.column_stack([by_group, 1 - by_group])) == pytest.approx(1)


def test_the_group_effect_is_epsilon_squared_of_an_analysis_of_variance():
    random = np.random.default_rng(2)
    groups = np.repeat(list("abcd"), 15)
    score = random.random(60) / 2 + 0.1 * (groups == "a")
    table = pd.DataFrame({"label": "north", "group": groups})
    between = sum(15 * (score[groups == g].mean() - score.mean()) ** 2 for g in "abcd")
    total = ((score - score.mean()) ** 2).sum()
    expected = (between - 3 * (total - between) / 56) / total
    assert group_effect(table, np.column_stack([score, 1 - score])) == pytest.approx(expected)


def test_the_association_is_that_of_an_independent_implementation():
    random = np.random.default_rng(5)
    groups, labels = random.integers(4, size=200), random.integers(3, size=200)
    labels = np.where(random.random(200) < 0.4, groups % 3, labels)
    table = pd.crosstab(labels, groups)
    chi2 = chi2_contingency(table, correction=False).statistic
    phi2 = max(0, chi2 / 200 - 2 * 3 / 199)
    expected = np.sqrt(phi2 / min(3 - 4 / 199 - 1, 4 - 9 / 199 - 1))
    assert association(pd.Series(labels), pd.Series(groups)) == pytest.approx(expected)


def test_the_association_is_1_where_each_group_has_one_label_and_0_where_all_are_alike():
    labels = pd.Series(["a", "b"] * 50)
    assert association(labels, labels) == pytest.approx(1)
    assert association(labels, pd.Series(["x", "x", "y", "y"] * 25)) == 0
    assert association(labels, pd.Series(["x"] * 100)) is None


def test_what_does_not_fit_is_refused():
    table, probabilities = clips()
    with pytest.raises(DataError, match="cannot be described"):
        describe(table, probabilities[:5], CLASSES)
    with pytest.raises(DataError, match="does not know: west"):
        describe(table, probabilities[:, :2], CLASSES[:2])


def test_of_no_clips_nothing_is_said():
    table, probabilities = clips()
    some = describe(table, probabilities, CLASSES)
    none = describe(table.head(0), probabilities[:0], CLASSES)
    assert none.tables.keys() == some.tables.keys() and none.signals.keys() == some.signals.keys()
    assert none.tables["clips"] == 0 and set(none.signals.values()) == {None}
    assert list(none.predicted.columns) == list(some.predicted.columns)


def test_clips_of_unknown_groups_and_sources_are_left_out():
    table, probabilities = clips()
    more = pd.concat([table, table.assign(group="", source="")], ignore_index=True)
    twice = np.vstack([probabilities, probabilities[::-1]])
    first, second = (
        describe(*given, CLASSES).signals for given in ((table, probabilities), (more, twice))
    )
    for signal in ("groups.effect", "sources.gap", "sources.below"):
        assert second[signal] == pytest.approx(first[signal])
    labels = pd.Series(["north", "south"] * 20 + ["north"] * 9)
    groups = pd.Series(["a", "b"] * 20 + [""] * 9)
    assert association(labels, groups) == pytest.approx(
        association(labels.head(40), groups.head(40))
    )
