"""The page holds what was found, stands alone, and cannot be broken by what it shows."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.files import read_json, write_json
from chorus.health.judge import judge
from chorus.health.options import HealthOptions
from chorus.reports.health import page
from chorus.reports.svg import bar_chart, line_chart, nice_ticks
from predicted import predicted

HISTORY = pd.DataFrame(
    {
        "epoch": range(1, 13),
        "train_loss": np.linspace(0.7, 0.2, 12),
        "train_loss_std": np.linspace(0.6, 0.9, 12),
        "validation_loss": np.linspace(0.7, 0.5, 12),
        "validation_accuracy": 0.6,
        "grad_norm_std": 0.4,
    }
)
MODEL = {
    "task": "detection",
    "classes": ["negative", "positive"],
    "options": {"gradient_clip": 0.5},
    "training": {"best_epoch": 3, "stopped": "patience"},
}


@pytest.fixture
def detail(tmp_path):
    """As it comes back from the file."""
    predictions = predicted(splits=("validation",))
    clips = predictions.assign(group=predictions["night"], seconds="3.000", recording="")
    write_json(
        tmp_path / "d.json",
        judge(HISTORY, MODEL, predictions, clips, clips, HealthOptions(profile="guide")).detail,
    )
    return read_json(tmp_path / "d.json")


def test_the_page_tells_the_verdict_the_numbers_and_what_to_do(detail):
    html = page("stage6_001", detail, HISTORY)
    text = re.sub(r"<[^>]+>", " ", html)
    assert detail["verdict"] == "trouble"
    assert "Trouble. Many labels of the training data look wrong" in text
    for finding in detail["findings"]:
        for said in (*finding["evidence"], *finding["actions"]):
            assert said in text
    for panel in (
        "Validation loss",
        "Macro F1",
        "Spread of the training loss",
        "Group consistency",
        "Accuracy by recorder",
    ):
        assert panel in text
    assert detail["validation"]["uncertain"][0]["clip_id"] in text


def test_what_a_run_did_not_log_is_said(detail):
    html = page("run", detail, HISTORY)
    assert html.count("Not known of this run.") == 4  # macro F1, group consistency, gap, entropy
    assert html.count("<polyline") == 5


def test_the_page_needs_nothing_else(detail):
    html = page("run", detail, HISTORY)
    assert not re.search(r"<(script|link|img|iframe)|https?:|url\(", html)


def test_names_cannot_break_the_page(detail):
    detail["validation"]["sources"] = {
        "<script>Pond & Co": {"clips": 12, "accuracy": 0.5, "low": 0.2, "high": 0.8}
    }
    html = page("<b>run", detail, HISTORY)
    assert "<script>" not in html and "<b>" not in html
    assert "&lt;script&gt;Pond &amp; Co" in html


def test_every_element_is_closed(detail):
    class Balance(HTMLParser):
        def __init__(self):
            super().__init__()
            self.open = []

        def handle_starttag(self, tag, _):
            if tag != "meta":
                self.open.append(tag)

        def handle_startendtag(self, *_):
            pass

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    balance = Balance()
    balance.feed(page("run", detail, HISTORY))
    assert balance.open == []


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_ticks_enclose_the_values_with_few_round_steps(low, span):
    ticks = nice_ticks(low, low + span)
    assert 2 <= len(ticks) <= 7
    slack = 1e-6 * max(abs(low), span, 1e-9)
    assert ticks[0] <= low + slack and ticks[-1] >= low + span - slack


def test_ticks_are_round():
    assert nice_ticks(0.21, 0.58) == [0.2, 0.3, 0.4, 0.5, 0.6]
    assert nice_ticks(0.0, 1.0) == [0.0, 0.5, 1.0]


def test_higher_values_are_drawn_higher_and_the_chart_is_wellformed():
    chart = ElementTree.fromstring(line_chart({"loss": [(1, 0.9), (2, 0.1), (3, 0.5)]}, marked=2))
    points = [
        tuple(map(float, pair.split(","))) for pair in chart.find("polyline").get("points").split()
    ]
    (x1, y1), (x2, y2), (x3, y3) = points
    assert x1 < x2 < x3 and y1 < y3 < y2
    assert float(chart.find("line[@class='marked']").get("x1")) == pytest.approx(x2)


def test_a_training_of_one_epoch_can_be_drawn():
    assert "<circle" in line_chart({"loss": [(1, 0.5)]})


def test_bars_are_as_long_as_their_shares():
    chart = ElementTree.fromstring(
        bar_chart([("A", 0.5, 0.4, 0.6, ""), ("B", 0.25, 0.1, 0.4, "")], "sources")
    )
    a, b = (float(bar.get("width")) for bar in chart.findall("rect[@class='bar']"))
    assert a == pytest.approx(2 * b, abs=0.2)
    assert len(chart.findall("line[@class='ends']")) == 2


def test_a_run_from_before_confusions_had_intervals_can_be_shown(detail):
    pair = {
        "true": "negative",
        "predicted": "positive",
        "clips": 3,
        "of": 9,
        "share": 1 / 3,
        "expected": False,
    }
    detail["validation"]["confusions"] = [pair]
    assert "3 of 9 clips" in page("old", detail, HISTORY)
