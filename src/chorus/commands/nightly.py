"""What do errors on test clips mean for a night of recordings? False positives, misses, and what they are worth.

chorus nightly --precision 0.897 --recall 0.875 --positives 1691 --negatives 1894 --clips 8640 --calls 20

From a precision and a recall on a test set of known size. A night's false positives are its
negative clips times the false-positive rate, and not times 1 - precision, which is given beside for
comparison. The chance that all calls of a night are missed is given for several correlations of
calls within a night: 0 is the usual (1 - recall)^calls, the least of all.
"""

from __future__ import annotations

import argparse

from chorus.commands.show import number, percent, say, show
from chorus.season.expectations import (
    chance_missed,
    counts_at,
    expected_count,
    independent_rate,
    night_range,
    precision_in_field,
)

CORRELATIONS = (0.0, 0.1, 0.3)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("--precision", type=float, required=True, help="on the test set")
    parser.add_argument("--recall", type=float, required=True, help="on the test set")
    parser.add_argument("--positives", type=int, required=True, help="clips of the test set with a call")
    parser.add_argument("--negatives", type=int, required=True, help="clips of the test set without one")
    parser.add_argument("--clips", type=int, required=True, help="clips of one night")
    parser.add_argument("--calls", type=int, required=True, help="those of them with a call")
    parser.add_argument("--correlation", type=float, default=0.1, help="of false positives in a night, for the range "
                        "of single nights (default: %(default)s)")  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    """Print the expected errors of a night, and the chance to miss it altogether."""
    counts = counts_at(arguments.precision, arguments.recall, arguments.positives, arguments.negatives)
    negatives = arguments.clips - arguments.calls
    rate = independent_rate(counts.false_positives, counts.negatives)
    missed = independent_rate(counts.positives - counts.true_positives, counts.positives)
    rows = []
    for name, of, clips in (("false positives", rate, negatives), ("misses", missed, arguments.calls)):
        expected = expected_count(of, clips)
        low, high = night_range(of.rate, clips, arguments.correlation)
        interval = f"{expected.low:.1f} to {expected.high:.1f}"
        rows.append([name, percent(of.rate, 2), str(clips), f"{expected.mean:.1f}", interval, f"{low} to {high}"])
    heads = ("a night", "rate", "of clips", "expected", "95 % at least", f"single nights, {arguments.correlation:g}")
    show(f"Precision {arguments.precision}, recall {arguments.recall}", heads, rows)
    wrong = negatives * (1 - arguments.precision)
    field = precision_in_field(counts.recall, counts.false_positive_rate, arguments.calls, negatives)
    found = arguments.calls * counts.recall + negatives * counts.false_positive_rate
    say(f"Negatives times 1 - precision would be {wrong:.0f}.")
    say(f"Of {found:.0f} detections a night {percent(field, 1)} are right; {found * 3 / 60:.0f} minutes to listen to.")
    rows = [
        [str(calls), *(_chance(1 - chance_missed(counts.recall, calls, rho)) for rho in CORRELATIONS)]
        for calls in sorted({1, 5, arguments.calls})
    ]
    columns = ("calls", *(f"correlation {rho:g}" for rho in CORRELATIONS))
    show("Chance that a night's calls are noticed at all", columns, rows, left=0)


def _chance(share: float) -> str:
    return "> 99.99 %" if share > 0.9999 else f"{number(100 * share, 2)} %"
