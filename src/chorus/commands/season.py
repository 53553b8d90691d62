"""Where and when does it call in a season of recordings, and how sure is that? A page, and tables by site and night.

chorus season detections                         what chorus detect wrote
chorus season detections --threshold 0.9 --predictions data/predictions.parquet --split test_ood

The detector's errors are those on labelled nights: its false-positive rate (not 1 - precision) and its recall, with
intervals over nights and with what nights have in common. Writes season.html, season_nights.csv and season_sites.csv
into the folder of detections.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from chorus import paths
from chorus.clips import POSITIVE, TEST_OOD
from chorus.commands.show import between, number, percent, say, show
from chorus.errors import ParameterError
from chorus.files import write_csv, write_text
from chorus.options import parse
from chorus.params import read_params
from chorus.places import place, results_in

if TYPE_CHECKING:
    from chorus.pictures import PictureOptions
    from chorus.season.summary import AtThreshold

_SLIDER = (-1.0, 0.0, 1.0, 2.0, 3.0, 4.0)  # from the threshold, in log odds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument(
        "detections", type=place, help="the folder that chorus detect wrote, s3://... too"
    )
    parser.add_argument(
        "--threshold", type=float, metavar="P", help="of scores (default: the detector's own)"
    )
    parser.add_argument(
        "--predictions", type=Path, default=paths.PREDICTIONS, metavar="PARQUET",
        help="scores of labelled clips, by which its errors are known (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--split", default=TEST_OOD, help="of these clips (default: %(default)s)")
    parser.add_argument(
        "--label", default=POSITIVE, help="the class asked about (default: %(default)s)"
    )
    parser.add_argument(
        "--recordings", type=place, default=Path(), metavar="FOLDER", help="where their paths begin"
    )
    parser.add_argument(
        "--occupied", type=float, default=0.5, metavar="P", help="that a site is used, beforehand"
    )
    parser.add_argument(
        "--clips",
        type=int,
        default=4,
        metavar="N",
        help="best clips of a site (default: %(default)s)",
    )
    parser.add_argument(
        "--out", type=place, metavar="FOLDER", help="default: the folder of detections"
    )


def run(arguments: argparse.Namespace) -> None:
    """Write the page and the tables, and say what they hold."""
    from chorus.season import read_scores
    from chorus.season.gather import best_windows, read_season
    from chorus.season.listening import sights
    from chorus.season.page import season_page
    from chorus.season.summary import at_threshold, levels

    if arguments.clips < 0:
        raise ParameterError(f"--clips: {arguments.clips} is not allowed: 0 or more")
    heard = read_season(arguments.detections, arguments.label)
    threshold = arguments.threshold
    if threshold is None:
        threshold = heard.threshold
    heard.check(threshold)
    scored = read_scores(arguments.predictions, arguments.split)
    seconds = float(heard.model.get("window_seconds", 3.0))
    given = {"occupied": arguments.occupied, "window_seconds": seconds}
    judged = [
        at_threshold(heard, scored, level, **given) for level in levels(heard, threshold, _SLIDER)
    ]
    # equal to the last digit: `levels` hands the threshold itself back as it was given
    chosen = next(one for one in judged if one.threshold == threshold)
    best = best_windows(heard, threshold, arguments.clips)
    windows = zip(best["file"], best["start"], best["end"], strict=True)
    seen = sights(windows, arguments.recordings, pictures_of(Path("params.yaml")))
    page = season_page(
        heard, judged, chosen, best, seen, split=arguments.split, occupied=arguments.occupied
    )
    out = arguments.out or arguments.detections
    with results_in(out) as folder:
        write_csv(folder / "season_nights.csv", chosen.nights)
        write_csv(folder / "season_sites.csv", chosen.found.sites)
        write_text(folder / "season.html", page)
    _tell(chosen.found.sites)
    _certainty(chosen)
    if heard.without_night:
        say(f"{heard.without_night} recordings of unknown nights are left out.")
    if heard.copies:
        say(
            f"{heard.copies} recordings hold the same bytes as another one: they count as if heard twice."
        )
    if missing := sum(bool(one.missing) for one in seen):
        say(
            f"{missing} of the best clips have no sound: --recordings says where the recordings are."
        )
    say(f"{out / 'season.html'}: open it in a browser.")


def pictures_of(params: Path) -> PictureOptions:
    """How a study draws its sounds: what its params.yaml says, or everything up to 24 kHz."""
    from chorus.pictures import PictureOptions as Kind

    # A season is read where its detections lie, which need not be a study's folder.
    values = None
    if params.is_file():
        values = read_params(params).get("pictures")
    return parse(Kind, values, section="pictures")


def _tell(sites: pd.DataFrame) -> None:
    rows = []
    for row in sites.to_dict("records"):
        nights = between(row["nights_present_low"], row["nights_present_high"], 0)
        minutes = [_minutes(row["minutes_to_presence"]), _minutes(row["minutes_to_absence"])]
        rows.append([
            str(row["site"]), str(row["nights"]), percent(row["presence"], 1), number(row["nights_present"], 1),
            nights, *minutes,
        ])  # fmt: skip
    heads = (
        "site",
        "nights",
        "presence",
        "with calls",
        "95 %",
        "min to presence",
        "min to absence",
    )
    show("Presence, and minutes of listening until it, or absence, is 95 % certain", heads, rows)


def _minutes(value: float) -> str:
    return number(value, 1) or "all of it"


def _certainty(judged: AtThreshold) -> None:
    rows = []
    for one in judged.certainty:
        rows.append([str(one.calls), percent(one.chance, 1), percent(one.independent, 1)])
    heads = ("windows with a call", "chance to notice", "(1 - recall)^N says")
    show("A night's calls are missed together", heads, rows, left=0)
