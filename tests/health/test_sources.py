"""A source is behind, or overfitted, only where clips enough say so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chorus.health import sources


def test_sources_that_all_differ_are_ordinary_and_the_one_beyond_them_is_not():
    """The same share of wrong clips at A is out of the ordinary among equals, and not among unequals."""
    names = np.repeat(list("ABCDEF"), 60)
    table = pd.DataFrame({"label": np.tile(["north", "south"], 180), "source": names})

    def gap(**wrong: float) -> float:
        place = np.tile(np.arange(60) / 60, 6)
        return sources.gap(
            table.assign(right=place >= pd.Series(names).map(lambda source: wrong.get(source, 0.1)))
        )

    assert gap(A=0.4) == pytest.approx(0.3, abs=0.02)
    assert gap(A=0.4, B=0.0, C=0.35, D=0.05, E=0.3) == 0


def _sources(**right: tuple[int, int]) -> pd.DataFrame:
    """Clips of each source: how many are right, of how many."""
    return pd.concat(
        [
            pd.DataFrame({"source": name, "right": np.arange(of) < number})
            for name, (number, of) in right.items()
        ],
        ignore_index=True,
    )


def test_the_worst_source_is_compared_with_all_others_together():
    assert sources.below(_sources(A=(10, 20), B=(18, 20), C=(72, 80))) == pytest.approx(
        90 / 100 - 0.5
    )
    assert sources.below(_sources(A=(0, 9), B=(18, 20), C=(20, 20))) == pytest.approx(
        0.1
    )  # nine clips prove nothing
    assert sources.below(_sources(A=(0, 9), B=(18, 20))) is None


def test_a_source_that_is_right_only_where_it_was_learned_is_overfitted():
    learned, judged = _sources(A=(20, 20), B=(40, 40)), _sources(A=(10, 20), B=(36, 40))
    assert sources.overfit(learned, judged) == pytest.approx((1 - 0.5) - (1 - 0.9))
    assert sources.overfit(learned, _sources(A=(10, 20), B=(20, 40))) == pytest.approx(0)
    assert sources.overfit(learned, _sources(A=(1, 5), B=(20, 40))) is None
