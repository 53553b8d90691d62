"""The review as one Markdown comment, as GitHub and most others show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from chorus.experiments.review.facts import Facts
from chorus.experiments.review.gain import Gain
from chorus.experiments.review.membership import Change, clips_in_words
from chorus.experiments.review.noise import THRESHOLD
from chorus.experiments.review.pictures import FIRST, Pictures
from chorus.experiments.review.suspicions import incomparable, suspicions
from chorus.paths import EVALUATION_METRICS

MARKER = "<!-- chorus review -->"  # by which the comment is found again, to be updated
MOST = 12  # names in a list
_HEADLINE = str(EVALUATION_METRICS)


def comment(
    facts: Facts, pictures: Pictures | None = None, place: Callable[[str], str] = str
) -> str:
    """The review of `facts`, as Markdown.

    Args:
        pictures: that were drawn; None: none were.
        place: from the path of a picture to what the comment should link to.
    """
    parts = [
        MARKER,
        f"## {' → '.join(_revisions(facts))}",
        what_changed(facts),
        _alert(suspicions(facts)),
        "### Metrics",
        metrics_table(facts),
        noise_in_words(facts),
        gains_in_words(facts.gains),
        "### Clips",
        clips_table(facts),
        _names(facts.changes),
        *(_pictures(pictures, place, facts) if pictures else []),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def what_changed(facts: Facts) -> str:
    """Parameters, code, data, and which stages ran: a sentence each."""
    params = [
        f"`{key}` {_shown(old)} → {_shown(new)}" for key, (old, new) in sorted(facts.params.items())
    ]
    differing = [bool(params), bool(facts.code), bool(facts.data)]
    if not any(differing):
        return "Neither parameters nor code nor data differ."
    names = [
        name
        for name, differs in zip(("parameters", "code", "data"), differing, strict=True)
        if differs
    ]
    sentences = [
        f"This changes {_and(names)}.",
        f"**Parameters:** {'; '.join(_most(params))}." if params else "",
        f"**Code:** {', '.join(_most([f'`{path}`' for path in facts.code]))}."
        if facts.code
        else "",
        f"**Data:** {', '.join(_most([f'`{path}`' for path in facts.data]))}."
        if facts.data
        else "",
        f"Ran with other inputs: {', '.join(facts.stages)}."
        if facts.stages
        else "No stage ran with other inputs.",
        f"{facts.base} has gone on since; compared is with where this left it."
        if facts.base_moved
        else "",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def metrics_table(facts: Facts) -> str:
    """All headline metrics, and of the others those that differ."""
    rows = []
    for file in sorted(facts.metrics, key=lambda name: (name != _HEADLINE, name)):
        prefix = "" if file == _HEADLINE else f"{Path(file).stem}: "
        for name, (old, new) in sorted(
            facts.metrics[file].items(), key=lambda item: _order(item[0])
        ):
            if file == _HEADLINE or old != new:
                figures = [_number(old), _number(new), _delta(old, new)]
                rows.append([prefix + name, *figures, _verdict(facts, file, name, old, new)])
    if not rows:
        return "Neither revision has metrics."
    return _table(["metric", "before", "after", "change", ""], rows, right=(1, 2, 3))


def noise_in_words(facts: Facts) -> str:
    """What the verdicts rest on."""
    if facts.noise is None:
        return (
            "Seed noise is unknown: no metrics/*/runs.csv is of a grid with several seeds on these very splits "
            "(`make sweep` makes one)."
        )
    return (
        f"<sub>Seed noise: 95 % of the differences between two runs that differ in their seed alone are smaller; from "
        f"the spread over seeds in metrics/{facts.noise.grid}, pooled over {facts.noise.configurations} configurations "
        f"({facts.noise.runs} runs). It says nothing about other ponds or nights.</sub>"
    )


def gains_in_words(gains: Sequence[Gain]) -> str:
    """Both models on the same test clips: the gain, its interval over nights, and a sentence."""
    if not gains:
        return ""
    rows, said = [], []
    for gain in gains:
        for found in gain.differences:
            interval = f"{found.low:+.3f} to {found.high:+.3f}"
            figures = [_number(found.b), _number(found.a), f"{found.difference:+.3f}", interval]
            rows.append([f"{gain.split} {found.metric}", *figures])
        said.append(_gain_in_words(gain))
    heads = ["on the same clips", "before", "after", "gain", "95 % interval"]
    table = _table(heads, rows, right=(1, 2, 3)) if rows else ""
    return "\n\n".join(part for part in ("### Paired gain", table, "\n".join(said)) if part)


def _gain_in_words(gain: Gain) -> str:
    if gain.why_not:
        return f"* {gain.split}: not compared: {gain.why_not}."
    aside = (
        f" ({gain.others} others were not judged by both, or not with one label)"
        if gain.others
        else ""
    )
    return f"* {gain.split}, {gain.clips} clips{aside}: {gain.sentence}."


def clips_table(facts: Facts) -> str:
    """The sets of clips that changed, how many came and went, of which label, quality and source."""
    changed = [change for change in facts.changes if change.any]
    same = [change.name for change in facts.changes if not change.any]
    rows = [
        [
            change.name,
            _count(change.before),
            _count(change.after),
            _came(change.entered),
            _came(change.left),
        ]
        for change in changed
    ]
    parts = [_table(["", "before", "after", "entered", "left"], rows, right=(1, 2)) if rows else ""]
    if same:
        parts.append(f"Same clips as before: {', '.join(same)}.")
    if facts.missing:
        listed = "\n".join(f"* `{path}`: {why}" for path, why in sorted(facts.missing.items()))
        parts.append(
            f"Not compared, as it cannot be read here (`dvc pull` first, or credentials?):\n\n{listed}"
        )
    return "\n\n".join(part for part in parts if part)


def _revisions(facts: Facts) -> list[str]:
    said = []
    for name, commit in zip((facts.base, facts.head), facts.commits, strict=True):
        has_another_name = commit and commit != name
        said.append(f"{name} ({commit})" if has_another_name else name)
    return said


def _verdict(facts: Facts, file: str, name: str, old: Any, new: Any) -> str:
    if not (_is_number(old) and _is_number(new)):
        if (old is None) == (new is None):
            return ""
        return "new" if old is None else "gone"
    if old == new:
        return "same"
    if any(problem.startswith(f"{file} ") for problem in facts.edited[1]):
        return "not believed: not of dvc.lock"
    if file == _HEADLINE and name.startswith(tuple(incomparable(facts))):
        return "not comparable: other test clips"
    if file != _HEADLINE:
        return ""
    word = "moved" if name == THRESHOLD else "better" if new > old else "worse"
    width = facts.noise.widths.get(name) if facts.noise else None
    if width is None:
        return f"{word}; seed noise unknown"
    more = abs(new - old) > width
    return (
        f"**{word}**, more than seed noise (±{width:.3f})"
        if more
        else f"within seed noise (±{width:.3f})"
    )


def _alert(warnings: Sequence[str]) -> str:
    if not warnings:
        return ""
    return "\n".join(["> [!WARNING]", *(f"> * {warning}" for warning in warnings)])


def _names(changes: Iterable[Change]) -> str:
    """The clips themselves, folded away."""
    lines = []
    for change in changes:
        for verb, clips in (("entered", change.entered), ("left", change.left)):
            if len(clips):
                lines.append(f"* {change.name}, {verb}: {', '.join(_most(list(clips['clip_id'])))}")
    return _folded("Which clips", "\n".join(lines)) if lines else ""


def _pictures(pictures: Pictures, place: Callable[[str], str], facts: Facts) -> list[str]:
    if not pictures.drawn and not pictures.pairs:
        return ["### Plots", "No plot differs."]
    parts = ["### Plots"]
    for topic, image in pictures.drawn.items():
        linked = f"![{topic}: {facts.base} and {facts.head}]({place(image)})"
        parts.append(linked if topic == FIRST else _folded(f"plots of {topic}", linked))
    for path, before, after in pictures.pairs:
        sides = (("before", before), ("after", after))
        cells = [f"![{side}]({place(image)})" if image else "–" for side, image in sides]
        parts.append(_folded(path, _table(["before", "after"], [cells])))
    if pictures.unchanged:
        parts.append(f"Unchanged: {', '.join(pictures.unchanged)}.")
    return parts


def _folded(summary: str, content: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    rule = ["---"] * len(heading)
    for number in right:
        rule[number] = "---:"
    lines = []
    for row in (heading, rule, *rows):
        cells = [cell.replace("|", "\\|") for cell in row]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _most(items: Sequence[str]) -> list[str]:
    return [*items[:MOST], f"and {len(items) - MOST} more"] if len(items) > MOST else list(items)


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _order(name: str) -> tuple[int, str]:
    return (
        next((place for place, start in enumerate(("ood.", "iid.")) if name.startswith(start)), 2),
        name,
    )


def _came(clips: Any) -> str:
    return f"{len(clips)}: {clips_in_words(clips)}" if len(clips) else "0"


def _count(count: int | None) -> str:
    return "–" if count is None else str(count)


def _shown(value: Any) -> str:
    return "(none)" if value is None else f"`{value}`"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _delta(old: Any, new: Any) -> str:
    if not (_is_number(old) and _is_number(new)):
        return ""
    return f"{new - old:+.3f}" if isinstance(new - old, float) else f"{new - old:+d}"
