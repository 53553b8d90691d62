"""How far the results of the stages that all runs share lie from those of a commit, in a few words each."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chorus.experiments.history import Snapshot

Content = Callable[
    [str], bytes | None
]  # of a file by the hash that dvc.lock has; None: it is not on this machine


@dataclass(frozen=True)
class Difference:
    """An output that differs. path: of the output. how: how far, or why that cannot be said."""

    path: str
    how: str


def differences(
    before: Snapshot, after: Snapshot, stages: list[str], cache: Path
) -> list[Difference]:
    """The outputs of `stages` that differ between two commits, in the order of the pipeline.

    Args:
        cache: the folder in which DVC keeps files under their hashes.
    """
    content = _cached_in(cache)
    old = {out["path"]: out for out in before.outputs(stages)}
    new = {out["path"]: out for out in after.outputs(stages)}
    return [
        Difference(path, _how(path, old.get(path), out, before, after, content))
        for path, out in new.items()
        if out.get("md5") != old.get(path, {}).get("md5")
    ]


def _how(
    path: str,
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any],
    before: Snapshot,
    after: Snapshot,
    content: Content,
) -> str:
    if old is None:
        return "not in the commit"
    if new["md5"].endswith(".dir"):
        return _compared_folders(old, new, content)
    there, here = (
        before.bytes(path) or content(old["md5"]),
        after.bytes(path) or content(new["md5"]),
    )
    if there is None or here is None:
        return _sizes(old, new)
    return _compared(path, there, here)


def _compared_folders(old: Mapping[str, Any], new: Mapping[str, Any], content: Content) -> str:
    listed = content(old["md5"]), content(new["md5"])
    if listed[0] is None or listed[1] is None:
        return _sizes(old, new)
    files = [
        {entry["relpath"]: entry["md5"] for entry in json.loads(text)}
        for text in listed
        if text is not None
    ]
    names = sorted(files[0].keys() | files[1].keys())
    other = [name for name in names if files[0].get(name) != files[1].get(name)]
    words = f"{len(other)} of {len(names)} files"
    pairs = (
        (name, content(files[0].get(name, "")), content(files[1].get(name, ""))) for name in other
    )
    both = [(name, a, b) for name, a, b in pairs if a is not None and b is not None]
    found = [
        relative for name, a, b in both if (relative := largest_relative(name, a, b)) is not None
    ]
    return f"{words}, numbers by up to {max(found):.1g} of the largest" if found else words


def _compared(path: str, old: bytes, new: bytes) -> str:
    relative = largest_relative(path, old, new)
    if relative is not None:
        return f"numbers by up to {relative:.1g} of the largest" if relative else "its wording"
    lines = set(old.splitlines()) ^ set(new.splitlines())
    return f"{len(lines)} lines" if Path(path).suffix in (".csv", ".json", ".md") else "its bytes"


def _sizes(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    same = all(old.get(key) == new.get(key) for key in ("size", "nfiles"))
    size = "as large there" if same else f"{old.get('size')} bytes there, {new.get('size')} here"
    return f"{size}, and not on this machine to compare"


def largest_relative(path: str, old: bytes, new: bytes) -> float | None:
    """The largest difference between the numbers of two files, as a share of the largest number of the old one.

    Args:
        path: its ending says what the file is: safetensors, JSON or CSV.

    Returns:
        None where the two do not hold the same number of numbers, or none at all.
    """
    readers = {".safetensors": _tensors, ".json": _json_numbers, ".csv": _csv_numbers}
    if (reader := readers.get(Path(path).suffix)) is None:
        return None
    a, b = reader(old), reader(new)
    if a.shape != b.shape or not a.size:
        return None
    largest = float(np.abs(a).max())
    return float(np.abs(a - b).max()) / largest if largest else None


def _tensors(content: bytes) -> np.ndarray:
    from safetensors.numpy import load

    tensors = load(content)
    flat = [tensors[name].astype(np.float64).ravel() for name in sorted(tensors)]
    return np.concatenate(flat) if flat else np.empty(0)


def _json_numbers(content: bytes) -> np.ndarray:
    return np.array(list(_numbers(json.loads(content))), dtype=np.float64)


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _numbers(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


def _csv_numbers(content: bytes) -> np.ndarray:
    table = pd.read_csv(io.BytesIO(content)).select_dtypes("number").fillna(0)
    return np.asarray(table, dtype=np.float64).ravel()


def _cached_in(cache: Path) -> Content:
    def content(md5: str) -> bytes | None:
        path = cache / "files" / "md5" / md5[:2] / md5[2:]
        return path.read_bytes() if len(md5) > 2 and path.is_file() else None

    return content
