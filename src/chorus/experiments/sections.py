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


def check_sections(
    params: Mapping[str, Any], wanted: Mapping[str, Any], keys: Iterable[str]
) -> None:
    """Check what `keys` are in `wanted` against the options of the stages that read them.

    Args:
        params: what params.yaml holds. A section that is not as our stages have it there is one of another study, whose
            own stages check it.
        wanted: the same with other values.
        keys: dotted keys that exist in both ("seed", "compose.quality").

    Raises:
        ParameterError: a value that its stage would refuse; or a key of many parameters.
    """
    for key in keys:
        if isinstance(value_of(params, key), Mapping) or isinstance(value_of(wanted, key), Mapping):
            raise ParameterError(
                f"{key}: only single parameters can vary, and this is a section of them"
            )
        if key == "seed" and not _is_seed(wanted["seed"]):
            raise ParameterError(
                f"seed: {wanted['seed']!r} is not allowed: a seed is a whole number from 0 on"
            )
    for name in sorted({name for key in keys for name in SECTIONS if key.startswith(f"{name}.")}):
        if _is_ours(params, name):
            parse(options_of(name), value_of(wanted, name), section=name)


def check_all(params: Mapping[str, Any]) -> None:
    """Check all parameters of a detector's study.

    Raises:
        ParameterError: a section is missing, a value is not allowed, or no stage reads a key.
    """
    if not _is_seed(params.get("seed")):
        raise ParameterError(
            f"seed: {params.get('seed')!r} is not allowed: a seed is a whole number from 0 on"
        )
    for section in SECTIONS:
        parse(options_of(section), value_of(params, section), section=section)
    _refuse_unknown(params)


def _refuse_unknown(params: Mapping[str, Any]) -> None:
    """A section that no stage reads, such as a misspelt one, would silently change nothing."""
    known = {"seed", *SECTIONS, *(section.partition(".")[0] for section in SECTIONS)}
    for key, value in params.items():
        nested = (
            [f"{key}.{name}" for name in value]
            if isinstance(value, Mapping) and key not in SECTIONS
            else []
        )
        for name in (key, *nested):
            if name not in known:
                raise ParameterError(
                    f"{name}: no stage reads this; there are: {', '.join(sorted(known))}"
                )


def _is_ours(params: Mapping[str, Any], section: str) -> bool:
    try:
        parse(options_of(section), value_of(params, section), section=section)
    except ParameterError:
        return False
    return True


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


def _is_seed(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
