"""The parameters of a study, as params.yaml holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chorus.errors import ParameterError
from chorus.files import read_yaml


def read_params(file: Path) -> dict[str, Any]:
    """All sections of a params.yaml, as plain values.

    Raises:
        ParameterError: there is no such file, or it cannot be used (`chorus.files.read_yaml`).
    """
    if not file.is_file():
        raise ParameterError("params.yaml is missing: run this in the folder of a study")
    values = read_yaml(file)
    if not isinstance(values, dict):
        raise ParameterError(
            "params.yaml holds no sections: see the one that came with this repository"
        )
    return values
