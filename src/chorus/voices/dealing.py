"""Who may learn from which sample: speakers are dealt to splits, sentences to those heard in training and the others.

`test_iid` is speakers whom no model has heard, saying sentences that it has; `test_ood`, the harder test, is such
speakers saying sentences that it has not heard either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from chorus import quarantine
from chorus.clips import LABELLED, TEST_IID, TEST_OOD, TRAIN, VALIDATION, name_clips
from chorus.errors import DataError, LeakageError, ParameterError
from chorus.leakage import audit as audit_clips
from chorus.options import options
from chorus.seeds import stable_fraction

STAGE = "split"
SPLITS = (TRAIN, VALIDATION, TEST_IID, TEST_OOD)
_SPEECH = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


@options
class DealOptions:
    """How samples are dealt.

    test_share, validation_share: of the speakers of each class and dataset.
    unheard_share: of the sentences of each dataset, that no training or validation sample says; 0: no `test_ood`.
    rare: classes that are made rare in training, to see what that does: of their speakers `rare_share` are kept.
    """

    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.25
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.15
    unheard_share: Annotated[float, Field(ge=0, lt=1)] = 0.2
    rare: tuple[str, ...] = ()
    rare_share: Annotated[float, Field(gt=0, le=1)] = 0.25

    def __post_init__(self) -> None:
        if self.test_share + self.validation_share >= 1:
            raise ValueError(
                "test_share + validation_share must leave speakers to train on (less than 1)"
            )


@dataclass(frozen=True)
class Deal:
    """table: the samples with `sentence` and `split`. set_aside: the quarantine of those that are in none."""

    table: pd.DataFrame
    set_aside: pd.DataFrame


def sentence_of(transcript: str) -> str:
    """What makes two transcripts one sentence: the words, without capitals and signs; "" when nothing is known."""
    return " ".join(_SPEECH.findall(transcript.casefold()))


def deal(samples: pd.DataFrame, options: DealOptions) -> Deal:
    """Deal every sample to a split by its voice, and those of unheard speakers to two tests by their sentences.

    Voices, or those who are heard in one recording together, are ranked by a stable hash of their names within each
    stratum (their classes and datasets); the first ranks become the test, the next validation. A new speaker moves
    others only where a share rounds anew.

    Args:
        samples: `chorus.voices.utterances.COLUMNS`.

    Raises:
        ParameterError: a class that is to be rare is none.
        DataError: a class has no speaker in one of train, validation and test. LeakageError: see `audit`.
    """
    table = samples.assign(sentence=samples["transcript"].map(sentence_of))
    table["split"] = table["voice"].map(_splits_of_voices(table, options))
    _refuse_missing_classes(table)
    unheard = _unheard(table, options.unheard_share)
    # Kept from before some become test_ood: below it stands for both tests.
    tests = table["split"] == TEST_IID
    table.loc[tests & unheard, "split"] = TEST_OOD
    thinned = _thinned(table, options)
    reasons = pd.Series("", index=table.index)
    reasons[thinned] = "of a class that is made rare in training"
    # Last, so that it is the reason of those that both rules set aside.
    reasons[~tests & unheard] = "says a sentence that is kept for the test of unheard sentences"
    aside = table[reasons != ""]
    named = aside.rename(columns={"sample_id": "clip_id", "audio_path": "source"})
    set_aside = quarantine.add(
        quarantine.empty(),
        named,
        dict(zip(named["clip_id"], reasons[aside.index], strict=True)),
        stage=STAGE,
    )
    kept = table.drop(aside.index).reset_index(drop=True)
    audit(kept)
    return Deal(kept, set_aside)


def audit(table: pd.DataFrame) -> dict[str, int]:
    """Prove that no speaker, no voice, no recording and no sound is in two splits, and no unheard sentence was heard.

    The two tests share their speakers: neither trains.

    Args:
        table: `chorus.voices.utterances.COLUMNS`, sentence, split.

    Returns:
        For each rule the number of things it was checked on.

    Raises:
        LeakageError: names the rule, and the speakers or samples that break it.
    """
    judged = table.assign(side=table["split"].replace(TEST_OOD, TEST_IID))
    counts = {
        f"{column}s_in_one_split": _refuse_divided(judged, column)
        for column in ("speaker_id", "voice")
    }
    audited = audit_clips(_as_clips(judged))
    spoken = table[table["sentence"] != ""]
    unheard = set(spoken.loc[spoken["split"] == TEST_OOD, "sentence"])
    heard = spoken[spoken["split"].isin((TRAIN, VALIDATION)) & spoken["sentence"].isin(unheard)]
    if len(heard):
        named = sorted(
            f"{row.sample_id} ({row.split}): {row.sentence}" for row in heard.itertuples()
        )
        raise LeakageError(f"sentences of test_ood were heard in training: {name_clips(named)}")
    return {
        **counts,
        "recordings_in_one_split": audited["recordings_in_one_split"],
        "contents_in_one_split": audited["contents_in_one_split"],
        "sentences_never_heard": len(unheard),
    }


def count(table: pd.DataFrame) -> dict[str, dict[str, object]]:
    """By split: samples, speakers, voices, sentences, hours, and samples by class and by dataset."""
    report: dict[str, dict[str, object]] = {}
    for split in SPLITS:
        part = table[table["split"] == split]
        report[split] = {
            "samples": len(part),
            "speakers": part["speaker_id"].nunique(),
            "voices": part["voice"].nunique(),
            "sentences": part["sentence"].nunique(),
            "hours": float(part["duration"].astype(float).sum() / 3600),
            "by_class": part["region_label"].value_counts().sort_index().to_dict(),
            "by_dataset": part["dataset_name"].value_counts().sort_index().to_dict(),
        }
    return report


def _splits_of_voices(table: pd.DataFrame, options: DealOptions) -> dict[str, str]:
    unit = _units(table)
    by_unit = table.groupby(unit)
    strata = by_unit["region_label"].agg(_names) + "/" + by_unit["dataset_name"].agg(_names)
    splits: dict[str, str] = {}
    for _, units in strata.groupby(strata):
        ranked = sorted(units.index, key=lambda voice: stable_fraction("split", voice))
        tests = _of_share(len(ranked), options.test_share)
        others = _of_share(len(ranked), options.validation_share)
        kinds = [TEST_IID] * tests + [VALIDATION] * others
        kinds += [TRAIN] * (len(ranked) - len(kinds))
        splits |= dict(zip(ranked, kinds, strict=True))
    return dict(zip(table["voice"], unit.map(splits), strict=True))


def _units(table: pd.DataFrame) -> pd.Series:
    """What is dealt as a whole, by the name of its first voice: who is heard in one recording belongs together."""
    # Voices and recordings are the two sides of one graph: what hangs together is dealt together.
    voice, voices = table["voice"].factorize(sort=True)
    recording, recordings = table["recording"].factorize()
    size = len(voices) + len(recordings)
    links = (np.ones(len(table), dtype=np.int8), (voice, recording + len(voices)))
    component = connected_components(coo_array(links, shape=(size, size)), directed=False)[1]
    first = pd.Series(voices).groupby(component[: len(voices)]).transform("min")
    return table["voice"].map(dict(zip(voices, first, strict=True)))


def _names(column: pd.Series) -> str:
    return "+".join(sorted(column.unique()))


def _of_share(number: int, share: float) -> int:
    """So many of a stratum's voices: at least one, where there are three and more."""
    return max(1, round(number * share)) if number >= 3 else 0


