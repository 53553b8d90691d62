"""The page: from tables, pictures and sounds to one HTML text that needs nothing else."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pandas as pd

from chorus import statistics
from chorus.errors import DataError
from chorus.experiments.columns import JUDGED_BY
from chorus.metrics.direction import lower_is_better
from chorus.reports.hardest import HardClip
from chorus.reports.headline import headline, minus, signed, spoken, spoken_effect, spoken_split
from chorus.reports.html import render
from chorus.reports.tables import Told, associations, findings, health_of, told, training_sets
from chorus.runs.factors import Factor

Families = Mapping[str, Sequence[statistics.Effect]]
_JUDGED_ON = {
    "ood": "the clips of a site never heard in training (OOD)",
    "iid": "the test clips of known sites (IID)",
    "ood_validation": "the clips of sites kept to choose by",
}
# Metrics of decisions; areas under curves, and the best F1 that any threshold gives, need none that is chosen.
_AT_A_THRESHOLD = ("f1", "precision", "recall")


@dataclass(frozen=True)
class Material:
    """All that the page of a grid is made of.

    name: of the sweep. question: what it asks. planned: how many runs it has.
    factors: what its runs differ in, in the order in which a configuration is described.
    runs: of `chorus.reports.tables.typed`. board, comparisons: of `chorus.experiments.grid_tables`.
    rank_by: the metric of the leaderboard ("ood.f1"); its split is the one that the page is about.
    metrics: those whose effects are judged. effects: metric -> what a family is called -> its effects; where there are
        none, `why_no_effects` says why. remarks: on the contrasts, a sentence each.
    figures: name of a picture ("leaderboard", "heat_f1", "parallel", "health", ...) -> PNG.
    hard_clips, wrong_counts: of `chorus.reports.hardest`; `hard_missing` says why there are none, or no sounds;
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
    factors: Sequence[Factor]
    figures: Mapping[str, bytes]
    question: str = ""
    metrics: Sequence[str] = ()
    effects: Mapping[str, Families] = field(default_factory=dict)
    why_no_effects: str = ""
    remarks: Sequence[str] = ()
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
    filters: dict[str, Callable[..., Any]] = {
        "three": _three,
        "signed": signed,
        "minus": minus,
        "p": _p,
        "spoken": spoken,
        "spoken_effect": partial(spoken_effect, factors=material.factors),
        "breakable": _breakable,
        "base64": _base64,
    }
    return render("page", filters, **_context(material))


