"""Names as people write them: when two of them mean one thing, and when they only look as if they did.

The same pond is "Mill Pond" in one table and "mill  pond" in the next. Names are compared without capitals, extra white
space and the ways in which Unicode writes one letter; the spelling that comes first is the one that is shown. Names
that a reader would still take for one another ("MillPond", "Mill-Pond", a Cyrillic "о") are not the same, and not
safely different either: they are look-alikes, which the survey reports and the split never lets train and judge.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

# Letters of other alphabets that are drawn as Latin ones (after casefolding): Cyrillic, Greek, dotless i.
_DRAWN_ALIKE = str.maketrans(
    "авеёкмнорстухіјѕԁԛԝɡαβεικνορτυχγı", "abeekmhopctyxijsdqwgabeiknoptuxyi"
)
_NUMBER_OR_WORD = re.compile(r"\d+|[^\W\d_]+")
_NAMES_AT_ONCE = 50_000
_BETWEEN_NUMBERS = re.compile(r"(?<=\d) (?=\d)")


def comparable(name: str) -> str:
    """The form in which names are compared: one Unicode form, single spaces, no capitals."""
    spaced = " ".join(name.split())
    if spaced.isascii():
        return spaced.casefold()
    # Unicode's canonical caseless matching: a letter that is folded with its accents on may miss its capital.
    apart = unicodedata.normalize("NFD", spaced)
    return unicodedata.normalize("NFC", apart.casefold())


def skeleton(name: str) -> str:
    """What a reader's eye keeps of a name: two names with one skeleton are easily taken for one another.

    Accents, signs and spaces are dropped (but not between digits: plot 1-1 is not plot 11), as are zeros before a
    number, and letters of other alphabets become the Latin ones that look the same.
    """
    latin = comparable(name)
    if not latin.isascii():
        apart = unicodedata.normalize("NFKD", latin)
        without_accents = "".join(sign for sign in apart if not unicodedata.combining(sign))
        latin = without_accents.translate(_DRAWN_ALIKE)
    parts = [part.lstrip("0") or "0" for part in _NUMBER_OR_WORD.findall(latin)]
    # Names of signs alone have no skeleton: "??" and "--" are not one place.
    return _BETWEEN_NUMBERS.sub("-", " ".join(parts)).replace(" ", "") or comparable(name)


def keys(names: pd.Series, form: Callable[[str], str] = comparable) -> pd.Series:
    """`form` of each name, computed once for each different one; indexed as `names`."""
    number, different = names.factorize(use_na_sentinel=False)
    # a part at a time: as objects of Python a million names take three times the memory
    parts = []
    for start in range(0, len(different), _NAMES_AT_ONCE):
        some = different[start : start + _NAMES_AT_ONCE].tolist()
        parts.append(pa.array(map(form, some), pa.large_string()))
    forms = pd.array(pa.chunked_array(parts, pa.large_string()).combine_chunks(), dtype="str")
    return pd.Series(forms.take(number), names.index, name=names.name)


def among(names: pd.Series, others: pd.Series) -> pd.Series:
    """`names.isin(others)`, ten times as fast: on strings pandas walks through `others` one by one."""
    asked, known = pa.array(names, pa.large_string()), pa.array(others, pa.large_string())
    if len(known) > len(asked):  # a table of the fewer ones takes less memory
        known = known.filter(pc.is_in(known, value_set=asked))
    found = pc.is_in(asked, value_set=known)
    return pd.Series(found.to_numpy(zero_copy_only=False), names.index)


def one_spelling(names: pd.Series) -> pd.Series:
    """Every name in the spelling in which it came first."""
    form = keys(names)
    first = names[~form.duplicated()]  # in the order in which `factorize` numbers them
    spellings = pd.array([_tidy(name) for name in first.tolist()], dtype="str")
    return pd.Series(spellings.take(form.factorize()[0]), names.index, name=names.name)


def look_alikes(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Groups of names that are not the same but share a skeleton, each group and all groups sorted.

    Spellings that `comparable` takes for one name are no look-alikes: the first of them stands for all.
    """
    by_skeleton: dict[str, dict[str, str]] = defaultdict(dict)
    for name in names:
        if name:
            by_skeleton[skeleton(name)].setdefault(comparable(name), name)
    groups = []
    for alike in by_skeleton.values():
        if len(alike) > 1:
            groups.append(tuple(sorted(alike.values())))
    return sorted(groups)


def _tidy(name: str) -> str:
    return unicodedata.normalize("NFC", " ".join(name.split()))
