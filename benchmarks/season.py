"""How often the intervals of `chorus season` hold the truth, on seasons that are simulated from end to end.

    python benchmarks/season.py [--seasons 200]

Each season has its own detector (false-positive rate 0.05 to 2 %, recall 0.5 to 0.95, both varying between nights),
its own labelled nights to measure it by, three sites with prevalences between 0 (one site in two) and 1, and calls
that come in bouts; a night's recall is one for all its calls. The model knows none of these numbers, and its
distributions are not those that are drawn from here: calling nights have a log-normal share of windows with a call, and
in every other season rates are beta and not logit-normal over nights.

A night's interval of the probability of presence is right if it holds the probability that somebody would state who
knows the season's detector, prevalence and calling (by simulation of many nights: only the counts decide). Windows with
a call by night, and nights with presence by site, are held against what was drawn. Calibration: of nights with a
probability in a band, the share with presence. Standard errors count seasons.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from tqdm import tqdm

from chorus.season import NightCounts, presence

SITES, NIGHTS, WINDOWS = 3, 30, 1200
LABELLED, POSITIVES, NEGATIVES = 24, 30, 150
IMAGINED = 20_000  # nights with calls, to know what the truth makes of a count
BANDS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


@dataclass(frozen=True)
class World:
    """What a season is drawn from; spreads are standard deviations over nights, of log odds or logs."""

    false_positive_rate: float
    false_positive_spread: float
    recall: float
    recall_spread: float
    calling: float
    calling_spread: float
    bout: float
    prevalence: np.ndarray
    normal: bool


def draw_world(random: np.random.Generator) -> World:
    used = random.random(SITES) < 0.5
    return World(
        false_positive_rate=float(np.exp(random.uniform(np.log(0.0005), np.log(0.02)))),
        false_positive_spread=random.uniform(0.2, 0.8),
        recall=random.uniform(0.5, 0.95),
        recall_spread=random.uniform(0.2, 1.0),
        calling=float(np.exp(random.uniform(np.log(0.004), np.log(0.15)))),
        calling_spread=random.uniform(0.3, 1.2),
        bout=random.uniform(0, 0.8),
        prevalence=np.where(used, random.random(SITES), 0.0),
        normal=bool(random.random() < 0.5),
    )


def rates(
    world: World, mean: float, spread: float, nights: int, random: np.random.Generator
) -> np.ndarray:
    if world.normal:
        return np.asarray(expit(logit(mean) + spread * random.standard_normal(nights)))
    size = 1 / (mean * (1 - mean) * spread**2) - 1  # as wide, near the mean
    return np.asarray(random.beta(mean * size, (1 - mean) * size, nights))


def calls(world: World, nights: int, random: np.random.Generator) -> np.ndarray:
    """Windows with a call in nights that have any: bouts of a Markov chain, through its number of switches."""
    share = np.minimum(
        world.calling * np.exp(world.calling_spread * random.standard_normal(nights)), 0.9
    )
    effective = np.maximum(
        WINDOWS * (1 - world.bout) / (1 + world.bout), 1
    )  # independent windows' worth
    count = random.binomial(round(effective), share) * WINDOWS / round(effective)
    return np.clip(np.rint(count), 1, WINDOWS).astype(int)


def detections(world: World, called: np.ndarray, random: np.random.Generator) -> np.ndarray:
    false = rates(
        world, world.false_positive_rate, world.false_positive_spread, len(called), random
    )
    recall = rates(world, world.recall, world.recall_spread, len(called), random)
    return random.binomial(called, recall) + random.binomial(WINDOWS - called, false)


def labelled(world: World, random: np.random.Generator) -> NightCounts:
    false = rates(world, world.false_positive_rate, world.false_positive_spread, LABELLED, random)
    recall = rates(world, world.recall, world.recall_spread, LABELLED, random)
    wrong = random.binomial(NEGATIVES, false).astype(float)
    missed = random.binomial(POSITIVES, 1 - recall).astype(float)
    of = np.full(LABELLED, float(NEGATIVES)), np.full(LABELLED, float(POSITIVES))
    return NightCounts((wrong, of[0]), (missed, of[1]))


def season(world: World, random: np.random.Generator) -> pd.DataFrame:
    present = random.random((SITES, NIGHTS)) < world.prevalence[:, None]
    called = np.where(
        present, calls(world, SITES * NIGHTS, random).reshape(SITES, NIGHTS), 0
    ).ravel()
    return pd.DataFrame(
        {
            "site": np.repeat([f"site {number}" for number in range(SITES)], NIGHTS),
            "night": np.tile([f"2024-03-{day + 1:02}" for day in range(NIGHTS)], SITES),
            "windows": WINDOWS,
            "positive": detections(world, called, random),
            "called": called,
        }
    )


def known(world: World, nights: pd.DataFrame, random: np.random.Generator) -> np.ndarray:
    """The probability of presence of each night for who knows the world: from many nights with and without calls."""
    with_calls = detections(world, calls(world, IMAGINED, random), random)
    without = detections(world, np.zeros(IMAGINED, int), random)
    likelihoods = [
        _smoothed(counts, nights["positive"].to_numpy()) for counts in (with_calls, without)
    ]
    prevalence = np.repeat(world.prevalence, NIGHTS)
    return np.asarray(
        prevalence
        * likelihoods[0]
        / (prevalence * likelihoods[0] + (1 - prevalence) * likelihoods[1])
    )


def _smoothed(counts: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """How likely counts are: the share of imagined nights within a tenth of each."""
    ordered = np.sort(counts)
    reach = np.floor(wanted / 10)
    inside = np.searchsorted(ordered, wanted + reach, "right") - np.searchsorted(
        ordered, wanted - reach, "left"
    )
    return (inside + 1e-3) / (2 * reach + 1) / len(counts)


def judge(number: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(number)
    world = draw_world(random)
    nights = season(world, random)
    found = presence(
        nights[["site", "night", "windows", "positive"]], labelled(world, random), seed=number
    )
    by_night, by_site = found.nights, found.sites
    truth = known(world, nights, random)
    here = nights["called"].to_numpy() > 0
    counts = here.reshape(SITES, NIGHTS).sum(axis=1)
    slack = 0.002  # what 20,000 imagined nights cannot tell apart
    return {
        "night": _holds(by_night["presence_low"] - slack, truth, by_night["presence_high"] + slack),
        "calls": _holds(by_night["calls_low"], nights["called"], by_night["calls_high"])[here],
        "site": _holds(by_site["nights_present_low"], counts, by_site["nights_present_high"]),
        "probability": by_night["presence"].to_numpy(),
        "present": here,
        "truth": truth,
        "used": np.array([found.effective]),
    }


def _holds(low: object, value: object, high: object) -> np.ndarray:
    return (np.asarray(low) <= np.asarray(value)) & (np.asarray(value) <= np.asarray(high))


def _coverage(name: str, parts: list[np.ndarray]) -> str:
    shares = np.array([part.mean() for part in parts if len(part)])
    error = 100 * shares.std() / len(shares) ** 0.5
    return f"{name:42} {100 * np.concatenate(parts).mean():5.1f} %  (standard error {error:.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seasons", type=int, default=200)
    options = parser.parse_args()
    judged = [judge(number) for number in tqdm(range(options.seasons))]
    of = {key: [one[key] for one in judged] for key in judged[0]}
    print(_coverage("probability of presence, all nights", of["night"]))
    open_nights = [
        held[(truth > 0.02) & (truth < 0.98)]
        for held, truth in zip(of["night"], of["truth"], strict=True)
    ]
    print(_coverage("  of nights that the truth leaves open", open_nights))
    print(_coverage("windows with a call, nights with calls", of["calls"]))
    print(_coverage("nights with presence, by site", of["site"]))
    probability, present = np.concatenate(of["probability"]), np.concatenate(of["present"])
    for low, high in pairwise(BANDS):
        inside = (probability >= low) & (probability <= high if high == 1 else probability < high)
        if inside.any():
            said, true = probability[inside].mean(), present[inside].mean()
            print(
                f"said {low:.2f} to {high:.2f}: {inside.sum():6} nights, mean {said:.3f}, true {true:.3f}"
            )
    used = np.concatenate(of["used"])
    print(f"effective draws: median {np.median(used):.0f}, least {used.min():.0f}")


if __name__ == "__main__":
    main()
