"""What all scripts share: where files lie, how params are read, and how errors reach a person."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import chorus  # before NumPy and torch: see chorus/pins.py
import record  # before the rest of the library: it notes what is about to run

# isort: split

from chorus.errors import DataError, ParameterError, one_line
from chorus.params import read_params
from chorus.paths import MADE_BY_STAGES, PARAMS

# A queued experiment runs in a temporary checkout and must import the code it was queued with. A stray PYTHONPATH would
# silently run something else, and so would an installed checkout where Python leaves the script's own folder out.
_HERE = Path(__file__).resolve().parent
if Path(chorus.__file__).resolve().parent != _HERE / "chorus":
    sys.exit(
        f"error: this script would import chorus from {Path(chorus.__file__).parent}, not from beside itself"
    )
_SCRIPT = Path(getattr(sys.modules["__main__"], "__file__", None) or __file__).resolve()
if _SCRIPT.with_name("stage.py").exists() and _SCRIPT.parent != _HERE:
    cause = "is PYTHONSAFEPATH set, or python -P?"
    sys.exit(
        f"error: {_SCRIPT.name} would import stage from {_HERE}, not from beside itself: {cause}"
    )
if not chorus.PINNED:
    sys.exit(
        "error: NumPy or torch was loaded before chorus chose their kernels: import stage before them"
    )


def params(section: str) -> Any:
    """A section of params.yaml in the current folder ("compose", "mine.positives"), as plain values.

    Raises:
        ParameterError: the file or the section is missing, or the file cannot be used (`chorus.files.read_yaml`).
    """
    value: Any = _params(PARAMS.resolve())
    for key in section.split("."):
        if not isinstance(value, dict) or key not in value:
            raise ParameterError(f"{section}: missing in params.yaml")
        value = value[key]
    return value


_params = cache(read_params)  # read once: all that a script does, it does by the same parameters


def seed(section: str = "seed") -> int:
    """A seed from params.yaml.

    Raises:
        ParameterError: it is no whole number from 0 on.
    """
    value = params(section)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ParameterError(
            f"{section}: {value!r} is not allowed: a seed is a whole number from 0 on"
        )
    return value


def refuse_inside(folder: Path, output: Path, key: str) -> None:
    """Refuse an input folder that a stage's output holds or is held by: the stage would delete its own input.

    Raises:
        ParameterError: it is so.
    """
    given, ours = folder.resolve(), output.resolve()
    if given == ours or ours in given.parents or given in ours.parents:
        raise ParameterError(
            f"{key}: {str(folder)!r} is not allowed: a folder apart from {output}, which is rewritten"
        )


def note(sentences: Iterable[str]) -> None:
    """Say what could not be done, a line each."""
    for sentence in sentences:
        print(f"note: {sentence}")


def run(recipe: Callable[[], None]) -> None:
    """Run a script: an error of ours is one line and exit code 1, and so is one of git, DVC, the disk or a storage.

    Anything else is a bug and keeps its traceback. Ctrl-C is one line, and the exit code that shells expect of it.

    A script that DVC runs fails when something that DVC will record of it is not what it uses, or changes meanwhile.
    """
    _refuse_arguments(recipe)
    try:
        _refuse_foreign_code()
        recipe()
        _refuse_changes()
    except Exception as error:
        sentence = one_line(error) or _not_made_yet(error)
        if sentence is None:
            raise
        sys.exit(f"error: {sentence}")
    except KeyboardInterrupt:
        print("stopped: run the same command again", file=sys.stderr)
        sys.exit(130)


def _refuse_arguments(recipe: Callable[[], None]) -> None:
    """A script without a parser of its own takes no arguments, and its docstring is its help."""
    script = sys.modules[recipe.__module__]
    if len(sys.argv) > 1 and not hasattr(script, "argparse"):
        formatter = argparse.RawDescriptionHelpFormatter
        argparse.ArgumentParser(description=script.__doc__, formatter_class=formatter).parse_args()


def _not_made_yet(error: Exception) -> str | None:
    """What a script that a person starts is told where the stages before it have not run."""
    if not isinstance(error, FileNotFoundError) or not error.filename:
        return None
    path = Path(error.filename)
    # any other file that is not there may be a bug of ours
    if path.parts[0] not in MADE_BY_STAGES:
        return None
    return f"{path} is missing, which an earlier stage makes: dvc repro"


def _refuse_foreign_code() -> None:
    """DVC records the code of a stage by its fingerprint, which must be of the code that runs."""
    if files := record.foreign_code():
        raise DataError(
            f"{_few(files)}: not as in code/, which dvc repro without --single-item brings up to date"
        )


def _refuse_changes() -> None:
    if changed := record.changed() + record.edited_code():
        raise DataError(
            f"changed while the stage ran: {_few(changed)}; "
            "what it made is recorded nowhere: run the same command again"
        )


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
