"""Quarantine: what is kept out of the survey, each with its reason. Nothing is lost, and nothing bad gets in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import pandas as pd

from chorus.errors import DataError

# source: the path; clip_id: "" when it never became a clip
COLUMNS = ("source", "clip_id", "stage", "reason")
SURVEY, ENCODE = "survey", "encode"


def empty() -> pd.DataFrame:
    """A quarantine that holds nothing."""
    return table([])


def table(rejected: Iterable[tuple[str, str]], *, stage: str = SURVEY) -> pd.DataFrame:
    """What the survey, or another stage that reads files, rejects: pairs of source and reason."""
    rows = [(source, "", stage, reason) for source, reason in rejected]
    return _sorted(pd.DataFrame(rows, columns=list(COLUMNS)))


def join(*tables: pd.DataFrame) -> pd.DataFrame:
    """One quarantine of several."""
    return _sorted(pd.concat(tables, ignore_index=True))


def add(
    rejected: pd.DataFrame, clips: pd.DataFrame, failed: Mapping[str, str], *, stage: str
) -> pd.DataFrame:
    """Add clips of the survey that a later stage cannot use.

    Args:
        clips: the survey's table.
        failed: clip id -> reason.
        stage: which stage says so ("encode").
    """
    source = dict(zip(clips["clip_id"], clips["source"], strict=True))
    rows = [(source[clip_id], clip_id, stage, reason) for clip_id, reason in failed.items()]
    return join(rejected, pd.DataFrame(rows, columns=list(COLUMNS)))


def count_reasons(rejected: pd.DataFrame) -> dict[str, int]:
    """Reason -> rows, the commonest first. What follows a colon in a reason is about the single row and left out."""
    # Of equally common ones the order is that of the alphabet: it goes to a tracked file.
    kinds = Counter(reason.split(":")[0] for reason in rejected["reason"])
    return dict(sorted(kinds.items(), key=lambda item: (-item[1], item[0])))


def check_share(
    rejected: pd.DataFrame, total: int, allowed: float, *, key: str = "survey.max_quarantined_share"
) -> None:
    """Refuse to go on when too much is bad: then the data, or how we read them, need a look.

    Args:
        rejected: the quarantine.
        total: rows in the survey and in quarantine.
        allowed: the share that may be in quarantine, 0 to 1. key: the parameter that says so.

    Raises:
        DataError: more than that is in quarantine (names the three commonest reasons), or there is nothing at all.
    """
    if not total:
        raise DataError("the survey holds no clips at all")
    share = len(rejected) / total
    if share > allowed:
        reasons = [f"{kind} ({n})" for kind, n in count_reasons(rejected).items()]
        raise DataError(
            f"{len(rejected)} of {total} clips ({share:.1%}) are in quarantine, "
            f"more than {key} allows ({allowed:.1%}): {', '.join(reasons[:3])}"
        )


def _sorted(rejected: pd.DataFrame) -> pd.DataFrame:
    return rejected.astype(str).sort_values(list(COLUMNS), ignore_index=True)
