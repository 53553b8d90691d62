"""What came of all runs: every configuration with its seeds, judged by the test's sources, and the paper's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.answers import recalls
from chorus.metrics.temperature import probability
from chorus.statistics import cohens_g, holm, seed_summary
from chorus.statistics.clusters import ClusterComparison, balanced_accuracy, compare_clusters
from chorus.statistics.paired import mcnemar_exact
from speech import psychometrics
from speech.answers import CONFIGURATIONS, Answers, EvaluateOptions
from speech.calibration import ALL, METRICS
from speech.demo import NONSPEECH, SPEECH
from speech.psychometrics import Fits

BASELINE = "base"


def evaluate(
    answers: Mapping[str, Answers], fits: Fits, calibrated: pd.DataFrame, given: EvaluateOptions
) -> dict[str, Any]:
    """Each configuration by itself, and the comparisons with the baseline, adjusted for their number (Holm).

    Args:
        fits: of `psychometrics.fit`. calibrated: of `calibration.table`.
    """
    detail: dict[str, Any] = {}
    for name, each in answers.items():
        detail[name] = {
            **_alone(each, given),
            "decision": _at_threshold(each, given),
            "calibration": _calibration(each, calibrated),
            "thresholds": psychometrics.thresholds_of(name, fits, given),
        }
    compared: dict[str, dict[str, Any]] = {}
    for name, each in answers.items():
        if name != BASELINE:
            compared[name] = _against(each, answers[BASELINE], given)
    # As many chances to be lucky as there are comparisons.
    adjusted = holm([one["p"] for one in compared.values()])
    for (name, one), p in zip(compared.items(), adjusted, strict=True):
        detail[name]["against_baseline"] = {**one, "p_holm": float(p)}
    return detail


def _alone(answers: Answers, given: EvaluateOptions) -> dict[str, Any]:
    # Over seeds the spread of trainings, over sources that of who speaks: never added up.
    by_seed = [_balanced(right, answers.speech) for right in answers.right]
    over_seeds = seed_summary(by_seed)
    right = answers.right.ravel()
    over_sources = balanced_accuracy(
        answers.stacked("label"), right, answers.stacked("source"),
        resamples=given.resamples, seed=given.seed,
    )  # fmt: skip
    # A balanced accuracy hides which class it is got from.
    classes = recalls(pd.Series(answers.stacked("label")), right)
    return {
        "balanced_accuracy": over_seeds.mean,
        "by_seed": dict(zip(map(str, answers.seeds), by_seed, strict=True)),
        "sd_over_seeds": over_seeds.sd,
        "interval_over_seeds": [over_seeds.ci_low, over_seeds.ci_high],
        "interval_over_sources": [over_sources.low, over_sources.high],
        "recall": {name: one.share for name, one in classes.items()},
        "by_condition": _by(answers, "condition"),
        "by_dimension": _by(answers, "dimension"),
    }


def _balanced(right: NDArray[np.bool_], speech: NDArray[np.bool_]) -> float:
    return float((right[speech].mean() + right[~speech].mean()) / 2)


def _by(answers: Answers, column: str) -> dict[str, float]:
    found = {}
    for name in dict.fromkeys(answers.rows[column]):
        part = answers.take((answers.rows[column] == name).to_numpy())
        found[name] = float(np.mean([_balanced(right, part.speech) for right in part.right]))
    return found


def _at_threshold(answers: Answers, given: EvaluateOptions) -> dict[str, Any]:
    """By thresholds that holdout variants chose, beside the argmax: all seeds at once, by whole sources."""
    found = _compared(answers, answers.right_at_threshold, answers.right, given)
    # As a person reads it: at the calibrated probability of speech.
    probabilities = []
    for threshold, temperature in zip(answers.thresholds, answers.temperatures, strict=True):
        probabilities.append(probability([threshold], temperature)[0])
    return {
        "chosen_on": "variants of holdout clips",
        "margin": float(np.mean(answers.thresholds)),
        "calibrated_probability": float(np.mean(probabilities)),
        "balanced_accuracy": found.a.value,
        "argmax": found.b.value,
        "gain": found.difference.value,
        "gain_interval_over_sources": [found.difference.low, found.difference.high],
        "p": found.p,
    }


def _calibration(answers: Answers, calibrated: pd.DataFrame) -> dict[str, Any]:
    """Of all variants together: before, after, and the intervals over sources."""
    own = calibrated[calibrated["configuration"] == answers.name]
    whole = own[own["condition"] == ALL].set_index("metric")
    found: dict[str, Any] = {"temperature": float(np.mean(answers.temperatures))}
    for when in ("before", "after", "difference"):
        found[when] = {}
        for metric in METRICS:
            value, low, high = whole.loc[metric, [when, f"{when}_low", f"{when}_high"]]
            found[when][metric] = float(value)
            found[when][f"{metric}_interval"] = [float(low), float(high)]
    return found


def _against(answers: Answers, baseline: Answers, given: EvaluateOptions) -> dict[str, Any]:
    """All seeds at once, whole sources exchanged; beside it what McNemar's test makes of the first seed's rows."""
    count = len(answers.seeds)
    # The base has no seed: it is compared with every seed of the others.
    seeds = np.arange(count) % len(baseline.seeds)
    other = baseline.right[seeds]
    found = _compared(answers, answers.right, other, given)
    # What remains of the difference where both may choose from which margin on they say speech.
    chosen = _compared(
        answers, answers.right_at_threshold, baseline.right_at_threshold[seeds], given
    )
    # What the document does: one seed, and rows as though each were a clip of its own.
    only_a = int(np.sum(answers.right[0] & ~other[0]))
    only_b = int(np.sum(~answers.right[0] & other[0]))
    return {
        "difference": found.difference.value,
        "interval_over_sources": [found.difference.low, found.difference.high],
        "p": found.p,
        "sources": found.clusters,
        "difference_at_thresholds": chosen.difference.value,
        "interval_at_thresholds": [chosen.difference.low, chosen.difference.high],
        "p_at_thresholds": chosen.p,
        "discordant_first_seed": [only_a, only_b],
        "cohens_g_first_seed": cohens_g(only_a, only_b) if only_a + only_b else None,
        "mcnemar_naive_p_first_seed": mcnemar_exact(only_a, only_b),
    }


def _compared(
    answers: Answers, one: NDArray[np.bool_], other: NDArray[np.bool_], given: EvaluateOptions
) -> ClusterComparison:
    """Two lists of right and wrong answers to the same rows, (seeds, rows), by whole sources."""
    return compare_clusters(
        answers.stacked("label"), one.ravel(), other.ravel(), answers.stacked("source"),
        resamples=given.resamples, draws=2**14, seed=given.seed,
    )  # fmt: skip


def paper_table(detail: Mapping[str, Any]) -> pd.DataFrame:
    """The document's table: model, fine-tuning, prompt, balanced accuracy with intervals, p against the baseline."""
    rows = []
    for name, (model, tuning, prompt) in CONFIGURATIONS.items():
        if name not in detail:
            continue
        one = detail[name]
        against = one.get("against_baseline", {})
        several = len(one["by_seed"]) > 1
        mean = f"{one['balanced_accuracy']:.1%}"
        rows.append(
            {
                "Model": model,
                "Fine-tuning": tuning,
                "Prompt": prompt,
                "Seeds": str(len(one["by_seed"])),
                "Balanced accuracy": f"{mean} ± {one['sd_over_seeds']:.1%}" if several else mean,
                "with a threshold": f"{one['decision']['balanced_accuracy']:.1%}",
                "95 % CI (seeds)": _percents(one["interval_over_seeds"]) if several else "–",
                "95 % CI (sources)": _percents(one["interval_over_sources"]),
                "Difference (sources)": _difference(against),
                "p (Holm)": _p(against.get("p_holm")),
                "naive McNemar p": _p(against.get("mcnemar_naive_p_first_seed")),
            }
        )
    return pd.DataFrame(rows)


