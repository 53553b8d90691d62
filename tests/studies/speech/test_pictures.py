"""Pictures of few answers: there is less to see, and nothing breaks."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from speech import pictures
from speech.answers import Answers


def reliability(each: int) -> list[list[float]]:
    """The shares of speech that are drawn of so many answers in each of eight bins, half of them right."""
    margins = np.repeat(np.linspace(-3, 3, 8), each)
    rows = pd.DataFrame({"label": np.tile(["SPEECH", "NONSPEECH"], 4 * each)})
    axes = Figure().subplots()
    given = Answers("base", (0,), margins[None], (1.0,), (0.0,), rows)
    pictures._reliability(axes, given, scaled=False)
    return [line.get_ydata().tolist() for line in axes.lines]


def test_a_bin_of_ten_answers_is_a_point_and_without_one_there_is_no_line():
    assert reliability(10) == [[0.5] * 8]
    assert reliability(2) == []