def _refuse_missing_classes(table: pd.DataFrame) -> None:
    for split in (TRAIN, VALIDATION, TEST_IID):
        held = set(table.loc[table["split"] == split, "region_label"])
        if missing := sorted(set(table["region_label"]) - held):
            raise DataError(
                f"no speaker of {name_clips(missing)} is in {split}: a class needs three speakers of one dataset"
            )


def _unheard(table: pd.DataFrame, share: float) -> pd.Series:
    """Whether each sample's sentence is kept from training; what one dataset keeps is kept in all."""
    unheard: set[str] = set()
    for dataset, part in table.groupby("dataset_name"):
        sentences = set(part["sentence"]) - {""}
        ranked = sorted(
            sentences, key=lambda sentence: stable_fraction("sentence", dataset, sentence)
        )
        unheard |= set(ranked[: round(len(ranked) * share)])
    return table["sentence"].isin(unheard)


def _thinned(table: pd.DataFrame, options: DealOptions) -> pd.Series:
    """Whether each sample is of a training speaker who is left out so that a class is rare."""
    if strange := sorted(set(options.rare) - set(table["region_label"])):
        raise ParameterError(f"split.rare: there are no samples of {name_clips(strange)}")
    left_out: set[str] = set()
    for label in options.rare:
        of_class = table[(table["split"] == TRAIN) & (table["region_label"] == label)]
        speakers = sorted(
            of_class["speaker_id"].unique(), key=lambda speaker: stable_fraction("rare", speaker)
        )
        # One speaker stays, or the class would not be rare but missing.
        left_out |= set(speakers[max(1, round(len(speakers) * options.rare_share)) :])
    return (table["split"] == TRAIN) & table["speaker_id"].isin(left_out)


def _refuse_divided(judged: pd.DataFrame, column: str) -> int:
    sides = judged.groupby(column)["side"].agg(_names)
    divided = sides[sides.str.contains("+", regex=False)]
    if len(divided):
        what = "speaker" if column == "speaker_id" else column
        named = [f"{name} ({side.replace('+', ' and ')})" for name, side in divided.items()]
        raise LeakageError(f"a {what} is in two splits: {name_clips(named)}")
    return len(sides)


def _as_clips(judged: pd.DataFrame) -> pd.DataFrame:
    """The samples as the house's audit of leakage knows clips."""
    return pd.DataFrame(
        {
            "clip_id": judged["sample_id"],
            "split": judged["side"],
            "group": judged["speaker_id"],
            "recording": judged["recording"],
            "sha256": judged["sha256"],
            "site": "",
            "recorder": judged["dataset_name"],
            "role": LABELLED,
        }
    )