def _difference(against: Mapping[str, Any]) -> str:
    if not against:
        return "–"
    low, high = against["interval_over_sources"]
    return f"{100 * against['difference']:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def _percents(ends: Sequence[float]) -> str:
    return f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f} %"


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    stars = "**" if value < 0.01 else "*" if value < 0.05 else ""
    return f"< 0.0001{stars}" if value < 0.0001 else f"{value:.4f}{stars}"


def last_with_baseline_prompt(detail: Mapping[str, Any]) -> str:
    """The configuration that the headline is of."""
    found = BASELINE
    for name in detail:
        if CONFIGURATIONS[name][2] == "baseline":
            found = name
    return found


def headline(detail: Mapping[str, Any], history: Mapping[str, Any]) -> dict[str, Any]:
    """A few numbers: of the last configuration with the baseline prompt, against the base."""
    name = last_with_baseline_prompt(detail)
    one = detail[name]
    found = {
        "balanced_accuracy": one["balanced_accuracy"],
        "recall_speech": one["recall"][SPEECH],
        "recall_nonspeech": one["recall"][NONSPEECH],
        "ece": one["calibration"]["after"]["ece"],
        "balanced_accuracy_at_threshold": one["decision"]["balanced_accuracy"],
    }
    if name != BASELINE:
        found["gain"] = one["against_baseline"]["difference"]
    return {"test": found, **history}
