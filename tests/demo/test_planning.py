"""The demo survey has the reference study's structure, under the study's own split rule."""

from collections import Counter, defaultdict
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chorus.demo import DemoOptions, PlannedClip, plan
from chorus.errors import ParameterError
from chorus.options import parse
from chorus.seeds import stable_fraction

REFERENCE = {  # split: positives, negatives; as published
    "test_ood": (1691, 1894),
    "test_iid": (1964, 979),
    "validation": (647, 2602),
    "train": (3585, 8525),
    "candidate": (0, 20457),
}


def split(clip: PlannedClip) -> str:
    """The rule of the study, written out a second time."""
    if clip.meta["role"] == "candidate":
        return "candidate"
    if clip.meta["site"] == "Sylvan Pond":
        return "test_ood"
    year, month, day = map(int, clip.meta["night"].split("-"))
    u = stable_fraction(
        "split", f"{clip.meta['site'].replace(' ', '').lower()}{year}-{month}-{day}"
    )
    return "test_iid" if u < 0.08 else "validation" if u < 0.23 else "train"


def counts(clips: list[PlannedClip]) -> dict[str, tuple[int, int]]:
    found = Counter((split(clip), clip.meta["label"]) for clip in clips)
    return {name: (found[name, "positive"], found[name, "negative"]) for name in REFERENCE}


@pytest.fixture(scope="module")
def full() -> list[PlannedClip]:
    return plan(DemoOptions(scale=1.0))


@pytest.fixture(scope="module")
def tenth() -> list[PlannedClip]:
    return plan(DemoOptions())


def test_full_scale_has_exactly_the_clips_of_the_reference_study(full):
    assert len(full) == 42_344
    assert counts(full) == REFERENCE
    qualities = Counter(
        clip.meta["quality"] for clip in full if split(clip) == "train" and clip.meta["quality"]
    )
    assert qualities == {"high": 245, "medium": 1772, "low": 1568}


def test_a_tenth_has_a_tenth_of_them(tenth):
    assert counts(tenth) == {
        "test_ood": (169, 189),
        "test_iid": (196, 98),
        "validation": (65, 260),
        "train": (24 + 177 + 157, 852),
        "candidate": (0, 2046),
    }


@settings(max_examples=8, deadline=None)
@given(scale=st.floats(1e-6, 0.02), seed=st.integers(0, 2**31))
def test_no_split_is_ever_empty_and_counts_follow_the_scale(scale, seed):
    found = counts(plan(DemoOptions(scale=scale, seed=seed)))
    for name, numbers in REFERENCE.items():
        for got, reference in zip(found[name], numbers, strict=True):
            exact = scale * reference
            # off by three at most: one of each quality is the least that train holds
            assert (got == 0) if reference == 0 else (got >= 1 and abs(got - exact) <= 3)


def test_every_split_spreads_over_many_nights_and_recorders_that_differ(tenth):
    clips_of_recorder = Counter(clip.meta["recorder"] for clip in tenth)
    assert len(clips_of_recorder) == 16
    assert len(set(clips_of_recorder.values())) > 10
    nights = defaultdict(set)
    for clip in tenth:
        nights[split(clip)].add((clip.meta["recorder"], clip.meta["night"]))
        assert date.fromisoformat(clip.meta["night"]).month in (2, 3, 4)
    assert {name: len(of_split) >= 15 for name, of_split in nights.items()} == dict.fromkeys(
        REFERENCE, True
    )


def test_sites_have_the_recorders_of_the_study(tenth):
    found = defaultdict(set)
    for clip in tenth:
        found[clip.meta["site"]].add(clip.meta["recorder"])
    assert found["Sylvan Pond"] == {"Moth11", "Moth12"}
    assert found["Cole Creek"] == {"Moth08"}
    assert found["Rancho Meling"] == {"Moth13"}
    wheatley = found["Wheatley Pond"] | found["Wheatley Stream"]
    assert wheatley == {f"Moth{number:02d}" for number in (1, 2, 3, 4, 5, 6, 7, 9, 10)}
    assert found["Upper Basin"] == {"SM2", "SM9", "SM10"}


def test_columns_of_a_clip_fit_each_other(tenth):
    for clip in tenth:
        meta = clip.meta
        positive = meta["label"] == "positive"
        assert (meta["quality"] in ("high", "medium", "low")) == positive
        assert (meta["call_type"] in ("grunt", "growl", "both")) == positive
        assert ("RADR" in meta["source"]) == positive and meta["source"].startswith("synthetic: ")
        assert meta["recording"].startswith(f"{meta['recorder']}_{meta['night'].replace('-', '')}_")
        assert meta["role"] == ("candidate" if meta["site"] == "Upper Basin" else "labelled")
        assert meta["split"] == ""
    assert len({(c.scene.recorder, c.scene.night, c.scene.number) for c in tenth}) == len(tenth)


def test_call_types_and_confusers_have_their_shares(full):
    positives = [clip for clip in full if clip.meta["label"] == "positive"]
    types = Counter(clip.meta["call_type"] for clip in positives)
    shares = {name: number / len(positives) for name, number in types.items()}
    assert shares == pytest.approx({"grunt": 0.55, "growl": 0.20, "both": 0.25}, abs=0.02)
    for label, share in (("positive", 0.3), ("negative", 0.7)):
        confused = [bool(clip.scene.confusers) for clip in full if clip.meta["label"] == label]
        assert sum(confused) / len(confused) == pytest.approx(share, abs=0.02)


def test_low_frogs_and_doves_are_common_at_the_ood_site_and_among_candidates_and_rare_in_training(
    full,
):
    def share(name: str) -> float:
        negatives = [
            clip for clip in full if split(clip) == name and clip.meta["label"] == "negative"
        ]
        low = {"bullfrog", "green frog", "barking treefrog", "dove", "owl"}
        return sum(
            any(event.sound in low for event in clip.scene.confusers) for clip in negatives
        ) / len(negatives)

    assert share("test_ood") > 0.3
    assert share("candidate") > 0.08
    assert share("train") < 0.04


def test_a_plan_depends_on_its_seed_alone(tenth):
    assert plan(DemoOptions()) == tenth
    assert plan(DemoOptions(seed=8)) != tenth


@pytest.mark.parametrize(
    ("key", "value"), [("scale", 0), ("scale", 1.5), ("seed", -1), ("size", 1)]
)
def test_impossible_options_are_refused_by_name(key, value):
    with pytest.raises(ParameterError, match=rf"survey\.demo\.{key}"):
        parse(DemoOptions, {key: value}, section="survey.demo")
