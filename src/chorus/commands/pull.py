"""Fetch shared data: as dvc pull, also after an interrupted pull.

DVC takes the half of a list that an interrupted pull has collected for the whole; this has it collect anew.
"""

from __future__ import annotations

import argparse
import sys

from chorus.sharing.integrity import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to fetch."""
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help="stages or paths (default: all of this commit)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Forget what an interruption left, then let DVC pull; its exit code is ours."""
    with Store() as store:
        store.forget()
        store.refuse_silent_remote()
    # only now that the store has let go of the repository: DVC opens it for itself
    from dvc.cli import main as dvc

    sys.exit(dvc(["pull", *arguments.targets]))
