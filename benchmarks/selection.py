"""How much the best of many configurations is flattered, and what is left of that after the correction for selection.

    python benchmarks/selection.py [--worlds 200]

In each world, configurations are judged with a few seeds on the same nights; how well each does varies from night to
night and from seed to seed. The best is chosen, and its figure compared with the truth: what its like gives on very
many nights with very many seeds. Bias: the mean error. Covered: how often the nominal 95 % interval holds the truth.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np
from scipy.special import ndtri
from tqdm import tqdm

from chorus.metrics import auprc, confusion
from chorus.statistics import correct_for_selection

CLIPS = 10  # of a night
OF_ALL, OF_ONE = (
    0.5,
    0.5,
)  # standard deviations of a night: what all configurations share, and what each has to itself
OF_SEED = 0.3
GRIDS = {  # configurations, seeds, nights, how far the best is from the worst
    "12 alike": (12, 3, 20, 0.0),
    "12, some better": (12, 3, 20, 0.5),
    "30 alike": (30, 3, 20, 0.0),
    "12 alike, 1 seed": (12, 1, 20, 0.0),
    "12 alike, 60 nights": (12, 3, 60, 0.0),
}


def world(random: np.random.Generator, nights: int, skills: np.ndarray) -> tuple[np.ndarray, ...]:
    """labels (clips,), scores (configurations, seeds, clips) and night (clips,); a score from 0 on is a detection.

    skills: (configurations, seeds), how far each model tells positives from negatives, beside what all do.
    """
    night = np.repeat(np.arange(nights), CLIPS)
    labels = random.random(len(night)) < random.beta(1.5, 2.5, nights)[night]
    kind, sign = labels.astype(int), 2.0 * labels - 1.0
    heard = (
        1.0 * sign
        + random.normal(0, OF_ALL, (2, nights))[kind, night]
        + random.normal(0, 0.8, len(night))
    )
    scores = np.empty((*skills.shape, len(night)))
    for configuration, of_seeds in enumerate(skills):
        own = random.normal(0, OF_ONE, (2, nights))[kind, night]
        for seed, skill in enumerate(of_seeds):
            scores[configuration, seed] = (
                heard + own + skill * sign + random.normal(0, 0.5, len(night))
            )
    return labels, scores, night


def figure(metric: str, labels: np.ndarray, scores: np.ndarray) -> float:
    return (
        auprc(labels, scores)
        if metric == "auprc"
        else float(getattr(confusion(labels, scores, 0.0), metric))
    )


def truth(metric: str, skill: float) -> float:
    """What a configuration gives on average over seeds, each on very many nights."""
    lucks = OF_SEED * ndtri((np.arange(40) + 0.5) / 40)
    labels, scores, _ = world(np.random.default_rng(0), 5000, skill + lucks[None])
    return float(np.mean([figure(metric, labels, of_seed) for of_seed in scores[0]]))


def biases(
    metric: str,
    *,
    worlds: int,
    configurations: int,
    seeds: int,
    nights: int,
    gap: float,
    resamples: int = 500,
) -> dict[str, np.ndarray]:
    """The error of the winner's figure in each world, as it is and corrected; whether the interval holds the truth."""
    skills = np.linspace(0, gap, configurations)
    true = {skill: truth(metric, skill) for skill in np.unique(skills)}
    errors: dict[str, list[float]] = {"as it is": [], "corrected": [], "covered": []}
    for number in range(worlds):
        random = np.random.default_rng(number + 1)
        lucky = skills[:, None] + random.normal(0, OF_SEED, (configurations, seeds))
        labels, scores, night = world(random, nights, lucky)
        thresholds = np.zeros((configurations, seeds))
        found = correct_for_selection(
            labels, scores, thresholds, night.astype(str), metric, resamples=resamples, seed=number
        )
        expected = true[skills[found.best]]
        errors["as it is"].append(found.apparent - expected)
        errors["corrected"].append(found.corrected - expected)
        errors["covered"].append(found.low <= expected <= found.high)
    return {name: np.array(values) for name, values in errors.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=200)
    parser.add_argument("--resamples", type=int, default=300)
    options = parser.parse_args()
    print(
        f"bias of the best configuration's figure, and its typical error (root mean square), {options.worlds} worlds"
    )
    print("| grid | metric | bias as it is | corrected | error as it is | corrected | covered |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for name, (configurations, seeds, nights, gap) in tqdm(GRIDS.items()):
        for metric in ("f1", "auprc"):
            found = biases(
                metric,
                worlds=options.worlds,
                configurations=configurations,
                seeds=seeds,
                nights=nights,
                gap=gap,
                resamples=options.resamples,
            )
            ways = [found["as it is"], found["corrected"]]
            figures = [f"{np.mean(way):+.3f}" for way in ways] + [
                f"{np.sqrt(np.mean(way**2)):.3f}" for way in ways
            ]
            print(
                f"| {name} | {metric} | {' | '.join(figures)} | {100 * found['covered'].mean():.0f} % |",
                flush=True,
            )


if __name__ == "__main__":
    main()
