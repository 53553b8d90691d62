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

from chorus.experiments.snapshot import Snapshot

# Of a file by the hash that dvc.lock has; None: it is not on this machine.
Content = Callable[[str], bytes | None]


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
    found = []
    for out in after.outputs(stages):
        path = out["path"]
        was = old.get(path, {})
        if out.get("md5") != was.get("md5"):
            found.append(Difference(path, _how(path, was, out, before, after, content)))
    return found


def _how(
    path: str,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    before: Snapshot,
    after: Snapshot,
    content: Content,
) -> str:
    if not old:
        return "not in the commit"
    if new["md5"].endswith(".dir"):
        return _compared_folders(old, new, content)
    # what git keeps is in the commits, and the rest in DVC's cache, if this machine has it
    there = before.bytes(path) or content(old["md5"])
    here = after.bytes(path) or content(new["md5"])
    if there is None or here is None:
        return _sizes(old, new)
    return _compared(path, there, here)


def _compared_folders(old: Mapping[str, Any], new: Mapping[str, Any], content: Content) -> str:
    there, here = _listed(content(old["md5"])), _listed(content(new["md5"]))
    if there is None or here is None:
        return _sizes(old, new)
    names = sorted(there.keys() | here.keys())
    other = [name for name in names if there.get(name) != here.get(name)]
    words = f"{len(other)} of {len(names)} files"
    found = []
    for name in other:
        a, b = content(there.get(name, "")), content(here.get(name, ""))
        relative = None if a is None or b is None else largest_relative(name, a, b)
        if relative is not None:
            found.append(relative)
    if found:
        words += f", numbers by up to {max(found):.1g} of the largest"
    return words


def _listed(folder: bytes | None) -> dict[str, str] | None:
    """The files of a folder as DVC's cache lists them: path -> hash."""
    if folder is None:
        return None
    return {entry["relpath"]: entry["md5"] for entry in json.loads(folder)}


def _compared(path: str, old: bytes, new: bytes) -> str:
    relative = largest_relative(path, old, new)
    if relative:
        return f"numbers by up to {relative:.1g} of the largest"
    if relative is not None:  # the same numbers: only what stands around them differs
        return "its wording"
    if Path(path).suffix not in (".csv", ".json", ".md"):
        return "its bytes"
    lines = set(old.splitlines()) ^ set(new.splitlines())
    return f"{len(lines)} lines"


def _sizes(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    size = f"{old.get('size')} bytes there, {new.get('size')} here"
    if all(old.get(key) == new.get(key) for key in ("size", "nfiles")):
        size = "as large there"
    return f"{size}, and not on this machine to compare"


def largest_relative(path: str, old: bytes, new: bytes) -> float | None:
    """The largest difference between the numbers of two files, as a share of the largest number of the old one.

    Args:
        path: its ending says what the file is: safetensors, JSON or CSV.

    Returns:
        None where the two do not hold the same number of numbers, or none at all.
    """
    readers = {".safetensors": _tensors, ".json": _json_numbers, ".csv": _csv_numbers}
    reader = readers.get(Path(path).suffix)
    if reader is None:
        return None
    a, b = reader(old), reader(new)
    if a.shape != b.shape or not a.size:
        return None
    largest = float(np.abs(a).max())
    # of nothing but zeros no difference is a share
    if not largest:
        return None
    return float(np.abs(a - b).max()) / largest


def _tensors(content: bytes) -> np.ndarray:
    from safetensors.numpy import load

    tensors = load(content)
    flat = [np.empty(0)]  # so that a file without tensors has numbers, too: none
    for name in sorted(tensors):  # by name: the order in a file says nothing
        flat.append(tensors[name].astype(np.float64).ravel())
    return np.concatenate(flat)


def _json_numbers(content: bytes) -> np.ndarray:
    return np.array(list(_numbers(json.loads(content))), dtype=np.float64)


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _numbers(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


def _csv_numbers(content: bytes) -> np.ndarray:
    # an empty cell is NaN, which is never equal, not even to the same empty cell
    table = pd.read_csv(io.BytesIO(content)).select_dtypes("number").fillna(0)
    return np.asarray(table, dtype=np.float64).ravel()


def _cached_in(cache: Path) -> Content:
    def content(md5: str) -> bytes | None:
        # "" stands for a file that one side lacks, and would name the folder
        path = cache / "files" / "md5" / md5[:2] / md5[2:]
        return path.read_bytes() if len(md5) > 2 and path.is_file() else None

    return content
