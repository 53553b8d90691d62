"""YAML as DVC reads it, by version 1.2. Apart from `chorus.files`, as it needs no more than PyYAML to be loaded."""

from __future__ import annotations

import re
from typing import Any

import yaml

_TAG = "tag:yaml.org,2002:"
_SCALARS = {  # of YAML 1.2: kind -> what is written so, the signs that it may begin with
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?(?:0o[0-7_]+|0x[0-9a-fA-F_]+|0b[01_]+|[0-9][0-9_]*)", "-+0123456789"),
    "float": (
        r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
}


class YamlLoader(yaml.CSafeLoader):
    """Reads plain values as DVC does, by YAML 1.2.

    PyYAML reads them by YAML 1.1: what DVC records as 123 for `0123` would run as 83, `yes` as true, `1:30` as 90, and
    the 1e-05 that DVC writes for an experiment would be a text.
    """

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """A whole number; a zero before it means nothing."""
        digits = node.value.replace("_", "")
        if digits.lstrip("+-")[:2] in ("0o", "0x", "0b"):
            return int(digits, 0)
        return int(digits)


def _others(forms: list[tuple[str, re.Pattern[str]]]) -> list[tuple[str, re.Pattern[str]]]:
    """The rules of PyYAML for plain values, without those of the kinds that are replaced."""
    return [(tag, form) for tag, form in forms if tag.removeprefix(_TAG) not in _SCALARS]


# A new mapping, as PyYAML's own is shared by all its loaders.
YamlLoader.yaml_implicit_resolvers = {
    sign: _others(forms) for sign, forms in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
for _kind, (_form, _signs) in _SCALARS.items():
    YamlLoader.add_implicit_resolver(_TAG + _kind, re.compile(rf"^(?:{_form})$"), list(_signs))
YamlLoader.add_constructor(_TAG + "int", YamlLoader.construct_yaml_int)


class UniqueKeysLoader(YamlLoader):
    """YAML's own rule, which PyYAML does not keep: no key stands twice, the last would silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        names = [self.construct_object(key, deep=True) for key in keys]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {name!r} stands twice", keys[number].start_mark
                )
        return super().construct_mapping(node, deep)
