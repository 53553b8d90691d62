"""Short hashes that name a configuration, and a run of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def signature(params: Mapping[str, Any]) -> str:
    """Eight hex digits that name a configuration: runs that differ in `seed` alone share it.

    Args:
        params: all parameters, nested, with or without `seed`. Neither their order nor 1 against 1.0 matters.
    """
    return short_hash({key: value for key, value in params.items() if key != "seed"})


def run_key(params: Mapping[str, Any], version: str) -> str:
    """Names one run: same parameters, same seed, same code and data. A run whose key is known is not run again.

    Args:
        version: of the code and data, see `chorus.experiments.snapshot`.
    """
    # twice the digits: two runs of one key would count as one, and one of them would never be made
    return short_hash([signature(params), params.get("seed"), version], digits=16)


def short_hash(content: Any, digits: int = 8) -> str:
    """Hex digits of the SHA-256 of plain nested values."""
    text = json.dumps(
        _canonical(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:digits]


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
