"""Time zones: of IANA ("Australia/Brisbane") or an offset from UTC ("+10:00").

Their rules come from the pinned package tzdata and not from the machine: the same recordings then belong to the same
nights everywhere.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

_OFFSET = re.compile(
    r"(?:UTC|GMT)?(?P<sign>[+-])(?P<hours>\d{1,2}):?(?P<minutes>[0-5]\d)?", re.IGNORECASE
)
_WIDEST = timedelta(hours=14)  # Kiribati


def fixed_zone(sign: str, hours: str, minutes: str | None) -> timezone | None:
    """The zone of an offset in digits ("-", "03", "30"); None when no place on Earth has it."""
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if offset > _WIDEST or offset.seconds % 900:  # all are multiples of a quarter of an hour
        return None
    if not offset:
        return UTC
    if sign == "-":
        offset = -offset
    return timezone(offset)


@cache
def parse_zone(text: str) -> tzinfo:
    """The zone of a name of IANA, an offset ("+10:00", "-0330", "UTC+2"), "UTC" or "Z".

    Raises:
        ValueError: it is none of these.
    """
    if text.upper() in ("UTC", "Z", "GMT"):
        return UTC
    if match := _OFFSET.fullmatch(text):
        zone = fixed_zone(match["sign"], match["hours"], match["minutes"])
        if zone is not None:
            return zone
    # A name is looked up in a list and never as a path: "../x" would lead out of the package.
    if text in _names():
        with files("tzdata").joinpath("zoneinfo", *text.split("/")).open("rb") as file:
            return ZoneInfo.from_file(file, key=text)
    raise ValueError(
        'a name of IANA such as "Europe/Paris" or an offset such as "+10:00", in quotes'
    )


@cache
def _names() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())
