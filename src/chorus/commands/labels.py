"""Labels of Raven, Audacity, BirdNET-Analyzer or folders of classes become clips.csv.

chorus labels recordings --positive RADR --negative "*"           tables that lie beside the recordings
chorus labels recordings --tables labels --confidence 0.5-1 ...   tables that lie elsewhere, of a detector
chorus labels recordings --folders --positive frog --negative "*" a folder for each class
chorus labels recordings --review reviewed.csv                    what was heard on a page of chorus review-queue

The survey cuts long recordings where the labels say. Every label ends in clips.csv or, with its reason, in
labels_quarantine.csv beside it; what lies outside the range of confidence is left out and counted.
"""

from __future__ import annotations

import argparse
import math
import re
from pathlib import Path

import pandas as pd

from chorus import quarantine
from chorus.clips import NEGATIVE, POSITIVE
from chorus.commands.show import percent, say, show
from chorus.errors import DataError, ParameterError
from chorus.files import read_csv, write_csv
from chorus.labels import FORMATS, Collected, Wishes, collect
from chorus.labels.collect import tables_in, too_short
from chorus.places import is_remote, place
from chorus.quarantine import count_reasons

CLIPS, QUARANTINE = "clips.csv", "labels_quarantine.csv"
REVIEWS = "reviews"  # the folder of what was answered, by queue
SHORTEST = 0.5  # s: survey.min_seconds, unless it is set
_RANGE = re.compile(r"(?P<low>[0-9.]+)(?:-(?P<high>[0-9.]+))?")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("folder", type=place, help="the recordings: the study's survey.source")
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--tables", type=Path, nargs="+", metavar="PATH", help="files or folders (default: FOLDER)"
    )
    source.add_argument(
        "--review",
        type=place,
        nargs="+",
        metavar="CSV",
        help="what pages of chorus review-queue exported",
    )
    source.add_argument(
        "--folders", action="store_true", help="each folder of recordings is a class"
    )
    parser.add_argument(
        "--positive", action="append", metavar="LABEL", help="again for more (default: positive)"
    )
    parser.add_argument(
        "--negative", action="append", metavar="LABEL", help="'*': all others (default: negative)"
    )
    parser.add_argument(
        "--confidence", metavar="LOW-HIGH", help="of a detector's tables, 0.5-1 for instance"
    )
    parser.add_argument(
        "--format", choices=FORMATS, default="", help="of the tables (default: as each looks)"
    )
    parser.add_argument(
        "--label-column", default="", metavar="NAME", help="of Raven's tables, if it is unusual"
    )
    parser.add_argument(
        "--widen", type=float, default=0.0, metavar="S", help="shorter labels become S seconds long"
    )
    parser.add_argument(
        "--recordings",
        type=place,
        default=Path(),
        metavar="FOLDER",
        help="of --review: where paths begin, s3://... too",
    )
    parser.add_argument("--replace", action="store_true", help="a clips.csv that is there already")


def run(arguments: argparse.Namespace) -> None:
    """Write clips.csv and the quarantine of labels, and say what became of them.

    Raises:
        DataError: there is a clips.csv already, or no label could be used.
        ParameterError: the folder of a survey is not on this machine.
    """
    if is_remote(arguments.folder):
        allowed = "a folder of this machine, which survey.source names"
        raise ParameterError(f"FOLDER: {arguments.folder} is not allowed: {allowed}")
    if arguments.review:
        _review(arguments)
    else:
        _tables(arguments)


def _review(arguments: argparse.Namespace) -> None:
    """Add the answers to clips.csv, keep them in reviews/, and say what they tell of the season."""
    from chorus.labels.reviewed import add_reviews, read_reviews

    reviews = read_reviews(arguments.review)
    out = arguments.folder / CLIPS
    clips = pd.DataFrame(columns=["path", "label"], dtype=str)
    if out.is_file():
        clips = read_csv(out)
    for name in ("path", "label"):
        if name not in clips:
            raise DataError(f"{out} lacks the column {name!r}")
    names = ((arguments.positive or [POSITIVE])[0], (arguments.negative or [NEGATIVE])[0])
    added = add_reviews(arguments.folder, clips, reviews, arguments.recordings, names)
    every: dict[str, pd.DataFrame] = {}
    for queue, answers in reviews.groupby("queue"):
        kept = arguments.folder / REVIEWS / f"{queue}.csv"
        every[str(queue)] = _with_those_before(kept, answers)
        # With all digits: from these answers the recall of the season is computed ever after.
        write_csv(kept, every[str(queue)], digits=17)
    rejected = quarantine.table((refused.source, refused.reason) for refused in added.refused)
    write_csv(arguments.folder / REVIEWS / QUARANTINE, rejected)
    if added.new:
        write_csv(out, added.clips)
    say(f"{added.new} clips added to {out}; {added.known} were in it, {added.unsure} unsure.")
    if added.refused:
        say(f"{len(added.refused)} in {REVIEWS}/{QUARANTINE}: {_reasons(rejected)}")
    for queue, answers in every.items():
        say(f"Queue {queue}: {_recall(answers)}")


