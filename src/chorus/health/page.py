"""The health of one run on one page: static HTML that holds all it shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from chorus.health.svg import bar_chart, line_chart

# Nothing is fetched, run or sent, whatever a clip is called.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">"
)
STYLE = """
:root { color-scheme: light dark; --ink: #22272b; --quiet: #667079; --paper: #fff; --card: #f6f7f8; --rule: #dfe3e6;
  --one: #0072b2; --two: #8a8f94; --three: #c46a00; --good: #00795a; --watch: #96600a; --trouble: #c0392b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9eb; --quiet: #a3acb3; --paper: #16191c; --card: #202529;
  --rule: #363d43; --one: #56b4e9; --two: #8a8f94; --three: #e69f00; --good: #33c79b;
  --watch: #e8a33d; --trouble: #ff7b6b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem; max-width: 84rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.1rem; margin: 0; color: var(--quiet); font-weight: 600; }
h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; } h3 { font-size: 1rem; margin: 0; }
.verdict { font-size: 1.7rem; line-height: 1.25; margin: .2rem 0 .8rem; font-weight: 700; }
.healthy { color: var(--good); } .watch, .unknown { color: var(--watch); } .trouble { color: var(--trouble); }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(21rem, 100%), 1fr)); gap: 1rem; }
.card { background: var(--card); border-radius: 8px; padding: .9rem 1rem; min-width: 0; }
.finding { border-left: 4px solid currentColor; margin-bottom: .8rem; } .finding > * { color: var(--ink); }
.finding h3 span { text-transform: uppercase; font-size: .8rem; letter-spacing: .04em; }
.quiet, .note { color: var(--quiet); } .note { font-size: .88rem; margin: .1rem 0 .5rem; }
ul, ol { margin: .4rem 0 0; padding-left: 1.3rem; }
svg { display: block; width: 100%; height: auto; } svg text { font-size: 12px; fill: var(--ink); }
svg text.quiet { fill: var(--quiet); } .grid { stroke: var(--rule); } polyline { fill: none; stroke-width: 2.2; }
.line0 { stroke: var(--one); } .dot0 { fill: var(--one); } .line1 { stroke: var(--two); } .dot1 { fill: var(--two); }
.line2 { stroke: var(--three); } .dot2 { fill: var(--three); }
.marked { stroke: var(--quiet); stroke-dasharray: 4 4; }
.bar { fill: var(--one); } .empty { fill: var(--rule); }
.ends { stroke: var(--ink); stroke-width: 2; }
[class^=key] { white-space: nowrap; }
.key0 { color: var(--one); } .key1 { color: var(--two); } .key2 { color: var(--three); }
table { border-collapse: collapse; width: 100%; font-size: .92rem; } .wide { overflow-x: auto; }
td, th { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--rule); }
td, th { overflow-wrap: normal; font-variant-numeric: tabular-nums; }
"""


def page(run: str, detail: Mapping[str, Any], history: pd.DataFrame, suspects: pd.DataFrame | None = None) -> str:
    """A page with the verdict, the guide's six panels, the findings, and the clips to look at.

    Args:
        run: its name.
        detail: what metrics/health_detail.json holds. history: plots/training/curves.csv.
        suspects: metrics/suspects.csv, if they are known: the first ten are shown.
    """
    parts = [
        f"<h1>Training health of {escape(run)}</h1>",
        f'<p class="verdict {detail["verdict"]}">{detail["verdict"].capitalize()}. {escape(detail["sentence"])}</p>',
        f'<p class="quiet">Training ended: {escape(detail["stopped"])}</p>' if detail["stopped"] else "",
        *(_finding(finding) for finding in detail["findings"]),
        '<div class="panels">',
        *_panels(detail, history),
        "</div>",
        '<h2>What else was logged</h2><div class="panels">',
        *_further_panels(detail, history),
        "</div>",
        _ranges(detail),
        _uncertain(detail["validation"]),
        "" if suspects is None else _suspects(suspects),
        _not_judged(detail),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"{POLICY}\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Training health of {escape(run)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(filter(None, parts))
        + "\n</body>\n</html>\n"
    )


def _finding(finding: Mapping[str, Any]) -> str:
    name = finding["name"].replace("_", " ")
    return (
        f'<div class="card finding {finding["severity"]}">'
        f'<h3><span class="{finding["severity"]}">{finding["severity"]}</span> {escape(name)}: '
        f'{escape(finding["means"])}</h3><p class="note">{escape("; ".join(finding["evidence"]))}</p>'
        f"{_list('ol', finding['actions'])}</div>"
    )


def _panels(detail: Mapping[str, Any], history: pd.DataFrame) -> list[str]:
    validation = detail["validation"]
    at_the_end = validation["group_consistency"]
    about = ", ".join(
        f"{name} {at_the_end[key]:.2f}"
        for key, name in (("share", "predictions"), ("chance", "chance"), ("labels", "labels"))
        if at_the_end[key] is not None
    )
    about = f"share of {detail['group']}s with one and the same prediction; on the validation split: {about or 'none'}"
    consistency = {"": "validation_group_consistency", "chance": "validation_group_consistency_chance"}
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
        _curves("Macro F1", "all classes count the same", history, {"validation": "validation_macro_f1"}, best),
        _curves("Spread of the training loss", "over batches: data quality", history, {"": "train_loss_std"}, best),
        _curves("Group consistency", about, history, consistency, best),
        _panel(
            f"Accuracy by {detail['source']}",
            "validation split, 95 % intervals",
            _accuracies(validation["sources"]),
        ),
        _panel(
            "Top confusions",
            "pairs with more than a tenth of the clips of a label, 95 % intervals",
            bar_chart(confusions, "confusions") if confusions else "",
        ),
    ]


def _further_panels(detail: Mapping[str, Any], history: pd.DataFrame) -> list[str]:
    best = detail["best_epoch"]
    accuracy = {"validation": "validation_accuracy", "training": "train_accuracy"}
    gap = {"accuracy": "accuracy_gap", "loss": "loss_gap"}
    top = {"top-1": "validation_accuracy", "top-2": "validation_top2_accuracy", "top-3": "validation_top3_accuracy"}
    norm = {"mean": "grad_norm", "spread over steps": "grad_norm_std"}
    several = top["top-2"] in history  # of two classes, the true one is always among the first two
    return [
        _curves("Accuracy", "the most probable class is the right one", history, accuracy, best),
        _curves("Train-validation gap", "training better than validation: above 0", history, gap, best),
        _curves("Top-k accuracy", "validation: the right class is among the first k", history, top, best)
        if several
        else "",
        _curves("Entropy", "of the predictions, in nats; low is sure", history, {"": "validation_entropy"}, best),
        _curves("Norm of the gradient", "before clipping", history, norm, best),
        _panel(
            "Accuracy by length", "validation split, 95 % intervals", _accuracies(detail["validation"]["durations"])
        ),
    ]


def _accuracies(shares: Mapping[str, Mapping[str, Any]]) -> str:
    bars = [
        (name, share["accuracy"], share["low"], share["high"], f"{share['accuracy']:.2f} of {share['clips']}")
        for name, share in shares.items()
    ]
    return bar_chart(bars, "accuracies")


def _curves(title: str, note: str, history: pd.DataFrame, columns: Mapping[str, str], best: int | None) -> str:
    series = {}
    for name, column in columns.items():
        if column in history:
            known = history[["epoch", column]].dropna()
            if len(known):
                series[name] = list(zip(known["epoch"].astype(float), known[column].astype(float), strict=True))
    keys = " ".join(f'<span class="key{number}">● {escape(name)}</span>' for number, name in enumerate(series) if name)
    return _panel(title, note, line_chart(series, marked=best) if series else None, keys)


def _panel(title: str, note: str, chart: str | None, keys: str = "") -> str:
    """chart None: the run did not log it; "": there is nothing to show, which is good."""
    shown = '<p class="quiet">Not known of this run.</p>' if chart is None else chart or '<p class="quiet">None.</p>'
    return f'<div class="card"><h3>{escape(title)} {keys}</h3><p class="note">{escape(note)}</p>{shown}</div>'


def _confused(pair: Mapping[str, Any], judged: bool) -> str:
    expected = (", expected" if pair["expected"] else ", unexpected") if judged else ""
    return f"{pair['share']:.2f}, {pair['clips']} of {pair['of']} clips{expected}"


def _ranges(detail: Mapping[str, Any]) -> str:
    rows = [
        (check["name"], f"{check['value']:.3g}", f"{check['low']:.3g} to {check['high']:.3g}", _place(check))
        for check in detail["checks"]
    ]
    heading = f"At the end, beside the ranges of a healthy training ({detail['profile']})"
    return _table(heading, ("signal", "value", "range", ""), rows)


def _place(check: Mapping[str, Any]) -> str:
    return "" if check["within"] else "below" if check["value"] < check["low"] else "above"


def _uncertain(validation: Mapping[str, Any]) -> str:
    rows = [
        (clip["clip_id"], clip["label"], clip["predicted"], f"{clip['entropy']:.3f}")
        for clip in validation["uncertain"]
    ]
    heading = "The most uncertain validation clips: ambiguous, poor, or wrongly labelled"
    return _table(heading, ("clip", "label", "predicted", "entropy"), rows)


def _suspects(suspects: pd.DataFrame) -> str:
    rows = [
        (str(clip["rank"]), clip["clip_id"], clip["label"], f"{float(clip['score']):.3f}", clip["likely"])
        for clip in suspects.head(10).to_dict("records")
    ]
    heading = "Training clips whose labels are the most suspicious"
    return _table(heading, ("", "clip", "label", "probability of it by other nights", "most probable"), rows)


def _not_judged(detail: Mapping[str, Any]) -> str:
    return f"<h2>Not judged</h2>{_list('ul', detail['not_judged'])}" if detail["not_judged"] else ""


def _table(heading: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<h2>{escape(heading)}</h2><div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _list(kind: str, items: Iterable[str]) -> str:
    return f"<{kind}>{''.join(f'<li>{escape(item)}</li>' for item in items)}</{kind}>"
