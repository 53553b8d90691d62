"""Files written whole or not at all, with the same bytes for the same content on every machine."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; when the block ends well, it takes the place of `path`.

    A killed or failed block leaves `path` as it was. Folders are made as needed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        beside.chmod(0o644)  # mkstemp makes files that only their owner can read
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path`; when the block ends well, it takes the place of `path`, all at once.

    A failed block leaves `path` as it was. So does a killed one; what it leaves beside, the next one removes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside, old = path.parent / f".{path.name}.new", path.parent / f".{path.name}.old"
    if old.exists() and not path.exists():  # killed between the two renames below
        old.rename(path)
    for left in (beside, old):
        shutil.rmtree(left, ignore_errors=True)
    beside.mkdir()
    try:
        yield beside
        if path.exists():
            path.rename(old)
        beside.rename(path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def write_text(path: Path | str, text: str) -> None:
    """Write UTF-8 text with "\\n" line ends, atomically."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path | str, content: Any) -> None:
    """Write JSON that reads well in a diff: indented, key order kept, floats to six digits, NaN as null."""
    write_text(path, json.dumps(_rounded(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path | str) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_csv(path: Path | str, table: pd.DataFrame) -> None:
    """Write a table as CSV: no index, "\\n" line ends, floats to six significant digits."""
    with replacing(path) as beside:
        table.to_csv(beside, index=False, lineterminator="\n", encoding="utf-8", float_format="%.6g")


def read_csv(path: Path | str) -> pd.DataFrame:
    """Read a table of text columns as written by `write_csv`; empty fields are "" and never NaN.

    Numbers stay text unless the caller converts them: a recorder called "007" must not become 7.
    """
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")


def write_parquet(path: Path | str, table: pd.DataFrame) -> None:
    """Write a table as Parquet: no index; the same bytes for the same table and version of pyarrow."""
    with replacing(path) as beside:
        table.to_parquet(beside, index=False)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, str | bytes):  # numpy scalars
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value
