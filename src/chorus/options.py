"""Turn plain mappings (a section of params.yaml) into validated option objects.

Every part of the library declares its own options as a frozen pydantic dataclass beside the code that uses them
(decorated with `@options`), so that a stage depends only on the options it really reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, TypeVar, cast, dataclass_transform, get_type_hints

from pydantic import ConfigDict, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from chorus.errors import ParameterError

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def options(cls: type[T]) -> type[T]:
    """Class decorator: a frozen, keyword-only dataclass that refuses unknown keys and wrong types.

    Values are checked strictly (the string "50" is no integer), except that an integer may stand for a float and a
    list for a tuple, because YAML knows no difference.
    """
    strict = ConfigDict(extra="forbid", strict=True)
    return cast(type[T], pydantic_dataclass(frozen=True, kw_only=True, config=strict)(cls))


def parse(kind: type[T], values: Mapping[str, Any] | None, *, section: str) -> T:
    """Build an options object of class `kind` from `values`.

    Args:
        kind: a class decorated with `@options`.
        values: the plain mapping; None stands for an empty one.
        section: where it came from ("train"), used to name keys in errors.

    Raises:
        ParameterError: unknown key, missing key, or a value that is not allowed: names the first of them.
    """
    if values is not None and not isinstance(values, Mapping):
        raise ParameterError(f"{section}: expected a mapping of options, not {values!r}")
    given = {str(key): _tuples(value) for key, value in (values or {}).items()}
    # By ourselves: in strict mode pydantic takes no mapping for an object, and errors should name the whole key.
    for name, field_kind in get_type_hints(kind).items():
        if isinstance(given.get(name), Mapping) and is_dataclass(field_kind):
            given[name] = parse(
                cast(type[Any], field_kind), given[name], section=f"{section}.{name}"
            )
    try:
        return kind(**given)
    except ValidationError as error:
        raise ParameterError(_explain(error, kind, section)) from None


def _tuples(value: Any) -> Any:
    """Lists as tuples, at every depth: strict validation takes only tuples for `tuple[...]`."""
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, Mapping):
        return {key: _tuples(item) for key, item in value.items()}
    return value


def _explain(error: ValidationError, kind: type, section: str) -> str:
    first = error.errors(include_url=False)[0]
    key = ".".join(map(str, (section, *first["loc"])))
    if first["type"] == "unexpected_keyword_argument":
        known = ", ".join(getattr(kind, "__dataclass_fields__", {}))
        return f"{key}: unknown parameter; known under {section}: {known}"
    if first["type"].startswith("missing"):
        return f"{key}: missing; it needs a value"
    allowed = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:  # several keys that do not fit together: the sentence names them
        return f"{key}: {allowed}"
    return f"{key}: {_plain(first['input'])!r} is not allowed: {allowed[:1].lower()}{allowed[1:]}"


def _plain(value: Any) -> Any:
    """A value as the person wrote it: with lists."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
