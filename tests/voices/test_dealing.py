"""Speakers and sentences to splits: disjoint, stratified, audited, and the guard seen firing."""

from __future__ import annotations

import hashlib

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chorus.clips import TEST_IID, TEST_OOD, TRAIN, VALIDATION
from chorus.errors import DataError, LeakageError, ParameterError
from chorus.voices.dealing import DealOptions, audit, count, deal, sentence_of
from chorus.voices.utterances import COLUMNS

CLASSES = ("North", "South")
OPTIONS = DealOptions()


def samples(speakers=10, sentences=10, datasets=("studio", "phone")) -> pd.DataFrame:
    """Each class has so many speakers in each dataset, all of whom say all sentences of it."""
    rows = []
    for dataset in datasets:
        for number in range(speakers):
            for region in CLASSES:
                speaker = f"{dataset}/{region}{number}"
                rows += [
                    sample(dataset, speaker, region, f"{dataset} sentence {k}.")
                    for k in range(sentences)
                ]
    return pd.DataFrame(rows)


def sample(dataset, speaker, region, transcript):
    name = f"{speaker}/{transcript}"
    return dict.fromkeys(COLUMNS, "") | {
        "sample_id": name,
        "dataset_name": dataset,
        "speaker_id": speaker,
        "voice": speaker,
        "region_label": region,
        "transcript": transcript,
        "recording": name,
        "audio_path": name,
        "duration": "2.0",
        "sha256": hashlib.sha256(name.encode()).hexdigest(),
    }


def sides(table, column):
    return (
        table.assign(side=table["split"].replace(TEST_OOD, TEST_IID))
        .groupby(column)["side"]
        .nunique()
    )


def test_shares_of_each_class_and_dataset():
    table = deal(samples(speakers=20), OPTIONS).table
    by_speaker = table.drop_duplicates("speaker_id").replace({"split": {TEST_OOD: TEST_IID}})
    for _, stratum in by_speaker.groupby(["region_label", "dataset_name"]):
        assert stratum["split"].value_counts().to_dict() == {TRAIN: 12, TEST_IID: 5, VALIDATION: 3}


def test_unheard_sentences_are_said_in_the_harder_test_only():
    dealt = deal(samples(), OPTIONS)
    spoken = dealt.table.groupby("split")["sentence"].agg(set)
    assert len(spoken[TEST_OOD]) == 4  # a fifth of ten, in each of two datasets
    assert not spoken[TEST_OOD] & (spoken[TRAIN] | spoken[VALIDATION] | spoken[TEST_IID])
    assert set(dealt.set_aside["stage"]) == {"split"}
    assert len(dealt.table) + len(dealt.set_aside) == len(samples())


def test_without_transcripts_there_is_one_test():
    table = samples()
    table["transcript"] = ""
    dealt = deal(table, OPTIONS)
    assert set(dealt.table["split"]) == {TRAIN, VALIDATION, TEST_IID}
    assert dealt.set_aside.empty


@settings(max_examples=15)
@given(st.integers(3, 9), st.permutations(range(4)))
def test_the_order_of_rows_does_not_show_and_no_speaker_is_divided(speakers, order):
    table = samples(speakers=speakers, sentences=4)
    shuffled = pd.concat([table[number::4] for number in order], ignore_index=True)
    one, other = deal(table, OPTIONS).table, deal(shuffled, OPTIONS).table
    pd.testing.assert_series_equal(
        one.set_index("sample_id")["split"].sort_index(),
        other.set_index("sample_id")["split"].sort_index(),
    )
    assert (sides(one, "speaker_id") == 1).all()


def test_a_voice_with_several_speakers_stays_together():
    table = samples(datasets=("studio",))
    table["voice"] = table["speaker_id"].str.extract(r"(\d+)$")[0]
    dealt = deal(table, OPTIONS).table
    assert (sides(dealt, "voice") == 1).all()
    assert dealt.groupby("voice")["speaker_id"].nunique().eq(2).all()


def test_those_who_are_heard_in_one_recording_stay_together():
    table = samples(sentences=3)
    pairs = (
        table["speaker_id"].str.extract(r"(\d+)$")[0].astype(int) // 2
    )  # speakers 0 and 1, 2 and 3, ...
    table["recording"] = "interview " + pairs.astype(str)
    dealt = deal(table, OPTIONS).table
    assert (sides(dealt, "recording") == 1).all()


def test_a_new_speaker_moves_few_others():
    small, large = (deal(samples(speakers=n, sentences=1), OPTIONS).table for n in (40, 41))
    both = small.merge(large, on="sample_id")
    assert (both["split_x"] != both["split_y"]).mean() < 0.05


def test_a_class_without_enough_speakers_is_named():
    table = samples(speakers=2, datasets=("studio",))
    with pytest.raises(DataError, match="no speaker of North, South is in validation"):
        deal(table, DealOptions())


@pytest.mark.parametrize(
    ("column", "rule"),
    [
        ("speaker_id", r"a speaker is in two splits: studio/North\d \(test_iid and train\)"),
        ("voice", r"a voice is in two splits"),
        ("recording", r"one recording is in two splits"),
        ("sha256", r"one audio content is in two splits"),
    ],
)
def test_what_is_shared_with_a_test_is_named(column, rule):
    table = deal(samples(datasets=("studio",)), OPTIONS).table
    train = table.index[(table["split"] == TRAIN) & (table["region_label"] == "North")][0]
    test = table.index[(table["split"] == TEST_IID) & (table["region_label"] == "North")][0]
    table.loc[train, column] = table.loc[test, column]
    with pytest.raises(LeakageError, match=rule):
        audit(table)


def test_a_sentence_that_was_heard_is_named():
    table = deal(samples(), OPTIONS).table
    train = table.index[table["split"] == TRAIN][0]
    table.loc[train, "sentence"] = table.loc[table["split"] == TEST_OOD, "sentence"].iloc[0]
    with pytest.raises(
        LeakageError, match=r"sentences of test_ood were heard in training: .* \(train\)"
    ):
        audit(table)


def test_the_audit_counts_what_it_was_checked_on():
    table = deal(samples(), OPTIONS).table
    counts = audit(table)
    assert counts["speaker_ids_in_one_split"] == 40
    assert counts["contents_in_one_split"] == len(table)
    assert counts["sentences_never_heard"] == 4
    assert count(table)[TRAIN]["by_class"] == {"North": 96, "South": 96}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Don't ask me!", "don't  ask me", True),
        ("Ask me.", "Ask me twice.", False),
        ("", "...", True),
        ("Ärger, heute", "ärger heute", True),
    ],
)
def test_which_transcripts_are_one_sentence(one, other, same):
    assert (sentence_of(one) == sentence_of(other)) is same


def test_a_class_is_made_rare_in_training_alone():
    table = samples(speakers=20)
    whole, thinned = (
        deal(table, DealOptions(rare=rare, rare_share=0.25)) for rare in ((), ("South",))
    )
    speakers = [
        one.table.groupby(["region_label", "split"])["speaker_id"].nunique()
        for one in (whole, thinned)
    ]
    changed = speakers[0] != speakers[1]
    assert list(changed.index[changed]) == [("South", TRAIN)]
    assert speakers[1]["South", TRAIN] == round(speakers[0]["South", TRAIN] * 0.25)
    assert len(thinned.table) + len(thinned.set_aside) == len(table)
    assert "of a class that is made rare in training" in set(thinned.set_aside["reason"])


def test_a_class_that_is_none_cannot_be_rare():
    with pytest.raises(ParameterError, match=r"split\.rare: there are no samples of West"):
        deal(samples(), DealOptions(rare=("West",)))
