"""What came of all runs: every configuration with its seeds, judged by the test's sources, and the paper's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from chorus.answers import recalls
from chorus.metrics import brier, ece
from chorus.metrics.temperature import fit_temperature, nll, probability
from chorus.options import options
from chorus.statistics import cohens_g, holm, seed_summary
from chorus.statistics.clusters import balanced_accuracy, compare_clusters
from chorus.statistics.paired import mcnemar_exact
from chorus.statistics.psychometric import thresholds
from speech.clips import HOLDOUT, TEST
from speech.demo import NONSPEECH, SPEECH

BASELINE = "base"
CONFIGURATIONS = {  # name -> model, fine-tuning, prompt
    "base": ("base", "no", "baseline"),
    "base_opro": ("base", "no", "OPRO"),
    "lora": ("base", "LoRA", "baseline"),
    "lora_mlp": ("base", "LoRA + MLP", "baseline"),
    "lora_mlp_opro": ("base", "LoRA + MLP", "OPRO"),
}
TARGETS = {"duration": (0.5, 0.75, 0.9), "snr": (0.75,)}


@options
class EvaluateOptions:
    """resamples: of the sources. seed: of the draws."""

    resamples: Annotated[int, Field(ge=20)] = 1000
    seed: Annotated[int, Field(ge=0)] = 1


@dataclass(frozen=True, eq=False)
class Answers:
    """One configuration on the test variants. margins: (seeds, rows); rows: the columns of the variants."""

    name: str
    seeds: tuple[int, ...]
    margins: NDArray[np.float64]
    temperatures: tuple[float, ...]
    rows: pd.DataFrame

    @property
    def speech(self) -> NDArray[np.bool_]:
        """(rows,)."""
        return np.asarray(self.rows["label"] == SPEECH, np.bool_)

    @property
    def right(self) -> NDArray[np.bool_]:
        """(seeds, rows)."""
        return np.asarray((self.margins >= 0) == self.speech)

    def take(self, which: NDArray[np.bool_]) -> Answers:
        """Some rows."""
        rows = self.rows[which].reset_index(drop=True)
        return Answers(self.name, self.seeds, self.margins[:, which], self.temperatures, rows)

    def stacked(self, column: str) -> NDArray[Any]:
        """A column of the rows, once for each seed."""
        return np.tile(self.rows[column].to_numpy(), len(self.seeds))


def read_answers(predictions: pd.DataFrame) -> dict[str, Answers]:
    """The configurations that a table of predictions holds, each calibrated on variants of holdout clips.

    On clean clips alone an adapted model may be always right; no temperature but 0 would then suit it.
    """
    found = {}
    for name in CONFIGURATIONS:
        # A grid trains one adapter at a time: not every configuration is there.
        own = predictions[predictions["configuration"] == name]
        if own.empty:
            continue
        seeds = tuple(int(seed) for seed in sorted(set(own["seed"])))
        held, test = own[own["split"] == HOLDOUT], own[own["split"] == TEST]
        temperatures = []
        for seed in seeds:
            part = held[held["seed"] == seed]
            temperatures.append(
                fit_temperature((part["label"] == SPEECH).to_numpy(np.bool_), part["margin"])
            )
        by_seed = [test[test["seed"] == seed].reset_index(drop=True) for seed in seeds]
        margins = np.stack([part["margin"].to_numpy(np.float64) for part in by_seed])
        rows = by_seed[0].drop(columns=["margin", "seed", "configuration"])
        found[name] = Answers(name, seeds, margins, tuple(temperatures), rows)
    return found


def judge(answers: Mapping[str, Answers], given: EvaluateOptions) -> dict[str, Any]:
    """Each configuration by itself, and the comparisons with the baseline, adjusted for their number (Holm)."""
    detail: dict[str, Any] = {
        name: {**_alone(each, given), **_thresholds(each, given)} for name, each in answers.items()
    }
    others = [name for name in answers if name != BASELINE]
    compared = [_against(answers[name], answers[BASELINE], given) for name in others]
    for name, one, p in zip(others, compared, holm([one["p"] for one in compared]), strict=True):
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
        "calibration": _calibration(answers),
    }


def _balanced(right: NDArray[np.bool_], speech: NDArray[np.bool_]) -> float:
    return float((right[speech].mean() + right[~speech].mean()) / 2)


def _by(answers: Answers, column: str) -> dict[str, float]:
    found = {}
    for name in dict.fromkeys(answers.rows[column]):
        part = answers.take((answers.rows[column] == name).to_numpy())
        found[name] = float(np.mean([_balanced(right, part.speech) for right in part.right]))
    return found


def _calibration(answers: Answers) -> dict[str, Any]:
    """Before and after: means over the seeds. The temperature is of holdout variants, the figures of the test."""
    figures: dict[str, dict[str, float]] = {}
    for when in ("before", "after"):
        rows = []
        for margins, temperature in zip(answers.margins, answers.temperatures, strict=True):
            used = temperature if when == "after" else 1.0
            p = probability(margins, used)
            rows.append(
                [
                    ece(answers.speech, p),
                    brier(answers.speech, p),
                    nll(answers.speech, margins, used),
                ]
            )
        figures[when] = dict(zip(("ece", "brier", "nll"), np.mean(rows, axis=0), strict=True))
    return {"temperature": float(np.mean(answers.temperatures)), **figures}


def _thresholds(answers: Answers, given: EvaluateOptions) -> dict[str, Any]:
    """Where balanced accuracy, mean over the seeds, reaches each target: by interpolation and by a logistic."""
    found: dict[str, Any] = {"thresholds": {}}
    for dimension, targets in TARGETS.items():
        part = answers.take((answers.rows["dimension"] == dimension).to_numpy())
        levels = np.unique(part.rows["level"].to_numpy(np.float64))
        if len(levels) < 3:  # between two, every curve fits
            continue
        scale = np.log10(levels) if dimension == "duration" else levels
        rows, right = _counted(part, levels)
        for by_logistic in (False, True):
            resamples = given.resamples // 10 if by_logistic else given.resamples
            reached = thresholds(
                scale, rows, right, targets,
                resamples=resamples, seed=given.seed, by_logistic=by_logistic,
            )  # fmt: skip
            for one in reached:
                ends = [one.level, one.low, one.high]
                if dimension == "duration":
                    ends = [10**end if np.isfinite(end) else end for end in ends]
                unit, letters = ("ms", "DT") if dimension == "duration" else ("dB", "SNR")
                way = "logistic" if by_logistic else "interpolated"
                name = f"{letters}{one.target * 100:.0f} {way}"
                found["thresholds"][name] = in_words(ends, levels, unit)
    return found


def in_words(ends: Sequence[float], levels: NDArray[np.float64], unit: str) -> str:
    """A threshold with its interval, "below" and "above" where it lies outside the levels that were tried."""
    said = []
    for end in ends:
        if end == -np.inf:
            said.append(f"below {levels[0]:g}")
        elif end == np.inf:
            said.append(f"above {levels[-1]:g}")
        else:
            said.append(f"{end:.3g}")
    return f"{said[0]} {unit} ({said[1]} to {said[2]})"


def _counted(
    part: Answers, levels: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows and right ones of each source, class and level: (sources, 2, levels), the right ones as means over seeds."""
    sources, source_of = np.unique(part.rows["source"], return_inverse=True)
    places = (
        source_of,
        part.speech.astype(int),
        np.searchsorted(levels, part.rows["level"].to_numpy(np.float64)),
    )
    rows, right = (np.zeros((len(sources), 2, len(levels))) for _ in range(2))
    # Several clips of a source share a cell, which plain indexing would count once.
    np.add.at(rows, places, 1)
    np.add.at(right, places, part.right.mean(axis=0))
    return rows, right


