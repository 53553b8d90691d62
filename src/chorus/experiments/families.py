"""The questions of a sweep, declared before looking: families of contrasts, each judged as a whole (Holm)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any

from pydantic import Field

from chorus.errors import ParameterError
from chorus.options import options, parse
from chorus.runs.factors import Factor, spell
from chorus.statistics.effects import Contrast, Interaction

Asked = Contrast | Interaction
Levels = Annotated[tuple[Any, ...], Field(min_length=1)]


@options
class AgainstOptions:
    """Levels of a factor, each against one other level of it. Levels are written as in the axes."""

    factor: str
    levels: Levels
    against: Any


@options
class ContrastOptions:
    """Levels of a factor, each against one other level of it, in runs that agree in all else.

    where: factor -> level, of the runs that count.
    depends_on: another factor. Asked is then how much more the contrast shows at its `levels` than at `against`.
    """

    factor: str
    levels: Levels
    against: Any
    where: dict[str, Any] = field(default_factory=dict)
    depends_on: dict[str, Any] | None = None


def read_families(
    given: Mapping[str, Sequence[Mapping[str, Any]]], factors: Sequence[Factor]
) -> dict[str, tuple[Asked, ...]]:
    """The families that a sweep declares: what a family is called -> its contrasts.

    Args:
        given: `effects` of the sweep file.
        factors: of the sweep; a contrast names one by its name or by its key in params.yaml.

    Raises:
        ParameterError: names the key, the value and what is allowed.
    """
    families = {}
    for title, entries in given.items():
        if not entries:
            raise ParameterError(
                f"sweep.effects.{title}: no contrasts: name at least one, or leave the family out"
            )
        found: list[Asked] = []
        for number, entry in enumerate(entries):
            found += _contrasts(entry, factors, f"sweep.effects.{title}.{number}")
        families[title] = tuple(found)
    return families


def _contrasts(entry: Mapping[str, Any], factors: Sequence[Factor], section: str) -> list[Asked]:
    given = parse(ContrastOptions, entry, section=section)
    factor = _factor(given.factor, factors, f"{section}.factor")
    levels, against = _levels(given, factor, section)
    where = {}
    for name, level in given.where.items():
        other = _factor(name, factors, f"{section}.where")
        where[other.name] = _level(level, other, f"{section}.where.{name}")
    contrasts = [Contrast(factor.name, level, against, where) for level in levels]
    if given.depends_on is None:
        return list(contrasts)
    section = f"{section}.depends_on"
    on = parse(AgainstOptions, given.depends_on, section=section)
    moderator = _factor(on.factor, factors, f"{section}.factor")
    if moderator == factor:
        raise ParameterError(f"{section}.factor: {moderator.name!r} is not allowed: another factor")
    at_levels, rather = _levels(on, moderator, section)
    # a difference of differences: how much more each contrast shows at one level of the moderator than at another
    found: list[Asked] = []
    for at in at_levels:
        found += [Interaction(contrast, moderator.name, at, rather) for contrast in contrasts]
    return found


def _factor(name: str, factors: Sequence[Factor], key: str) -> Factor:
    for factor in factors:
        if name in (factor.name, factor.key):
            return factor
    known = ", ".join(factor.name for factor in factors) or "none, as only the seed varies"
    raise ParameterError(f"{key}: {name!r} is not allowed: one of the axes of this sweep ({known})")


def _levels(
    given: ContrastOptions | AgainstOptions, factor: Factor, section: str
) -> tuple[list[str], str]:
    levels = [_level(value, factor, f"{section}.levels") for value in given.levels]
    against = _level(given.against, factor, f"{section}.against")
    if against in levels:
        raise ParameterError(
            f"{section}.levels: {against!r} is not allowed: it is what they are compared with"
        )
    return levels, against


def _level(value: Any, factor: Factor, key: str) -> str:
    # YAML may read it as a number or a truth, and tables are text
    level = spell(value)
    if level not in factor.levels:
        raise ParameterError(
            f"{key}: {level!r} is not allowed: {factor.name} is {', '.join(factor.levels)}"
        )
    return level
