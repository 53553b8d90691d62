"""Curves: the same as scikit-learn's, thin enough for git, and true to the areas under them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    f1_score,
    precision_recall_curve,
    precision_score,
    recall_score,
    roc_auc_score,
    roc_curve,
)

from chorus.evaluation import curves
from predicted import arrays, predicted

SPLITS = ["validation", "test_iid", "test_ood"]
COLUMNS = {
    "pr": ["split", "recall", "precision"],
    "roc": ["split", "fpr", "tpr"],
    "threshold_sweep": ["split", "threshold", "precision", "recall", "f1"],
    "score_histogram": ["split", "label", "bin", "share"],
    "reliability": ["split", "mean_score", "observed", "n"],
}


def _of(table, split):
    return table[table["split"] == split].reset_index(drop=True)


def test_every_curve_has_its_columns_and_all_splits():
    drawn = curves(predicted())
    assert {name: list(table.columns) for name, table in drawn.items()} == COLUMNS
    assert all(list(table["split"].unique()) == SPLITS for table in drawn.values())


def test_a_short_roc_is_scikit_learns_point_for_point():
    table = predicted(clips=90)
    table["score"] = table["score"].round(1)  # ties
    fpr, tpr, _ = roc_curve(*arrays(table, "test_ood"), drop_intermediate=False)
    ours = _of(curves(table)["roc"], "test_ood")
    assert ours["fpr"].to_numpy() == pytest.approx(fpr)
    assert ours["tpr"].to_numpy() == pytest.approx(tpr)


def test_a_short_pr_is_scikit_learns_point_for_point():
    table = predicted(clips=90)
    precision, recall, _ = precision_recall_curve(*arrays(table, "test_ood"))
    ours = _of(curves(table)["pr"], "test_ood")
    assert ours["recall"].to_numpy() == pytest.approx(
        recall[:-1][::-1]
    )  # without its last, invented point
    assert ours["precision"].to_numpy() == pytest.approx(precision[:-1][::-1])


def test_long_curves_are_thinned_and_keep_their_ends_and_area():
    table = predicted(clips=3000)
    drawn = curves(table)
    for name in ("pr", "roc"):
        assert drawn[name].groupby("split").size().between(150, 200).all()
    labels, scores = arrays(table, "test_ood")
    roc, pr = _of(drawn["roc"], "test_ood"), _of(drawn["pr"], "test_ood")
    assert np.trapezoid(roc["tpr"], roc["fpr"]) == pytest.approx(
        roc_auc_score(labels, scores), abs=0.002
    )
    assert tuple(roc.iloc[0][["fpr", "tpr"]]) == (0, 0)
    assert tuple(roc.iloc[-1][["fpr", "tpr"]]) == (1, 1)
    assert tuple(pr.iloc[-1][["recall", "precision"]]) == (1, pytest.approx(labels.mean()))


def test_the_sweep_gives_the_figures_of_each_threshold_that_detects_anything():
    table = predicted()
    table["score"] *= 0.8
    labels, scores = arrays(table, "test_iid")
    sweep = _of(curves(table)["threshold_sweep"], "test_iid")
    assert list(sweep["threshold"]) == [t / 100 for t in range(101) if t / 100 <= scores.max()]
    for row in sweep.iloc[::13].itertuples():
        detected = scores >= row.threshold
        expected = (
            precision_score(labels, detected),
            recall_score(labels, detected),
            f1_score(labels, detected),
        )
        assert (row.precision, row.recall, row.f1) == pytest.approx(expected)


def test_histograms_share_out_each_label():
    table = predicted()
    table.loc[0, "score"] = 1.0
    histogram = _of(curves(table)["score_histogram"], "validation")
    assert histogram.groupby("label")["share"].sum().to_numpy() == pytest.approx([1, 1])
    _, scores = arrays(table[table["label"] == "negative"], "validation")
    counts, _ = np.histogram(scores, bins=20, range=(0, 1))
    assert histogram.loc[histogram["label"] == "negative", "share"].to_numpy() == pytest.approx(
        counts / len(scores)
    )


def test_reliability_is_scikit_learns_calibration_curve():
    table = predicted()
    observed, mean_score = calibration_curve(*arrays(table, "test_ood"), n_bins=10)
    ours = _of(curves(table)["reliability"], "test_ood")
    assert ours["observed"].to_numpy() == pytest.approx(observed)
    assert ours["mean_score"].to_numpy() == pytest.approx(mean_score)
    assert ours["n"].sum() == 240


def test_a_split_that_cannot_be_judged_has_no_curves():
    table = predicted(splits=("validation", "test_ood"))
    table = table[(table["split"] != "test_ood") | (table["label"] == "positive")]
    assert all(set(curve["split"]) == {"validation"} for curve in curves(table).values())
    nothing = curves(table[table["split"] == "test_ood"])
    assert {name: list(curve.columns) for name, curve in nothing.items()} == COLUMNS
    assert all(len(curve) == 0 for curve in nothing.values())


def test_the_order_of_rows_does_not_matter():
    table = predicted()
    mixed = curves(table.sample(frac=1, random_state=2))
    for name, curve in curves(table).items():
        pd.testing.assert_frame_equal(mixed[name], curve, check_exact=True)
