"""A page with the windows most worth a person's time: uncertain ones, unconfirmed sites, and a random share.

chorus review-queue detections                       writes detections/queue.html: open it, listen, export
chorus review-queue detections --reviewed reviewed_1.csv --seed 2    what was answered before is known

Answers are given by key, kept in the browser, and exported as a table, which chorus labels --review adds to the data.
The random share is drawn with known probabilities, so that recall in the season can be estimated without bias.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from chorus.clips import POSITIVE
from chorus.commands.season import pictures_of
from chorus.commands.show import say, show
from chorus.places import place, write_whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument(
        "detections", type=place, help="the folder that chorus detect wrote, s3://... too"
    )
    parser.add_argument(
        "--uncertain",
        type=int,
        default=30,
        metavar="N",
        help="nearest to the threshold (%(default)s)",
    )
    parser.add_argument(
        "--unconfirmed",
        type=int,
        default=10,
        metavar="N",
        help="best of each such site (%(default)s)",
    )
    parser.add_argument(
        "--random", type=int, default=60, metavar="N", help="in bands of score (%(default)s)"
    )
    parser.add_argument(
        "--reviewed", type=place, nargs="+", default=[], metavar="CSV", help="answers given before"
    )
    parser.add_argument(
        "--threshold", type=float, metavar="P", help="of scores (default: the detector's own)"
    )
    parser.add_argument(
        "--label", default=POSITIVE, help="the class asked about (default: %(default)s)"
    )
    parser.add_argument(
        "--recordings", type=place, default=Path(), metavar="FOLDER", help="where their paths begin"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="of the random share (default: %(default)s)"
    )
    parser.add_argument(
        "--out", type=place, metavar="HTML", help="default: queue.html in the folder of detections"
    )


def run(arguments: argparse.Namespace) -> None:
    """Write the page."""
    from chorus.labels.reviewed import confirmed_sites, read_reviews
    from chorus.season.gather import read_season
    from chorus.season.listening import sights
    from chorus.season.queue import Wanted, choose
    from chorus.season.queue_page import queue_page

    heard = read_season(arguments.detections, arguments.label)
    threshold = arguments.threshold
    if threshold is None:
        threshold = heard.threshold
    before = read_reviews(arguments.reviewed)
    wanted = Wanted(arguments.uncertain, arguments.unconfirmed, arguments.random)
    known = set(before.loc[before["label"] != "", "window"])
    chosen = choose(heard, threshold, wanted, arguments.seed, confirmed_sites(before), known)
    # The page has its windows in an order of their own; read in that of the recordings, each file is opened once.
    windows = list(zip(chosen["file"], chosen["start"], chosen["end"], strict=True))
    by_file = sorted(windows)
    pictures = sights(by_file, arguments.recordings, pictures_of(Path("params.yaml")))
    seen = dict(zip(by_file, pictures, strict=True))
    in_order = [seen[window] for window in windows]
    out = arguments.out or arguments.detections / "queue.html"
    page = queue_page(chosen, in_order, str(heard.model.get("name", "")), threshold)
    write_whole(out, page.encode())
    counts = chosen.groupby("stratum")["stratum_size"].agg(["size", "first"])
    rows = []
    for name, row in counts.iterrows():
        rows.append([str(name), str(row["size"]), str(row["first"])])
    show("Windows to listen to", ("stratum", "windows", "of"), rows)
    if missing := sum(bool(one.missing) for one in in_order):
        say(f"{missing} of them have no sound: --recordings says where the recordings are.")
    say(f"{out}: open it in a browser, answer, export; then chorus labels FOLDER --review CSV.")
