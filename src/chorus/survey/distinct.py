"""Columns that hold each different text once, and rules that are asked once for each.

A table of a million clips names few sites, dates and files. As pandas' categories its columns take a byte or four a
row, and what is a rule in Python costs by the different text and not by the row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

Flags = np.ndarray[Any, np.dtype[np.bool_]]
Numbers = np.ndarray[Any, np.dtype[np.int64]]


def compact(column: pd.Series) -> pd.Series:
    """A column of text as categories, in the order in which they first come."""
    numbers, texts = column.factorize(use_na_sentinel=False)
    return spread(pd.Series(texts.astype("str")), numbers, column.index)


def blank(index: pd.Index) -> pd.Series:
    """A compact column of nothing."""
    return pd.Series(pd.Categorical.from_codes(np.zeros(len(index), np.int8), [""]), index)


def spread(values: pd.Series, numbers: Numbers, index: pd.Index) -> pd.Series:
    """The column whose rows hold the values of these numbers, equal values being one category."""
    same, texts = values.factorize(use_na_sentinel=False)
    return pd.Series(pd.Categorical.from_codes(same[numbers], texts), index)


def each(column: pd.Series, rule: Callable[[str], str]) -> pd.Series:
    """What a rule makes of each text of a compact column, asked once for each different one."""
    made = [rule(text) for text in column.cat.categories]
    return spread(pd.Series(made, dtype="str"), column.cat.codes.to_numpy(np.int64), column.index)


def choose(column: pd.Series, other: pd.Series, mask: pd.Series | Flags) -> pd.Series:
    """A compact column where the mask is true, another one elsewhere."""
    texts = pd.concat([pd.Series(side.cat.categories) for side in (column, other)])
    # The other column's categories are numbered on from the first one's; `spread` makes one of those that are equal.
    codes, others = (side.cat.codes.to_numpy(np.int64) for side in (column, other))
    numbers = np.where(mask, codes, others + len(column.cat.categories))
    return spread(texts, numbers, column.index)


def count(column: pd.Series) -> Counter[str]:
    """Text of a compact column -> rows; those that come first come first."""
    # Categories outlive their rows: after a selection some have none.
    found = column.value_counts(sort=False)
    rows = found[found > 0]
    return Counter(dict(zip(rows.index, rows.tolist(), strict=True)))


def number(columns: Sequence[pd.Series]) -> tuple[Numbers, Numbers]:
    """Which of the different rows of some compact columns each row is, and where each different one comes first."""
    numbers = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        # factorised at each step, so that no product of numbers of categories overflows
        codes = column.cat.codes.to_numpy(np.int64)
        numbers = pd.factorize(numbers * len(column.cat.categories) + codes)[0]
    return numbers, np.unique(numbers, return_index=True)[1]
