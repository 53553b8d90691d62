"""Models on small pairs: they learn, the same again, and are judged by what they never saw."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.decomposition import PCA
from torch import nn

from chorus.encoders.texts import TextVectors
from chorus.errors import ParameterError
from chorus.metrics.regression import rmse
from chorus.training.readouts import LOSSES
from fitness import baselines, crossfit, dataset, evaluation, folds, health, predictions
from fitness.dataset import Scored
from fitness.network import EVENED, Axes, PairNetwork, interaction_parameters
from fitness.targets import UNIFORM, shares_of
from fitness.training import TrainOptions, WeightOptions, train, weights
from fitness.vectors import Pairs, metric_texts, supplied

SMALL = {
    "components": 0,
    "hidden": (16,),
    "rank": 4,
    "epochs": 12,
    "batch_size": 32,
    "learning_rate": 0.02,
    "dropout": 0.1,
}


def scored(count: int, seed: int) -> Scored:
    """Scores that say how much text and metric have in common."""
    random = np.random.default_rng(seed)
    metric, text = (random.normal(size=(count, 6)).astype(np.float32) for _ in range(2))
    metric, text = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (metric, text))
    scores = np.clip(5 + 5 * (metric * text).sum(axis=1), 0, 10).round()
    return Scored(Pairs(metric, text, metric), scores, np.ones(count, bool))


LEARN, STOP, JUDGE = scored(600, 1), scored(100, 2), scored(200, 3)


@pytest.mark.parametrize("model", list(LOSSES))
def test_every_model_learns(model):
    found = train(LEARN, STOP, UNIFORM, TrainOptions(model=model, **SMALL), seed=1)
    predicted, variances = found.predict(JUDGE.pairs)
    assert rmse(JUDGE.scores, predicted) < 0.8 * JUDGE.scores.std()
    assert (variances > 0).all() and predicted.min() >= 0 and predicted.max() <= 10
    assert found.history[found.best_epoch - 1]["validation_rmse_target"] == min(
        row["validation_rmse_target"] for row in found.history
    )


@pytest.mark.parametrize(
    "changes", [{"fds": True}, {"weights": WeightOptions(kind="lds")}, {"loss": "beta_nll"}]
)
def test_what_can_be_switched_on_changes_something(changes):
    options = SMALL | {"epochs": 3}
    plain, other = (
        train(LEARN, STOP, UNIFORM, TrainOptions(**options | more), seed=1)
        for more in ({}, changes)
    )
    assert not np.array_equal(plain.predict(JUDGE.pairs)[0], other.predict(JUDGE.pairs)[0])


def test_the_same_seed_gives_the_same_digits_and_another_seed_others():
    options = TrainOptions(**SMALL | {"epochs": 3})
    first, again, other = (
        train(LEARN, STOP, UNIFORM, options, seed).predict(JUDGE.pairs)[0] for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_a_low_rank_interaction_is_small_and_the_full_one_is_torchs():
    assert interaction_parameters(768, 768, 768, None) == 452_985_600
    assert interaction_parameters(768, 768, 768, 64) == 98_432
    full = nn.Bilinear(3, 4, 5)
    assert interaction_parameters(3, 4, 5, None) == sum(part.numel() for part in full.parameters())
    random = np.random.default_rng(1)
    axes = tuple(Axes.fit(random.normal(size=(9, width)), 0) for width in (3, 4))
    with_rank, without = (PairNetwork(axes, 2, rank, (8,), 0.0) for rank in (6, 0))
    sizes = [sum(part.numel() for part in network.parameters()) for network in (with_rank, without)]
    assert sizes[0] - sizes[1] == interaction_parameters(3, 4, 0, 6) + 6 * 8


def test_axes_are_the_principal_ones_and_evened_out():
    random = np.random.default_rng(1)
    rows = random.normal(size=(200, 6)) * [9, 5, 3, 1, 0.5, 0] + 7
    seen = Axes.fit(rows, 4)(torch.from_numpy(rows.astype(np.float32))).numpy()
    of_sklearn = PCA(4).fit(rows)
    assert np.abs(np.corrcoef(seen.T, of_sklearn.transform(rows).T)[:4, 4:]).diagonal() == (
        pytest.approx(1, abs=1e-4)
    )
    spread = of_sklearn.explained_variance_ ** (1 - EVENED)
    assert seen.var(axis=0, ddof=1) == pytest.approx(4 * spread / spread.sum(), rel=1e-3)
    assert Axes.fit(rows, 6).count == 5  # the last one is constant
    assert np.allclose(Axes.fit(rows, 0)(torch.ones(1, 6)), 6**0.5)


def test_a_made_up_pair_helps_to_stop_and_judges_nothing_else():
    half = np.arange(len(STOP.scores)) % 2 == 0
    mixed = Scored(STOP.pairs, np.where(half, STOP.scores, 0.0), half)
    options = TrainOptions(**SMALL | {"epochs": 3})
    found, real = (
        train(LEARN, part, UNIFORM, options, seed=1) for part in (mixed, mixed.only_real())
    )
    for column in ("validation_loss", "validation_rmse", "validation_sd"):
        assert [row[column] for row in found.history] == [row[column] for row in real.history]
    target = "validation_rmse_target"
    assert [row[target] for row in found.history] != [row[target] for row in real.history]


def test_mixed_precision_learns_as_well_with_other_digits():
    """On a CPU the same code runs as on a GPU, with the CPU's bfloat16."""
    plain, mixed = (
        train(LEARN, STOP, UNIFORM, TrainOptions(precision=kind, fds=True, **SMALL), seed=1)
        for kind in ("float32", "bfloat16")
    )
    said = [model.predict(JUDGE.pairs)[0] for model in (plain, mixed)]
    assert not np.array_equal(*said)
    assert rmse(JUDGE.scores, said[1]) == pytest.approx(rmse(JUDGE.scores, said[0]), rel=0.15)
    assert all(value.dtype == torch.float32 for value in mixed.network.state_dict().values())


