"""Back to the commit: its parameters and results, and its data as far as it is here or in a remote.

As `git checkout . && dvc checkout`, but what cannot be had in the commit's version stays as it is.
"""

from __future__ import annotations

import argparse

from chorus.commands.here import STUDY
from chorus.experiments.back import bring_back


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(_: argparse.Namespace) -> None:
    """Bring back, and say what could not be."""
    back = bring_back(STUDY)
    print(
        f"parameters and results are those of commit {back.commit}: {len(back.files)} files put back"
    )
    if back.kept:
        print(
            f"as made here, for the commit's are neither on this machine nor in a remote: {', '.join(back.kept)}"
        )
    if back.gone:
        print(f"missing, here and in the remotes: {', '.join(back.gone)}")
    if back.kept or back.gone:
        print("dvc repro makes the rest from what is here; what is known is not computed again")
