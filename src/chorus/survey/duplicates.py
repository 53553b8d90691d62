"""Two rows about the same thing, a file or a piece of audio: which of them stays?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chorus.clips import CANDIDATE, UNKNOWN_SITE
from chorus.names import comparable

# Of a copy without them nobody could tell what it is not independent of.
_PLACE = ("site", "night", "recording")


def precedence(row: Mapping[str, str]) -> tuple[bool, int, str, tuple[str, ...]]:
    """Sort key: labelled clips before candidates, then those that say where and when, then by source and all else.

    No other order of the rows then matters.
    """
    unknown = sum(row.get(column, "") in ("", UNKNOWN_SITE) for column in _PLACE)
    return row["role"] == CANDIDATE, unknown, row["source"], tuple(row[key] for key in sorted(row))


def contradiction(rows: Sequence[Mapping[str, str]]) -> str:
    """In what rows about one thing contradict each other: "labels", "sites", or "" when the first of them may stay.

    A sound has one label, and was heard at one site: taken for that of the wrong one, it would train the model that the
    right one is to judge. What a person labelled outweighs its copies in the candidate pool, where "negative" is only
    assumed.

    Args:
        rows: one or more, with label, site and role.
    """
    judged = [row for row in rows if row["role"] != CANDIDATE] or rows
    labels = {row["label"] for row in judged}
    sites = {comparable(row["site"]) for row in judged}
    if len(labels) > 1:
        return "labels"
    # Who does not say where contradicts nobody.
    if len(sites - {"", UNKNOWN_SITE}) > 1:
        return "sites"
    return ""
