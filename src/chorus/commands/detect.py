"""Run a detector over recordings: where and when it calls, and how sure that is.

chorus detect models season/                      the detector of this study, over a folder and all below it
chorus detect stage6_038 season/ --out found      that of a run, fetched if need be
chorus detect v1.2 night.wav --format raven       that of a revision, with a selection table for Raven
chorus detect models s3://bucket/season --out s3://bucket/found --scheduler tcp://10.0.0.1:8786

Writes into --out: detections, recordings and events, each as .parquet and .csv; not_heard.csv, the files that could
not be used and why; model.json, what the scores were made with. docs/detect.md explains each.

Stopped or killed, it goes on where it was with the same command, and the results are the same. New recordings in the
same folder cost only themselves. Encoder, preprocessing, threshold and calibration come with the model.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chorus.commands.arguments import add_cluster_arguments, executor_of
from chorus.commands.show import say
from chorus.errors import ParameterError
from chorus.places import place

_SITES = (
    "a CSV file with columns recorder and site (default: the first folder below PATH is the site)"
)
_ZONE = (
    'of the place, "Europe/Paris" or "+10:00", west of Greenwich --time-zone=-08:00 with the sign = '
    "(default: times are local as written)"
)
_CLOCK = 'what the recorders\' clocks were set to where no file says, such as "UTC" (default: local time)'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument(
        "model", metavar="MODEL", help="a models/ folder, a run's name, or a revision of git"
    )
    parser.add_argument(
        "paths", nargs="+", type=place, metavar="PATH", help="recordings, and folders of them"
    )
    parser.add_argument(
        "--out", type=place, default=Path("detections"), help="default: %(default)s/"
    )
    parser.add_argument(
        "--overlap",
        type=float,
        default=0.0,
        metavar="S",
        help="of windows, in s (default: %(default)s)",
    )
    parser.add_argument(
        "--min-score",
        type=float,
        default=0.0,
        metavar="P",
        help="leave out windows below (default: 0)",
    )
    parser.add_argument(
        "--gap",
        type=float,
        default=0.0,
        metavar="S",
        help="of windows of one event (default: %(default)s)",
    )
    parser.add_argument("--sites", type=Path, metavar="CSV", help=_SITES)
    parser.add_argument("--time-zone", metavar="ZONE", help=_ZONE)
    parser.add_argument("--clock-zone", metavar="ZONE", help=_CLOCK)
    parser.add_argument(
        "--batch", type=int, default=32, help="windows encoded at once (default: %(default)s)"
    )
    parser.add_argument(
        "--encoder-model", metavar="FILE", help="the encoder's model file, where it is not packaged"
    )
    add_cluster_arguments(parser)
    programs = parser.add_argument_group("for other programs")
    programs.add_argument(
        "--format", default="", metavar="A,B", help="raven, audacity, kaleidoscope, birdnet"
    )
    programs.add_argument(
        "--species", default="", metavar="NAME", help='"Rana draytonii_California red-legged frog"'
    )
    programs.add_argument(
        "--band",
        default="0,24000",
        metavar="LOW,HIGH",
        help="of Raven's boxes, Hz (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Score, and write the tables."""
    from chorus.detection.detect import Options, detect
    from chorus.experiments.models import find_detector
    from chorus.options import parse
    from chorus.survey.options import SurveyOptions

    options = Options(
        overlap=arguments.overlap,
        min_score=arguments.min_score,
        gap=arguments.gap,
        batch=arguments.batch,
        formats=tuple(filter(None, map(str.strip, arguments.format.split(",")))),
        species=arguments.species,
        band=_band(arguments.band),
    )
    zones = {"time_zone": arguments.time_zone, "clock_zone": arguments.clock_zone}
    times = parse(SurveyOptions, zones, section="detect").times
    detector = find_detector(arguments.model, Path(), arguments.encoder_model)
    if detector.spec.licence:
        say(detector.spec.licence)
    with executor_of(arguments) as (executor, workers), _showing() as show:
        summary = detect(
            arguments.paths,
            arguments.out,
            detector,
            options,
            times,
            executor,
            workers=workers,
            sites=arguments.sites,
            progress=show,
        )
    for sentence in summary.in_words():
        say(sentence)
    say(
        f"{arguments.out}/: detections, recordings and events (.parquet, .csv), not_heard.csv, model.json"
    )


def _band(text: str) -> tuple[float, float]:
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise ParameterError(
            f"--band: {text!r} is not allowed: two frequencies in Hz, such as 270,660"
        ) from None
    return low, high


@contextmanager
def _showing() -> Iterator[Callable[..., None]]:
    """A bar over the bytes of the files, with hours of audio a minute and the time left."""
    from tqdm import tqdm

    every = 10.0  # s; a log file needs no thousand lines
    if sys.stderr.isatty():
        every = 0.5
    form = "{percentage:3.0f}% |{bar:20}| {postfix}, {elapsed} gone, {remaining} left"
    with tqdm(
        total=1, bar_format=form, mininterval=every, maxinterval=2 * every, postfix="reading"
    ) as bar:

        def show(done: object) -> None:
            bar.total = max(done.all_bytes, 1)  # type: ignore[attr-defined]
            # of the first files the clock may not have told any time yet
            minutes = max(bar.format_dict["elapsed"], 1e-9) / 60
            rate = done.scored / 3600 / minutes  # type: ignore[attr-defined]
            files = f"{done.done_files} of {done.files} files"  # type: ignore[attr-defined]
            bar.set_postfix_str(f"{files}, {rate:.1f} h of audio a minute", refresh=False)
            bar.update(done.done_bytes - bar.n)  # type: ignore[attr-defined]

        yield show
