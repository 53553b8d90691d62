"""Warnings and words of a review, from facts made by hand."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from chorus.experiments.review import Change, Facts, Noise, Pictures, comment, draw, suspicions
from chorus.experiments.review.membership import COLUMNS

NOBODY = pd.DataFrame(columns=COLUMNS)
AUDIT = {"groups_in_one_split": 283, "ood_sites_in_one_split": 1}
NOTHING = Facts(
    base="main", head="hard", commits=("aaaa", "bbbb"), base_moved=False, params={}, metrics={}, data=[], code=[],
    stages=[], changes=[], missing={}, audit=(AUDIT, AUDIT), noise=None, edited=([], []), stale=([], []),
    plots=({}, {}),
)  # fmt: skip


def _with_metrics(
    metrics: dict[str, tuple[float | None, float | None]], noise: Noise | None = None
) -> Facts:
    return replace(NOTHING, metrics={"metrics/evaluation.json": metrics}, noise=noise)


def _row(facts: Facts, metric: str) -> list[str]:
    line = next(line for line in comment(facts).splitlines() if line.startswith(f"| {metric} |"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def _change(name: str, *entered: str) -> Change:
    clips = pd.DataFrame([(clip, "positive", "high", "") for clip in entered], columns=COLUMNS)
    return Change(name, 5, 5 + len(entered), clips, NOBODY)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (0.75, "**better**, more than seed noise (±0.040)"),
        (0.65, "**worse**, more than seed noise (±0.040)"),
        (0.73, "within seed noise (±0.040)"),
        (0.67, "within seed noise (±0.040)"),
        (0.70, "same"),
    ],
)
def test_a_difference_is_held_against_the_seed_noise(new, words):
    facts = _with_metrics(
        {"ood.f1": (0.7, new)}, Noise({"ood.f1": 0.04}, configurations=30, runs=90)
    )
    assert _row(facts, "ood.f1") == ["0.700", f"{new:.3f}", f"{new - 0.7:+.3f}", words]
    assert "30 configurations (90 runs)" in comment(facts)


def test_unknown_noise_is_said_to_be_unknown():
    facts = _with_metrics({"ood.f1": (0.7, 0.8), "iid.f1": (0.8, 0.7)})
    assert _row(facts, "ood.f1")[-1] == "better; seed noise unknown"
    assert _row(facts, "iid.f1")[-1] == "worse; seed noise unknown"
    assert "Seed noise is unknown" in comment(facts)


def test_a_smaller_error_is_better():
    facts = _with_metrics({"test.rmse": (2.7, 2.5), "folds.r2_target": (0.02, 0.01)})
    assert _row(facts, "test.rmse")[-1] == "better; seed noise unknown"
    assert _row(facts, "folds.r2_target")[-1] == "worse; seed noise unknown"


def test_a_metric_that_is_new_or_null_breaks_nothing():
    facts = _with_metrics({"ood.f1": (None, 0.8), "iid.f1": (0.7, None)})
    assert _row(facts, "ood.f1") == ["–", "0.800", "", "new"]
    assert _row(facts, "iid.f1") == ["0.700", "–", "", "gone"]


def test_metrics_of_a_changed_test_are_not_compared_and_the_others_are():
    facts = replace(
        _with_metrics({"ood.f1": (0.7, 0.8), "iid.f1": (0.7, 0.8)}),
        changes=[_change("split test_ood", "x")],
    )
    assert _row(facts, "ood.f1")[-1] == "not comparable: other test clips"
    assert _row(facts, "iid.f1")[-1] == "better; seed noise unknown"
    (warning,) = suspicions(facts)
    assert warning.startswith(
        "**The test split changed** (test_ood): 1 entered (1 positive (high))."
    )


def test_splits_that_cannot_be_read_are_suspected_only_if_they_differ():
    lost = replace(
        NOTHING, missing={"data/manifests/splits.csv": "FileNotFoundError: no such file"}
    )
    assert suspicions(lost) == []
    (warning,) = suspicions(replace(lost, data=["data/manifests/splits.csv"]))
    assert warning.startswith("**The test split may have changed:**")
    assert "* `data/manifests/splits.csv`: FileNotFoundError: no such file" in comment(lost)


def test_a_changed_validation_split_is_told_with_what_it_decides():
    (warning,) = suspicions(
        replace(NOTHING, changes=[_change("split validation", "x"), _change("split train", "y")])
    )
    assert (
        warning.startswith("The validation split changed")
        and "threshold is chosen on it" in warning
    )


@pytest.mark.parametrize(
    ("noise", "new", "warned"),
    [(None, 0.59, False), (None, 0.61, True), (Noise({"threshold": 0.3}, 30, 90), 0.75, False),
     (Noise({"threshold": 0.3}, 30, 90), 0.85, True), (Noise({"threshold": 0.05}, 30, 90), 0.44, True)],
)  # fmt: skip
def test_a_threshold_that_moves_far_is_told(noise, new, warned):
    found = suspicions(_with_metrics({"threshold": (0.5, new)}, noise))
    assert [f"**The threshold moved** from 0.500 to {new:.3f}" in warning for warning in found] == [
        True
    ] * warned


def test_a_leakage_audit_that_differs_names_what_is_gone():
    (warning,) = suspicions(replace(NOTHING, audit=(AUDIT, {"groups_in_one_split": 290})))
    assert (
        "groups_in_one_split 283 → 290" in warning
        and "ood_sites_in_one_split 1 → not checked" in warning
    )
    (warning,) = suspicions(replace(NOTHING, audit=(AUDIT, None)))
    assert "is gone" in warning
    assert suspicions(replace(NOTHING, audit=(None, AUDIT))) == []


def test_an_edited_metric_is_not_believed():
    facts = replace(
        _with_metrics({"ood.f1": (0.7, 0.8)}),
        edited=([], ["metrics/evaluation.json is not what it was"]),
    )
    assert _row(facts, "ood.f1")[-1] == "not believed: not of dvc.lock"


def test_what_was_wrong_before_is_not_held_against_the_change():
    facts = replace(
        NOTHING,
        edited=(["a.json is wrong"], ["b.json is wrong"]),
        stale=(["the stage x"], ["the stage x"]),
    )
    found = suspicions(facts)
    assert found[0] == "**Metrics not produced by the committed dvc.lock:** b.json is wrong."
    assert found[1] == "Not produced by the committed dvc.lock in main already: a.json is wrong."
    assert "(so it is in main too)" in found[2]


def test_no_difference_is_said_in_a_sentence_and_without_warnings():
    text = comment(NOTHING)
    assert text.startswith("<!-- chorus review -->\n\n## main (aaaa) → hard (bbbb)\n")
    assert "Neither parameters nor code nor data differ." in text and "WARNING" not in text


def test_long_lists_are_cut_and_bars_do_not_break_a_table():
    facts = replace(
        NOTHING,
        code=[f"src/{number}.py" for number in range(30)],
        changes=[_change("subset a|b", "x")],
    )
    text = comment(facts)
    assert "and 18 more" in text and "src/29.py" not in text
    assert "| subset a\\|b | 5 | 6 | 1: 1 positive (high) | 0 |" in text


def test_pictures_that_differ_are_written_side_by_side_and_linked(tmp_path):
    def plots(**images: bytes) -> dict[str, object]:
        return {
            "sources": {
                "data": {f"plots/{name}.png": {"data": content} for name, content in images.items()}
            }
        }

    facts = replace(NOTHING, plots=(plots(a=b"1", b=b"2", c=b"3"), plots(a=b"1", b=b"4", d=b"5")))
    pictures = draw(facts, tmp_path)
    assert pictures == Pictures(
        drawn={},
        pairs=[
            ("plots/b.png", "before/plots/b.png", "after/plots/b.png"),
            ("plots/c.png", "before/plots/c.png", None),
            ("plots/d.png", None, "after/plots/d.png"),
        ],
        unchanged=["plots/a.png"],
    )
    written = {
        path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*.png")
    }
    assert written == {
        "before/plots/b.png": b"2", "after/plots/b.png": b"4", "before/plots/c.png": b"3", "after/plots/d.png": b"5",
    }  # fmt: skip
    text = comment(facts, pictures, place=lambda path: f"https://example.org/{path}")
    assert (
        "![before](https://example.org/before/plots/b.png) | ![after](https://example.org/after/plots/b.png)"
        in text
    )
    assert "| – | ![after](https://example.org/after/plots/d.png) |" in text
