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
    best = detail["best_epoch"]
    loss = {"validation": "validation_loss", "training": "train_loss"}
    macro_f1 = {"validation": "validation_macro_f1"}
    spread = {"": "train_loss_std"}
    consistency = {
        "": "validation_group_consistency",
        "chance": "validation_group_consistency_chance",
    }
    about_groups = _consistency_in_words(detail)
    return [
        _curves("Validation loss", "dashed: the epoch whose weights are kept", history, loss, best),
        _curves("Macro F1", "all classes count the same", history, macro_f1, best),
        _curves("Spread of the training loss", "over batches: data quality", history, spread, best),
        _curves("Group consistency", about_groups, history, consistency, best),
        Panel(
            f"Accuracy by {detail['source']}",
            "validation split, 95 % intervals",
            _accuracies(detail["validation"]["sources"]),
        ),
        Panel(
            "Top confusions",
            "pairs with more than a tenth of the clips of a label, 95 % intervals",
            _confusions(detail["validation"]),
        ),
    ]


def _consistency_in_words(detail: Mapping[str, Any]) -> str:
    at_the_end = detail["validation"]["group_consistency"]
    parts = []
    for key, name in (("share", "predictions"), ("chance", "chance"), ("labels", "labels")):
        if at_the_end[key] is not None:
            parts.append(f"{name} {at_the_end[key]:.2f}")
    about = ", ".join(parts) or "none"
    return f"share of {detail['group']}s with one and the same prediction; on the validation split: {about}"


def _confusions(validation: Mapping[str, Any]) -> str:
    bars = []
    for pair in validation["confusions"][:5]:
        name = f"{pair['true']} taken for {pair['predicted']}"
        share = pair["share"]
        # Runs of older code have no interval: theirs has no length.
        low, high = pair.get("low", share), pair.get("high", share)
        note = _confused(pair, validation["confusions_expected"])
        bars.append((name, share, low, high, note))
    return bar_chart(bars, "confusions") if bars else ""


def _further_panels(detail: Mapping[str, Any], history: pd.DataFrame) -> list[Panel]:
    best = detail["best_epoch"]
    accuracy = {"validation": "validation_accuracy", "training": "train_accuracy"}
    gap = {"accuracy": "accuracy_gap", "loss": "loss_gap"}
    norm = {"mean": "grad_norm", "spread over steps": "grad_norm_std"}
    entropy = {"": "validation_entropy"}
    about_entropy = "of the predictions, in nats; low is sure"
    return [
        _curves("Accuracy", "the most probable class is the right one", history, accuracy, best),
        _curves(
            "Train-validation gap", "training better than validation: above 0", history, gap, best
        ),
        *_top_k(history, best),
        _curves("Entropy", about_entropy, history, entropy, best),
        _curves("Norm of the gradient", "before clipping", history, norm, best),
        Panel(
            "Accuracy by length",
            "validation split, 95 % intervals",
            _accuracies(detail["validation"]["durations"]),
        ),
    ]


def _top_k(history: pd.DataFrame, best: int | None) -> list[Panel]:
    """None of two classes: the true one is always among the first two."""
    top = {
        "top-1": "validation_accuracy",
        "top-2": "validation_top2_accuracy",
        "top-3": "validation_top3_accuracy",
    }
    if top["top-2"] not in history:
        return []
    about = "validation: the right class is among the first k"
    return [_curves("Top-k accuracy", about, history, top, best)]


def _accuracies(shares: Mapping[str, Mapping[str, Any]]) -> str:
    bars = []
    for name, share in shares.items():
        note = f"{share['accuracy']:.2f} of {share['clips']}"
        bars.append((name, share["accuracy"], share["low"], share["high"], note))
    return bar_chart(bars, "accuracies")


def _curves(
    title: str, note: str, history: pd.DataFrame, columns: Mapping[str, str], best: int | None
) -> Panel:
    series = {}
    for name, column in columns.items():
        if column not in history:
            continue
        # A signal may be known of some epochs only: the line goes from one known point to the next.
        known = history[["epoch", column]].dropna().astype(float)
        if len(known):
            series[name] = list(known.itertuples(index=False, name=None))
    if not series:
        return Panel(title, note, None)
    return Panel(title, note, line_chart(series, marked=best), tuple(series))


def _confused(pair: Mapping[str, Any], judged: bool) -> str:
    """`judged`: whether the study says which pairs are expected to be confused."""
    said = f"{pair['share']:.2f}, {pair['clips']} of {pair['of']} clips"
    if not judged:
        return said
    return f"{said}, {'expected' if pair['expected'] else 'unexpected'}"


def _ranges(detail: Mapping[str, Any]) -> Table:
    rows = []
    for check in detail["checks"]:
        range_ = f"{check['low']:.3g} to {check['high']:.3g}"
        rows.append((check["name"], f"{check['value']:.3g}", range_, _place(check)))
    heading = f"At the end, beside the ranges of a healthy training ({detail['profile']})"
    return Table(heading, ("signal", "value", "range", ""), rows)


def _place(check: Mapping[str, Any]) -> str:
    if check["within"]:
        return ""
    return "below" if check["value"] < check["low"] else "above"


def _uncertain(validation: Mapping[str, Any]) -> Table:
    rows = [
        (clip["clip_id"], clip["label"], clip["predicted"], f"{clip['entropy']:.3f}")
        for clip in validation["uncertain"]
    ]
    heading = "The most uncertain validation clips: ambiguous, poor, or wrongly labelled"
    return Table(heading, ("clip", "label", "predicted", "entropy"), rows)


def _suspects(suspects: pd.DataFrame) -> Table:
    rows = []
    for clip in suspects.head(10).to_dict("records"):
        probability = f"{float(clip['score']):.3f}"
        rows.append(
            (str(clip["rank"]), clip["clip_id"], clip["label"], probability, clip["likely"])
        )
    heading = "Training clips whose labels are the most suspicious"
    return Table(
        heading, ("", "clip", "label", "probability of it by other nights", "most probable"), rows
    )
