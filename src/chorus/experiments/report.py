"""The report of a grid: what its page is made of, gathered from the table of runs and from the experiments."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from chorus.errors import DataError
from chorus.evaluation.bootstrap import METRICS
from chorus.experiments.columns import JUDGED_BY
from chorus.experiments.grid_effects import Effects, effects
from chorus.experiments.grid_tables import comparable, tables
from chorus.experiments.predictions import PredictionStore
from chorus.experiments.study import Grid
from chorus.files import read_json, write_csv
from chorus.pictures import PictureOptions
from chorus.reports.choice import selection_sentence
from chorus.reports.figures import draw_all
from chorus.reports.hardest import hard_clips, wrong_counts, wrong_shares
from chorus.reports.page import Material, page
from chorus.reports.tables import told
from chorus.reports.tables import typed as with_types
from chorus.reports.verdicts import verdicts

_CODE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Files:
    """raw: folder of the audio. plots: folder for pictures. hardest: for the table of the hardest clips.
    subsets, survey: metrics of the stages that all runs share, where there are such."""

    raw: Path
    plots: Path
    hardest: Path
    subsets: Path
    survey: Path


@dataclass(frozen=True)
class Report:
    """A page; and why it lacks the sound of the hardest clips, "" where it has it."""

    page: str
    missing: str


def stamp_of(grid: Grid, files: Sequence[Path]) -> str:
    """A hash of what the page follows from: tables, shared data (the runs' own is in their version), and all code."""
    digest = hashlib.sha256(json.dumps(grid.shared_data(), sort_keys=True).encode())
    code = [path for path in _CODE.rglob("*") if path.suffix in (".py", ".html", ".css")]
    # sorted: a disk lists its files in any order
    for path in [*files, *sorted(code)]:
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def make_report(
    grid: Grid, name: str, runs: pd.DataFrame, files: Files, shown: PictureOptions, stamp: str
) -> Report:
    """Draw the pictures of a grid, list its hardest clips, and make its page.

    Args:
        name: of the sweep.
        runs: its table of runs, as text.
        shown: of the spectrograms.
        stamp: of `stamp_of`.

    Raises:
        DataError: the table lacks a column, or the metric that ranks is unknown of a run.
    """
    plan = grid.plan
    typed = with_types(runs, [plan.rank_by], plan.factors)
    ranked = tables(typed, plan)
    found, why_none = _effects(typed, grid)
    first = told(typed, plan.rank_by, plan.metrics, plan.factors).first
    order = list(ranked.board["signature"])
    figures = draw_all(typed, order, first, plan.factors, plan.by_axis(), files.plots)
    material = Material(
        name=name,
        question=plan.question,
        planned=len(grid.runs),
        runs=typed,
        board=ranked.board,
        comparisons=ranked.comparisons,
        rank_by=plan.rank_by,
        factors=plan.factors,
        metrics=plan.metrics,
        effects=found.by_metric,
        why_no_effects=why_none,
        remarks=found.remarks,
        figures=figures,
        subsets=_read(files.subsets),
        notes=_read(files.survey).get("notes", {}),
        data=grid.shared_data(),
        stamp=stamp,
        **_from_predictions(grid, typed, ranked.board, files, shown),
    )
    return Report(page(material), material.hard_missing)


def _effects(runs: pd.DataFrame, grid: Grid) -> tuple[Effects, str]:
    """The effects of the metrics that were judged; or none, and why."""
    plan = grid.plan
    judged = [metric for metric in plan.metrics if metric in runs]
    # a grid that is half done may lack the runs to compare: its page then says so, and shows all the rest
    try:
        return effects(runs, judged, plan.factors, plan.families), ""
    except DataError as error:
        return Effects({}), str(error)


def _read(path: Path) -> dict[str, Any]:
    return dict(read_json(path)) if path.is_file() else {}


def chosen(grid: Grid, runs: pd.DataFrame, board: pd.DataFrame, rank_by: str = "") -> str:
    """Who chose and judged the best, and what it is worth: `chorus.reports.choice.selection_sentence`."""
    predictions: pd.DataFrame | str
    try:
        predictions = PredictionStore(grid.root).together(grid.behind(runs))
    except DataError as error:
        predictions = str(error)
    return _chosen(grid, runs, board, predictions, rank_by)


def _chosen(
    grid: Grid,
    runs: pd.DataFrame,
    board: pd.DataFrame,
    predictions: pd.DataFrame | str,
    rank_by: str = "",
) -> str:
    """`predictions`: of all runs; or why they are not at hand."""
    plan = grid.plan
    judge = None
    for factor in plan.factors:
        if factor.key == plan.judged_at:
            judge = factor.name
    ranked_by = rank_by or plan.rank_by
    return selection_sentence(runs, board, ranked_by, plan.names, judge, grid.judges, predictions)


def _from_predictions(
    grid: Grid, runs: pd.DataFrame, board: pd.DataFrame, files: Files, shown: PictureOptions
) -> dict[str, Any]:
    """What of the page needs the predictions of all runs; and why it is missing where they are not at hand."""
    prefix, _, metric = grid.plan.rank_by.rpartition(".")
    split = JUDGED_BY.get(prefix, prefix)
    # gathered once for the hardest clips, the sentence on selection and the verdicts: a file a run
    try:
        predictions = PredictionStore(grid.root).together(grid.behind(runs))
    except DataError as error:
        return {"hard_missing": str(error), "selection": _chosen(grid, runs, board, str(error))}
    shares = wrong_shares(predictions, split)
    write_csv(files.hardest, shares)
    clips, missing = hard_clips(shares, files.raw, shown)
    about = [f"up to {shown.highest_hz / 1000:g} kHz", shown.note]
    pairs = comparable(runs, grid.plan.comparisons)
    # only these are redrawn by the bootstrap that the sentences rest on
    by = metric if metric in METRICS else "f1"
    return {
        "selection": _chosen(grid, runs, board, predictions),
        "spectrograms": " · ".join(part for part in about if part),
        "hard_clips": clips,
        "hard_missing": missing,
        "wrong_counts": wrong_counts(shares),
        "verdicts": verdicts(predictions, runs, pairs, split, by),
    }
