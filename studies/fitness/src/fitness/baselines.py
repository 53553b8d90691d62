"""What every model is to beat: a constant, ridge regression, nearest neighbours, and gradient boosting (LightGBM).

They see the same folds, pairs that do not fit and weights as the models do. What ridge and LightGBM choose (how strong,
how many trees) is chosen as the models' best epoch is: by RMSE under evaluate.target on the fold that stops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from chorus.options import options
from chorus.seeds import derive
from chorus.statistics.shift import expected_rmse
from fitness.dataset import Data, Fold, Scored
from fitness.training import WeightOptions, weights
from fitness.vectors import Pairs

Floats = NDArray[np.float64]
Predict = Callable[[Pairs], Floats]
USUAL = 9.0  # what most records have
NAMES = ("always_9", "ridge", "nearest", "lightgbm")
_STRENGTHS = (0.1, 1.0, 10.0, 100.0)


@options
class BaselineOptions:
    """components: of the PCA of metric and of text, for ridge and LightGBM. neighbours: of a pair.
    trees: of LightGBM at most; it stops by the fold that stops, under evaluate.target.
    weights: as of the models."""

    components: Annotated[int, Field(gt=0)] = 32
    neighbours: Annotated[int, Field(gt=0)] = 15
    trees: Annotated[int, Field(gt=0)] = 300
    weights: WeightOptions = Field(default_factory=WeightOptions)


def fit(
    data: Data, target: Mapping[int, float], given: BaselineOptions, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What each predicts of the records that it never saw (a column each, beside id), and of the test set (the mean
    over the folds' models)."""
    asked = data.asked
    judged, test = [], {name: np.zeros(len(asked)) for name in NAMES}
    for number in range(data.folds):
        fold = data.fold(number)
        models = _models(fold, target, given, derive(seed, "baselines", number))
        said = {name: model(fold.judge) for name, model in models.items()}
        judged.append(pd.DataFrame({"id": fold.records["id"].to_numpy()} | said))
        for name, model in models.items():
            test[name] += model(asked) / data.folds
    return pd.concat(judged).sort_values("id", ignore_index=True), pd.DataFrame(
        {"id": data.test["id"].to_numpy()} | test
    )


def ridge(fold: Fold, target: Mapping[int, float], given: BaselineOptions) -> Predict:
    """The ridge regression of a fold alone, which is fast."""
    return _ridge(_Task.of(fold, target, given))


def _models(
    fold: Fold, target: Mapping[int, float], given: BaselineOptions, seed: int
) -> dict[str, Predict]:
    """By their names, in the order of `NAMES`."""
    task = _Task.of(fold, target, given)
    return {
        "always_9": lambda asked: np.full(len(asked), USUAL),
        "ridge": _ridge(task),
        "nearest": _nearest(fold.learn, task.weights, given.neighbours),
        "lightgbm": _lightgbm(task, given.trees, seed),
    }


@dataclass(frozen=True, eq=False)
class _Task:
    """What ridge regression and LightGBM learn from, and what they choose by.

    features: makes rows of pairs. learn, stop: rows (n, features) of the fold's. weights: (n,), of `learn`."""

    fold: Fold
    target: Mapping[int, float]
    features: Features
    learn: Floats
    stop: Floats
    weights: Floats

    @classmethod
    def of(cls, fold: Fold, target: Mapping[int, float], given: BaselineOptions) -> _Task:
        learn = fold.learn
        features = Features(learn.pairs, given.components)
        rows, stop = features(learn.pairs), features(fold.stop.pairs)
        return cls(fold, target, features, rows, stop, weights(learn.scores, target, given.weights))

    def error(self, predictions: Any) -> float:
        """Of predictions for `stop`."""
        return expected_rmse(self.target, self.fold.stop.scores, _within(predictions))


class Features:
    """Principal components of metric and text, difference and product of those of name and text, and their cosine."""

    def __init__(self, learn: Pairs, components: int) -> None:
        from sklearn.decomposition import PCA

        most = min(components, learn.metric.shape[1], learn.text.shape[1], len(learn))

        def fitted(rows: Any) -> Any:
            # Exact, whatever the shape: by itself PCA takes a randomised solver for large tables.
            return PCA(most, svd_solver="covariance_eigh").fit(rows)

        self._metric = fitted(learn.metric)
        self._shared = fitted(np.concatenate([learn.text, learn.name]))

    def __call__(self, asked: Pairs) -> Floats:
        """(n, features)."""
        metric, text, name = (
            self._metric.transform(asked.metric),
            self._shared.transform(asked.text),
            self._shared.transform(asked.name),
        )
        columns = [metric, text, np.abs(text - name), text * name, asked.cosine[:, None]]
        return np.concatenate(columns, axis=1).astype(np.float64)


def _within(scores: Any) -> Floats:
    return np.clip(np.asarray(scores, dtype=np.float64), 0.0, 10.0)


def _ridge(task: _Task) -> Predict:
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def fitted(strength: float) -> Any:
        model = make_pipeline(StandardScaler(), Ridge(strength))
        return model.fit(task.learn, task.fold.learn.scores, ridge__sample_weight=task.weights)

    models = [fitted(strength) for strength in _STRENGTHS]
    best = min(models, key=lambda model: task.error(model.predict(task.stop)))
    return lambda asked: _within(best.predict(task.features(asked)))


def _nearest(learn: Scored, of_learn: Floats, count: int) -> Predict:
    """The weighted mean score of the nearest pairs, by the sum of the similarities of texts and of metrics."""

    def predict(asked: Pairs) -> Floats:
        near = (asked.text @ learn.pairs.text.T) + (asked.metric @ learn.pairs.metric.T)
        # Rounded, so that the last digits of a product choose no neighbours.
        rows = np.argsort(-near.round(4), axis=1, kind="stable")[:, :count]
        return _within(np.average(learn.scores[rows], weights=of_learn[rows], axis=1))

    return predict


def _lightgbm(task: _Task, trees: int, seed: int) -> Predict:
    import lightgbm

    settings = {
        "objective": "regression",
        "metric": "none",  # the one below
        "learning_rate": 0.05,
        "num_leaves": 31,
        "min_data_in_leaf": 10,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        # A C int is all that it takes. The rest makes the same trees on every machine: its own choice
        # between rows and columns is by what is faster there.
        "seed": seed % 2**31,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }
    training = lightgbm.Dataset(task.learn, task.fold.learn.scores, weight=task.weights)
    judge = lightgbm.Dataset(task.stop, task.fold.stop.scores, reference=training)

    def error(predictions: Any, _: Any) -> tuple[str, float, bool]:
        return "rmse under the target", task.error(predictions), False

    stops: list[Callable[..., Any]] = [lightgbm.early_stopping(30, verbose=False)]
    model = lightgbm.train(
        settings, training, trees, valid_sets=[judge], feval=error, callbacks=stops
    )
    return lambda asked: _within(model.predict(task.features(asked)))
