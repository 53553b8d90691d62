"""Show the results of the last run in the terminal, and where to look next."""

from __future__ import annotations

import argparse
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from chorus import paths, pins
from chorus.commands.here import STUDY
from chorus.composition import remarks
from chorus.files import read_json
from chorus.pictures.look import NAME_OF

NEXT = """
Look next at plots/gallery/overview.png, and false_positives.png and
false_negatives.png beside it; at metrics/subsets.md; at `dvc plots show`.
Hear a clip: chorus listen CLIP_ID
Try another training set (source .venv/bin/activate first):
  dvc exp run -n first -S 'compose.negative_subsets=[hardneg_conf_min_50]'"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(_: argparse.Namespace) -> None:
    """Print the headline figures, what is to be known about them, and what to do next."""
    survey, composition = read_json(paths.SURVEY_METRICS), read_json(paths.COMPOSITION)
    subsets, detail = read_json(paths.SUBSETS_METRICS), read_json(paths.EVALUATION_DETAIL)
    mined = []
    for kind in subsets.values():
        for name, subset in kind["subsets"].items():
            mined.append(f"{name} {subset['clips']}")
    surveyed = (
        f"{survey['clips']} clips, {survey['recorders']} recorders, {survey['nights']} nights"
    )
    if survey["notes"].get("synthetic"):
        surveyed += "; synthetic"
    console = Console()
    console.print(f"\n[bold]Survey[/bold]  {surveyed}; {survey['quarantined']} in quarantine")
    console.print(f"[bold]Mined[/bold]   {', '.join(mined)}", highlight=False)
    console.print(
        f"[bold]Trained[/bold] on {composition['positives']} positives and {composition['negatives']} negatives; "
        f"threshold {detail['thresholds']['headline']:.3f}\n"
    )
    console.print(_results(detail))
    console.print(
        "95 %: interval over site-nights, of this one model; not the spread over seeds", style="dim"
    )
    for split, name in NAME_OF.items():
        intervals = (detail["splits"].get(split) or {}).get("intervals")
        if intervals and not intervals["reliable"]:
            console.print(
                f"{name}: {intervals['nights']} nights are too few for a reliable interval.",
                style="dim",
            )
    for sentence in _notes(composition, subsets, detail):
        console.print(f"- {sentence}", markup=False, highlight=False)
    for sentence in _not_as_committed():
        console.print(sentence, markup=False, highlight=False)
    console.print(NEXT, markup=False, highlight=False)


def _not_as_committed() -> list[str]:
    """Two lines where the same code, data and parameters gave other results here than in the commit."""
    from chorus.experiments.repeats import unrepeated

    stages = unrepeated(STUDY)
    if not stages:
        return []
    why = pins.digits_may_differ() or "are all packages those of requirements.txt?"
    return [
        f"Not as committed, from the same inputs: the results of {', '.join(stages)}; {why} (docs/reproducibility.md)",
        "Take them as they are (make sweep goes on from them), or go back to the commit's: chorus back",
    ]


def _notes(
    composition: dict[str, Any], subsets: dict[str, Any], detail: dict[str, Any]
) -> list[str]:
    """What was left out, what could not be done, and what can be said all the same."""
    suspects, health = read_json(paths.SUSPECTS), read_json(paths.HEALTH_DETAIL)
    notes = remarks(composition)
    for kind, record in subsets.items():
        if record["note"]:
            notes.append(f"{kind} mining: {record['note']}")
    notes += read_json(f"{paths.DETECTOR}.json")["training"]["notes"]
    if suspects["note"]:
        notes.append(suspects["note"])
    # Of a handful of nights none may be left for a test: then this is all that can be said of other nights.
    tests = [detail["splits"][split] for split in ("test_iid", "test_ood")]
    untested = not any(judged and judged["at"] for judged in tests)
    unheard = suspects["auroc_of_unheard_nights"]
    if untested and unheard is not None:
        notes.append(
            f"no test to judge by; but a logistic regression that never heard the night has an AUROC of "
            f"{unheard:.2f} on the {suspects['clips']} training clips"
        )
    return [*dict.fromkeys(notes), f"training health: {health['verdict']}. {health['sentence']}"]


def _results(detail: dict[str, Any]) -> Table:
    table = Table(
        title="Detector and trivial baselines", box=box.SIMPLE_HEAD, padding=0, pad_edge=False
    )
    for heading in ("split", "method"):
        table.add_column(heading, no_wrap=True)
    for heading in ("F1", "95 %", "prec.", "recall", "AUPRC", "95 %"):
        table.add_column(heading, justify="right", no_wrap=True)
    for split, name in NAME_OF.items():
        if split not in detail["splits"]:
            continue
        judged = detail["splits"][split]
        if judged is None or judged["auprc"] is None:
            table.add_row(name, "nothing to judge", end_section=True)
            continue
        ours = {**judged["at"]["headline"], "auprc": judged["auprc"]}
        _add(table, [name, "detector"], ours, judged["intervals"], style="bold")
        for method, figures in judged["baselines"].items():
            _add(table, ["", method.replace("_", " ")], figures, {}, style="dim")
        table.add_section()
    return table


def _add(
    table: Table, about: list[str], figures: dict[str, Any], intervals: dict[str, Any], style: str
) -> None:
    cells = [f"{figures[metric]:.3f}" for metric in ("f1", "precision", "recall", "auprc")]
    f1, auprc = _interval(intervals.get("f1")), _interval(intervals.get("auprc"))
    table.add_row(*about, cells[0], f1, *cells[1:], auprc, style=style)


def _interval(ends: list[float | None] | None) -> str:
    low, high = ends or (None, None)
    if low is None or high is None:
        return ""
    return f"{low:.2f}-{high:.2f}"
