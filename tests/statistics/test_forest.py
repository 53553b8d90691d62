"""The forest plot."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from stage6 import INTERACTIONS, MAIN, NAMES

from chorus.errors import DataError
from chorus.files import read_csv
from chorus.statistics import matched_effects
from chorus.statistics.forest import draw_forest

RUNS = read_csv(Path(__file__).parents[2] / "data" / "reference" / "stage6_runs.csv")


def test_every_effect_gets_a_row_and_the_same_effects_give_the_same_bytes(tmp_path: Path):
    effects = matched_effects(RUNS, "ood.auprc", MAIN, factors=NAMES)
    few, many, again = tmp_path / "few.png", tmp_path / "many.png", tmp_path / "again.png"
    draw_forest([("main effects", effects)], few, "Effects", "difference in F1")
    for path in (many, again):
        families = [
            ("main effects", effects),
            ("interactions", matched_effects(RUNS, "ood.auprc", INTERACTIONS, factors=NAMES)),
        ]
        draw_forest(families, path, "Effects", "difference in F1")
    assert many.read_bytes() == again.read_bytes()
    assert Image.open(many).height > Image.open(few).height


def test_nothing_to_draw_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="no effects"):
        draw_forest([("main effects", [])], tmp_path / "none.png", "Effects", "difference")
