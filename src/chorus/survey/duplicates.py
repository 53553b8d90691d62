"""Two rows about the same thing, a file or a piece of audio: which of them stays?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chorus.clips import CANDIDATE


def precedence(row: Mapping[str, str]) -> tuple[bool, str, tuple[str, ...]]:
    """Sort key: labelled clips before candidates, then by source, then by all else, so that no other order matters."""
    return row["role"] == CANDIDATE, row["source"], tuple(row[key] for key in sorted(row))


def settle(rows: Sequence[Mapping[str, str]]) -> int | None:
    """Which of the rows about one thing stays: its position, or None when their labels contradict each other.

    What a person labelled outweighs its copies in the candidate pool, where "negative" is only assumed.

    Args:
        rows: one or more, with label and role, sorted by `precedence`.
    """
    judged = [row for row in rows if row["role"] != CANDIDATE] or rows
    return 0 if len({row["label"] for row in judged}) == 1 else None
