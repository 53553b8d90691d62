"""The page: from tables, pictures and sounds to one HTML text that needs nothing else."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from chorus import statistics
from chorus.errors import DataError
from chorus.reporting.hardest import HardClip
from chorus.reporting.headline import headline, minus, signed, spoken, spoken_effect
from chorus.reporting.tables import associations, findings, health_of, negative_columns, training_sets

FAMILIES: dict[str, Sequence[statistics.Contrast | statistics.Interaction]] = {
    "main effects": statistics.STAGE6_MAIN,
    "interactions": statistics.STAGE6_INTERACTIONS,
}


@dataclass(frozen=True)
class Material:
    """All that the page of a grid is made of.

    name: of the sweep. planned: how many runs it has.
    runs: of `chorus.reporting.tables.typed`. board, comparisons: of `chorus.experiments.leaderboard`.
    rank_by: the metric of the leaderboard ("ood.f1"); its split is the one that the page is about.
    figures: name of a picture ("leaderboard", "heat_f1", "parallel", "health", ...) -> PNG.
    hard_clips, wrong_counts: of `chorus.reporting.hardest`; `hard_missing` says why there are none, or no sounds;
        `spectrograms`, what their pictures show.
    selection: how the best was chosen and judged, and what it is worth corrected for that.
    verdicts: name of a comparison -> a sentence on whether its difference is real.
    subsets: metrics/subsets.json. notes: metrics/survey.json's.
    data: of dvc.lock, each with stage, path, md5, size and nfiles.
    stamp: names what the page is made of; only a complete page bears it.
    """

    name: str
    planned: int
    runs: pd.DataFrame
    board: pd.DataFrame
    comparisons: pd.DataFrame
    rank_by: str
    figures: Mapping[str, bytes]
    hard_clips: Sequence[HardClip] = ()
    spectrograms: str = ""
    wrong_counts: Sequence[Mapping[str, Any]] = ()
    hard_missing: str = ""
    selection: str = ""
    verdicts: Mapping[str, str] = field(default_factory=dict)
    subsets: Mapping[str, Any] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    data: Sequence[Mapping[str, Any]] = ()
    stamp: str = ""


def page(material: Material) -> str:
    """The page as HTML: the same text for the same material."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = Path(__file__).parent
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "three": lambda value: "–" if pd.isna(value) else f"{value:.3f}",
        "signed": signed,
        "minus": minus,
        "p": lambda value: "< 0.001" if value < 0.001 else f"{value:.3f}",
        "spoken": spoken,
        "spoken_effect": spoken_effect,
        "breakable": _breakable,
        "base64": lambda content: base64.b64encode(content).decode("ascii"),
    }
    style = (folder / "page.css").read_text(encoding="utf-8")
    return environment.get_template("page.html").render(style=style, **_context(material))


