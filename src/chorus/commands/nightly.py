"""What do errors on test clips mean for a night of recordings? False positives, misses, and what they are worth.

chorus nightly --precision 0.897 --recall 0.875 --positives 1691 --negatives 1894 --clips 8640 --calls 20
chorus nightly --predictions data/predictions.parquet --threshold 0.557 --clips 8640 --calls 20

From the scores of a test set's clips, or from a published precision and recall on one of known size. A night's
false positives are its negative clips times the false-positive rate, and not times 1 - precision, which is given
beside for comparison. Clips of a night err together: with scores, intervals count nights and the correlation within
nights is estimated. Published figures know no nights: then the interval is the least that there can be, and the
chance to miss all calls of a night is given for several correlations; 0 is the usual (1 - recall)^calls.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from chorus.clips import TEST_OOD
from chorus.commands.show import number, percent, say, show
from chorus.errors import ParameterError
from chorus.season import (
    Rate,
    chance_missed,
    counts_at,
    error_rates,
    expected_count,
    independent_rate,
    night_range,
    precision_in_field,
    read_scores,
)

CORRELATIONS = (0.0, 0.1, 0.3)
ASSUMED = 0.1
CLIP_SECONDS = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    scores = parser.add_argument_group("from the scores of clips")
    scores.add_argument(
        "--predictions",
        type=Path,
        metavar="PARQUET",
        help="split, label, score, night of each clip",
    )
    scores.add_argument(
        "--threshold", type=float, help="clips with this score or more are called positive"
    )
    scores.add_argument("--split", default=TEST_OOD, help="the test set (default: %(default)s)")
    figures = parser.add_argument_group("from published figures")
    figures.add_argument("--precision", type=float, help="on the test set")
    figures.add_argument("--recall", type=float, help="on the test set")
    figures.add_argument("--positives", type=int, help="clips of the test set with a call")
    figures.add_argument("--negatives", type=int, help="clips of the test set without one")
    parser.add_argument("--clips", type=int, required=True, help="clips of one night")
    parser.add_argument("--calls", type=int, required=True, help="those of them with a call")


def run(arguments: argparse.Namespace) -> None:
    """Print the expected errors of a night, and the chance to notice it at all."""
    if not 0 <= arguments.calls <= arguments.clips:
        raise ParameterError(
            f"--calls: {arguments.calls} is not allowed: from 0 to {arguments.clips}, the clips"
        )
    if arguments.predictions:
        _from_scores(arguments)
    else:
        _from_figures(arguments)


def _from_scores(arguments: argparse.Namespace) -> None:
    if arguments.threshold is None:
        raise ParameterError("--threshold: missing; with --predictions it needs a value")
    rates = error_rates(read_scores(arguments.predictions, arguments.split), arguments.threshold)
    alike = (rates.correlation_of_false_positives, rates.correlation_of_misses)
    nights = (rates.false_positives.nights, rates.misses.nights)
    say(f"{arguments.split}: negatives of {nights[0]} nights, positives of {nights[1]}")
    say(f"Correlation within nights: {alike[0]:.2f} of false positives, {alike[1]:.2f} of misses")
    _errors(arguments, rates.false_positives, rates.misses, alike, "95 % interval")
    _worth(arguments, rates.false_positives.rate, rates.recall)
    _chances(arguments, rates.recall, (0.0, round(alike[1], 2)))


def _from_figures(arguments: argparse.Namespace) -> None:
    for name in ("precision", "recall", "positives", "negatives"):
        if getattr(arguments, name) is None:
            raise ParameterError(f"--{name}: missing; without --predictions it needs a value")
    counts = counts_at(
        arguments.precision, arguments.recall, arguments.positives, arguments.negatives
    )
    rate = independent_rate(counts.false_positives, counts.negatives)
    missed = independent_rate(counts.positives - counts.true_positives, counts.positives)
    say(f"Precision {arguments.precision}, recall {arguments.recall}")
    _errors(arguments, rate, missed, (ASSUMED, ASSUMED), "95 % at least")
    say(f"Single nights: were clips of a night alike to {ASSUMED:g}.")
    wrong = (arguments.clips - arguments.calls) * (1 - arguments.precision)
    say(f"Negatives times 1 - precision would be {wrong:.0f}.")
    _worth(arguments, counts.false_positive_rate, counts.recall)
    _chances(arguments, counts.recall, CORRELATIONS)


def _errors(
    arguments: argparse.Namespace,
    wrong: Rate,
    missed: Rate,
    alike: tuple[float, float],
    interval: str,
) -> None:
    negatives = arguments.clips - arguments.calls
    parts = (
        ("false positives", wrong, negatives, alike[0]),
        ("misses", missed, arguments.calls, alike[1]),
    )
    rows = []
    for name, rate, clips, correlation in parts:
        expected = expected_count(rate, clips)
        low, high = night_range(rate.rate, clips, correlation)
        mean = [f"{expected.mean:.1f}", f"{expected.low:.1f} to {expected.high:.1f}"]
        rows.append([name, percent(rate.rate, 2), str(clips), *mean, f"{low} to {high}"])
    show("Errors of a night", ("", "rate", "of clips", "expected", interval, "single nights"), rows)


def _worth(arguments: argparse.Namespace, false_positive_rate: float, recall: float) -> None:
    negatives = arguments.clips - arguments.calls
    right = precision_in_field(recall, false_positive_rate, arguments.calls, negatives)
    found = arguments.calls * recall + negatives * false_positive_rate
    minutes = found * CLIP_SECONDS / 60
    say(
        f"Of {found:.0f} detections a night {percent(right, 1)} are right; {minutes:.0f} minutes to listen to."
    )


def _chances(arguments: argparse.Namespace, recall: float, correlations: Sequence[float]) -> None:
    rows = []
    for calls in sorted({1, 5, arguments.calls} - {0}):
        row = [str(calls)]
        for correlation in correlations:
            row.append(_chance(1 - chance_missed(recall, calls, correlation)))
        rows.append(row)
    heads = ("calls", *(f"correlation {correlation:g}" for correlation in correlations))
    show("Chance that a night's calls are noticed at all", heads, rows, left=0)


def _chance(share: float) -> str:
    # Rounded it would be 100 %, which no night is.
    if share > 0.9999:
        return "> 99.99 %"
    return f"{number(100 * share, 2)} %"
