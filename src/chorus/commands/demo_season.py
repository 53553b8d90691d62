"""A season of three recorders to try things on: synthetic recordings, in which a frog calls on some nights.

chorus demo-season season

Four recordings a night at three sites; at one of them it never calls. Beside the folder, season_truth.csv says which
windows have a call. Then: chorus detect models season, and chorus season detections.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from chorus.commands.show import say
from chorus.errors import DataError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("folder", type=Path, help="to write to; it must not be there")
    parser.add_argument(
        "--nights", type=int, default=20, help="of each site (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds", type=int, default=60, help="of each recording (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=8, help="another seed is another season (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Write the recordings.

    Raises:
        DataError: the folder is there already.
    """
    from tqdm import tqdm

    from chorus.demo.season import HEARD_BY, HOURS, write_season

    if arguments.folder.exists():
        raise DataError(f"{arguments.folder} is there already: another name, or remove it")
    total = len(HEARD_BY) * len(HOURS) * max(arguments.nights, 0)
    written = write_season(arguments.folder, arguments.seed, arguments.nights, arguments.seconds)
    count = sum(tqdm(written, total=total, desc="recordings"))
    say(
        f"{count} recordings in {arguments.folder}: every sound in them is computed, nothing was recorded."
    )
