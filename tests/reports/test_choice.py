"""Who chose the best configuration, who judged it, and what that makes of its figure."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pandas as pd
import pytest
from stage6 import FACTORS

from chorus.experiments.grid_tables import aggregate, rank
from chorus.reports.choice import selection_sentence
from chorus.runs.factors import Factor
from chorus.statistics import correct_for_selection
from predicted import arrays, predicted

SITES = Factor("split.ood_sites", "ood_sites", ("A", "B", "C"))


def _predictions(runs: pd.DataFrame) -> pd.DataFrame:
    """Of all runs on the same clips, each with its own luck."""
    same, rng = predicted(), np.random.default_rng(3)
    tables = [
        same.assign(
            run=run.run, seed=run.seed, threshold=0.5, score=same["score"] ** rng.uniform(0.5, 2)
        )
        for run in runs.itertuples()
    ]
    return pd.concat(tables, ignore_index=True)


def _runs(**more) -> pd.DataFrame:
    rows = [
        {
            "run": f"{subset}{seed}", "seed": seed, "signature": subset, "quality": "high", "balance": "True",
            "positive_subsets": subset, "negative_subsets": "none", "ood.f1": 0.6 + 0.1 * (subset == "small"),
            "ood_validation.f1": 0.5, "iid.f1": 0.9, **more,
        }
        for subset, seed in product(("none", "small", "large"), (1, 2))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _sentence(
    runs,
    rank_by="ood.f1",
    judge=None,
    sites=("Sylvan Pond",),
    predictions: pd.DataFrame | str = "none here",
):
    factors = [*FACTORS, SITES] if judge else FACTORS
    names = [factor.name for factor in factors]
    return selection_sentence(
        runs, rank(aggregate(runs, factors), rank_by), rank_by, names, judge, sites, predictions
    )


def test_a_site_that_chose_and_judged_is_named_with_the_corrected_figure():
    runs = _runs()
    predictions = _predictions(runs)
    said = _sentence(runs, predictions=predictions)
    scores = np.array(
        [
            [
                arrays(predictions[predictions["run"] == f"{subset}{seed}"], "test_ood")[1]
                for seed in (1, 2)
            ]
            for subset in ("large", "none", "small")
        ]
    )
    labels, _ = arrays(predictions[predictions["run"] == "none1"], "test_ood")
    nights = predicted().query("split == 'test_ood'")["night"].to_numpy(dtype=str)
    found = correct_for_selection(labels, scores, np.full((3, 2), 0.5), nights, "f1")
    assert said.startswith(
        "One site, Sylvan Pond, both chose the best configuration and judged it, which flatters it: corrected for"
        f" selection, its OOD F1 of {found.apparent:.3f} is {found.corrected:.3f} (95 % interval {found.low:.3f} to"
    )
    assert "site-nights and 2 seeds and judged on those left out" in said


def test_one_seed_leaves_its_luck_in_the_figure():
    runs = _runs().query("seed == 1")
    assert _sentence(runs, predictions=_predictions(runs)).endswith(
        "The luck of its only seed is still in that."
    )


@pytest.mark.parametrize(
    ("rank_by", "chooser"),
    [
        ("ood_validation.f1", "the sites of split.ood_validation_sites"),
        ("iid.f1", "test nights of known sites"),
    ],
)
def test_selection_apart_from_judgement_is_said_and_needs_no_correction(rank_by, chooser):
    runs = _runs()
    runs.loc[runs["signature"] == "large", rank_by] = 0.95
    assert _sentence(runs, rank_by) == (
        f"Selection and judgement were apart: {chooser} chose the best configuration; one site, Sylvan Pond, judged it"
        " without a say in that, so that its OOD F1 of 0.600 is not flattered."
    )
    said = _sentence(runs.assign(**{"ood.f1": np.nan}), rank_by)
    assert said.endswith("and no site that was never heard in training judged it.")


def test_leaving_one_site_out_chooses_by_the_others():
    figures = {  # none is best at A alone, small at B and C
        "A": {"none": 0.9, "small": 0.5, "large": 0.4},
        "B": {"none": 0.3, "small": 0.6, "large": 0.5},
        "C": {"none": 0.2, "small": 0.7, "large": 0.65},
    }
    tables = [
        _runs(ood_sites=site).assign(
            run=lambda table, site=site: table["run"] + site,
            signature=lambda table, site=site: table["signature"] + site,
            **{"ood.f1": lambda table, site=site: table["positive_subsets"].map(figures[site])},
        )
        for site in figures
    ]
    runs = pd.concat(tables, ignore_index=True)
    said = _sentence(runs, judge="ood_sites")
    # Means: by B and C small is best; by A and C small, 0.600 over 0.550; by A and B none, 0.600 over 0.550.
    assert said == (
        "Leave-one-site-out: chosen by the other sites and judged at the one left out, the best configuration has OOD"
        " F1 0.433 on average over 3 sites (A 0.500, B 0.600, C 0.200); chosen and judged at the same site it would"
        " seem to have 0.733."
    )
    board = rank(aggregate(runs, [*FACTORS, SITES]), "ood.f1")
    assert (
        board["configuration"].iloc[0] == "high, balanced, ood sites A"
    )  # or a row would not say where it is from
    assert len(board) == 9


@pytest.mark.parametrize(
    ("rank_by", "predictions", "why"),
    [
        (
            "ood.f1",
            "the predictions of none1 are not on this machine",
            "the predictions of none1 are not on this",
        ),
        (
            "ood.oracle_best_f1",
            "",
            "ood.oracle_best_f1 cannot be corrected for selection: only precision, recall",
        ),
    ],
)
def test_what_cannot_be_corrected_is_still_called_flattered(rank_by, predictions, why):
    runs = _runs(**{"ood.oracle_best_f1": 0.7})
    given = predictions or _predictions(runs)
    said = _sentence(runs, rank_by, predictions=given)
    assert said.startswith(
        "One site, Sylvan Pond, both chose the best configuration and judged it, which flatters its"
    )
    assert re.search(f"by how much cannot be said here: {why}", said)


def test_several_sites_and_none_by_name():
    assert _sentence(_runs(), sites=("A", "B")).startswith("The sites A, B both chose")
    assert _sentence(_runs(), sites=()).startswith("The clips of the OOD test both chose")


def test_configurations_judged_on_other_clips_cannot_be_corrected():
    runs = _runs()
    predictions = _predictions(runs)
    lacks = (predictions["run"].str.startswith("large")) & (
        predictions["clip_id"] == "test_ood_00000"
    )
    assert "not all judged on the same clips" in _sentence(runs, predictions=predictions[~lacks])


def test_a_configuration_that_lacks_a_seed_has_no_part_in_the_correction():
    runs = _runs()
    predictions = _predictions(runs)
    some = runs[runs["run"] != "large2"]
    rest = runs[runs["signature"] != "large"]
    of = predictions["run"].isin
    assert _sentence(some, predictions=predictions[of(some["run"])]) == _sentence(
        rest, predictions=predictions[of(rest["run"])]
    )
