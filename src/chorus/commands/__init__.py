"""The command `chorus`: what a person types. Arguments in, tables out; what they say is computed by the library."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType

from chorus.commands import (
    clips_csv,
    compare,
    coverage,
    demo_season,
    detect,
    effects,
    labels,
    leaderboard,
    nightly,
    page,
    power,
    recompute,
    review_queue,
    season,
    spread,
    thresholds,
)
from chorus.errors import ChorusError, one_line, without_keys

COMMANDS = (
    effects, leaderboard, compare, power, spread, coverage, thresholds, recompute, nightly, page,
    detect, season, review_queue, demo_season, clips_csv, labels,
)  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """The parser of the command and of all its parts."""
    top = argparse.ArgumentParser(
        prog="chorus",
        description="Is the difference real? What a table of runs says, whoever made it.",
        epilog="chorus COMMAND --help says more.",
    )
    import shtab

    shtab.add_argument_to(top, ["--print-completion"], help="print the completion script of a shell")
    parts = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        summary = (command.__doc__ or "").split("\n")[0]
        part = parts.add_parser(
            name_of(command),
            help=summary.rstrip(".").replace("%", "%%"),
            description=command.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(part)
        part.set_defaults(action=command.run)
    return top


def name_of(command: ModuleType) -> str:
    """What a person types for a command's module: clips-csv for clips_csv."""
    return command.__name__.rpartition(".")[2].replace("_", "-")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; an error of ours, or of the machine, is one line and exit code 1."""
    try:
        given = parser().parse_args(arguments)
        given.action(given)
    except ChorusError as error:
        sys.exit(f"error: {without_keys(str(error))}")
    except BrokenPipeError:  # `chorus ... | head` has seen enough
        sys.stderr.close()
    except Exception as error:
        if (sentence := one_line(error)) is None:
            raise
        sys.exit(f"error: {sentence}")
    except KeyboardInterrupt:
        sys.exit(130)
