"""The report of a grid: what its page is made of, from the table of runs and what the study knows of them.

It imports what can change the page and nothing that finds experiments, so that its imports say what a page is made by.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

import chorus
from chorus.errors import DataError
from chorus.evaluation.bootstrap import METRICS
from chorus.experiments.columns import JUDGED_BY
from chorus.experiments.grid_effects import Effects, effects
from chorus.experiments.grid_tables import comparable, tables
from chorus.experiments.plan import Plan
from chorus.files import read_json, write_csv
from chorus.fingerprints import SOURCE, Code
from chorus.pictures import PictureOptions
from chorus.reports.choice import selection_sentence
from chorus.reports.figures import draw_all
from chorus.reports.hardest import hard_clips, wrong_counts, wrong_shares
from chorus.reports.page import Material, page
from chorus.reports.tables import told
from chorus.reports.tables import typed as with_types
from chorus.reports.verdicts import verdicts


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
class Known:
    """What a study knows of the runs of a grid beside their table.

    data: of `Grid.shared_data`. judges: of `Grid.judges`.
    predictions: of all runs, of `chorus.experiments.predictions`; or why they are not at hand.
    """

    data: Sequence[Mapping[str, Any]]
    judges: Sequence[str]
    predictions: pd.DataFrame | str


@dataclass(frozen=True)
class Report:
    """A page; and why it lacks the sound of the hardest clips, "" where it has it."""

    page: str
    missing: str


def stamp_of(values: Sequence[Any], files: Sequence[Path]) -> str:
    """A hash of what a page follows from: what it is made of, and what the code that makes it means.

    Args:
        values: as JSON can have them, such as the shared data (the runs' own is in their version).
        files: those of them that are not there count for nothing.
    """
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode())
    for path in files:
        if path.is_file():
            digest.update(path.read_bytes())
    digest.update(_code())
    return digest.hexdigest()[:16]


def _code() -> bytes:
    """What the code that can change a page is, so that any other edit leaves the page as it is."""
    source = Path(chorus.__file__).parents[1]
    if source.name == SOURCE.name:
        return Code(source).fingerprint(Path(__file__)).encode()
    # an installed package lies among all others, to which its imports would lead; nobody edits it
    package = [path for path in (source / "chorus").rglob("*") if path.suffix != ".pyc"]
    return b"".join(path.read_bytes() for path in sorted(package) if path.is_file())


def make_report(
    name: str,
    plan: Plan,
    runs: pd.DataFrame,
    known: Known,
    files: Files,
    shown: PictureOptions,
    stamp: str,
) -> Report:
    """Draw the pictures of a grid, list its hardest clips, and make its page.

    Args:
        name, plan: of the sweep.
        runs: its table of runs, as text.
        shown: of the spectrograms.
        stamp: of `stamp_of`.

    Raises:
        DataError: the table lacks a column, or the metric that ranks is unknown of a run.
    """
    typed = with_types(runs, [plan.rank_by], plan.factors)
    ranked = tables(typed, plan)
    found, why_none = _effects(typed, plan)
    first = told(typed, plan.rank_by, plan.metrics, plan.factors).first
    order = list(ranked.board["signature"])
    figures = draw_all(typed, order, first, plan.factors, plan.by_axis(), files.plots)
    material = Material(
        name=name,
        question=plan.question,
        planned=len(plan.runs),
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
        data=known.data,
        stamp=stamp,
        **_from_predictions(plan, typed, ranked.board, known, files, shown),
    )
    return Report(page(material), material.hard_missing)


def _effects(runs: pd.DataFrame, plan: Plan) -> tuple[Effects, str]:
    """The effects of the metrics that were judged; or none, and why."""
    judged = [metric for metric in plan.metrics if metric in runs]
    # a grid that is half done may lack the runs to compare: its page then says so, and shows all the rest
    try:
        return effects(runs, judged, plan.factors, plan.families), ""
    except DataError as error:
        return Effects({}), str(error)


def _read(path: Path) -> dict[str, Any]:
    return dict(read_json(path)) if path.is_file() else {}


def chosen(
    plan: Plan,
    runs: pd.DataFrame,
    board: pd.DataFrame,
    judges: Sequence[str],
    predictions: pd.DataFrame | str,
    rank_by: str = "",
) -> str:
    """Who chose and judged the best, and what it is worth: `chorus.reports.choice.selection_sentence`.

    Args:
        judges, predictions: see `Known`.
        rank_by: the metric that ranks in place of the sweep's.
    """
    judge = None
    for factor in plan.factors:
        if factor.key == plan.judged_at:
            judge = factor.name
    ranked_by = rank_by or plan.rank_by
    return selection_sentence(runs, board, ranked_by, plan.names, judge, judges, predictions)


def _from_predictions(
    plan: Plan,
    runs: pd.DataFrame,
    board: pd.DataFrame,
    known: Known,
    files: Files,
    shown: PictureOptions,
) -> dict[str, Any]:
    """What of the page needs the predictions of all runs; and why it is missing where they are not at hand."""
    predictions = known.predictions
    selection = chosen(plan, runs, board, known.judges, predictions)
    if isinstance(predictions, str):
        return {"hard_missing": predictions, "selection": selection}
    prefix, _, metric = plan.rank_by.rpartition(".")
    split = JUDGED_BY.get(prefix, prefix)
    shares = wrong_shares(predictions, split)
    write_csv(files.hardest, shares)
    clips, missing = hard_clips(shares, files.raw, shown)
    about = [f"up to {shown.highest_hz / 1000:g} kHz", shown.note]
    pairs = comparable(runs, plan.comparisons)
    # only these are redrawn by the bootstrap that the sentences rest on
    by = metric if metric in METRICS else "f1"
    return {
        "selection": selection,
        "spectrograms": " · ".join(part for part in about if part),
        "hard_clips": clips,
        "hard_missing": missing,
        "wrong_counts": wrong_counts(shares),
        "verdicts": verdicts(predictions, runs, pairs, split, by),
    }
