"""Share the data: brings to the remote all that a commit needs and the remote lacks, and looks whether it arrived.

`dvc push` does not look: once interrupted, it may take the half for the whole ever after (docs/sharing.md).
"""

from __future__ import annotations

import argparse

from chorus.sharing.integrity import Object, Store
from chorus.terminal import progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of what, and where to."""
    parser.add_argument(
        "--remote", default="", metavar="NAME", help="its name (default: the default remote)"
    )
    parser.add_argument(
        "--rev",
        nargs="+",
        default=[""],
        help="experiments or commits (default: the files as they are now)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Push, and count."""
    with Store(arguments.remote) as store:
        # Experiments of one grid share most of their objects: each is sent once.
        found: dict[Object, None] = {}
        for revision in arguments.rev:
            found.update(dict.fromkeys(store.objects(revision)))
        objects = list(found)
        with progress("pushing", len(objects), "object") as advance:
            uploaded = store.push(objects, advance)
    print(f"uploaded: {len(uploaded)}; on the remote: all {len(objects)} objects")
