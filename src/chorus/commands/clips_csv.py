"""A clips.csv to begin with: the recordings of a folder, with what names and files tell of them.

chorus clips-csv recordings                     the labels are yours to fill in
chorus clips-csv recordings --label negative    all of them are of one class

Columns: path, label, site (the first folder), recorder, date (of the evening). Labels that lie in other programs'
tables come with chorus labels.
"""

from __future__ import annotations

import argparse
from datetime import tzinfo
from pathlib import Path

from chorus.commands.show import say
from chorus.errors import DataError, ParameterError
from chorus.files import write_csv
from chorus.labels import starter_table
from chorus.survey.timing import TimeRules
from chorus.survey.zones import parse_zone


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("folder", type=Path, help="of recordings")
    parser.add_argument(
        "--label", default="", help="of all recordings (default: none, to be filled in)"
    )
    parser.add_argument("--time-zone", metavar="ZONE", help="of the place, Europe/Paris or +10:00")
    parser.add_argument(
        "--clock-zone",
        metavar="ZONE",
        help="of recorders' clocks where no file says, UTC for AudioMoth",
    )
    parser.add_argument("--replace", action="store_true", help="a clips.csv that is there already")


def run(arguments: argparse.Namespace) -> None:
    """Write the table.

    Raises:
        DataError: there is one already, or no recording.
    """
    out = arguments.folder / "clips.csv"
    if out.exists() and not arguments.replace:
        raise DataError(f"{out} is there already: --replace writes it anew")
    times = TimeRules(
        _zone("time-zone", arguments.time_zone), _zone("clock-zone", arguments.clock_zone)
    )
    table = starter_table(arguments.folder, times, arguments.label)
    write_csv(out, table)
    unknown = int((table["date"] == "").sum())
    say(f"{out}: {len(table)} recordings, {unknown} of an unknown night.")


def _zone(name: str, text: str | None) -> tzinfo | None:
    if not text:
        return None
    try:
        return parse_zone(text)
    except ValueError as error:
        raise ParameterError(f"--{name}: {text!r} is not allowed: {error}") from None
