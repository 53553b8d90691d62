"""What DVC records of a stage is what the stage used: what it depends on is compared at its start and at its end.

DVC hashes parameters, code and inputs after the command has ended (treeverse/dvc#11058): an edit in between would
become the record, and `dvc status` clean for ever. A stage that finds a difference fails, and DVC records nothing.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from chorus import fingerprints
from chorus.yaml12 import YamlLoader

SOURCE = Path(__file__).resolve().parent


def recorded() -> dict[str, object]:
    """The state of all that DVC will record of the stage that it runs now: parameters by key, files by path.

    Files by their size and time of change, as reading data twice would cost too much; the stage's code stands in its
    fingerprint. Empty for a script that a person started: nothing is recorded of it.
    """
    name = os.environ.get("DVC_STAGE", "").split(":")[-1].split("@")[0]
    stages = _yaml(Path("dvc.yaml")).get("stages", {}) if name else {}
    stage = stages.get(name) or {}
    params = _yaml(Path("params.yaml")) if stage else {}
    state: dict[str, object] = {}
    for key in stage.get("params", []):
        if isinstance(key, str):
            state |= _leaves(_at(params, key), key)
    for dep in stage.get("deps", []):
        path = re.sub(r"\$\{(.+?)\}", lambda match: str(_at(params, match[1])), str(dep))
        state |= {str(file): _state(file) for file in _files(Path(path))}
    return state


def changed() -> list[str]:
    """The keys and paths whose state is another than at the start, or that are new or gone."""
    now = recorded()
    return sorted(key for key in AT_START.keys() | now.keys() if AT_START.get(key) != now.get(key))


def foreign_code() -> list[str]:
    """Our files that mean something else now than the fingerprint says by which DVC records the code of this stage.

    Raises:
        DataError: a file cannot be read as Python.
    """
    text = next((Path(key) for key in AT_START if Path(key).parent == fingerprints.FOLDER), None)
    script = Path(sys.argv[0]).resolve()
    if text is None or script.parent not in (
        SOURCE,
        fingerprints.SOURCE.resolve(),
    ):  # the root's, or a study's
        return []
    recorded_code = text.read_text(encoding="utf-8") if text.is_file() else ""
    return fingerprints.differences(
        recorded_code, fingerprints.Code(SOURCE, script.parent).fingerprint(script)
    )


def edited_code() -> list[str]:
    """The same at the end of a stage, where it is looked for only if a file was written, added or removed since."""
    return [] if _code() == CODE_AT_START else foreign_code()


def _code() -> dict[Path, object]:
    folders = {SOURCE, fingerprints.SOURCE.resolve()}
    return {file: _state(file) for folder in folders for file in _files(folder)}


def _yaml(path: Path) -> Any:
    try:
        return yaml.load(path.read_bytes(), YamlLoader) or {}
    except (OSError, yaml.YAMLError):  # a person is editing it
        return {}


def _at(params: Any, key: str) -> Any:
    for part in key.split("."):
        params = params.get(part) if isinstance(params, Mapping) else None
    return params


def _leaves(value: Any, key: str) -> dict[str, object]:
    if not isinstance(value, Mapping):
        return {key: repr(value)}
    return {
        name: leaf for part in value for name, leaf in _leaves(value[part], f"{key}.{part}").items()
    }


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from (Path(folder, name) for name in names)


def _state(path: Path) -> object:
    try:
        about = path.stat()
        return about.st_size, about.st_mtime_ns
    except OSError:
        return None


AT_START = recorded()
CODE_AT_START = _code()
