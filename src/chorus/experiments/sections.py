"""Which options class stands behind which section of params.yaml, so that they can be checked before any stage runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from chorus.errors import ParameterError
from chorus.options import parse

# By name: importing all of them costs seconds, and a sweep seldom varies more than one or two.
SECTIONS = {
    "survey": "chorus.survey:SurveyOptions",
    "split": "chorus.splits:SplitOptions",
    "encode": "chorus.encoders:EncodeOptions",
    "mine.positives": "chorus.mining:PositiveMiningOptions",
    "mine.negatives": "chorus.mining:NegativeMiningOptions",
    "mine.head": "chorus.training:HeadOptions",
    "compose": "chorus.composition:ComposeOptions",
    "train": "chorus.training:HeadOptions",
    "evaluate": "chorus.evaluation:EvaluateOptions",
    "health": "chorus.health.options:HealthOptions",
    "pictures": "chorus.pictures:PictureOptions",
}


def options_of(section: str) -> type[Any]:
    """The options class of a section, its module imported now."""
    module, kind = SECTIONS[section].split(":")
    options: type[Any] = getattr(import_module(module), kind)
    return options


def check_sections(params: Mapping[str, Any], keys: Iterable[str]) -> None:
    """Check the sections of `params` that hold `keys` against the options of their stages.

    Args:
        params: all parameters, nested.
        keys: dotted keys that exist in it ("seed", "compose.quality").

    Raises:
        ParameterError: a value that its stage would refuse.
    """
    names = {_section(key) for key in keys}
    if "seed" in names and not _is_seed(params["seed"]):
        raise ParameterError(f"seed: {params['seed']!r} is not allowed: a seed is a whole number from 0 on")
    for name in sorted(names - {"seed"}):
        parse(options_of(name), value_of(params, name), section=name)


def value_of(params: Mapping[str, Any], key: str) -> Any:
    """The value of a dotted key.

    Raises:
        ParameterError: there is no such key.
    """
    value: Any = params
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise ParameterError(f"{key}: no such parameter in params.yaml")
        value = value[part]
    return value


def changed(params: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of nested `params` in which the dotted keys of `changes` have other values.

    Raises:
        ParameterError: a key that does not exist.
    """
    for key in changes:
        value_of(params, key)
    return _changed(params, {tuple(key.split(".")): value for key, value in changes.items()})


def _changed(params: Mapping[str, Any], changes: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    copy: dict[str, Any] = {}
    for name, value in params.items():
        inside = {key[1:]: new for key, new in changes.items() if key[0] == name}
        copy[name] = inside[()] if () in inside else _changed(value, inside) if inside else value
    return copy


def _section(key: str) -> str:
    if key == "seed":
        return key
    for name in SECTIONS:
        if key.startswith(f"{name}."):
            return name
    raise ParameterError(f"{key}: only single parameters can vary: seed, or a key inside {', '.join(SECTIONS)}")


def _is_seed(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
