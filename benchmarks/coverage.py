"""How often a nominal 95 % interval holds the truth, by what is resampled: recorder-nights or site-nights.

    python benchmarks/coverage.py [--surveys 400] [--nights 30]

Two recorders at one pond share the night: its weather and its frogs (an effect on all scores of the night), beside what
each hears for itself. Each survey is judged four times: by recorder-night with plain percentiles of a bootstrap, by
site-night with plain percentiles, with percentiles expanded as Student's t asks for, and as `chorus` does it (t on the
logit scale, jackknife). The truth is the figure of a very long survey of the same kind. Standard error of the shares:
1.1 points with 400 surveys; of the difference between two rows much less, as they judge the same surveys.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np
from tqdm import tqdm

from chorus.errors import DataError
from chorus.evaluation import bootstrap
from chorus.metrics import auprc, auroc, confusion

RECORDERS = 2
CLIPS = 10  # of a recorder in a night, on average; nights differ
THRESHOLD = 0.5
OF_NIGHT, OF_RECORDER = 0.8, 0.3  # standard deviations, beside 1 of the single clip
METRICS = ("precision", "recall", "f1", "auroc", "auprc")
WAYS = ("recorder-night, plain", "site-night, plain", "site-night, expanded", "site-night, logit t")


def survey(nights: int, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """labels, scores, site-night and recorder-night of each clip."""
    clips = random.poisson(
        CLIPS * random.lognormal(0, 0.6, (nights, 1)), (nights, RECORDERS)
    ).ravel()
    recorder_night = np.repeat(np.arange(nights * RECORDERS), clips)
    site_night = recorder_night // RECORDERS
    calling = random.beta(1.5, 2.5, nights)
    labels = random.random(len(site_night)) < calling[site_night]
    heard = (
        random.normal(0, OF_NIGHT, (2, nights)),
        random.normal(0, OF_RECORDER, (2, nights * RECORDERS)),
    )
    kind = labels.astype(int)
    logit = 2.0 * labels - 1.2 + heard[0][kind, site_night] + heard[1][kind, recorder_night]
    return (
        labels,
        1 / (1 + np.exp(-logit - random.normal(0, 1, len(labels)))),
        site_night,
        recorder_night,
    )


def figures(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    counts = confusion(labels, scores, THRESHOLD)
    at_threshold = {name: getattr(counts, name) for name in ("precision", "recall", "f1")}
    return at_threshold | {"auroc": auroc(labels, scores), "auprc": auprc(labels, scores)}


def _plain(tail: float, _nights: int) -> float:
    return tail


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--surveys", type=int, default=400)
    parser.add_argument("--nights", type=int, default=30, help="site-nights of a survey")
    parser.add_argument("--resamples", type=int, default=1000)
    options = parser.parse_args()
    truth = figures(*survey(20_000, np.random.default_rng(0))[:2])
    held = {way: dict.fromkeys(METRICS, 0) for way in WAYS}
    expanded, most_left_out = bootstrap.expanded_tail, bootstrap.MOST_LEFT_OUT
    for number in tqdm(range(options.surveys)):
        labels, scores, site_night, recorder_night = survey(
            options.nights, np.random.default_rng(number + 1)
        )
        for way in WAYS:
            bootstrap.expanded_tail = _plain if way.endswith("plain") else expanded
            bootstrap.MOST_LEFT_OUT = most_left_out if way.endswith("logit t") else 0
            units = (recorder_night if way.startswith("recorder") else site_night).astype(str)
            try:
                intervals = bootstrap.night_bootstrap(
                    labels, scores, units, THRESHOLD, resamples=options.resamples, seed=number
                )
            except DataError as error:
                sys.exit(f"error: {error}: more nights, please")
            for metric, interval in intervals.items():
                held[way][metric] += interval.low <= truth[metric] <= interval.high
    print(
        f"share of {options.surveys} nominal 95 % intervals that hold the truth, {options.nights} site-nights"
    )
    print("| unit | " + " | ".join(METRICS) + " |")
    print("| --- |" + " ---: |" * len(METRICS))
    for way, counts in held.items():
        print(
            f"| {way} | "
            + " | ".join(f"{100 * counts[m] / options.surveys:.0f} %" for m in METRICS)
            + " |"
        )


if __name__ == "__main__":
    main()
