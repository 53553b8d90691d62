"""Files written whole or not at all, with the same bytes for the same content on every machine."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from chorus.errors import ParameterError
from chorus.yaml12 import UniqueKeysLoader

# bytes; what people write has a few thousand, and DVC reads ten million for minutes
_LARGEST_YAML = 1_000_000


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; when the block ends well, it takes the place of `path`.

    A killed or failed block leaves `path` as it was. Folders are made as needed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, as nothing is renamed across disks; with the suffix, by which some writers choose a format.
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
        # Two renames, since a folder that holds something cannot be replaced by one.
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


class Exact(float):
    """A number that JSON keeps in full: a threshold, which scores are compared with."""


def write_json(path: Path | str, content: Any) -> None:
    """Write JSON that reads well in a diff: indented, key order kept, NaN as null; floats to six digits, or `Exact`."""
    write_text(
        path, json.dumps(_rounded(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    )


def nan_as_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same with None for NaN: JSON has none, and it stands for what nobody knows."""
    found = dict(values)
    for name, value in values.items():
        if isinstance(value, float) and math.isnan(value):
            found[name] = None
    return found


def read_json(path: Path | str) -> Any:
    """Read a JSON file.

    Raises:
        ValueError: it is no JSON, has a key twice, or a number that is not finite.
    """
    return parse_json(Path(path).read_text(encoding="utf-8"))


def parse_json(text: str) -> Any:
    """Parse JSON as the standard has it: NaN and Infinity are no numbers, and no key stands twice.

    Raises:
        ValueError: names what is wrong.
    """
    return json.loads(
        text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite
    )


def read_yaml(path: Path | str) -> Any:
    """Read a YAML file that a person wrote, as plain values.

    Raises:
        ParameterError: it is missing, no valid YAML, not in UTF-8, larger than a megabyte, or has a key twice.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ParameterError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > _LARGEST_YAML:
        raise ParameterError(
            f"{path} has {len(data):,} bytes: at most {_LARGEST_YAML:,} are allowed"
        )
    try:
        # -sig: editors of Windows put a mark at the beginning, which is no part of the first key.
        return yaml.load(data.decode("utf-8-sig"), UniqueKeysLoader)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ParameterError(f"{path} is not in UTF-8, see line {line}: save it as UTF-8") from None
    except RecursionError:
        raise ParameterError(f"{path} is nested too deeply") from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise ParameterError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None


def write_csv(path: Path | str, table: pd.DataFrame, digits: int = 6) -> None:
    """Write a table as CSV: no index, "\\n" line ends, floats to so many significant digits (17: in full)."""
    with replacing(path) as beside:
        table.to_csv(
            beside, index=False, lineterminator="\n", encoding="utf-8", float_format=f"%.{digits}g"
        )


def read_csv(path: Path | str) -> pd.DataFrame:
    """Read a table of text columns as written by `write_csv`; empty fields are "" and never NaN.

    Numbers stay text unless the caller converts them: a recorder called "007" must not become 7.
    """
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")


def write_parquet(path: Path | str, table: pd.DataFrame) -> None:
    """Write a table as Parquet: no index; the same bytes for the same table and version of pyarrow."""
    with replacing(path) as beside:
        table.to_parquet(beside, index=False)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for name, value in pairs:
        if name in content:
            raise ValueError(f"the key {name!r} stands twice")
        content[name] = value
    return content


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number")
    return value


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, str | bytes):  # numpy scalars
        value = value.item()
    if isinstance(value, Exact):
        return float(value)
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):  # JSON has no NaN
        return None
    return float(f"{value:.6g}")
