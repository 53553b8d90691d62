"""How good a detector is: figures with intervals, trivial baselines beside, curves, and its worst errors."""

from chorus.evaluation.baseline import logistic_regression_scores
from chorus.evaluation.bootstrap import Interval, night_bootstrap
from chorus.evaluation.curves import curves
from chorus.evaluation.evaluate import EvaluateOptions, Evaluation, evaluate
from chorus.evaluation.predictions import predictions
from chorus.evaluation.worst import Kind, worst

__all__ = [
    "EvaluateOptions",
    "Evaluation",
    "Interval",
    "Kind",
    "curves",
    "evaluate",
    "logistic_regression_scores",
    "night_bootstrap",
    "predictions",
    "worst",
]
