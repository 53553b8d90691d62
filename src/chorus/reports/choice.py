"""Who chose the winner of a grid, and who judged it: in a sentence, with the figure that can be believed.

There are three ways: one site chooses and judges; other nights or sites choose than judge; or each site in turn is left
out of the choice and judges it.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from chorus.errors import DataError
from chorus.experiments.columns import JUDGED_BY
from chorus.experiments.winner import LeftOut, correct_best, leave_one_out
from chorus.reports.headline import spoken
from chorus.statistics import Selection

_CHOOSERS = {
    "iid": "test nights of known sites",
    "ood_validation": "the sites of split.ood_validation_sites",
}


def selection_sentence(
    runs: pd.DataFrame,
    board: pd.DataFrame,
    rank_by: str,
    factors: Sequence[str],
    judge: str | None,
    sites: Sequence[str],
    predictions: pd.DataFrame | str,
) -> str:
    """How the best configuration was chosen and judged, and what it is worth where it was not chosen.

    Args:
        runs: run, seed, signature, factors and metrics as numbers. board: of `chorus.experiments.grid_tables.rank`.
        rank_by: the metric that ranks ("ood.f1"). factors: columns in which runs differ.
        judge: that of them which names the site left out; None: there is none.
        sites: never heard in training, that judge; none where nobody names them.
        predictions: of all runs, see `chorus.experiments.winner.correct_best`; or why they are not at hand.
    """
    chosen_by, _, name = rank_by.rpartition(".")
    judges = _spoken_sites(_sites_of(runs, board, judge, sites), chosen_by)
    try:
        # Sites left out in turn first: they need no predictions, and the grid was made for that question.
        if chosen_by not in _CHOOSERS and judge and runs[judge].nunique() > 1:
            return _left_out(leave_one_out(runs, factors, judge, rank_by), spoken(rank_by))
        if chosen_by in _CHOOSERS:
            return _apart(board, chosen_by, f"ood.{name}", judges)
        if isinstance(predictions, str):
            raise DataError(predictions)
        return _corrected(correct_best(predictions, runs, rank_by), spoken(rank_by), judges)
    # The flattered figure stands on the page all the same: say that it is.
    except DataError as error:
        return f"{_same(judges)} its {spoken(rank_by)}; by how much cannot be said here: {error}."


def _sites_of(
    runs: pd.DataFrame, board: pd.DataFrame, judge: str | None, sites: Sequence[str]
) -> Sequence[str]:
    """The sites that judge the first of the board, which may be a factor of the grid."""
    if judge is None:
        return sites
    return [str(runs.loc[runs["signature"] == board["signature"].iloc[0], judge].iloc[0])]


def _spoken_sites(sites: Sequence[str], split: str) -> str:
    if not sites:
        return "the clips of the OOD test" if split in JUDGED_BY else "the same test"
    if len(sites) == 1:
        return f"one site, {sites[0]},"
    return f"the sites {', '.join(sites)}"


def _same(judges: str) -> str:
    return f"{judges[0].upper()}{judges[1:]} both chose the best configuration and judged it, which flatters"


def _corrected(found: Selection, metric: str, judges: str) -> str:
    drawn = f"{found.nights} site-nights and {found.seeds} seeds"
    doubt = ""
    if not found.by_seeds:
        drawn = f"{found.nights} site-nights"
        doubt = " The luck of its only seed is still in that."
    return (
        f"{_same(judges)} it: corrected for selection, its {metric} of {found.apparent:.3f} is {found.corrected:.3f}"
        f" (95 % interval {found.low:.3f} to {found.high:.3f}; chosen on redrawn {drawn} and judged on those left out,"
        f" {found.resamples} times).{doubt}"
    )


def _apart(board: pd.DataFrame, chosen_by: str, judged_by: str, judges: str) -> str:
    start = (
        f"Selection and judgement were apart: {_CHOOSERS[chosen_by]} chose the best configuration"
    )
    # A survey may keep all its sites for training and choosing: then the board has no such column, or an empty one.
    value = board.iloc[0].get(f"{judged_by}__mean")
    if value is None or pd.isna(value):
        return f"{start}, and no site that was never heard in training judged it."
    return (
        f"{start}; {judges} judged it without a say in that, so that its {spoken(judged_by)} of {value:.3f}"
        " is not flattered."
    )


def _left_out(found: LeftOut, metric: str) -> str:
    listed = ", ".join(f"{site} {value:.3f}" for site, value in found.judged.items())
    return (
        f"Leave-one-site-out: chosen by the other sites and judged at the one left out, the best configuration has"
        f" {metric} {found.mean:.3f} on average over {len(found.judged)} sites ({listed}); chosen and judged at the"
        f" same site it would seem to have {found.flattered:.3f}."
    )
