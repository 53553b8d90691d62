"""How good the predictions are, where, how sure that is, and what to expect of a test set with other scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from chorus.metrics.regression import mae, rmse
from chorus.metrics.scores import bias, bins, gaussian_nll, interval_coverage, rmse_by, shares
from chorus.options import options
from chorus.statistics.shift import Estimate, difference_under, disagreement, forecast, rmse_under
from fitness.records import family
from fitness.targets import UNIFORM, shares_of

Floats = NDArray[np.float64]
LEVELS = (0.5, 0.9)  # of the intervals whose coverage is counted
FEW = 10  # records; of a family with fewer, nothing is said


@options
class EvaluateOptions:
    """target: how often each score will occur where the model is used, see fitness.targets. resamples: of texts.
    seed: of the resamples."""

    target: str | dict[int | float, float] = "uniform"
    resamples: Annotated[int, Field(ge=100)] = 1000
    seed: Annotated[int, Field(ge=0)] = 1


@dataclass(frozen=True, eq=False)
class Predicted:
    """judged: the records that models were judged on, with `prediction`, `variance` and a column a baseline.
    members: predictions of the test set by the models of each fold, (folds, n), and by each baseline, (n,).
    test: its records. hidden: its true scores, (n,); None: nobody knows them here."""

    judged: pd.DataFrame
    members: Floats
    baselines: Mapping[str, Floats]
    test: pd.DataFrame
    hidden: Floats | None


def evaluate(given: Predicted, options: EvaluateOptions) -> tuple[dict[str, Any], dict[str, Any]]:
    """Headline and detail, for JSON."""
    scores = given.judged["score"].to_numpy(np.float64)
    targets = {
        "training": shares_of("training", scores),
        "uniform": dict(UNIFORM),
        "target": shares_of(options.target, scores),
    }
    sure: dict[str, Any] = {"resamples": options.resamples, "seed": options.seed}
    judged, texts = given.judged, given.judged["text_id"]
    under = {
        name: rmse_under(target, scores, judged["prediction"], texts, **sure)
        for name, target in targets.items()
    }
    detail: dict[str, Any] = {
        "records": len(judged),
        "texts": int(texts.nunique()),
        "rarest_records": min(int((bins(scores) == score).sum()) for score in targets["target"]),
        "rmse": {name: estimate.to_json() for name, estimate in under.items()},
        "mae": mae(scores, judged["prediction"]),
        "bias": bias(scores, judged["prediction"]),
        "by_score": _by(bins(scores), judged),
        "by_language": _by(judged["language"], judged),
        "by_family": _by(judged["metric"].map(family), judged),
        "calibration": calibration(judged),
        "less_than": _less_than(given, targets, sure),
        "forecast": _forecasts(given, targets, sure),
    }
    headline: dict[str, Any] = {
        "folds": {
            "rmse": under["training"].value,
            "rmse_uniform": under["uniform"].value,
            "rmse_target": under["target"].value,
            "r2_target": 1 - (under["target"].value ** 2 / _variance(targets["target"])),
            "gain_on_lightgbm": -detail["less_than"]["lightgbm"]["target"]["value"],
        }
    }
    if given.hidden is not None:
        detail["test"] = _on_test(given, sure)
        headline["test"] = {
            "rmse": detail["test"]["rmse"]["value"],
            "rmse_uniform": detail["test"]["uniform"]["value"],
        }
    return headline, detail


def _variance(target: Mapping[int, float]) -> float:
    """Of a distribution of scores: the mean squared error of the best constant."""
    mean = sum(score * share for score, share in target.items())
    # Of a single score it is 0, by which nothing can be divided.
    return sum((score - mean) ** 2 * share for score, share in target.items()) or 1.0


def calibration(judged: pd.DataFrame) -> dict[str, Any]:
    """Coverage of the predicted intervals, over all and by score (to be 0.5 and 0.9), and the likelihood."""
    truth, said, spread = (
        judged[name].to_numpy(np.float64) for name in ("score", "prediction", "variance")
    )
    places = bins(truth)
    rows = {"all": np.ones(len(truth), bool)} | {
        str(place): places == place for place in np.unique(places)
    }
    coverage: dict[str, dict[str, float]] = {name: {} for name in rows}
    for name, own in rows.items():
        for level in LEVELS:
            inside = interval_coverage(truth[own], said[own], spread[own], level)
            coverage[name][f"{level:.0%}"] = inside
    return {"coverage": coverage, "nll": gaussian_nll(truth, said, spread)}


def _by(groups: Any, judged: pd.DataFrame) -> dict[str, dict[str, float]]:
    found = rmse_by(np.asarray(groups), judged["score"], judged["prediction"])
    # A score is shown however rare: the rare ones are what all this is about.
    return {name: row for name, row in found.items() if row["records"] >= FEW or name.isdigit()}


def _less_than(
    given: Predicted, targets: Mapping[str, dict[int, float]], sure: dict[str, Any]
) -> dict[str, Any]:
    """RMSE less that of each baseline, under each distribution: below 0 the models are better."""
    judged = given.judged
    less: dict[str, Any] = {baseline: {} for baseline in given.baselines}
    for baseline, under in less.items():
        both = judged["prediction"], judged[baseline]
        for name, target in targets.items():
            difference = difference_under(target, judged["score"], both, judged["text_id"], **sure)
            under[name] = difference.to_json()
    return less


def _forecasts(
    given: Predicted, targets: Mapping[str, dict[int, float]], sure: dict[str, Any]
) -> dict[str, Any]:
    return {name: expected(given, target, sure).to_json() for name, target in targets.items()}


def expected(given: Predicted, target: dict[int, float], sure: dict[str, Any]) -> Estimate:
    """The RMSE to expect of the mean of the folds' models on the test set, if its scores are distributed so."""
    return forecast(
        target,
        given.judged["score"],
        given.judged["prediction"],
        given.judged["text_id"],
        size=given.test["text_id"].nunique(),
        disagreement=disagreement(given.members),
        **sure,
    )


def _on_test(given: Predicted, sure: dict[str, Any]) -> dict[str, Any]:
    """What became of the forecast: only the demo set's scores are known."""
    assert given.hidden is not None
    truth, said = given.hidden, given.members.mean(axis=0)
    places, counts = np.unique(bins(truth), return_counts=True)
    own = shares(dict(zip(places.tolist(), counts.tolist(), strict=True)))
    foreseen = expected(given, own, sure)
    reached = rmse(truth, said)
    texts = given.test["text_id"]
    return {
        "rmse": rmse_under(own, truth, said, texts, **sure).to_json() | {"value": reached},
        "uniform": rmse_under(UNIFORM, truth, said, texts, **sure).to_json(),
        "less_than_lightgbm": {
            name: difference_under(
                target, truth, (said, given.baselines["lightgbm"]), texts, **sure
            ).to_json()
            for name, target in {"uniform": UNIFORM, "its_scores": own}.items()
        },
        "forecast_for_its_scores": foreseen.to_json()
        | {"contains": foreseen.low <= reached <= foreseen.high},
        "by_score": rmse_by(bins(truth), truth, said),
        "by_language": rmse_by(given.test["language"], truth, said),
        "baselines": {name: rmse(truth, values) for name, values in given.baselines.items()},
    }
