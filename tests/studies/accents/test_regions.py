"""From states and words to classes: what the tables say, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import corpus_trees as trees
from accents import regions
from chorus.errors import DataError, ParameterError
from chorus.voices import corpora
from chorus.voices.utterances import Found, RecordedUtterance, about

TABLES = Path(__file__).parents[3] / "studies/accents/regions"
EIGHT = regions.read_regions(TABLES, "eight")


def utterance(number=0, dataset="common_voice", speaker="c1", **known):
    return RecordedUtterance(
        about(dataset, speaker, f"{number}.wav", **known), Path(f"{number}.wav")
    )


def of(scheme="eight", **known):
    return regions.read_regions(TABLES, scheme).of(utterance(**known).about)


def test_the_tables_hold_every_state_once_and_as_many_classes_as_they_say():
    states = pd.read_csv(TABLES / "states.csv", keep_default_na=False)
    assert len(states) == 51 == states["state"].nunique() == states["name"].nunique()
    classes = {
        scheme: len(set(states[scheme]) - {""}) for scheme in ("five", "seven", "eight", "twelve")
    }
    assert classes == {"five": 5, "seven": 7, "eight": 8, "twelve": 12}


def test_the_eight_regions_are_those_of_the_reference():
    states = pd.read_csv(TABLES / "states.csv", keep_default_na=False)
    members = (
        states[states["eight"] != ""]
        .groupby("eight")["state"]
        .agg(lambda codes: " ".join(sorted(codes)))
    )
    assert members["New England"] == "CT MA ME NH RI VT"
    assert members["Mid-Atlantic"] == "DC DE MD PA"
    assert members["South Atlantic"] == "FL GA NC SC VA"
    assert members["Deep South"] == "AL AR KY LA MS TN"
    assert members["Upper Midwest"] == "MI MN ND SD WI"
    assert members["Lower Midwest"] == "IA IN KS MO NE OH"
    assert list(states.loc[states["eight"] == "", "state"]) == [
        "IL",
        "NJ",
    ]  # of which only the north is named


def test_every_class_of_a_pattern_is_a_class_of_the_states():
    states, accents = (
        pd.read_csv(TABLES / f"{name}.csv", keep_default_na=False) for name in ("states", "accents")
    )
    for scheme in ("five", "seven", "eight", "twelve"):
        assert set(accents[scheme]) <= set(states[scheme]) | {""}
    assert set(accents["state"]) <= set(states["state"]) | {""}


@pytest.mark.parametrize(
    ("words", "region"),
    [
        ("Texan", "West"),
        ("West Virginia", "West"),
        ("Virginia", "South Atlantic"),
        ("Boston accent", "New England"),
        ("United States English,New York", "New York Metropolitan"),
        ("arkansas", "Deep South"),
        ("Upper Midwest", "Upper Midwest"),
        ("Atlanta, Georgia", "South Atlantic"),
        ("United States English", ""),
        ("England English", ""),
        ("Midwestern", ""),  # upper or lower
        ("Georgia", ""),  # the country?
        ("Washington", ""),  # the city?
        ("Boston and Texas", ""),
        ("Kansas City, Kansas", "Lower Midwest"),
        ("Mainland China", ""),
        ("New Mexico", "West"),
        ("", ""),
    ],
)
def test_accents_in_words(words, region):
    assert EIGHT.of(utterance(original_accent_label=words).about)[0] == region


@pytest.mark.parametrize(
    ("state", "region"), [("GA", "South Atlantic"), ("georgia", "South Atlantic"), ("NJ", "")]
)
def test_a_state_decides_whatever_the_words_say(state, region):
    found, reason = EIGHT.of(utterance(state=state, original_accent_label="Texan").about)
    assert found == region
    assert bool(reason) == (region == "")


@pytest.mark.parametrize(
    ("scheme", "dialect", "region"),
    [
        ("eight", "DR1", "New England"),
        ("eight", "DR5", ""),
        ("five", "DR5", "South"),
        ("seven", "DR3", "Midwest"),
    ],
)
def test_dialects_of_timit(scheme, dialect, region):
    assert of(scheme, dataset="timit", original_accent_label=dialect)[0] == region


def test_a_pattern_of_one_dataset_is_for_no_other():
    assert EIGHT.of(utterance(dataset="common_voice", original_accent_label="DR1").about) == (
        "",
        "no pattern fits",
    )


def test_what_maps_nowhere_is_counted_and_left_out():
    said = ["England English"] * 3 + ["Texan", ""]
    found = Found(
        [utterance(number, original_accent_label=words) for number, words in enumerate(said)]
    )
    placed, nowhere = regions.classify(found, EIGHT)
    assert [one.about["region_label"] for one in placed.utterances] == ["West"]
    assert len(placed.left_out) == 4
    assert nowhere.to_dict("records") == [
        {
            "dataset": "common_voice",
            "said": "England English",
            "utterances": 3,
            "reason": "no pattern fits",
        },
        {"dataset": "common_voice", "said": "", "utterances": 1, "reason": "no accent is named"},
    ]


def test_a_speaker_of_two_classes_is_rejected():
    found = Found(
        [utterance(0, original_accent_label="Texan"), utterance(1, original_accent_label="Boston")]
    )
    placed, _ = regions.classify(found, EIGHT)
    assert not placed.utterances
    assert {reason for _, reason in placed.rejected} == {
        "a speaker of several classes: New England and West"
    }


def test_a_ninth_class_is_an_edit_of_one_table(tmp_path):
    for name in ("states.csv", "accents.csv"):
        (tmp_path / name).write_text((TABLES / name).read_text())
    table = tmp_path / "states.csv"
    table.write_text(
        table.read_text().replace("TX,Texas,West,West,West,", "TX,Texas,West,West,Texas,")
    )
    assert regions.read_regions(tmp_path, "eight").of(utterance(state="TX").about)[0] == "Texas"
    assert (
        regions.read_regions(tmp_path, "eight").of(utterance(original_accent_label="Texan").about)[
            0
        ]
        == "Texas"
    )


def test_tables_that_cannot_be_used_are_one_sentence(tmp_path):
    with pytest.raises(ParameterError, match="'nine' is not allowed: five, seven, eight, twelve"):
        regions.read_regions(TABLES, "nine")
    (tmp_path / "states.csv").write_text((TABLES / "states.csv").read_text())
    header = "dataset,pattern,state,five,seven,eight,twelve,remark\n"
    for line, words in (
        (",(,TX,,,,,", "is no regular expression"),
        (",texas,TT,,,,,", "'TT' of the pattern 'texas'"),
    ):
        (tmp_path / "accents.csv").write_text(f"{header}{line}\n")
        with pytest.raises(DataError, match=words):
            regions.read_regions(tmp_path, "eight")


def test_corpora_in_their_layouts_reach_their_classes(tmp_path):
    for name in ("timit", "common_voice", "coraal", "accent_archive"):
        getattr(trees, name)(tmp_path / name)
    placed, nowhere = regions.classify(corpora.read(tmp_path), EIGHT)
    reached = {(one.about["dataset_name"], one.about["region_label"]) for one in placed.utterances}
    assert reached == {
        ("timit", "New England"),
        ("timit", "West"),
        ("common_voice", "West"),
        ("coraal", "South Atlantic"),
        ("accent_archive", "South Atlantic"),
    }
    assert set(nowhere["said"]) == {"DR8", "England English", "", "tbilisi, georgia"}
