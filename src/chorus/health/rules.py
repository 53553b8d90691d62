"""Rules as data: conditions on signals, ranges and texts, read from rules.yaml and checked."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from chorus.errors import ParameterError
from chorus.files import read_yaml

Severity = Literal["trouble", "unknown", "watch"]
SEVERITIES: tuple[Severity, ...] = ("trouble", "unknown", "watch")  # the worst first
RULES = Path(__file__).with_suffix(".yaml")

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_CONDITION = re.compile(r"(?P<signal>[\w.]+) (?P<operator>[<>]=?) (?P<threshold>\S+)")
_THRESHOLD = re.compile(r"(?:(?P<scale>[a-z]+)\()?(?P<number>-?\d+(?:\.\d+)?)\)?")


@dataclass(frozen=True)
class Circumstances:
    """What the thresholds depend on.

    classes: of the run that is judged; None: it tells none apart. assumed: for which the thresholds are written.
    consistency_chance: chance level of the group consistency; None: not known, then 1/classes.
    gradient_clip: None: gradients are not clipped.
    """

    classes: int | None
    assumed: int
    consistency_chance: float | None = None
    gradient_clip: float | None = None


@dataclass(frozen=True)
class Threshold:
    """A number, and in which measure it is written."""

    number: float
    scale: str = ""

    def at(self, here: Circumstances) -> float | None:
        """The number for a run; None where it has none (clip without clipping, the rest without classes)."""
        if not self.scale:
            return self.number
        if self.scale == "clip":
            return None if here.gradient_clip is None else self.number * here.gradient_clip
        if here.classes is None:
            return None
        return _OF_CLASSES[self.scale](self.number, here.classes, here)


@dataclass(frozen=True)
class Condition:
    """A signal compared with a threshold."""

    signal: str
    operator: str
    threshold: Threshold

    def holds(self, value: float, threshold: float) -> bool:
        return _OPERATORS[self.operator](value, threshold)


Alternatives = tuple[Condition, ...]  # one of them is enough


@dataclass(frozen=True)
class Rule:
    """All of `conditions` make a finding of that name and severity."""

    name: str
    severity: Severity
    conditions: tuple[Alternatives, ...]
    means: str
    actions: tuple[str, ...]


@dataclass(frozen=True)
class Rules:
    """A profile.

    classes: for which its thresholds are written. phases: name -> first and last epoch (None: open).
    ranges: signal -> phase ("" for all) -> lowest and highest value of a healthy training.
    names: how signals are called in words.
    """

    profile: str
    classes: int
    phases: Mapping[str, tuple[int, int | None]]
    ranges: Mapping[str, Mapping[str, tuple[Threshold, Threshold]]]
    rules: tuple[Rule, ...]
    names: Mapping[str, str]


def load_rules(profile: str, path: Path = RULES) -> Rules:
    """Read a profile.

    Raises:
        ParameterError: there is no such profile, or the file cannot be used (`chorus.files.read_yaml`) or holds
            something that is no rule: names it.
    """
    content = read_yaml(path)
    profiles = content["profiles"]
    if profile not in profiles:
        raise ParameterError(
            f"health.profile: {profile!r} is not allowed: one of {', '.join(profiles)}"
        )
    given = profiles[profile]
    rules = []
    for name, levels in given["rules"].items():
        texts = _texts(content["findings"], name)
        if unknown := sorted(set(levels) - set(SEVERITIES)):
            raise ParameterError(
                f"{profile}.{name}: {unknown[0]!r} is no severity: one of {', '.join(SEVERITIES)}"
            )
        # the worst first, because the diagnosis keeps the first that holds
        for severity in SEVERITIES:
            if severity in levels:
                conditions = _conditions(levels[severity], f"{profile}.{name}")
                rules.append(Rule(name, severity, conditions, **texts))
    ranges = {}
    for signal, range_ in given["ranges"].items():
        ranges[signal] = _phased(range_, f"{profile}.{signal}")
    return Rules(
        profile=profile,
        classes=given["classes"],
        phases={name: (first, last) for name, (first, last) in given["phases"].items()},
        ranges=ranges,
        rules=tuple(rules),
        names=content["signals"],
    )


def _texts(findings: Mapping[str, Any], name: str) -> dict[str, Any]:
    if name not in findings:
        raise ParameterError(f"{name}: a rule without a text; there are: {', '.join(findings)}")
    return {"means": findings[name]["means"], "actions": tuple(findings[name]["actions"])}


def _conditions(entries: list[Any], where: str) -> tuple[Alternatives, ...]:
    found = []
    for entry in entries:
        texts = entry["any"] if isinstance(entry, dict) else [entry]
        found.append(tuple(_condition(text, where) for text in texts))
    return tuple(found)


def _condition(text: str, where: str) -> Condition:
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise ParameterError(
            f"{where}: {text!r} is no condition, such as `train_loss_std.end > 0.5`"
        )
    return Condition(found["signal"], found["operator"], _threshold(found["threshold"], where))


def _threshold(text: str | float, where: str) -> Threshold:
    found = _THRESHOLD.fullmatch(str(text))
    if found is None or (found["scale"] or "") not in _SCALES:
        known = ", ".join(filter(None, _SCALES))
        raise ParameterError(
            f"{where}: {text!r} is no threshold: a number, or one in {known}, such as accuracy(0.6)"
        )
    return Threshold(float(found["number"]), found["scale"] or "")


def _phased(range_: Any, where: str) -> dict[str, tuple[Threshold, Threshold]]:
    phases = range_ if isinstance(range_, dict) else {"": range_}
    found = {}
    for name, (low, high) in phases.items():
        found[name] = (_threshold(low, where), _threshold(high, where))
    return found


# Thresholds are written for a profile's number of classes. With another number chance is elsewhere, and the room above
# it is larger or smaller: each scale moves its numbers to the same place between the two.


def _accuracy(number: float, classes: int, here: Circumstances) -> float:
    return _above(number, 1 / here.assumed, 1 / classes)


def _difference(number: float, classes: int, here: Circumstances) -> float:
    # chance falls out of a difference; only the room between chance and 1 is another
    return number * (1 - 1 / classes) / (1 - 1 / here.assumed)


def _entropy(number: float, classes: int, here: Circumstances) -> float:
    return number * math.log(classes) / math.log(here.assumed)


def _consistency(number: float, classes: int, here: Circumstances) -> float:
    # 1 / classes is that of groups of two, where all classes are predicted equally often
    chance = here.consistency_chance
    if chance is None:
        chance = 1 / classes
    return _above(number, 1 / here.assumed, chance)


def _above(number: float, chance: float, chance_here: float) -> float:
    """As far between chance and 1 as `number` is there (Cohen's kappa stays the same)."""
    return chance_here + (number - chance) / (1 - chance) * (1 - chance_here)


_OF_CLASSES: dict[str, Callable[[float, int, Circumstances], float]] = {
    "accuracy": _accuracy,
    "difference": _difference,
    "entropy": _entropy,
    "consistency": _consistency,
}
_SCALES = ("", *_OF_CLASSES, "clip")
