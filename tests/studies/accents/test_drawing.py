"""What is written in the picture: of a single voice, and of a class that is nearly always told."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from accents import drawing


def test_one_voice_has_an_accuracy_and_no_interval():
    several = {"value": 0.5, "low": 0.25, "high": 0.75}
    splits = {"test_iid": several, "test_ood": {"value": 1.0, "low": None, "high": None}}
    detail = {"by_split": {split: {"accuracy": one} for split, one in splits.items()}}
    said = drawing._summary(detail, list(splits))
    assert "unheard voices 0.500 (0.250–0.750)" in said
    assert "unheard voices and sentences 1.000 (of one voice)" in said


def test_a_share_that_is_rounded_to_one_reads_as_one():
    """Of "North", 1 of 250 is taken for "South", and 2 of 8 the other way round."""
    said = np.array(["North"] * 249 + ["South"] * 7 + ["North"] * 2)
    table = pd.DataFrame({"label": ["North"] * 250 + ["South"] * 8})
    for name in ("North", "South", "West"):
        table[f"score_{name}"] = (said == name).astype(float)
    axes = Figure().subplots()
    drawing._draw_confusions(axes, table)
    assert [text.get_text() for text in axes.texts] == ["1.00", ".25", ".75"]
