"""From where somebody comes, or what a person called an accent, to one of the classes; never by guess.

The tables stand in the study's folder `regions/`: states.csv has a row a state and a column a scheme of classes (five,
seven, eight, twelve); accents.csv has patterns for what corpora say in words, each with a state or with its classes. An
empty cell is no class: what maps nowhere is listed with its count.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from chorus.errors import DataError, ParameterError
from chorus.files import read_csv
from chorus.voices.utterances import Found, Utterance

_BESIDE = ("state", "name", "dataset", "pattern", "remark")  # columns that are no schemes
COLUMNS = ("dataset", "said", "utterances", "reason")  # of the list of what maps nowhere


@dataclass(frozen=True)
class Pattern:
    """dataset: the only one that it is for, or "". leads_to: the class, or "" for none."""

    dataset: str
    expression: re.Pattern[str]
    leads_to: str


@dataclass(frozen=True)
class Regions:
    """states: code and name, without capitals -> class or "". patterns: in the order of the table."""

    states: Mapping[str, str]
    patterns: Sequence[Pattern]

    def of(self, about: Mapping[str, str]) -> tuple[str, str]:
        """The class of an utterance, and why there is none ("" where there is one).

        What the corpus calls a class is one. A state says more than an accent in words, which may be of several.
        """
        if about["region_label"]:
            return about["region_label"], ""
        if state := about["state"].casefold():
            region = self.states.get(state, "")
            return region, "" if region else "a state of no class"
        if not about["original_accent_label"]:
            return "", "no accent is named"
        return self._of_words(about["dataset_name"], about["original_accent_label"])

    def _of_words(self, dataset: str, words: str) -> tuple[str, str]:
        fitting = [
            one
            for one in self.patterns
            if one.dataset in ("", dataset) and one.expression.search(words)
        ]
        if not fitting:
            return "", "no pattern fits"
        # Several may fit, as long as they agree; one of two would be a guess.
        regions = {one.leads_to for one in fitting}
        if len(regions) > 1:
            named = ", ".join(sorted(region or "no class" for region in regions))
            return "", f"patterns lead to several: {named}"
        region = regions.pop()
        return region, "" if region else "an accent of no class"


def read_regions(folder: Path, scheme: str) -> Regions:
    """The tables of a folder, for one scheme of classes.

    Raises:
        ParameterError: no such scheme. DataError: a pattern is no regular expression, or names a state that is none.
    """
    states, accents = read_csv(folder / "states.csv"), read_csv(folder / "accents.csv")
    schemes = [column for column in states if column not in _BESIDE]
    if scheme not in schemes:
        raise ParameterError(
            f"corpus.classes: {scheme!r} is not allowed: {', '.join(schemes)}, as in states.csv"
        )
    by_code = dict(zip(states["state"], states[scheme], strict=True))
    by_name = dict(zip(states["name"].str.casefold(), states[scheme], strict=True))
    patterns = [_pattern(row, scheme, by_code) for _, row in accents.iterrows()]
    return Regions(
        {code.casefold(): region for code, region in by_code.items()} | by_name, patterns
    )


def classify(found: Found, regions: Regions) -> tuple[Found, pd.DataFrame]:
    """The utterances with their classes, and the list of what maps nowhere.

    A speaker of two classes is none that anything can be learned from: rejected.
    """
    outcomes = [(one, *regions.of(one.about)) for one in found.utterances]
    # All of them first: only then it is known whether a speaker has one class.
    classes: dict[str, set[str]] = {}
    for one, region, _ in outcomes:
        if region:
            classes.setdefault(one.about["speaker_id"], set()).add(region)
    placed = Found([], list(found.rejected), list(found.left_out))
    for one, region, reason in outcomes:
        source = one.about["audio_path"]
        if not region:
            placed.left_out.append((source, f"of no class: {reason}: {_said(one)}"))
        elif len(classes[one.about["speaker_id"]]) > 1:
            named = " and ".join(sorted(classes[one.about["speaker_id"]]))
            placed.rejected.append((source, f"a speaker of several classes: {named}"))
        else:
            placed.utterances.append(_labelled(one, region))
    return placed, _nowhere(outcomes)


def _labelled(utterance: Utterance, region: str) -> Utterance:
    return replace(utterance, about={**utterance.about, "region_label": region})  # type: ignore[type-var]


def _said(utterance: Utterance) -> str:
    return utterance.about["state"] or utterance.about["original_accent_label"]


def _nowhere(outcomes: Iterable[tuple[Utterance, str, str]]) -> pd.DataFrame:
    """What maps nowhere, the commonest first."""
    counted = Counter(
        (one.about["dataset_name"], _said(one), reason)
        for one, region, reason in outcomes
        if not region
    )
    rows = [(dataset, said, number, reason) for (dataset, said, reason), number in counted.items()]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.sort_values(
        ["utterances", "dataset", "said"], ascending=[False, True, True], ignore_index=True
    )


def _pattern(row: pd.Series, scheme: str, by_code: Mapping[str, str]) -> Pattern:
    if row["state"] and row["state"] not in by_code:
        raise DataError(
            f"accents.csv: {row['state']!r} of the pattern {row['pattern']!r} is no state of states.csv"
        )
    try:
        expression = re.compile(row["pattern"], re.IGNORECASE)
    except re.error as error:
        raise DataError(
            f"accents.csv: {row['pattern']!r} is no regular expression: {error}"
        ) from None
    return Pattern(
        row["dataset"], expression, by_code[row["state"]] if row["state"] else row[scheme]
    )