def _against(answers: Answers, baseline: Answers, given: EvaluateOptions) -> dict[str, Any]:
    """All seeds at once, whole sources exchanged; beside it what McNemar's test makes of the first seed's rows."""
    count = len(answers.seeds)
    # The base has no seed: it is compared with every seed of the others.
    seeds = [place % len(baseline.seeds) for place in range(count)]
    other = baseline.right[seeds]
    found = compare_clusters(
        answers.stacked("label"), answers.right.ravel(), other.ravel(), answers.stacked("source"),
        resamples=given.resamples, draws=2**14, seed=given.seed,
    )  # fmt: skip
    only_a = int(np.sum(answers.right[0] & ~other[0]))
    only_b = int(np.sum(~answers.right[0] & other[0]))
    return {
        "difference": found.difference.value,
        "interval_over_sources": [found.difference.low, found.difference.high],
        "p": found.p,
        "sources": found.clusters,
        "discordant_first_seed": [only_a, only_b],
        "cohens_g_first_seed": cohens_g(only_a, only_b) if only_a + only_b else None,
        "mcnemar_naive_p_first_seed": mcnemar_exact(only_a, only_b),
    }


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


def headline(detail: Mapping[str, Any], history: Mapping[str, Any]) -> dict[str, Any]:
    """At most six numbers: of the last configuration with the baseline prompt, against the base."""
    name = [each for each in detail if CONFIGURATIONS[each][2] == "baseline"][-1]
    one = detail[name]
    found = {
        "balanced_accuracy": one["balanced_accuracy"],
        "recall_speech": one["recall"][SPEECH],
        "recall_nonspeech": one["recall"][NONSPEECH],
        "ece": one["calibration"]["after"]["ece"],
    }
    if name != BASELINE:
        found["gain"] = one["against_baseline"]["difference"]
    return {"test": found, **history}