def _breakable(text: str) -> Any:
    """Text that may be broken after / _ and +, where a phone needs it; nothing is added to what one copies."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"(?<=\w)([/_+])(?=\w)", r"\1<wbr>", str(escape(text))))


def _context(material: Material) -> dict[str, Any]:
    runs, board, rank_by = material.runs, material.board, material.rank_by
    split = rank_by.partition(".")[0]
    effects, why_no_effects = _effects(runs, [f"{split}.{name}" for name in ("f1", "auprc", "precision", "recall")])
    best, detectable = _luck(runs, rank_by)
    plain = [(metric, [effect for _, family in found for effect in family]) for metric, found in effects.items()]
    health = health_of(runs) if "health.verdict" in runs else {}
    shown = [metric for metric in (rank_by, f"{split}.auprc") if metric in runs]
    return {
        "m": material,
        "split": split,
        "seeds": sorted(int(seed) for seed in runs["seed"].unique()),
        "versions": sorted(runs["version"].unique()) if "version" in runs else [],
        "headline": headline(runs, board, rank_by, best, detectable, plain[:2]),
        "columns": _columns(board, split, rank_by),
        "board": board.to_dict("records"),
        "first_run": {signature: group.iloc[0] for signature, group in runs.groupby("signature")},
        "effects": effects,
        "ranges": {metric: _range(found) for metric, found in effects.items()},
        "why_no_effects": why_no_effects,
        "comparisons": _comparisons(material.comparisons, split),
        "negative_columns": negative_columns(runs) if "negatives" in runs else [],
        "training_sets": training_sets(runs) if "negatives" in runs else [],
        "summaries": _summaries(runs, board, split),
        "runs": runs.to_dict("records"),
        "health": health,
        "findings": findings(runs, shown) if health else [],
        "associations": associations(runs, shown[-1]) if health else [],
        "shown": shown,
    }


def _effects(
    runs: pd.DataFrame, metrics: Sequence[str]
) -> tuple[dict[str, list[tuple[str, list[statistics.Effect]]]], str]:
    """Metric -> families of effects; or none, and why: a grid of other factors has other effects."""
    try:
        return {
            metric: [(title, statistics.matched_effects(runs, metric, family)) for title, family in FAMILIES.items()]
            for metric in metrics
            if metric in runs
        }, ""
    except DataError as error:
        return {}, str(error)


def _luck(runs: pd.DataFrame, metric: str) -> tuple[statistics.Best | None, float | None]:
    try:
        spread = statistics.run_spread(runs, metric)
        best = statistics.judge_best(runs, metric)
    except DataError:  # too few seeds or configurations: the page then says so
        return None, None
    return best, statistics.minimal_detectable_difference(spread, int(runs["seed"].nunique()))


def _columns(board: pd.DataFrame, split: str, rank_by: str) -> list[str]:
    """The metrics beside the one that ranks."""
    wanted = [f"{split}.{name}" for name in ("f1", "precision", "recall", "auprc")] + ["iid.f1"]
    known = [metric for metric in wanted if f"{metric}__mean" in board and board[f"{metric}__mean"].notna().any()]
    return [metric for metric in dict.fromkeys(known) if metric != rank_by]


def _range(found: Sequence[tuple[str, Sequence[statistics.Effect]]]) -> tuple[float, float]:
    """What a metric's forest plots span: all estimates and seeds, and of the intervals what lies near them."""
    effects = [effect for _, family in found for effect in family]
    values = [0.0, *(value for effect in effects for value in (*effect.per_seed, effect.difference))]
    reach = 1.25 * max(abs(value) for value in values) or 0.01
    return -reach, reach


def _comparisons(table: pd.DataFrame, split: str) -> list[dict[str, Any]]:
    if table.empty:
        return []
    metrics = [f"{split}.{name}" for name in ("f1", "precision", "recall", "auprc")] + ["iid.f1"]
    counts = [name for name in ("positives", "negatives") if name in table]
    return [
        {
            "name": name,
            "shows": rows["shows"].iloc[0],
            "counts": counts,
            "metrics": [metric for metric in metrics if metric in rows and rows[metric].notna().any()],
            "rows": rows.to_dict("records"),
        }
        for name, rows in table.groupby("comparison", sort=False)
    ]


def _summaries(runs: pd.DataFrame, board: pd.DataFrame, split: str) -> list[tuple[str, str]]:
    """Configuration -> the figures of its seeds as text, in rank order."""
    metrics = [f"{split}.{name}" for name in ("f1", "precision", "recall", "auprc", "auroc")] + ["iid.f1"]
    known = [metric for metric in metrics if metric in runs and runs[metric].notna().all()]
    return [
        (
            row["configuration"],
            statistics.format_summaries(
                {
                    spoken(metric): statistics.seed_summary(
                        runs.loc[runs["signature"] == row["signature"], metric].to_numpy(dtype=float)
                    )
                    for metric in known
                }
            ),
        )
        for row in board.to_dict("records")
    ]
