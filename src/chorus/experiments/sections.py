"""The sections of a study's params.yaml, checked before any stage runs.

Which options class stands behind which section is the study's to say, in its options.yaml.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from chorus.errors import ParameterError
from chorus.files import read_yaml
from chorus.options import parse
from chorus.paths import OPTIONS

# "mine.head" -> "chorus.training:HeadOptions"; None where a stage reads a single value that has no class
Sections = Mapping[str, str | None]


def read_sections(study: Path) -> Sections:
    """What a study says of its sections; nothing where it says nothing.

    The folder of its own modules comes onto Python's path, for options that are defined there.

    Raises:
        ParameterError: the file cannot be used, or is no mapping of names to classes.
    """
    file = study / OPTIONS
    if not file.is_file():
        return {}
    sections = read_yaml(file)
    if not isinstance(sections, dict) or not all(_names_class(kind) for kind in sections.values()):
        raise ParameterError(f"{file} must name a class for each section, as module:Class")
    own = str((study / "src").resolve())
    # last: no module of a study may stand in for an installed one
    if own not in sys.path:
        sys.path.append(own)
    return sections


def check_changes(
    sections: Sections, params: Mapping[str, Any], changes: Mapping[str, Any]
) -> None:
    """Check the parameters of a run against the options of the stages that read them.

    Args:
        sections: of the study; what it does not name is not checked.
        params: what params.yaml holds.
        changes: other values for some of them, by dotted keys ("seed", "compose.quality").

    Raises:
        ParameterError: a key that does not exist, or is of many parameters; or a value that its stage would refuse.
    """
    for key, value in changes.items():
        _refuse_section(key, value_of(params, key))
        _refuse_section(key, value)
    of_run = changed(params, changes)
    if "seed" in changes:
        _check_seed(of_run)
    for section in sections:
        if any(key.startswith(f"{section}.") for key in changes):
            _check(sections, section, of_run)


def check_all(sections: Sections, params: Mapping[str, Any]) -> None:
    """Check all parameters of a study.

    Raises:
        ParameterError: a section is missing, a value is not allowed, or no stage reads a key.
    """
    if "seed" in params:
        _check_seed(params)
    for section in sections:
        _check(sections, section, params)
    _refuse_unknown(sections, params)


def _check(sections: Sections, section: str, params: Mapping[str, Any]) -> None:
    value, named = value_of(params, section), sections[section]
    if named is None:
        return
    # by name: importing all modules costs seconds, and a sweep seldom varies more than a section or two
    module, _, kind = named.partition(":")
    parse(getattr(import_module(module), kind), value, section=section)


def _refuse_section(key: str, value: object) -> None:
    """Refuse to vary many parameters as if they were one."""
    if isinstance(value, Mapping):
        raise ParameterError(
            f"{key}: only single parameters can vary, and this is a section of them"
        )


def _check_seed(params: Mapping[str, Any]) -> None:
    seed = params["seed"]
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise ParameterError(f"seed: {seed!r} is not allowed: a seed is a whole number from 0 on")


def _refuse_unknown(sections: Sections, params: Mapping[str, Any]) -> None:
    """A section that no stage reads, such as a misspelt one, would silently change nothing."""
    known = {"seed", *sections, *(section.partition(".")[0] for section in sections)}
    for key, value in params.items():
        names = [key]
        if isinstance(value, Mapping) and key not in sections:
            names += [f"{key}.{name}" for name in value]
        for name in names:
            if name not in known:
                raise ParameterError(
                    f"{name}: no stage reads this; there are: {', '.join(sorted(known))}"
                )


def _names_class(kind: object) -> bool:
    return kind is None or (isinstance(kind, str) and kind.count(":") == 1)


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
        copy[name] = value
        if () in inside:  # the key ends here: this very value changes
            copy[name] = inside[()]
        elif inside:
            copy[name] = _changed(value, inside)
    return copy
