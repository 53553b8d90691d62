"""Plots of two revisions, as DVC gives them: lines with gaps, bars, counts of pairs."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from chorus.experiments.review.curves import Plot, _labels, _values, draw_plots, read_plots


def _plots(rows: list[dict[str, str]], **definition: Any) -> dict[str, Any]:
    """One plot over a CSV file, as `dvc plots diff` gives it."""
    return {
        "definitions": {"data": {"dvc.yaml": {"data": {"one": {"title": "One", **definition}}}}},
        "sources": {"data": {"plots/training/curves.csv": {"data": rows, "props": {}}}},
    }


def _read(before: list[dict[str, str]], after: list[dict[str, str]], **definition: Any) -> Plot:
    (plot,) = read_plots((_plots(before, **definition), _plots(after, **definition)), "")
    return plot


LOSS = {"x": "epoch", "y": {"plots/training/curves.csv": ["train", "held_out"]}}


def test_lines_are_told_apart_and_gaps_are_no_difference():
    rows = [
        {"epoch": "1", "train": "0.5", "held_out": ""},
        {"epoch": "2", "train": "0.4", "held_out": "0.6"},
    ]
    plot = _read(rows, rows, **LOSS)
    assert (plot.title, plot.topic, plot.x, plot.differs, plot.bars) == (
        "One",
        "training",
        "epoch",
        False,
        False,
    )
    assert (("held_out",), "1", "") in plot.before and (("train",), "2", "0.4") in plot.after
    assert _read(rows, rows[:1], **LOSS).differs


def test_bars_of_named_values_show_those_that_differ_most():
    names = {
        "x": "accuracy",
        "y": {"plots/training/curves.csv": "source"},
        "template": "bar_horizontal",
    }
    before = [{"source": f"s{number:02}", "accuracy": "0.5"} for number in range(20)]
    after = [row | ({"accuracy": "0.9"} if row["source"] == "s19" else {}) for row in before]
    plot = _read(before, after, **names)
    assert plot.bars and _values(plot.after)["s19"] == 0.9
    assert len(_labels(plot)) == 12 and "s19" in _labels(plot)


def test_pairs_of_names_are_counted():
    names = {"x": "label", "y": {"plots/training/curves.csv": "predicted"}, "template": "confusion"}
    rows = [{"label": "frog", "predicted": word} for word in ("frog", "owl", "frog")]
    assert _values(_read(rows, rows, **names).before) == {"frog as frog": 2.0, "frog as owl": 1.0}


def test_a_plot_that_is_new_has_nothing_before():
    (plot,) = read_plots(
        ({}, _plots([{"epoch": "1", "train": "0.5", "held_out": "0.6"}], **LOSS)), ""
    )
    assert plot.before == [] and len(plot.after) == 2 and plot.differs


@pytest.mark.parametrize("before", [[], [(("train",), "1", "0.5"), (("train",), "2", "")]])
def test_the_picture_is_the_same_for_the_same_plots(tmp_path, before):
    lines = Plot(
        "Loss", "training", "epoch", before, [(("train",), "1", "0.4"), (("train",), "2", "0.3")]
    )
    bars = Plot(
        "Accuracy", "training", "accuracy", [(("source",), "0.5", "a")], [(("source",), "0.7", "b")]
    )
    for name in ("one.png", "two.png"):
        draw_plots([lines, bars], tmp_path / name, ("main", "hard"))
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert Image.open(tmp_path / "one.png").size[0] == 1200
