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
from chorus.metrics.direction import lower_is_better
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
    ]
    if pictures:
        parts += _pictures(pictures, place, facts)
    return _paragraphs(parts) + "\n"


def what_changed(facts: Facts) -> str:
    """Parameters, code, data, and which stages ran: a sentence each."""
    params = []
    for key, (old, new) in sorted(facts.params.items()):
        params.append(f"`{key}` {_shown(old)} → {_shown(new)}")
    listed = {"parameters": params, "code": _quoted(facts.code), "data": _quoted(facts.data)}
    differing = [name for name in listed if listed[name]]
    if not differing:
        return "Neither parameters nor code nor data differ."
    sentences = [f"This changes {_and(differing)}."]
    for name in differing:
        # parameters are told as sentences of their own: a value may hold commas
        joint = "; " if name == "parameters" else ", "
        sentences.append(f"**{name.capitalize()}:** {joint.join(_most(listed[name]))}.")
    if facts.stages:
        sentences.append(f"Ran with other inputs: {', '.join(facts.stages)}.")
    else:
        sentences.append("No stage ran with other inputs.")
    if facts.base_moved:
        sentences.append(f"{facts.base} has gone on since; compared is with where this left it.")
    return " ".join(sentences)


def metrics_table(facts: Facts) -> str:
    """All headline metrics, and of the others those that differ."""
    rows = []
    for file in sorted(facts.metrics, key=lambda name: (name != _HEADLINE, name)):
        values = facts.metrics[file]
        for name in sorted(values, key=_order):
            old, new = values[name]
            # of other files only what moved: figures that stayed would bury it
            if file != _HEADLINE and old == new:
                continue
            shown = name if file == _HEADLINE else f"{Path(file).stem}: {name}"
            figures = [_number(old), _number(new), _delta(old, new)]
            rows.append([shown, *figures, _verdict(facts, file, name, old, new)])
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
    parts = ["### Paired gain"]
    if rows:
        heads = ["on the same clips", "before", "after", "gain", "95 % interval"]
        parts.append(_table(heads, rows, right=(1, 2, 3)))
    parts.append("\n".join(said))
    return _paragraphs(parts)


def _gain_in_words(gain: Gain) -> str:
    if gain.why_not:
        return f"* {gain.split}: not compared: {gain.why_not}."
    aside = ""
    if gain.others:
        aside = f" ({gain.others} others were not judged by both, or not with one label)"
    return f"* {gain.split}, {gain.clips} clips{aside}: {gain.sentence}."


def clips_table(facts: Facts) -> str:
    """The sets of clips that changed, how many came and went, of which label, quality and source."""
    rows, same = [], []
    for change in facts.changes:
        if change.any:
            counts = [_count(change.before), _count(change.after)]
            rows.append([change.name, *counts, _came(change.entered), _came(change.left)])
        else:
            same.append(change.name)
    parts = []
    if rows:
        parts.append(_table(["", "before", "after", "entered", "left"], rows, right=(1, 2)))
    if same:
        parts.append(f"Same clips as before: {', '.join(same)}.")
    if facts.missing:
        parts.append(
            "Not compared, as it cannot be read here (`dvc pull` first, or credentials?):\n\n"
            + "\n".join(f"* `{path}`: {why}" for path, why in sorted(facts.missing.items()))
        )
    return _paragraphs(parts)


def _revisions(facts: Facts) -> list[str]:
    said = []
    for name, commit in zip((facts.base, facts.head), facts.commits, strict=True):
        has_another_name = commit and commit != name
        said.append(f"{name} ({commit})" if has_another_name else name)
    return said


def _verdict(facts: Facts, file: str, name: str, old: Any, new: Any) -> str:
    if not (_is_number(old) and _is_number(new)):
        return _came_or_went(old, new)
    if old == new:
        return "same"
    # what is not to be believed, or not to be compared, is no better and no worse, however far it moved
    if any(problem.startswith(f"{file} ") for problem in facts.edited[1]):
        return "not believed: not of dvc.lock"
    if file != _HEADLINE:
        return ""
    if name.startswith(tuple(incomparable(facts))):
        return "not comparable: other test clips"
    return _beside_noise(facts, name, old, new)


def _came_or_went(old: Any, new: Any) -> str:
    if (old is None) == (new is None):
        return ""
    return "new" if old is None else "gone"


def _beside_noise(facts: Facts, name: str, old: float, new: float) -> str:
    """Which way a headline went, and whether seeds alone move it as far."""
    word = "better" if (new > old) != lower_is_better(name) else "worse"
    if name == THRESHOLD:  # neither end of its scale is the good one
        word = "moved"
    width = facts.noise.widths.get(name) if facts.noise else None
    if width is None:
        return f"{word}; seed noise unknown"
    if abs(new - old) > width:
        return f"**{word}**, more than seed noise (±{width:.3f})"
    return f"within seed noise (±{width:.3f})"


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
    if not lines:
        return ""
    return _folded("Which clips", "\n".join(lines))


def _pictures(pictures: Pictures, place: Callable[[str], str], facts: Facts) -> list[str]:
    if not pictures.drawn and not pictures.pairs:
        return ["### Plots", "No plot differs."]
    parts = ["### Plots"]
    for topic, image in pictures.drawn.items():
        linked = f"![{topic}: {facts.base} and {facts.head}]({place(image)})"
        # one topic lies open, the one that a review is about; the others wait to be asked for
        if topic != FIRST:
            linked = _folded(f"plots of {topic}", linked)
        parts.append(linked)
    for path, before, after in pictures.pairs:
        cells = []
        for side, copy in (("before", before), ("after", after)):
            cells.append(f"![{side}]({place(copy)})" if copy else "–")
        parts.append(_folded(path, _table(["before", "after"], [cells])))
    if pictures.unchanged:
        parts.append(f"Unchanged: {', '.join(pictures.unchanged)}.")
    return parts


def _folded(summary: str, content: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"


def _paragraphs(parts: Iterable[str]) -> str:
    return "\n\n".join(filter(None, parts))


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    rule = ["---"] * len(heading)
    for number in right:
        rule[number] = "---:"
    lines = []
    for row in (heading, rule, *rows):
        cells = [cell.replace("|", "\\|") for cell in row]  # a bar would end the cell
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _quoted(paths: Iterable[str]) -> list[str]:
    return [f"`{path}`" for path in paths]


def _most(items: Sequence[str]) -> list[str]:
    if len(items) <= MOST:
        return list(items)
    return [*items[:MOST], f"and {len(items) - MOST} more"]


def _and(words: Sequence[str]) -> str:
    if len(words) == 1:
        return words[0]
    return " and ".join([", ".join(words[:-1]), words[-1]])


def _order(name: str) -> tuple[int, str]:
    """The unheard site first: it is what the study asks about."""
    for place, start in enumerate(("ood.", "iid.")):
        if name.startswith(start):
            return place, name
    return 2, name


def _came(clips: Any) -> str:
    if not len(clips):
        return "0"
    return f"{len(clips)}: {clips_in_words(clips)}"


def _count(count: int | None) -> str:
    return "–" if count is None else str(count)


def _shown(value: Any) -> str:
    return "(none)" if value is None else f"`{value}`"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3f}"
    return str(value)


def _delta(old: Any, new: Any) -> str:
    if not (_is_number(old) and _is_number(new)):
        return ""
    if isinstance(new - old, float):
        return f"{new - old:+.3f}"
    return f"{new - old:+d}"