def _with_those_before(kept: Path, answers: pd.DataFrame) -> pd.DataFrame:
    """The answers to a queue with those that were handed in before, the last of each person to each window."""
    from chorus.labels.reviewed import read_reviews

    if not kept.is_file():
        return answers
    # Several people may share a queue: who hands in second must not replace what the first one heard.
    both = pd.concat([read_reviews([kept]), answers]).sort_values("when", kind="stable")
    return both.drop_duplicates(["window", "who"], keep="last")


def _recall(answers: pd.DataFrame) -> str:
    """What the answers of a queue tell of recall in the whole season, in words."""
    from chorus.season.queue import estimate

    try:
        found = estimate(answers.sort_values("when").drop_duplicates("window", keep="last"))
    except DataError as reason:
        return f"recall in the season cannot be told: {reason}."
    if math.isnan(found.recall):
        return "no call was heard: recall in the season cannot be told."
    of = f"{found.found:.0f} of {found.calls:.0f} windows with a call"
    return f"recall in the season {percent(found.recall)} ({percent(found.low)} to {percent(found.high)}), {of}."


def _tables(arguments: argparse.Namespace) -> None:
    out = arguments.folder / CLIPS
    if out.exists() and not arguments.replace:
        raise DataError(f"{out} is there already: --replace writes it anew")
    tables = None
    if not arguments.folders:
        tables = tables_in(arguments.tables or [arguments.folder])
        if not tables:
            raise DataError(
                f"no tables of labels in {arguments.folder}: --tables says where they are"
            )
    found = collect(arguments.folder, tables, _wishes(arguments))
    if found.clips.empty:
        raise DataError(
            f"none of the labels can be used: {_reasons(found.quarantine) or 'there are none'}"
        )
    # clips.csv last: with it the command counts as done, and is refused a second time
    write_csv(arguments.folder / QUARANTINE, found.quarantine)
    write_csv(out, found.clips)
    _tell(found, out)


def _wishes(arguments: argparse.Namespace) -> Wishes:
    confidence = None
    if arguments.confidence:
        confidence = _range(arguments.confidence)
    return Wishes(
        positive=tuple(arguments.positive or [POSITIVE]),
        negative=tuple(arguments.negative or [NEGATIVE]),
        confidence=confidence,
        kind=arguments.format,
        label_column=arguments.label_column,
        widen=arguments.widen,
    )


def _range(text: str) -> tuple[float, float]:
    match = _RANGE.fullmatch(text)
    try:
        return float(match["low"]), float(match["high"] or 1)  # type: ignore[index]
    except (TypeError, ValueError):
        raise ParameterError(f"--confidence: {text!r} is not allowed: LOW-HIGH, as 0.5-1") from None


def _tell(found: Collected, out: Path) -> None:
    rows = []
    for label, count in found.clips["label"].value_counts().items():
        rows.append([str(label), str(count)])
    show(str(out), ("label", "clips"), rows)
    if found.tables:
        say(f"{found.tables} tables read.")
    else:
        say("Classes by folders.")
    if found.left_out:
        say(f"{found.left_out} labels left out by their confidence.")
    if found.cut_short:
        say(f"{found.cut_short} windows of a detector end with their recording.")
    if sentence := too_short(found.clips, SHORTEST):
        say(sentence)
    if found.refused:
        say(f"{len(found.refused)} in {QUARANTINE}: {_reasons(found.quarantine)}")


def _reasons(rejected: pd.DataFrame) -> str:
    told = [f"{reason} ({count})" for reason, count in count_reasons(rejected).items()]
    return ", ".join(told[:6])
