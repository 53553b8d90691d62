"""The health of one run on one page: what `chorus.health` found, as charts, sentences and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from chorus.reports.html import render
from chorus.reports.svg import bar_chart, line_chart


@dataclass(frozen=True)
class Panel:
    """A chart with its heading.

    keys: names of its lines.
    chart: SVG; None: the run did not log it; "": there is nothing to show, which is good.
    """

    title: str
    note: str
    chart: str | None
    keys: Sequence[str] = ()


@dataclass(frozen=True)
class Table:
    """A table with its heading; without rows it is not shown."""

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def page(
    run: str, detail: Mapping[str, Any], history: pd.DataFrame, suspects: pd.DataFrame | None = None
) -> str:
    """A page with the verdict, the guide's six panels, the findings, and the clips to look at.

    Args:
        run: its name.
        detail: what metrics/health_detail.json holds. history: plots/training/curves.csv.
        suspects: metrics/suspects.csv, if they are known: the first ten are shown.
    """
    tables = [_ranges(detail), _uncertain(detail["validation"])]
    if suspects is not None:
        tables.append(_suspects(suspects))
    return render(
        "health",
        {},
        dark=True,
        run=run,
        detail=detail,
        first=_panels(detail, history),
        further=_further_panels(detail, history),
        tables=tables,
    )


def _panels(detail: Mapping[str, Any], history: pd.DataFrame) -> list[Panel]:
    validation = detail["validation"]
    at_the_end = validation["group_consistency"]
    about = ", ".join(
        f"{name} {at_the_end[key]:.2f}"
        for key, name in (("share", "predictions"), ("chance", "chance"), ("labels", "labels"))
        if at_the_end[key] is not None
    )
    about = f"share of {detail['group']}s with one and the same prediction; on the validation split: {about or 'none'}"
    consistency = {
        "": "validation_group_consistency",
        "chance": "validation_group_consistency_chance",
    }
    confusions = [
        (
            f"{pair['true']} taken for {pair['predicted']}",
            pair["share"],
            pair.get("low", pair["share"]),  # runs of older code have no interval
            pair.get("high", pair["share"]),
            _confused(pair, validation["confusions_expected"]),
        )
        for pair in validation["confusions"][:5]
    ]
    best = detail["best_epoch"]
    loss = {"validation": "validation_loss", "training": "train_loss"}
    return [
        _curves("Validation loss", "dashed: the epoch whose weights are kept", history, loss, best),
        _curves(
            "Macro F1",
            "all classes count the same",
            history,
            {"validation": "validation_macro_f1"},
            best,
        ),
        _curves(
            "Spread of the training loss",
            "over batches: data quality",
            history,
            {"": "train_loss_std"},
            best,
        ),
        _curves("Group consistency", about, history, consistency, best),
        Panel(
            f"Accuracy by {detail['source']}",
            "validation split, 95 % intervals",
            _accuracies(validation["sources"]),
        ),
        Panel(
            "Top confusions",
            "pairs with more than a tenth of the clips of a label, 95 % intervals",
            bar_chart(confusions, "confusions") if confusions else "",
        ),
    ]


def _further_panels(detail: Mapping[str, Any], history: pd.DataFrame) -> list[Panel]:
    best = detail["best_epoch"]
    accuracy = {"validation": "validation_accuracy", "training": "train_accuracy"}
    gap = {"accuracy": "accuracy_gap", "loss": "loss_gap"}
    top = {
        "top-1": "validation_accuracy",
        "top-2": "validation_top2_accuracy",
        "top-3": "validation_top3_accuracy",
    }
    norm = {"mean": "grad_norm", "spread over steps": "grad_norm_std"}
    several = top["top-2"] in history  # of two classes, the true one is always among the first two
    panels = [
        _curves("Accuracy", "the most probable class is the right one", history, accuracy, best),
        _curves(
            "Train-validation gap", "training better than validation: above 0", history, gap, best
        ),
        _curves(
            "Top-k accuracy", "validation: the right class is among the first k", history, top, best
        ),
        _curves(
            "Entropy",
            "of the predictions, in nats; low is sure",
            history,
            {"": "validation_entropy"},
            best,
        ),
        _curves("Norm of the gradient", "before clipping", history, norm, best),
        Panel(
            "Accuracy by length",
            "validation split, 95 % intervals",
            _accuracies(detail["validation"]["durations"]),
        ),
    ]
    return [panel for panel in panels if several or panel.title != "Top-k accuracy"]


def _accuracies(shares: Mapping[str, Mapping[str, Any]]) -> str:
    bars = [
        (
            name,
            share["accuracy"],
            share["low"],
            share["high"],
            f"{share['accuracy']:.2f} of {share['clips']}",
        )
        for name, share in shares.items()
    ]
    return bar_chart(bars, "accuracies")


def _curves(
    title: str, note: str, history: pd.DataFrame, columns: Mapping[str, str], best: int | None
) -> Panel:
    series = {}
    for name, column in columns.items():
        if column in history:
            known = history[["epoch", column]].dropna()
            if len(known):
                series[name] = list(
                    zip(known["epoch"].astype(float), known[column].astype(float), strict=True)
                )
    return Panel(title, note, line_chart(series, marked=best) if series else None, tuple(series))


def _confused(pair: Mapping[str, Any], judged: bool) -> str:
    expected = (", expected" if pair["expected"] else ", unexpected") if judged else ""
    return f"{pair['share']:.2f}, {pair['clips']} of {pair['of']} clips{expected}"


def _ranges(detail: Mapping[str, Any]) -> Table:
    rows = [
        (
            check["name"],
            f"{check['value']:.3g}",
            f"{check['low']:.3g} to {check['high']:.3g}",
            _place(check),
        )
        for check in detail["checks"]
    ]
    heading = f"At the end, beside the ranges of a healthy training ({detail['profile']})"
    return Table(heading, ("signal", "value", "range", ""), rows)


def _place(check: Mapping[str, Any]) -> str:
    return "" if check["within"] else "below" if check["value"] < check["low"] else "above"


def _uncertain(validation: Mapping[str, Any]) -> Table:
    rows = [
        (clip["clip_id"], clip["label"], clip["predicted"], f"{clip['entropy']:.3f}")
        for clip in validation["uncertain"]
    ]
    heading = "The most uncertain validation clips: ambiguous, poor, or wrongly labelled"
    return Table(heading, ("clip", "label", "predicted", "entropy"), rows)


def _suspects(suspects: pd.DataFrame) -> Table:
    rows = [
        (
            str(clip["rank"]),
            clip["clip_id"],
            clip["label"],
            f"{float(clip['score']):.3f}",
            clip["likely"],
        )
        for clip in suspects.head(10).to_dict("records")
    ]
    heading = "Training clips whose labels are the most suspicious"
    return Table(
        heading, ("", "clip", "label", "probability of it by other nights", "most probable"), rows
    )
