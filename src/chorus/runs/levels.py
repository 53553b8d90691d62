"""Cells of a table of runs as levels of factors: however a list, a number or nothing at all was written."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import pandas as pd
import yaml

EMPTY = ("", "nan", "none", "null", "na", "n/a")
NO_ITEMS = "none"  # the level of an empty list
MISSING = "missing"  # the level of an empty cell, where nobody says what it stands for
_TRUTH = {"true": "True", "false": "False"}
_INTEGER = re.compile(r"[+-]?[0-9]+")
_EXACT = 2**53  # up to here a float holds every whole number


class _TextLoader(yaml.CSafeLoader):
    """Leaves all items text, for `_plain` to read as it reads a cell: YAML 1.1 takes 0123 for 83 and yes for true."""


_TextLoader.yaml_implicit_resolvers = {}


def levels(
    cells: pd.Series, names: Mapping[str, str] | None = None, missing: str = MISSING
) -> pd.Series:
    """One text a level: cells that mean the same are the same text.

    "['high', 'medium']" is "high+medium", and so is "['medium', 'high']" where the other order came
    first; "[]" is "none"; 512, 512.0 and 5.12e2 are "512"; true and True are "True"; an empty cell
    is `missing`.

    Args:
        cells: text. names: replaces a level, or an item of a list.
    """
    given = names or {}
    first: dict[tuple[str, ...], str] = {}
    # in the order of the table: the first spelling of a list names its level
    known = {}
    for cell in cells.drop_duplicates():
        known[cell] = _level(str(cell), given, missing, first)
    return cells.map(known)


def items(cell: str) -> tuple[str, ...] | None:
    """The items of a cell that holds a list, as Python, JSON or YAML write one; None: it holds something else."""
    text = cell.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return None
    try:
        content = yaml.load(text, _TextLoader)
    except yaml.YAMLError:
        return None
    if not isinstance(content, list):
        return None
    return tuple(_plain(str(item)) for item in content)


def _level(
    cell: str, names: Mapping[str, str], missing: str, first: dict[tuple[str, ...], str]
) -> str:
    if cell.strip().lower() in EMPTY:
        return names.get(missing, missing)
    listed = items(cell)
    if listed is None:
        plain = _plain(cell)
        return names.get(plain, plain)
    named = tuple(names.get(item, item) for item in listed)
    spelled = "+".join(named) if named else NO_ITEMS
    return first.setdefault(tuple(sorted(named)), spelled)


def _plain(text: str) -> str:
    """A number in its shortest form, a truth value with a capital, anything else as it is."""
    stripped = text.strip()
    if stripped.lower() in _TRUTH:
        return _TRUTH[stripped.lower()]
    try:
        number = float(stripped)
    except ValueError:
        return stripped
    # "007" is a name, not the number 7; so is anything that is no finite number.
    named = stripped.lstrip("+-").startswith("0") and stripped.lstrip("+-0")[:1].isdigit()
    # Python reads 2024_1 as 20241, which nobody means who writes a table.
    if named or "_" in stripped or not math.isfinite(number):
        return stripped
    # Rounded, seeds such as 20260101123456 and its neighbour would be one level.
    if _INTEGER.fullmatch(stripped):
        return str(int(stripped))
    if number.is_integer() and abs(number) < _EXACT:
        return str(int(number))
    # Twelve digits: 0.1 + 0.2, as programs print it, is 0.3.
    return f"{number:.12g}"