def test_weights_have_a_mean_of_one():
    for kind in ("none", "sqrt_inverse", "lds", "target"):
        assert weights(LEARN.scores, UNIFORM, WeightOptions(kind=kind)).mean() == pytest.approx(1)


def test_a_loss_of_another_model_is_refused():
    with pytest.raises(
        ParameterError, match=r"train.loss: 'ce' is not allowed: of the model ordinal: cumulative"
    ):
        train(LEARN, STOP, UNIFORM, TrainOptions(model="ordinal", loss="ce"), seed=1)


@pytest.mark.parametrize("target", ["flat", {"nine": 1}, {11: 1}, {9: -1}, {9: 0}, 3])
def test_a_target_that_is_none_is_refused(target):
    with pytest.raises(ParameterError, match=r"evaluate.target: .* is not allowed"):
        shares_of(target, [9.0])


def test_metrics_are_encoded_in_words_and_supplied_vectors_must_fit():
    assert metric_texts(["a_b/c__d"]) == {"a_b/c__d": "a b: c d"}
    assert supplied(["a", "b"], np.eye(2)).of(["b"]).tolist() == [[0.0, 1.0]]
    with pytest.raises(Exception, match="is not a row a metric"):
        supplied(["a"], np.eye(2))


@pytest.fixture(scope="module")
def study() -> dataset.Data:
    """Sixty texts and nine metrics, whose score is how much they have in common; mostly high ones."""
    random = np.random.default_rng(1)
    metrics = [f"{family}/{number}" for family in "abc" for number in range(3)]
    names = TextVectors("names", metrics, random.normal(size=(9, 6)).astype(np.float32))
    texts = TextVectors(
        "texts",
        [f"t{number}" for number in range(60)],
        random.normal(size=(60, 6)).astype(np.float32),
    )
    pairs = [(text, metric) for text in texts.ids for metric in metrics]
    table = pd.DataFrame(pairs, columns=["text_id", "metric"])
    cosine = (names.of(table["metric"].tolist()) * texts.of(table["text_id"].tolist())).sum(axis=1)
    table["score"] = np.clip(7.0 + 1.2 * cosine, 0, 10).round()
    table = table.assign(id=range(1, len(table) + 1), language="English")
    test = table[table["text_id"].isin(texts.ids[40:])].reset_index(drop=True)
    table = table[~table["text_id"].isin(texts.ids[40:])].reset_index(drop=True)
    table["fold"] = folds.assign(table, set(), folds.SplitOptions(folds=3))
    made = folds.negatives(table.sample(frac=0.5, random_state=1), names, folds.NegativeOptions())
    return dataset.Data(table, made, test, (texts, names, names))


def test_the_whole_of_it_on_a_small_study(study, tmp_path):
    options = TrainOptions(**SMALL | {"members": 2, "components": 6, "epochs": 30, "patience": 10})
    target = shares_of("training", study.records["score"])
    fitted = crossfit.fit(study, target, options, seed=1)
    assert fitted.judged["id"].tolist() == study.records["id"].tolist()
    assert len(fitted.models) == 6 and [
        len(names) for names in predictions.member_columns(fitted.test)
    ] == [2, 2, 2]
    crossfit.save(fitted, tmp_path, options, 1)
    assert len(list(tmp_path.glob("*.safetensors"))) == 6
    judged, test = baselines.fit(
        study, UNIFORM, baselines.BaselineOptions(components=4, trees=20), 1
    )
    columns = predictions.member_columns(fitted.test)
    given = evaluation.Predicted(
        judged=fitted.judged.merge(judged, on="id"),
        members=np.stack([fitted.test[names].to_numpy().mean(axis=1) for names in columns]),
        baselines={name: test[name].to_numpy() for name in baselines.NAMES},
        test=study.test,
        hidden=study.test["score"].to_numpy(),
    )
    headline, detail = evaluation.evaluate(given, evaluation.EvaluateOptions(resamples=100))
    assert headline["folds"]["rmse"] == pytest.approx(
        rmse(fitted.judged["score"], fitted.judged["prediction"]), rel=0.05
    )
    assert headline["folds"]["rmse"] < fitted.judged["score"].std()
    assert (
        set(detail["less_than"]) == set(baselines.NAMES)
        and 0 < detail["calibration"]["coverage"]["all"]["90%"] <= 1
    )
    found = health.judge(pd.DataFrame(fitted.curves), fitted.summary, detail)
    assert found.verdict in ("healthy", "watch", "trouble") and not found.not_judged


def test_a_model_that_always_says_nine_is_said_to_have_collapsed():
    curves = pd.DataFrame({"epoch": [1, 2], "validation_sd": 0.01, "validation_rmse_target": 5.0})
    detail = {
        "less_than": {"lightgbm": {"target": {"value": 1.0, "low": 0.5}}},
        "calibration": {"coverage": {"all": {"90%": 0.5}}},
        "rarest_records": 1,
    }
    found = health.judge(curves, {"best_epoch": 1}, detail)
    names = {finding.name for finding in found.findings}
    assert found.verdict == "trouble" and names >= {
        "collapsed",
        "baseline_better",
        "overconfident",
        "few_rare_records",
    }
