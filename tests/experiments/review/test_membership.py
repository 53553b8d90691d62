"""Who entered and who left a set of clips."""

from __future__ import annotations

import pandas as pd

from chorus.experiments.review.membership import clip_sets, clips_in_words, compare_sets

SPLITS = pd.DataFrame(
    [
        ("p1", "positive", "high", "train"),
        ("p2", "positive", "low", "train"),
        ("n1", "negative", "", "train"),
        ("n2", "negative", "", "test_ood"),
        ("c1", "negative", "", "candidate"),
    ],
    columns=["clip_id", "label", "quality", "split"],
)


def _training(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["clip_id", "label", "source"])


def _subset(*clips: str) -> pd.DataFrame:
    return pd.DataFrame({"clip_id": clips, "score": ["0.9"] * len(clips)})


def test_the_training_set_by_label_quality_and_source():
    before = _training(("p1", "positive", "baseline"), ("n1", "negative", "baseline"))
    after = _training(
        ("p1", "positive", "baseline"), ("p2", "positive", "small"), ("c1", "negative", "hard")
    )
    subsets = {"positive/small": _subset("p2")}
    changes = compare_sets(clip_sets(SPLITS, subsets, before), clip_sets(SPLITS, subsets, after))
    change = changes[0]
    assert (change.name, change.before, change.after) == ("training set", 2, 3)
    assert clips_in_words(change.entered) == "1 negative from hard, 1 positive (low) from small"
    assert clips_in_words(change.left) == "1 negative"
    assert [other.name for other in changes if other.any] == ["training set"]


def test_a_clip_that_moves_leaves_one_split_and_enters_another():
    moved = SPLITS.assign(split=SPLITS["split"].where(SPLITS["clip_id"] != "n1", "test_ood"))
    found = {
        c.name: c
        for c in compare_sets(clip_sets(SPLITS, {}, None), clip_sets(moved, {}, None))
        if c.any
    }
    assert set(found) == {"split train", "split test_ood"}
    assert (
        list(found["split train"].left["clip_id"])
        == list(found["split test_ood"].entered["clip_id"])
        == ["n1"]
    )


def test_a_corrected_label_leaves_and_enters():
    corrected = SPLITS.assign(label=SPLITS["label"].where(SPLITS["clip_id"] != "n2", "positive"))
    (change,) = (
        c
        for c in compare_sets(clip_sets(SPLITS, {}, None), clip_sets(corrected, {}, None))
        if c.any
    )
    assert (change.name, clips_in_words(change.entered), clips_in_words(change.left)) == (
        "split test_ood",
        "1 positive",
        "1 negative",
    )


def test_new_and_lost_subsets():
    before = clip_sets(SPLITS, {"negative/old": _subset("c1"), "negative/none": _subset()}, None)
    after = clip_sets(SPLITS, {"negative/new": _subset("c1"), "negative/none": _subset()}, None)
    found = {change.name: change for change in compare_sets(before, after) if change.any}
    assert (found["subset negative/old"].before, found["subset negative/old"].after) == (1, None)
    assert (found["subset negative/new"].before, found["subset negative/new"].after) == (None, 1)
    assert "subset negative/none" not in found


def test_without_the_splits_clips_are_counted_all_the_same():
    before = clip_sets(None, {"positive/small": _subset("p1")}, None)
    after = clip_sets(None, {"positive/small": _subset("p1", "p2")}, None)
    (change,) = compare_sets(before, after)
    assert clips_in_words(change.entered) == "1 clips"
