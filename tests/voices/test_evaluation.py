"""Figures beside independent ones, intervals that count voices, calibration, and another method on the same voices."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, top_k_accuracy_score

from chorus.tasks import Classification
from chorus.voices import evaluation
from chorus.voices.evaluation import EvaluateOptions, evaluate, fit_temperature, tempered

TASK = Classification(("a", "b", "c", "d"))
OPTIONS = EvaluateOptions(duration_edges=(5.0,))


def predictions(seed=0, voices=24, of_voice=12, skill=1.5, by_voice=0.0):
    random = np.random.default_rng(seed)
    rows = voices * of_voice
    truth = random.integers(4, size=rows)
    voice = np.repeat(np.arange(voices), of_voice)
    logits = random.normal(size=(rows, 4)) + skill * np.eye(4)[truth]
    logits += by_voice * random.normal(size=(voices, 4))[voice]
    shares = TASK.predictions(logits)
    parts = []
    for split in ("train", "validation", "test_iid"):
        table = pd.DataFrame(
            {
                "sample_id": [f"{split}{number}" for number in range(rows)],
                "split": split,
                "label": np.array(TASK.classes)[truth],
                "voice": [f"v{number}" for number in voice],
                "speaker_id": [f"v{number}" for number in voice],
                "dataset_name": np.where(voice % 2, "one", "two"),
                "seconds": random.uniform(1, 9, size=rows),
            }
        )
        for number, name in enumerate(TASK.classes):
            table[f"score_{name}"] = shares[:, number]
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def test_figures_are_those_of_scikit_learn():
    table = predictions()
    _, detail = evaluate(table, {}, TASK, OPTIONS)
    found = detail["by_split"]["test_iid"]
    part = table[table["split"] == "test_iid"]
    truth = TASK.numbers(part.set_index("sample_id")["label"])
    shares = TASK.probabilities(part)
    assert found["top2_accuracy"]["value"] == pytest.approx(
        top_k_accuracy_score(truth, shares, k=2)
    )
    expected = f1_score(truth, shares.argmax(axis=1), average="macro")
    assert found["macro_f1"]["value"] == pytest.approx(expected)
    by_class = found["by"]["class"]
    recall = np.mean(shares.argmax(axis=1)[truth == 1] == 1)
    assert by_class["b"]["value"] == pytest.approx(recall)
    assert sum(one["samples"] for one in found["by"]["duration"].values()) == len(part)
    assert set(found["by"]["dataset"]) == {"one", "two"}


def test_samples_of_one_voice_are_no_new_evidence():
    table = predictions(voices=20, by_voice=1.5)
    again = table.assign(sample_id=table["sample_id"] + "-again")
    widths = []
    for one in (table, pd.concat([table, again])):
        accuracy = evaluate(one, {}, TASK, OPTIONS)[1]["by_split"]["test_iid"]["accuracy"]
        widths.append(accuracy["high"] - accuracy["low"])
    assert widths[1] == pytest.approx(widths[0])


def test_intervals_cover_what_other_voices_would_give():
    whole = np.mean([_accuracy(predictions(seed, by_voice=1.0)) for seed in range(100, 160)])
    inside = 0
    for seed in range(60):
        found = evaluate(predictions(seed, by_voice=1.0), {}, TASK, OPTIONS)[1]
        accuracy = found["by_split"]["test_iid"]["accuracy"]
        inside += accuracy["low"] <= whole <= accuracy["high"]
    assert inside >= 52  # of 60; 57 are to be expected


def _accuracy(table):
    part = table[table["split"] == "test_iid"]
    truth = TASK.numbers(part.set_index("sample_id")["label"])
    return np.mean(TASK.probabilities(part).argmax(axis=1) == truth)


def test_few_voices_are_said_to_be_few_and_a_single_one_has_no_interval():
    few = evaluate(predictions(voices=5), {}, TASK, OPTIONS)[1]["by_split"]["test_iid"]["accuracy"]
    assert few["reliable"] is False
    one = evaluate(predictions(voices=1), {}, TASK, OPTIONS)[1]
    assert one["by_split"]["test_iid"]["accuracy"]["low"] is None
    assert "no interval" in evaluation.in_words(one)


def test_a_perfect_classifier_has_an_interval_that_ends_at_one():
    accuracy = evaluate(predictions(skill=50.0), {}, TASK, OPTIONS)[1]["by_split"]["test_iid"][
        "accuracy"
    ]
    assert (accuracy["value"], accuracy["high"]) == (1.0, 1.0)


def test_a_temperature_undoes_what_made_the_model_too_sure():
    table = predictions(skill=1.0, voices=60)
    part = table[table["split"] == "validation"]
    truth = TASK.numbers(part.set_index("sample_id")["label"])
    shares = TASK.probabilities(part)
    honest = fit_temperature(shares, truth)
    assert fit_temperature(tempered(shares, 1 / 3), truth) == pytest.approx(3 * honest, rel=1e-3)


def test_the_same_method_beside_itself_is_no_better():
    table = predictions()
    beside = evaluate(table, {"same": table}, TASK, OPTIONS)[1]["by_split"]["test_iid"]["baselines"]
    assert beside["same"]["more"] == {"value": 0.0, "low": 0.0, "high": 0.0, "p": 1.0}
    better = evaluate(predictions(skill=3.0), {"worse": predictions(skill=0.5)}, TASK, OPTIONS)[1]
    assert better["by_split"]["test_iid"]["baselines"]["worse"]["more"]["low"] > 0.2