def _three(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.3f}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _breakable(text: str) -> Any:
    """Text that may be broken after / _ and +, where a phone needs it; nothing is added to what one copies."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"(?<=\w)([/_+])(?=\w)", r"\1<wbr>", str(escape(text))))


def _context(material: Material) -> dict[str, Any]:
    runs, board, rank_by = material.runs, material.board, material.rank_by
    factors = [factor.name for factor in material.factors]
    metrics = told(runs, rank_by, material.metrics, material.factors)
    # what the headline speaks of comes first, whatever the order in which effects were judged
    effects = {}
    for metric in (*metrics.first, *material.effects):
        if metric in material.effects:
            effects[metric] = list(material.effects[metric].items())
    best, detectable = _luck(runs, rank_by, factors)
    plain = [(metric, _effects_of(families)) for metric, families in effects.items()]
    split = rank_by.rpartition(".")[0]
    chips = {}
    for signature, group in runs.groupby("signature"):
        chips[str(signature)] = _chips(group.iloc[0], material.factors)
    return {
        "m": material,
        "split": spoken(split) if split not in JUDGED_BY else spoken_split(split),
        "judged_on": _judged_on(split),
        "at_a_threshold": "threshold" in runs and rank_by.rpartition(".")[2] in _AT_A_THRESHOLD,
        "seeds": sorted(int(seed) for seed in runs["seed"].unique()),
        "versions": sorted(runs["version"].unique()) if "version" in runs else [],
        # Of two metrics, as the page shows unfolded: more sentences would bury the first.
        "headline": headline(runs, board, rank_by, best, detectable, plain[:2], material.factors),
        "columns": list(metrics.beside),
        "board": board.to_dict("records"),
        "chips": chips,
        "effects": effects,
        "ranges": {metric: _range(found) for metric, found in effects.items()},
        "comparisons": _comparisons(material.comparisons, (rank_by, *metrics.beside)),
        "training_sets": training_sets(runs, list(board["signature"]), factors),
        "summaries": _summaries(runs, board, metrics),
        "runs": runs.to_dict("records"),
        **_health(runs, metrics),
        "shown": metrics.first,
    }


def _judged_on(split: str) -> str:
    if split in _JUDGED_ON:
        return _JUDGED_ON[split]
    return f"the split {split}" if split else "the same test"


def _health(runs: pd.DataFrame, metrics: Told) -> dict[str, Any]:
    """What of the page needs verdicts on the training of the runs: not all studies have them."""
    if "health.verdict" not in runs:
        return {"health": {}, "findings": [], "associations": []}
    return {
        "health": health_of(runs),
        "findings": findings(runs, metrics.first),
        "associations": associations(runs, metrics.first[-1]),
    }


def _chips(run: pd.Series, factors: Sequence[Factor]) -> list[str]:
    """What the levels of a run are called, where they do not go without saying."""
    words = [factor.in_words(str(run[factor.name])) for factor in factors]
    return [word for word in words if word]


def _luck(
    runs: pd.DataFrame, metric: str, factors: Sequence[str]
) -> tuple[statistics.Best | None, float | None]:
    if not factors:
        return None, None
    try:
        spread = statistics.run_spread(runs, metric, factors=factors)
        best = statistics.judge_best(
            runs, metric, factors=factors, lowest_is_best=lower_is_better(metric)
        )
    # Too few seeds or configurations: the page then says so.
    except DataError:
        return None, None
    return best, statistics.minimal_detectable_difference(spread, int(runs["seed"].nunique()))


def _effects_of(
    families: Sequence[tuple[str, Sequence[statistics.Effect]]],
) -> list[statistics.Effect]:
    """The effects of all families, one after the other."""
    return [effect for _, family in families for effect in family]


def _range(families: Sequence[tuple[str, Sequence[statistics.Effect]]]) -> tuple[float, float]:
    """What a metric's forest plots span: all estimates and seeds, and of the intervals what lies near them."""
    farthest = 0.0
    for effect in _effects_of(families):
        farthest = max(farthest, *map(abs, (*effect.per_seed, effect.difference)))
    reach = 1.25 * farthest or 0.01  # a plot needs some width, also where nothing differs
    return -reach, reach


def _comparisons(table: pd.DataFrame, metrics: Sequence[str]) -> list[dict[str, Any]]:
    if table.empty:
        return []
    counts = [name for name in ("positives", "negatives") if name in table]
    compared = []
    for name, rows in table.groupby("comparison", sort=False):
        # A metric that none of the compared runs has is no column of theirs, though others of the table have it.
        judged = rows.dropna(axis="columns", how="all")
        compared.append(
            {
                "name": name,
                "shows": rows["shows"].iloc[0],
                "counts": counts,
                "metrics": [metric for metric in metrics if metric in judged],
                "rows": rows.to_dict("records"),
            }
        )
    return compared


def _summaries(runs: pd.DataFrame, board: pd.DataFrame, metrics: Told) -> list[tuple[str, str]]:
    """Configuration -> the figures of its seeds as text, in rank order."""
    groups = dict(iter(runs.groupby("signature")))
    summaries = []
    for row in board.to_dict("records"):
        own = groups[row["signature"]]
        found = {}
        for metric in metrics.all:
            found[spoken(metric)] = statistics.seed_summary(own[metric].to_numpy(dtype=float))
        summaries.append((row["configuration"], statistics.format_summaries(found)))
    return summaries
