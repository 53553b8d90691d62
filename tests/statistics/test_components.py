"""Variance components: REML's where a table is balanced, known formulas where it is not, and intervals that cover."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from chorus.errors import DataError, ParameterError
from chorus.statistics.components import REST, Component, variance_components


def crossed(
    cells: int = 8, seeds: int = 5, spreads: tuple[float, float, float] = (1.0, 0.7, 0.5)
) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    of_cell, of_seed = rng.normal(0, spreads[0], cells), rng.normal(0, spreads[1], seeds)
    rows = [
        (f"c{cell}", f"s{seed}", of_cell[cell] + of_seed[seed] + rng.normal(0, spreads[2]))
        for cell, seed in product(range(cells), range(seeds))
    ]
    return pd.DataFrame(rows, columns=["cell", "seed", "y"])


def components(table: pd.DataFrame, *names: str, **aside: object) -> dict[str, Component]:
    found = variance_components(table["y"], {name: list(table[name]) for name in names}, **aside)  # type: ignore[arg-type]
    return {part.name: part for part in found}


def test_a_balanced_table_gives_the_estimates_of_reml():
    table = crossed()
    found = components(table, "cell", "seed")
    model = smf.mixedlm(
        "y ~ 1",
        table,
        groups=np.ones(len(table)),
        vc_formula={"cell": "0 + C(cell)", "seed": "0 + C(seed)"},
    )
    golden = model.fit(reml=True)
    by_name = dict(zip(model.exog_vc.names, golden.vcomp, strict=True))
    for name in ("cell", "seed"):
        assert found[name].variance == pytest.approx(by_name[name], rel=1e-3)
    assert found[REST].variance == pytest.approx(golden.scale, rel=1e-3)


def test_mean_squares_and_p_are_those_of_an_analysis_of_variance():
    table = crossed().sample(frac=0.8, random_state=1)
    found = components(table, "cell", "seed")
    golden = sm.stats.anova_lm(smf.ols("y ~ C(cell) + C(seed)", table).fit(), typ=1)
    assert found["seed"].p == pytest.approx(golden.loc["C(seed)", "PR(>F)"])
    assert found[REST].variance == pytest.approx(golden.loc["Residual", "mean_sq"])
    assert found["cell"].freedom == golden.loc["C(cell)", "df"]


def test_unequal_groups_give_the_textbook_estimate():
    """One way: (MS between - MS within) / n0, with n0 = (N - sum of squares of n / N) / (groups - 1)."""
    rng = np.random.default_rng(1)
    sizes = [2, 3, 5, 1, 4]
    table = pd.concat(
        [
            pd.DataFrame({"cell": f"c{i}", "y": rng.normal(i % 2, 1, n)})
            for i, n in enumerate(sizes)
        ],
        ignore_index=True,
    )
    found = components(table, "cell")
    groups = [group["y"].to_numpy() for _, group in table.groupby("cell")]
    mean, n = table["y"].mean(), len(table)
    between = sum(len(g) * (g.mean() - mean) ** 2 for g in groups) / 4
    within = sum(((g - g.mean()) ** 2).sum() for g in groups) / (n - 5)
    n0 = (n - sum(size**2 for size in sizes) / n) / 4
    assert found["cell"].variance == pytest.approx((between - within) / n0)
    assert found[REST].variance == pytest.approx(within)


def test_what_is_put_aside_has_no_say():
    table = crossed()
    shifted = table.assign(y=table["y"] + table["cell"].map({f"c{i}": 10.0 * i for i in range(8)}))
    plain, moved = (components(t, "seed", aside=[list(t["cell"])]) for t in (table, shifted))
    assert plain["seed"].variance == pytest.approx(moved["seed"].variance)
    assert plain["seed"].p == pytest.approx(moved["seed"].p)


@pytest.mark.parametrize("between", [0.0, 0.5, 2.0])
def test_intervals_cover(between):
    """One way, ten groups of four: variance and share of the groups, and the rest."""
    rng = np.random.default_rng(5)
    labels = [f"g{i}" for i in range(10) for _ in range(4)]
    share = between**2 / (between**2 + 1)
    held = []
    for _ in range(600):
        y = np.repeat(rng.normal(0, between, 10), 4) + rng.normal(0, 1, 40)
        group, rest = variance_components(y, {"group": labels})
        held.append(
            (
                group.low <= between**2 <= group.high,
                group.share_low <= share <= group.share_high,
                rest.low <= 1 <= rest.high,
            )
        )
    of_variance, of_share, of_rest = np.mean(held, axis=0)
    assert 0.93 <= of_share <= 0.99 if between == 0 else 0.93 <= of_share <= 0.97
    assert of_variance >= 0.93  # Tukey's and Williams' intervals are never too narrow
    assert 0.93 <= of_rest <= 0.97


def test_p_is_uniform_where_a_source_does_nothing():
    rng = np.random.default_rng(6)
    labels = [f"g{i % 6}" for i in range(24)]
    p = [variance_components(rng.normal(size=24), {"group": labels})[0].p for _ in range(1000)]
    assert 0.035 <= np.mean(np.array(p) < 0.05) <= 0.065


@pytest.mark.parametrize(
    ("values", "sources", "message"),
    [
        ([1.0, 2.0, np.nan], {"a": ["x", "x", "y"]}, "finite"),
        ([1.0, 2.0, 3.0], {"a": ["x", "y"]}, "labels for each"),
        ([1.0, 2.0, 3.0], {"a": ["x", "x", "x"]}, "a: explains nothing"),
        ([1.0, 2.0, 3.0, 4.0], {"a": list("xxyy"), "b": list("ppqq")}, "b: explains nothing"),
        ([1.0, 2.0, 3.0], {"a": ["x", "y", "z"]}, "nothing is left"),
    ],
)
def test_tables_that_cannot_tell_are_refused(values, sources, message):
    with pytest.raises(DataError, match=message):
        variance_components(values, sources)


def test_a_level_must_be_one():
    with pytest.raises(ParameterError, match="level: 2"):
        variance_components([1.0, 2.0, 3.0], {"a": ["x", "x", "y"]}, level=2)
