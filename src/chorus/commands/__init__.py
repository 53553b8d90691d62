"""The command `chorus`: what a person types. Arguments in, tables out; what they say is computed by the library."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from chorus.commands.here import refuse_foreign_code
from chorus.errors import one_line
from chorus.interpreter import own_python_first

GROUPS = {
    "a sweep, in the folder of its study": ("sweep", "leaderboard", "effects", "compare", "report"),
    "one run": ("check", "summary", "diagnose", "listen", "back"),
    "what a change did": ("review",),
    "data on other machines": ("push", "pull", "verify", "s3"),
    "recordings of the field": (
        "detect",
        "worker",
        "season",
        "review-queue",
        "export",
        "demo-season",
    ),
    "labels for a survey": ("labels", "clips-csv"),
    "any table of runs": ("power", "spread", "coverage", "thresholds", "recompute"),
    "other figures": ("nightly", "page"),
}
COMMANDS = tuple(name for names in GROUPS.values() for name in names)
# Those that touch no study in the current folder.
ANYWHERE = (
    "power", "spread", "coverage", "thresholds", "recompute", "nightly", "page", "s3", "detect", "worker", "export",
    "season", "review-queue", "demo-season", "labels", "clips-csv",
)  # fmt: skip
_ABOUT = "Which data should I train on, is the training healthy, and is the difference real?"


class _Parser(argparse.ArgumentParser):
    """Whose help lists the commands in their groups, and imports none of them."""

    def format_help(self) -> str:
        lines = [f"usage: {self.prog} COMMAND ...", "", _ABOUT]
        for title, names in GROUPS.items():
            lines += ["", f"{title}:"]
            for name in names:
                lines.append(f"  {name:<12} {_summary(name)}")
        lines += [
            "",
            "  --print-completion SHELL  prints the completion script of bash, zsh or tcsh",
        ]
        return "\n".join([*lines, "", f"{self.prog} COMMAND --help says more.", ""])


def parser(commands: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of the command and of its parts, or of some of them."""
    import shtab

    top = _Parser(prog="chorus", description=_ABOUT)
    shtab.add_argument_to(
        top, ["--print-completion"], help="print the completion script of a shell"
    )
    parts = top.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=argparse.ArgumentParser
    )
    for name in commands:
        _add(parts, name)
    return top


def _add(parts: Any, name: str) -> None:
    command = import_module(f"chorus.commands.{_module(name)}")
    part = parts.add_parser(
        name,
        help=_summary(name).replace("%", "%%"),
        description=command.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(part)
    part.set_defaults(action=command.run)


def _module(name: str) -> str:
    """clips_csv for the command clips-csv."""
    return name.replace("-", "_")


def _touches_a_study(parsed: argparse.Namespace) -> bool:
    """Whether the command reads or writes the repository in the current folder; of a table of runs none does."""
    if parsed.command in ANYWHERE:
        return False
    # `chorus compare --predictions` judges two tables of anybody's.
    if getattr(parsed, "predictions", None):
        return False
    of_any_table = "table" in parsed and (parsed.table or parsed.runs) and not parsed.sweep
    return not of_any_table


def _summary(name: str) -> str:
    """The first line of a command's documentation, read without importing what the command needs."""
    source = (Path(__file__).parent / f"{_module(name)}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").split("\n")[0].rstrip(".")


def _wanted(first: Sequence[str]) -> Sequence[str]:
    """The commands whose arguments are needed: importing all of them for one would cost a second each time."""
    if first and first[0] in COMMANDS:
        return first
    if first and first[0] in ("-h", "--help"):
        return ()
    return COMMANDS


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; an error of ours, or of git, DVC, the machine or a storage, is one line and exit code 1."""
    if arguments is None:
        arguments = sys.argv[1:]
    given = list(arguments)
    try:
        parsed = parser(_wanted(given[:1])).parse_args(given)
        if _touches_a_study(parsed):
            refuse_foreign_code()
            own_python_first()
        parsed.action(parsed)
    except BrokenPipeError:  # `chorus ... | head` has seen enough
        # or Python, which flushes standard output once more at its end, would complain of it there
        sys.stderr.close()
    except Exception as error:
        if (sentence := one_line(error)) is None:
            raise
        sys.exit(f"error: {sentence}")
    except KeyboardInterrupt:
        print("stopped: run the same command again", file=sys.stderr)
        # 128 + SIGINT, as shells tell such an end to whoever called them
        sys.exit(130)
