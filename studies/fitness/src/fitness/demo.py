"""The built-in demo set: synthetic records with the skew of the real training set, and a flatter test set.

A record is drawn from its score down, alike for both sets, so that they differ in how frequent each score is and in
nothing else. The score says how the metric's theme (`fitness.themes`) relates to what prompt and response speak of:

| score | the prompt is of | the response is of |
| --- | --- | --- |
| 10 | the metric's theme, and its very facet | the same theme |
| 9, 9.5 | the metric's theme | the same theme |
| 7, 8 | the metric's theme | a related one |
| 5, 6 | the metric's theme | another |
| 3, 4 | a related theme | a related one |
| 1, 2 | a related theme | another |
| 0 | another theme | another |

One record in ten is of the neighbouring kind (of the two ends one in twenty): no model can be perfect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, TypeVar

import numpy as np

from chorus.seeds import derive, generator
from fitness.records import family
from fitness.themes import LANGUAGES, PEOPLE, PLACES, PROMPTS, RESPONSES, SYSTEM, THEMES

Item = TypeVar("Item")
# How many records have each score: in training as in the real set (five public notebooks agree), in the test flatter.
TRAINING: dict[float, int] = {
    0: 13,
    1: 6,
    2: 5,
    3: 7,
    4: 3,
    5: 1,
    6: 45,
    7: 95,
    8: 259,
    9: 3123,
    9.5: 1,
    10: 1442,
}
TEST: dict[float, int] = {
    0: 300,
    1: 200,
    2: 200,
    3: 200,
    4: 200,
    5: 200,
    6: 250,
    7: 288,
    8: 400,
    9: 800,
    10: 600,
}
FACETS = 5
KINDS = (
    "facet",
    "theme",
    "related response",
    "other response",
    "both related",
    "related prompt",
    "neither",
)
_KIND_OF = {10: 0, 9.5: 1, 9: 1, 8: 2, 7: 2, 6: 3, 5: 3, 4: 4, 3: 4, 2: 5, 1: 5, 0: 6}
SLIPS = 0.1  # share of the records that are of the neighbouring kind
# Texts to draw from, about; fewer than records, as a text is judged by several metrics.
_TEXTS = {"train": 900, "test": 900}


@dataclass(frozen=True)
class Drawn:
    """records: as a file of them would hold, without id. scores: of each, also where the record has none."""

    records: list[dict[str, Any]]
    scores: list[float]


def make(metrics: Sequence[str], seed: int) -> tuple[Drawn, Drawn]:
    """The training set and the hidden test set.

    Args:
        metrics: all names; their families are those of `fitness.themes`.
    """
    return draw(metrics, TRAINING, "train", seed), draw(metrics, TEST, "test", seed)


def draw(
    metrics: Sequence[str],
    counts: Mapping[float, int],
    part: str,
    seed: int,
    texts: int | None = None,
) -> Drawn:
    """Records with exactly these counts of scores, in random order; no text has the same metric twice.

    Args:
        part: "train" or "test": the records of "test" have no score.
        texts: seed of the few thousand texts that are drawn from; None: `seed`.
    """
    random = generator(seed, "demo", part)
    texts = seed if texts is None else texts
    scores = random.permutation(np.repeat(list(counts), list(counts.values())))
    judges = _judges(metrics)
    taken: set[tuple[str, str]] = set()
    records = []
    for score in scores:
        record = _record(score, judges, (part, texts), random)
        while (record["metric_name"], record["user_prompt"] + record["response"]) in taken:
            record = _record(score, judges, (part, texts), random)
        taken.add((record["metric_name"], record["user_prompt"] + record["response"]))
        records.append(record | ({"score": f"{score:g}"} if part == "train" else {}))
    return Drawn(records, scores.tolist())


def texts(part: str, seed: int) -> list[dict[str, Any]]:
    """All texts that records of a part are drawn from (see `draw`): prompt, response and system prompt of each."""
    found = []
    for spoken in LANGUAGES:
        for prompt_theme, response_theme in product(range(len(THEMES)), repeat=2):
            for variant in range(_variants(part, spoken, prompt_theme == response_theme)):
                text, _ = _text(part, seed, spoken, prompt_theme, response_theme, variant)
                found.append(text)
    return found


def _judges(metrics: Sequence[str]) -> list[list[list[str]]]:
    """The metrics of each theme and facet; the n-th metric of a theme is of its facet n modulo `FACETS`."""
    themes = [
        sorted(name for name in metrics if family(name) in theme.families) for theme in THEMES
    ]
    return [[names[facet::FACETS] for facet in range(FACETS)] for names in themes]


def _record(
    score: float, judges: list[list[list[str]]], pool: tuple[str, int], random: np.random.Generator
) -> dict[str, Any]:
    kind = _KIND_OF[score]
    if random.random() < SLIPS:
        kind = int(np.clip(kind + random.choice([-1, 1]), 0, len(KINDS) - 1))
    theme = _one(random, [number for number, facets in enumerate(judges) if any(facets)])
    prompt_theme, response_theme = _themes_of(kind, theme, random)
    spoken = str(random.choice(list(LANGUAGES), p=list(LANGUAGES.values())))
    variants = _variants(pool[0], spoken, prompt_theme == response_theme)
    text, facet = _text(*pool, spoken, prompt_theme, response_theme, int(random.integers(variants)))
    return {"metric_name": _metric(kind, judges[theme], facet, random)} | text


def _themes_of(kind: int, theme: int, random: np.random.Generator) -> tuple[int, int]:
    """What prompt and response speak of, for a metric of this theme."""
    related = THEMES[theme].related
    others = [number for number in range(len(THEMES)) if number != theme and number not in related]
    near, far, farther = (_one(random, choices) for choices in (related, others, others))
    return [
        (theme, theme),
        (theme, theme),
        (theme, near),
        (theme, far),
        (near, near),
        (near, far),
        (far, farther),
    ][kind]


def _metric(kind: int, facets: list[list[str]], facet: int, random: np.random.Generator) -> str:
    """A metric of the facet for the best kind, of another facet for the second best, else any."""
    own = facets[facet]
    rest = [name for number, names in enumerate(facets) for name in names if number != facet]
    if kind == 0 and own:
        return _one(random, own)
    if kind == 1 and rest:
        return _one(random, rest)
    return _one(random, sorted(own + rest))


def _one(random: np.random.Generator, choices: Sequence[Item]) -> Item:
    """Ten times as fast as `random.choice`."""
    return choices[int(random.integers(len(choices)))]


def _variants(part: str, spoken: str, pure: bool) -> int:
    """How many texts there are of a theme, or with a response of another."""
    return max(1, round(_TEXTS[part] / len(THEMES) * LANGUAGES[spoken])) if pure else 3


@cache
def _text(
    part: str, seed: int, spoken: str, prompt_theme: int, response_theme: int, variant: int
) -> tuple[dict[str, Any], int]:
    """One of the texts that there are of these themes in this language, and the facet that its prompt speaks of."""
    own = np.random.default_rng(
        derive(seed, "demo", "text", part, spoken, prompt_theme, response_theme, variant)
    )
    facet, answered = (int(number) for number in own.integers(FACETS, size=2))
    about = {"who": own.choice(PEOPLE[spoken]), "place": own.choice(PLACES[spoken])}
    prompt = own.choice(PROMPTS[spoken]).format(
        topic=THEMES[prompt_theme].phrases[spoken][facet], **about
    )
    response = own.choice(RESPONSES[spoken]).format(
        topic=THEMES[response_theme].phrases[spoken][answered], **about
    )
    system = str(own.choice(SYSTEM[spoken])) if own.random() < 0.3 else None
    return {"user_prompt": prompt, "response": response, "system_prompt": system}, facet
