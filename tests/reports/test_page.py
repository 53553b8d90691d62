"""The page: alone in the world, the same bytes for the same runs, and true to them."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from stage6 import FACTORS, PLAN

from chorus.errors import DataError
from chorus.experiments.grid_effects import effects
from chorus.experiments.grid_tables import aggregate, rank
from chorus.files import read_csv, write_csv
from chorus.reports.figures import draw_all, draw_heat_map, draw_parallel
from chorus.reports.hardest import HardClip
from chorus.reports.headline import headline, spoken
from chorus.reports.page import Material, page
from chorus.reports.tables import told, typed
from chorus.statistics import Best, seed_summary


def _runs(health: bool = False) -> pd.DataFrame:
    """A grid like that of Stage 6, whose hard negatives cost F1 for certain and whose balance does nothing."""
    rng = np.random.default_rng(1)
    positives = [("high", "none", 24), ("high+medium", "none", 201), ("high+medium", "small", 206),
                 ("high+medium", "top50", 253), ("high+medium+low", "none", 358)]  # fmt: skip
    negatives = {"none": 0.0, "hardneg_conf_min_50": -0.05, "hardneg_conf_min_99": 0.0}
    rows = []
    for number, (seed, balance, (quality, subset, count), negative) in enumerate(
        product((1, 2, 3), ("True", "False"), positives, negatives)
    ):
        f1 = 0.7 + negatives[negative] + rng.normal(0, 0.004)
        rows.append(
            {
                "run": f"run_{number:02d}", "seed": seed, "quality": quality, "balance": balance,
                "positive_subsets": subset, "negative_subsets": negative, "ood.f1": f1, "ood.precision": f1,
                "ood.recall": f1, "ood.auprc": f1 + 0.1, "iid.f1": f1 + 0.05, "threshold": 0.4, "positives": count,
                "negatives": count, "ood.all_positive.f1": 0.6, "ood.logistic_regression.f1": f1 - 0.01,
                "signature": f"{quality}{subset}{negative}{balance}", "version": "abcd1234",
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    if health:
        table["health.verdict"] = np.where(table["ood.f1"] > 0.68, "healthy", "watch")
        table["health.findings"] = np.where(table["ood.f1"] > 0.68, "none", "unstable_gradients")
        table["signal.grad_norm"] = 1 - table["ood.auprc"]
        table["signal.train_accuracy"] = 1.0
    return table


def _material(tmp_path, runs: pd.DataFrame, **more) -> Material:
    """What a page is made of; figures of the same runs may be given, as drawing them takes longest."""
    write_csv(tmp_path / "runs.csv", runs)
    read = typed(read_csv(tmp_path / "runs.csv"), ["ood.f1"], FACTORS)
    board = rank(aggregate(read, FACTORS), "ood.f1")
    first = told(read, "ood.f1", PLAN.metrics, FACTORS).first
    if "figures" not in more:
        more["figures"] = draw_all(
            read, list(board["signature"]), first, FACTORS, PLAN.by_axis(), tmp_path / "plots"
        )
    given = {
        "name": "stage6",
        "planned": len(runs),
        "comparisons": pd.DataFrame(),
        "rank_by": "ood.f1",
    }
    given |= {"question": PLAN.question, "factors": FACTORS, "metrics": PLAN.metrics}
    try:
        given["effects"] = effects(read, PLAN.metrics, FACTORS, PLAN.families).by_metric
    except DataError as error:
        given["why_no_effects"] = str(error)
    return Material(**{**given, "runs": read, "board": board, **more})


class _Page(HTMLParser):
    """Collects what a page would load, its text, and whether its elements are closed."""

    VOID = ("meta", "img", "br", "wbr", "line", "circle")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.targets: list[str] = []
        self.ids: set[str] = set()
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.loaded += [found[key] for key in ("src", "srcset", "data", "poster") if key in found]
        self.targets += [found["href"]] if "href" in found else []
        self.ids |= {found["id"]} if "id" in found else set()
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag, f"{tag} is closed, but another element is open"

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    return _material(tmp_path_factory.mktemp("report"), _runs())


@pytest.fixture(scope="module")
def sick_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sick")


@pytest.fixture(scope="module")
def sick(sick_folder):
    return _material(sick_folder, _runs(health=True))


def test_it_needs_nothing_else_and_its_links_lead_somewhere(material):
    text = page(material)
    read = _Page(text)
    assert read.open == []
    assert len(read.loaded) >= 4 and all(
        address.startswith("data:image/png;base64,") for address in read.loaded
    )
    assert all(target.startswith("#") and target[1:] in read.ids for target in read.targets)
    assert not re.search(r"https?://|@import|url\(|<script|<link", text)
    assert len(text.encode()) < 3_000_000


def test_the_same_runs_give_the_same_bytes(material, tmp_path):
    """All but the pictures, which test_pictures_are_narrow_and_the_same_each_time draws once more."""
    assert page(_material(tmp_path, _runs(), figures=material.figures)) == page(material)


def test_the_best_configuration_and_its_figures_are_those_of_the_runs(material):
    text = _Page(page(material)).text
    first = material.board.iloc[0]
    own = material.runs[material.runs["signature"] == first["signature"]]["ood.f1"]
    found = seed_summary(own.to_numpy())
    assert (
        f"{first['configuration']}: OOD F1 {own.mean():.3f} on average over 3 seeds (SD {found.sd:.3f}"
        in text
    )
    assert f"95 % interval {found.ci_low:.3f} to {found.ci_high:.3f}" in text


def test_what_holds_is_said_and_what_does_not_is_not(material):
    text = _Page(page(material)).text
    held = text[text.index("What holds") : text.index("Against trivial")]
    assert "hardneg_conf_min_50 instead of none (negative subsets): OOD F1 −0.05" in held
    assert "hardneg_conf_min_99" not in held and "balanced instead" not in held
    assert text.startswith("stage6: Which training data?")
    assert "The baseline “all positive” gives 0.600; the model is better in 30 of 30" in text
    assert (
        "The baseline “logistic regression”" in text
        and "better than it in 30 of 30 configurations" in text
    )


def test_health_is_shown_once_runs_have_it(material, sick):
    without = _Page(page(material))
    assert "health" not in without.ids and "health" not in without.text.lower()
    read = _Page(page(sick))
    assert "health" in read.ids and "health" in sick.figures
    assert "unstable gradients" in read.text
    runs = sick.runs
    ill = runs["health.verdict"] == "watch"
    means = [f"{runs.loc[where, 'ood.f1'].mean():.3f}" for where in (ill, ~ill)]
    assert f"unstable gradients {int(ill.sum())} {means[0]} {means[1]}" in read.text
    assert "grad norm −1.000 < 0.001" in read.text  # it was made to fall as AUPRC rises
    assert "train accuracy" not in read.text  # the same in all runs: nothing to say


def test_missing_predictions_and_several_versions_are_said(material, tmp_path):
    runs = _runs()
    runs.loc[0, "version"] = "ffff0000"
    given = {"planned": 100, "hard_missing": "the audio is not here", "notes": {}}
    text = _Page(page(_material(tmp_path, runs, figures=material.figures, **given))).text
    assert "The audio is not here." in text
    assert "Several versions of code or data (abcd1234, ffff0000)" in text
    assert "90 of 100 runs" in text
    assert "Synthetic" not in text


def test_a_synthetic_survey_is_called_so(material):
    text = _Page(page(replace(material, notes={"synthetic": True}))).text
    assert "Synthetic recordings" in text and "no evidence about animals" in text


def test_names_from_the_field_cannot_break_the_page(material):
    about = {
        "clip_id": "<b>&", "label": "positive", "quality": "low", "call_type": "", "site": '<script>"x"</script>',
        "night": "R1/2024-03-01", "wrong": 1.0, "mean_score": 0.1,
    }  # fmt: skip
    text = page(replace(material, hard_clips=[HardClip(about, b"png", b"flac")]))
    read = _Page(text)
    assert "<script>" not in text and read.open == []
    assert '<script>"x"</script>' in read.text
    assert any(address.startswith("data:audio/flac;base64,") for address in read.loaded)


def test_a_grid_of_other_factors_has_a_page_without_effects(tmp_path):
    runs = _runs()
    runs = runs[(runs["negative_subsets"] == "none") & (runs["positive_subsets"] == "none")]
    text = _Page(page(_material(tmp_path, runs))).text
    assert (
        "Not for this grid: there are no runs with negative_subsets = hardneg_conf_min_50" in text
    )


def test_metrics_and_their_splits_are_written_as_people_write_them():
    metrics = ("ood.f1", "iid.auprc", "ood_validation.auprc", "folds.rmse", "accuracy")
    assert [spoken(metric) for metric in metrics] == [
        "OOD F1", "IID AUPRC", "OOD validation AUPRC", "folds rmse", "accuracy",
    ]  # fmt: skip


def test_a_page_of_another_study_speaks_of_no_threshold_and_no_pond(tmp_path):
    of_frogs = _material(tmp_path, _runs(), figures={})
    at_a_threshold = "OOD F1 at the threshold chosen on the validation split."
    assert at_a_threshold in _Page(page(of_frogs)).text
    by_auprc = replace(of_frogs, rank_by="ood.auprc")
    assert "ranked by OOD AUPRC. The interval" in _Page(page(by_auprc)).text
    of_scores = replace(of_frogs, runs=of_frogs.runs.drop(columns="threshold"))
    text = _Page(page(of_scores)).text
    assert "ranked by OOD F1. The interval" in text and "pond" not in text


def test_a_best_that_luck_always_reaches_is_said_in_plain_numbers():
    runs = _runs()
    board = rank(aggregate(runs, FACTORS), "ood.f1")
    best = Best(("a",), 0.7, (0.7, 0.7, 0.7), others=29, behind=0, shuffled=0.71, p=1.0)
    assert (
        "this one in 100 % of" in headline(runs, board, "ood.f1", best, None, [], FACTORS).certainty
    )


def test_one_seed_and_one_configuration_have_a_page_that_claims_nothing(tmp_path):
    runs = _runs()
    text = _Page(page(_material(tmp_path, runs[runs["seed"] == 1].iloc[:1]))).text
    assert "one seed." in text and "cannot be said" in text
    assert "The other" not in text
    assert "nan" not in text.lower().split()


def test_a_model_is_better_than_a_baseline_where_its_error_is_lower():
    told_of = ["run", "seed", "signature", *(factor.name for factor in FACTORS)]
    runs = _runs()[told_of].assign(**{"test.rmse": 0.1, "test.mean.rmse": 0.6})
    board = rank(aggregate(runs, FACTORS), "test.rmse")
    (said,) = headline(runs, board, "test.rmse", None, None, [], FACTORS).baselines
    assert said.endswith("the model is better in 30 of 30 configurations.")


@pytest.mark.parametrize("metric", ["ood.f1", "ood.brier"])
def test_the_best_cell_is_framed_and_the_best_line_is_yellow(metric, tmp_path):
    runs = _runs().rename(columns={"ood.f1": metric})
    is_first = runs["negative_subsets"] == "none"
    runs[metric] = np.where(is_first, 0.2, 0.8)
    best = 0.2 if metric == "ood.brier" else 0.8
    draw_heat_map(runs, metric, PLAN.by_axis(), tmp_path / "map.png")
    across = _columns_like(tmp_path / "map.png", (213, 94, 0))
    assert (across.mean() < 0.5) == (best == 0.2)
    draw_parallel(runs, [metric], PLAN.by_axis(), tmp_path / "lines.png")
    ends = _columns_like(tmp_path / "lines.png", (253, 231, 37), lowest=0.8)
    assert (ends.mean() < 0.5) == (best == 0.2)


def _columns_like(path: Path, colour: tuple[int, int, int], lowest: float = 0.0) -> np.ndarray:
    """Where pixels of about this colour are from left (0) to right (1), from a height on."""
    pixels = np.asarray(Image.open(path).convert("RGB"), dtype=int)
    pixels = pixels[int(lowest * len(pixels)) :]
    _, columns = np.nonzero(np.abs(pixels - colour).max(axis=2) < 25)
    assert len(columns)
    return columns / pixels.shape[1]


def test_pictures_are_narrow_and_the_same_each_time(sick, sick_folder, tmp_path):
    assert sorted(sick.figures) == [
        "health",
        "heat_auprc",
        "heat_f1",
        "leaderboard",
        "parallel",
        "signals",
    ]
    assert _material(tmp_path, _runs(health=True)).figures == sick.figures
    for name in sick.figures:
        with Image.open(sick_folder / f"plots/{name}.png") as image:
            assert image.width == 1040
            assert len(image.convert("RGB").getcolors(1 << 24)) > 5
    assert sick.figures["heat_f1"] != sick.figures["heat_auprc"]
