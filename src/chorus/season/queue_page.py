"""A page to listen and answer on: one file that works offline and exports a table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from chorus.season.listening import Sight
from chorus.season.page import filled
from chorus.season.queue import queue_name

PAGE = ("queue.html", "queue.css")
# Of the table that the page exports, and `chorus labels --review` reads.
EXPORTED = (
    "queue", "window", "file", "start", "end", "label", "quality", "who", "when", "model", "threshold", "score",
    "probability", "reason", "stratum", "stratum_size", "recorder", "site", "night",
)  # fmt: skip
_OF_WINDOW = (
    "window", "file", "start", "end", "score", "probability", "reason", "stratum", "stratum_size", "recorder", "site",
    "night",
)  # fmt: skip


def queue_page(chosen: pd.DataFrame, seen: Sequence[Sight], model: str, threshold: float) -> str:
    """The page.

    Args:
        chosen: of `chorus.season.queue.choose`. seen: what of them can be seen and heard, in their order.
        model: the detector's name, which the answers bear.
    """
    clips = [
        {name: row[name] for name in _OF_WINDOW}
        | {"time": _clock(row["local_time"])}
        | sight.as_dict()
        for row, sight in zip(chosen.to_dict("records"), seen, strict=True)
    ]
    longest = float((chosen["end"] - chosen["start"]).max())
    content = {
        "queue": queue_name(chosen, threshold),
        "about": f"{len(clips)} windows of up to {longest:g} s, chosen by the detector {model}, "
        "whose scores are not shown.",
        "model": model,
        "threshold": repr(threshold),  # in full: scores are compared with it
        "columns": EXPORTED,
        "clips": clips,
    }
    return filled(PAGE, content)


def _clock(moment: object) -> str:
    return "" if pd.isna(moment) else f"{moment:%H:%M:%S}"
