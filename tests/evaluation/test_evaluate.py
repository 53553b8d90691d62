"""The evaluation of a detector: figures as scikit-learn has them, and honest gaps where there is nothing to judge."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    precision_recall_curve,
    precision_score,
    roc_auc_score,
)

from chorus.errors import DataError, ParameterError
from chorus.evaluation import EvaluateOptions, evaluate, night_bootstrap
from predicted import arrays, predicted

OPTIONS = EvaluateOptions(resamples=100)
SPLITS = ("validation", "test_iid", "test_ood")


def _evaluate(table, threshold=0.4, baselines=None, options=OPTIONS):
    return evaluate(table, threshold=threshold, baseline_scores=baselines or {}, options=options)


@pytest.mark.parametrize("split", SPLITS)
def test_figures_equal_scikit_learns(split):
    table = predicted()
    judged = _evaluate(table).detail["splits"][split]
    labels, scores = arrays(table, split)
    assert judged["auroc"] == pytest.approx(roc_auc_score(labels, scores))
    assert judged["auprc"] == pytest.approx(average_precision_score(labels, scores))
    assert judged["brier"] == pytest.approx(brier_score_loss(labels, scores))
    assert judged["prevalence"] == pytest.approx(labels.mean())
    for name, threshold in (("half", 0.5), ("headline", 0.4)):
        tn, fp, fn, tp = confusion_matrix(labels, scores >= threshold).ravel()
        assert judged["at"][name]["confusion"] == {"tp": tp, "fp": fp, "fn": fn, "tn": tn}
        assert judged["at"][name]["f1"] == pytest.approx(f1_score(labels, scores >= threshold))


@pytest.mark.parametrize("split", SPLITS)
def test_the_oracle_is_the_best_f1_that_this_split_allows(split):
    table = predicted()
    oracle = _evaluate(table).detail["splits"][split]["at"]["oracle_best_f1"]
    labels, scores = arrays(table, split)
    assert oracle["f1"] == pytest.approx(
        max(f1_score(labels, scores >= threshold) for threshold in scores)
    )


def test_the_precise_threshold_is_the_lowest_that_reaches_the_precision_on_validation():
    table = predicted()
    detail = _evaluate(table, options=EvaluateOptions(resamples=100, min_precision=0.85)).detail
    precision, _, thresholds = precision_recall_curve(*arrays(table, "validation"))
    assert detail["thresholds"]["min_precision"] == thresholds[precision[:-1] >= 0.85].min()
    labels, scores = arrays(table, "test_ood")
    ood = detail["splits"]["test_ood"]["at"]["min_precision"]
    assert ood["precision"] == pytest.approx(precision_score(labels, scores >= ood["threshold"]))


def test_a_precision_that_validation_never_reaches_gives_null():
    table = predicted()
    table.loc[(table["split"] == "validation") & (table["label"] == "negative"), "score"] = 1.0
    detail = _evaluate(table).detail
    assert detail["thresholds"]["min_precision"] is None
    assert detail["splits"]["test_ood"]["at"]["min_precision"] is None


def test_intervals_are_those_of_the_night_bootstrap_and_say_how_many_nights():
    table = predicted()
    intervals = _evaluate(table, options=EvaluateOptions(resamples=150, seed=9)).detail["splits"][
        "test_ood"
    ]["intervals"]
    labels, scores = arrays(table, "test_ood")
    nights = table.loc[table["split"] == "test_ood", "night"]
    expected = night_bootstrap(
        labels, scores, nights.to_numpy(dtype=str), 0.4, resamples=150, seed=9
    )
    assert intervals["f1"] == [expected["f1"].low, expected["f1"].high]
    assert intervals["nights"] == nights.nunique()
    assert intervals["reliable"]
    assert not _evaluate(predicted(nights=4)).detail["splits"]["test_ood"]["intervals"]["reliable"]


def test_the_headline_is_six_numbers_taken_from_the_detail():
    result = _evaluate(predicted())
    ood, iid = result.detail["splits"]["test_ood"], result.detail["splits"]["test_iid"]
    at_headline = ood["at"]["headline"]
    rates = {metric: at_headline[metric] for metric in ("f1", "precision", "recall")}
    assert result.headline == {
        "ood": rates | {"auprc": ood["auprc"]},
        "iid": {"f1": iid["at"]["headline"]["f1"]},
        "threshold": 0.4,
    }


def test_calling_everything_positive_scores_what_scikit_learn_says():
    table = predicted()
    labels, _ = arrays(table, "test_ood")
    everything = np.ones_like(labels)
    trivial = _evaluate(table).detail["splits"]["test_ood"]["baselines"]["all_positive"]
    assert trivial["precision"] == pytest.approx(precision_score(labels, everything))
    assert trivial["f1"] == pytest.approx(f1_score(labels, everything))
    assert trivial["auprc"] == pytest.approx(average_precision_score(labels, everything))
    assert trivial["auroc"] == pytest.approx(roc_auc_score(labels, everything))


def test_a_baseline_gets_its_threshold_from_validation_alone():
    table = predicted()
    other = predicted(seed=1).set_index("clip_id")["score"].sample(frac=1, random_state=1)
    judged = _evaluate(table, baselines={"other": other}).detail["splits"]["test_ood"]["baselines"][
        "other"
    ]
    labels, _ = arrays(table, "validation")
    scores = other.loc[table.loc[table["split"] == "validation", "clip_id"]].to_numpy()
    best = max(f1_score(labels, scores >= threshold) for threshold in scores)
    assert f1_score(labels, scores >= judged["threshold"]) == pytest.approx(best)
    ood, _ = arrays(table, "test_ood")
    scores = other.loc[table.loc[table["split"] == "test_ood", "clip_id"]].to_numpy()
    assert judged["f1"] == pytest.approx(f1_score(ood, scores >= judged["threshold"]))
    assert judged["auprc"] == pytest.approx(average_precision_score(ood, scores))


def test_a_baseline_that_lacks_clips_is_refused_with_their_names():
    table = predicted(clips=30)
    scores = table.set_index("clip_id")["score"]
    with pytest.raises(DataError, match="baseline other has no score for test_iid_00004"):
        _evaluate(table, baselines={"other": scores.drop("test_iid_00004")})
    with pytest.raises(DataError, match="baseline other has no score for test_ood_00001"):
        _evaluate(table, baselines={"other": scores.where(scores.index != "test_ood_00001")})


def test_the_breakdown_counts_each_kind_apart():
    rows = [  # label, score, quality, call type, site, recorder
        ("positive", 0.9, "high", "grunt", "Creek", "R1"),
        ("positive", 0.7, "low", "grunt", "Creek", "R1"),
        ("positive", 0.1, "low", "", "Pond", "R2"),
        ("negative", 0.8, "", "", "Creek", "R1"),
        ("negative", 0.2, "", "", "Creek", "R3"),
    ]
    table = pd.DataFrame(
        rows, columns=["label", "score", "quality", "call_type", "site", "recorder"]
    )
    table = table.assign(
        split="test_ood", night=[f"n{i}" for i in range(5)], clip_id=[f"c{i}" for i in range(5)]
    )
    by = _evaluate(table, threshold=0.5).detail["splits"]["test_ood"]["by"]
    assert list(by["quality"]) == ["high", "low"]
    assert by["quality"]["high"] == {"n": 1, "recall": 1.0, "mean_score": 0.9, "auprc": 1.0}
    low = by["quality"]["low"]
    assert (low["n"], low["recall"], low["mean_score"]) == (2, 0.5, pytest.approx(0.4))
    assert low["auprc"] == pytest.approx(
        average_precision_score([1, 1, 0, 0], [0.7, 0.1, 0.8, 0.2])
    )
    assert {kind: figures["n"] for kind, figures in by["call_type"].items()} == {
        "grunt": 2,
        "unstated": 1,
    }
    creek, pond = by["site"]["Creek"], by["site"]["Pond"]
    assert (creek["n"], creek["positives"], creek["recall"], creek["false_positive_rate"]) == (
        4,
        2,
        1.0,
        0.5,
    )
    assert creek["f1"] == pytest.approx(0.8)
    assert pond == {"n": 1, "positives": 1, "recall": 0.0, "false_positive_rate": None, "f1": 0.0}
    assert by["recorder"]["R3"] == {
        "n": 1,
        "positives": 0,
        "recall": None,
        "false_positive_rate": 0.0,
        "f1": None,
    }


def test_a_survey_without_an_ood_site_has_null_there_and_figures_elsewhere():
    result = _evaluate(predicted(splits=("validation", "test_iid")))
    assert result.detail["splits"]["test_ood"] is None
    assert [
        result.headline["ood"][metric] for metric in ("f1", "precision", "recall", "auprc")
    ] == [None] * 4
    assert (
        result.headline["iid"]["f1"]
        == result.detail["splits"]["test_iid"]["at"]["headline"]["f1"]
        > 0
    )


@pytest.mark.parametrize("label", ["positive", "negative"])
@pytest.mark.parametrize("split", SPLITS)
def test_a_split_of_one_class_has_counts_nulls_and_a_note(split, label):
    table = predicted()
    table = table[(table["split"] != split) | (table["label"] == label)]
    scores = table.set_index("clip_id")["score"]
    result = _evaluate(table, baselines={"same": scores})
    judged = result.detail["splits"][split]
    assert judged["n"] == judged[f"{label}s"] == (80 if label == "positive" else 160)
    assert (judged["auprc"], judged["at"], judged["intervals"]) == (None, None, None)
    assert label in judged["note"]
    other = next(name for name in SPLITS if name != split)
    assert result.detail["splits"][other]["auprc"] > 0.5
    json.dumps(result.detail, allow_nan=False)


def test_nothing_depends_on_the_order_of_rows_and_nothing_is_printed(capsys):
    table = predicted()
    scores = predicted(seed=1).set_index("clip_id")["score"]
    first = _evaluate(table, baselines={"other": scores})
    assert (
        _evaluate(table.sample(frac=1, random_state=3), baselines={"other": scores[::-1]}) == first
    )
    json.dumps([first.headline, first.detail], allow_nan=False)
    assert capsys.readouterr() == ("", "")


def test_training_clips_are_not_judged():
    table = predicted()
    training = predicted(seed=4, splits=("validation",)).assign(
        split="train", clip_id=[f"t{i}" for i in range(240)]
    )
    assert _evaluate(pd.concat([table, training])) == _evaluate(table)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_an_impossible_threshold_is_refused(threshold):
    with pytest.raises(ParameterError, match="threshold"):
        _evaluate(predicted(clips=6), threshold=threshold)


def test_sites_to_choose_by_have_figures_of_their_own_and_only_where_there_are_any():
    table = predicted(seed=3)
    without = evaluate(
        table, threshold=0.4, baseline_scores={}, options=EvaluateOptions(resamples=100)
    )
    assert (
        "ood_validation" not in without.detail["splits"]
        and "ood_validation_f1" not in without.headline
    )
    apart = table.copy()
    ood = apart["split"] == "test_ood"
    half = ood & apart["night"].isin(sorted(apart.loc[ood, "night"].unique())[::2])
    apart.loc[half, "split"] = "ood_validation"
    result = evaluate(
        apart, threshold=0.4, baseline_scores={}, options=EvaluateOptions(resamples=100)
    )
    chosen_by = result.detail["splits"]["ood_validation"]
    assert chosen_by["n"] == half.sum()
    assert (
        result.headline["ood_validation"]["f1"]
        == chosen_by["at"]["headline"]["f1"]
        != result.headline["ood"]["f1"]
    )
    assert result.headline["ood_validation"]["auprc"] == chosen_by["auprc"]
