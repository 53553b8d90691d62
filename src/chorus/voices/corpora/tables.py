"""The tables of corpora, as their makers write them: tab-separated text without quotes."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterator
from pathlib import Path

from chorus.errors import DataError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(path: Path) -> str:
    """A text file in UTF-8, or in UTF-16 that says so; another encoding would be a guess that changes names.

    Raises:
        DataError: it cannot be read, or is in neither. The text names the file without its folder.
    """
    try:
        data = path.read_bytes()
        encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
        return data.decode(encoding)
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DataError(f"{path.name} is not in UTF-8, see line {line}: save it as UTF-8") from None


def read_rows(path: Path, required: Collection[str]) -> Iterator[tuple[int, dict[str, str] | str]]:
    """The rows of a tab-separated table that has at least these columns, each with its line: the first is 1.

    Fields are stripped; blank lines are skipped. A row with more or fewer fields than the header is a reason in words.

    Raises:
        DataError: see `read_text`; it has no rows, a column twice, or lacks one.
    """
    lines = read_text(path).split("\n")  # other signs that end lines stand inside sentences
    header = [name.strip() for name in lines[0].rstrip("\r").split("\t")]
    if missing := [name for name in required if name not in header]:
        has = ", ".join(header[:20])
        raise DataError(f"{path.name} lacks the column {missing[0]!r}; it has: {has}")
    if twice := [name for name in header if name and header.count(name) > 1]:
        raise DataError(f"{path.name} has the column {twice[0]!r} twice")
    rows = [(number, line.rstrip("\r")) for number, line in enumerate(lines[1:], 2) if line.strip()]
    if not rows:
        raise DataError(f"{path.name} has no rows")
    return ((number, _fields(header, line.split("\t"))) for number, line in rows)


def _fields(header: list[str], values: list[str]) -> dict[str, str] | str:
    if len(values) != len(header):
        return f"wrong number of fields: {len(values)} under {len(header)} columns"
    return {name: value.strip() for name, value in zip(header, values, strict=True)}
