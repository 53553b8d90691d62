"""From signals to findings: a pure function, history in, findings out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import pandas as pd

from chorus.errors import DataError
from chorus.health.measures import measure
from chorus.health.rules import SEVERITIES, Circumstances, Condition, Rule, Rules, Severity

Verdict = Literal["healthy", "watch", "trouble", "unknown"]
_ENDINGS = {
    "end": "at the end",
    "best": "at the best epoch",
    "low": "at its lowest",
    "high": "at its highest",
    "rise": "at the end, above its lowest",
    "jump": "largest rise within one epoch",
    "falling": "share of epochs in which it fell",
}
# Without these, a threshold in terms of them does not exist.
CLIP = "train.gradient_clip"
CLASSES = "classes, which this task has not"
_WORDS = {">": "above", "<": "below", ">=": "not below", "<=": "not above"}
_SENTENCES: dict[Verdict, str] = {
    "healthy": "Nothing looks wrong",
    "unknown": "Nothing could be judged",
}


@dataclass(frozen=True)
class Details:
    """What is known of a run beside its history.

    classes: how many it tells apart; None: none. gradient_clip: None: gradients are not clipped.
    consistency_chance: chance level of the group consistency for these sizes of groups.
    best_epoch: whose weights are kept.
    signals: further numbers by name, such as sites.gap.
    """

    classes: int | None = 2
    gradient_clip: float | None = None
    consistency_chance: float | None = None
    best_epoch: int | None = None
    signals: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """Something that looks wrong: what, by which numbers, how bad, and what to do."""

    name: str
    severity: Severity
    means: str
    evidence: tuple[str, ...]
    actions: tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """A signal beside the range that it has in a healthy training."""

    signal: str
    name: str
    phase: str
    value: float
    low: float
    high: float

    @property
    def within(self) -> bool:
        return self.low <= self.value <= self.high


@dataclass(frozen=True)
class Diagnosis:
    """verdict: the worst of the findings; "unknown" also where no rule could be judged. sentence: the same in words.
    not_judged: rules that nothing is said about, each with the signals that are missing."""

    profile: str
    verdict: Verdict
    sentence: str
    findings: tuple[Finding, ...]
    checks: tuple[Check, ...]
    not_judged: tuple[str, ...]

    @property
    def headline(self) -> dict[str, Any]:
        """The few values that are worth a column in a table of experiments."""
        severities = [finding.severity for finding in self.findings]
        return {
            "verdict": self.verdict,
            "findings": "+".join(finding.name for finding in self.findings) or "none",
            "troubles": severities.count("trouble"),
            "watches": severities.count("watch"),
        }

    def as_json(self) -> dict[str, Any]:
        """Everything, nested, for JSON."""
        checks = [asdict(check) | {"within": check.within} for check in self.checks]
        return asdict(self) | {"checks": checks}


def diagnose(history: pd.DataFrame, details: Details, rules: Rules) -> Diagnosis:
    """Judge a training.

    A rule whose signals are missing, and that these could still decide, is not judged; that is said, and never guessed.

    Args:
        history: epoch, and what is known of each epoch (plots/training/curves.csv); in order of the epochs. Without
            rows where nothing was trained.
        rules: of `load_rules`.

    Raises:
        DataError: a history without the column epoch.
    """
    if "epoch" not in history:
        raise DataError("the training history has no column epoch: there is nothing to diagnose")
    # details come last and win: group consistency, for one, is of other clips than in the curves
    measured = {**measure(history, rules.phases, details.best_epoch), **details.signals}
    # what is not known is absent from here on, however it was written: None, or no column
    known = {name: value for name, value in measured.items() if value is not None}
    here = Circumstances(
        details.classes, rules.classes, details.consistency_chance, details.gradient_clip
    )
    judged: dict[str, Finding] = {}
    not_judged: dict[str, str] = {}
    said = False  # anything about the training; that there is too little to judge by says nothing of it
    for rule in rules.rules:
        outcome, evidence, missing = _judge(rule, known, here, rules.names)
        if outcome is None:
            needs = "; ".join(signal_in_words(signal, rules.names) for signal in missing)
            not_judged.setdefault(rule.name, f"{rule.name}: not known: {needs}")
            continue
        said = said or outcome or rule.severity != "unknown"
        if outcome and rule.name not in judged:  # of two severities the worse comes first
            judged[rule.name] = Finding(
                rule.name, rule.severity, rule.means, evidence, rule.actions
            )
    # stable: findings of one severity stay in the order of rules.yaml
    worst_first = sorted(judged.values(), key=lambda finding: SEVERITIES.index(finding.severity))
    findings = tuple(worst_first)
    verdict = _verdict(findings, nothing_judged=not said)
    return Diagnosis(
        profile=rules.profile,
        verdict=verdict,
        sentence=_sentence(verdict, findings),
        findings=findings,
        checks=_checks(known, rules, here),
        not_judged=tuple(text for name, text in not_judged.items() if name not in judged),
    )


def _judge(
    rule: Rule, known: Mapping[str, float], here: Circumstances, names: Mapping[str, str]
) -> tuple[bool | None, tuple[str, ...], list[str]]:
    """Whether all conditions hold, the evidence, and what is missing. Three-valued: None is "cannot be told"."""
    evidence: list[str] = []
    missing: list[str] = []
    for alternatives in rule.conditions:
        held: list[str] = []
        unknown: list[str] = []
        for condition in alternatives:
            holds = _holds(condition, known, here)
            if holds:
                held.append(_evidence(condition, known, here, names))
            elif holds is None:
                unknown.append(_lacking(condition, known))
        # one alternative that holds is enough, whatever is not known of the others
        if held:
            evidence += held
        elif unknown:
            missing += unknown
        # one condition that fails decides, whatever is not known of the others
        else:
            return False, (), []
    return (None if missing else True), tuple(evidence), list(dict.fromkeys(missing))


def _lacking(condition: Condition, known: Mapping[str, float]) -> str:
    """What a condition that cannot be told lacks: its signal, or else what its threshold is written in."""
    if condition.signal not in known:
        return condition.signal
    return CLIP if condition.threshold.scale == "clip" else CLASSES


def _holds(condition: Condition, known: Mapping[str, float], here: Circumstances) -> bool | None:
    value, threshold = known.get(condition.signal), condition.threshold.at(here)
    if value is None or threshold is None:
        return None
    return condition.holds(value, threshold)


def _evidence(
    condition: Condition, known: Mapping[str, float], here: Circumstances, names: Mapping[str, str]
) -> str:
    threshold = condition.threshold.at(here)
    words = _WORDS[condition.operator]
    return f"{signal_in_words(condition.signal, names)}: {known[condition.signal]:.3g} ({words} {threshold:.3g})"


def signal_in_words(signal: str, names: Mapping[str, str]) -> str:
    """A signal as people call it: "training loss, at the end"."""
    if signal in names:
        return names[signal]
    column, _, ending = signal.rpartition(".")
    if not column:
        return signal
    return f"{names.get(column, column)}, {_ENDINGS.get(ending, ending)}"


def _checks(known: Mapping[str, float], rules: Rules, here: Circumstances) -> tuple[Check, ...]:
    phase = _phase(known["epochs"], rules)
    checks = []
    for signal, phases in rules.ranges.items():
        # a range is that of the phase in which the training ended
        value = known.get(f"{signal}.end")
        range_ = phases.get(phase) or phases.get("")
        if value is None or range_ is None:
            continue
        low, high = (threshold.at(here) for threshold in range_)
        # the range is written in what this run has not, clipping or classes
        if low is None or high is None:
            continue
        name = signal_in_words(signal, rules.names)
        checks.append(Check(signal, name, phase, value, low, high))
    return tuple(checks)


def _phase(epochs: float, rules: Rules) -> str:
    for name, (first, last) in rules.phases.items():
        if first <= epochs and (last is None or epochs <= last):
            return name
    return ""


def _verdict(findings: Sequence[Finding], *, nothing_judged: bool) -> Verdict:
    if findings:
        return findings[0].severity
    return "unknown" if nothing_judged else "healthy"


def _sentence(verdict: Verdict, findings: Sequence[Finding]) -> str:
    if not findings:
        return f"{_SENTENCES[verdict]}."
    first, *others = findings
    sentence = first.means[:1].upper() + first.means[1:]
    if others:
        sentence += f", and {len(others)} more"
    return f"{sentence}."
