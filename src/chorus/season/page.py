"""A season on one page: HTML that holds all it shows, and fetches and sends nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from chorus.reports.html import render
from chorus.season.gather import Heard, hourly_counts
from chorus.season.listening import Sight
from chorus.season.summary import AtThreshold

PAGE = ("season.html", "season.css")  # named, so that a change of them is one of this module


def season_page(
    heard: Heard,
    judged: Sequence[AtThreshold],
    chosen: AtThreshold,
    best: pd.DataFrame,
    seen: Sequence[Sight],
    *,
    split: str,
    occupied: float,
) -> str:
    """The page.

    Args:
        judged: the season at each threshold of the slider; `chosen` is one of them, and is shown first.
        best: of `best_windows`. seen: what of them can be seen and heard, in their order.
        split: the test set that the error rates are of. occupied: as for `presence`.
    """
    content = {
        "about": _about(heard),
        "threshold": chosen.threshold,
        "own": heard.threshold,
        "split": split,
        "occupied": occupied,
        "levels": [_level(heard, one) for one in judged],
        "clips": [
            _clip(row, sight) for row, sight in zip(best.to_dict("records"), seen, strict=True)
        ],
        "clips_note": "The best window of each of a site's best nights; kHz over seconds. They may be errors."
        if len(best)
        else "Nothing reaches the threshold.",
    }
    return filled(PAGE, content)


def filled(page: tuple[str, str], content: Any) -> str:
    """A page of this folder with its data; whatever a file is called cannot end the script that holds it.

    Args:
        page: its template and its style sheet, of one name.
    """
    text = json.dumps(_plain(content), ensure_ascii=False, allow_nan=False)
    # "</script>" in a file's name would end the script; in JSON "<" stands in strings alone, and may be written so.
    return render(
        Path(page[0]).stem, {}, folder=Path(__file__).parent, data=text.replace("<", "\\u003c")
    )


def _about(heard: Heard) -> str:
    recordings, nights = heard.recordings, heard.recordings["night"]
    hours = float(recordings["seconds"].sum()) / 3600
    sites = recordings["site"].nunique()
    without = (
        f"; {heard.without_night} recordings of unknown nights are left out"
        if heard.without_night
        else ""
    )
    return (
        f"{sites} site{'s' * (sites != 1)}, {nights.min()} to {nights.max()}: {hours:,.1f} hours of sound, "
        f"heard by the detector {heard.model.get('name', 'of no name')}{without}.{_overlap(heard)}"
    )


def _overlap(heard: Heard) -> str:
    # Presence takes each window for a sound of its own, as a test clip is.
    overlap = float(heard.model.get("options", {}).get("overlap", 0.0))
    if not overlap:
        return ""
    return f" Its windows overlap by {overlap:g} s: one call counts in several, and all seems surer than it is."


def _level(heard: Heard, judged: AtThreshold) -> dict[str, Any]:
    measured, nights = judged.measured, judged.nights
    hours = hourly_counts(heard, judged.threshold)
    return {
        "threshold": judged.threshold,
        "windows": int(nights["windows"].sum()),
        "positive": int(nights["positive"].sum()),
        "minutes": judged.minutes,
        "rates": {
            "false_positives": asdict(measured.false_positives),
            "misses": asdict(measured.misses),
            "alike_false": measured.correlation_of_false_positives,
            "alike_missed": measured.correlation_of_misses,
        },
        "sites": judged.found.sites.to_dict("records"),
        "nights": nights.to_dict("records"),
        "hours": {str(site): counts.tolist() for site, counts in hours.iterrows()},
        "certainty": [asdict(one) for one in judged.certainty],
    }


def _clip(row: dict[Any, Any], sight: Sight) -> dict[str, Any]:
    time = row["local_time"]
    known = {name: row[name] for name in ("site", "night", "file", "start", "score", "probability")}
    return known | {"time": "" if pd.isna(time) else f"{time:%H:%M:%S}"} | sight.as_dict()


def _plain(value: Any) -> Any:
    """Values as JSON has them: NaN is null. Numbers in full: scores are compared with thresholds."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, str | bytes):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
