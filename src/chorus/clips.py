"""The vocabulary of the tables: what a clip is, and the columns that describe it.

A *clip* is one labelled piece of audio (mono, 48 kHz, 16 bit), as long as one or several 3-second *windows*. Encoders
see windows; people, splits and scores speak of clips, and a clip's score is the maximum over its windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

import pandas as pd

from chorus.names import keys, one_spelling

SAMPLE_RATE = 48_000
WINDOW_SECONDS = 3
WINDOW_SAMPLES = SAMPLE_RATE * WINDOW_SECONDS

POSITIVE, NEGATIVE = "positive", "negative"
LABELS = (POSITIVE, NEGATIVE)
BINARY = (NEGATIVE, POSITIVE)  # the classes of a detector, by number
QUALITIES = ("high", "medium", "low")  # of positives only; "" for negatives
LABELLED, CANDIDATE = "labelled", "candidate"
ROLES = (LABELLED, CANDIDATE)  # candidate: unlabelled-as-negative pool for hard-negative mining

TRAIN, VALIDATION, OOD_VALIDATION = "train", "validation", "ood_validation"
TEST_IID, TEST_OOD = "test_iid", "test_ood"
UNKNOWN_SITE = "unknown"  # the site of clips for which none is named
SPLITS = (TRAIN, VALIDATION, OOD_VALIDATION, TEST_IID, TEST_OOD, CANDIDATE)

CLIP_COLUMNS = (
    "clip_id",  # <recorder>_<night>_<first 12 hex digits of sha256>: names the content
    "label",
    "quality",
    "call_type",
    "speaker",  # the person or animal that is heard, or ""
    "site",
    "recorder",
    "night",  # the evening's date, YYYY-MM-DD, or "" when unknown: recordings before noon belong to the evening before
    "recording",  # groups clips cut from one recording
    "role",
    "split",  # a split fixed by the user, or ""
    "source",  # the path the clip came from, relative to the survey's folder; for the demo, what was synthesised
    "windows",  # length in 3-s windows
    "seconds",  # length before it was padded to whole windows
    "sha256",  # of the clip's PCM samples (little-endian 16 bit)
    "shard",  # the tar file under data/raw/ that holds <clip_id>.flac
)


def name_clips(clip_ids: Sequence[str], most: int = 6) -> str:
    """The first few of these clips, in words: how errors name them."""
    return ", ".join(clip_ids[:most]) + (
        f" and {len(clip_ids) - most} more" if len(clip_ids) > most else ""
    )


def places(clips: pd.DataFrame) -> pd.Series:
    """Where each clip was recorded: its site in one spelling, or "" where nothing tells.

    A clip without a site is where all other clips of its recorder are, if that is one site.

    Args:
        clips: site, recorder.
    """
    site = one_spelling(clips["site"])
    site = site.where(_names_site(site), "")
    recorder = keys(clips["recorder"])
    # Of a recorder that hung at two sites nobody can tell where a clip without one is from.
    homes = site[site != ""].groupby(recorder).agg(["first", "nunique"])
    only = homes.loc[homes["nunique"] == 1, "first"]
    return site.where(site != "", recorder.map(only.to_dict()).astype("str").fillna(""))


def site_nights(clips: pd.DataFrame, block_nights: int = 1) -> pd.Series:
    """The unit of evidence that each clip belongs to, as one string: what is dealt, held out and resampled as a whole.

    It is the site and the night: two recorders at one pond hear the same frogs in the same weather. Where no site is
    known it is the recorder and the night; where the night is unknown, the recording.

    Args:
        clips: site, recorder, night (YYYY-MM-DD or ""), recording; spelled as people do, see `chorus.names`.
        block_nights: so many consecutive nights are one unit, named after the first.

    Returns:
        "<site>/<night>", "<recorder>/<night>" or "<recording>", indexed as `clips`.
    """
    place = places(clips)
    place = place.where(place != "", one_spelling(clips["recorder"]))
    first_night = keys(clips["night"], partial(_first_of_block, block_nights=block_nights))
    unknown = clips["night"] == ""
    return (place + "/" + first_night).mask(
        unknown, one_spelling(clips["recording"].where(unknown, ""))
    )


def _names_site(sites: pd.Series) -> pd.Series:
    """Whether each of these is the name of a site, and not the word for none: bool, indexed as `sites`."""
    return ~keys(sites).isin(["", UNKNOWN_SITE])


def _first_of_block(night: str, block_nights: int) -> str:
    if block_nights == 1 or not night:
        return night
    # Counted from a day in the calendar, not from the first night there is: one night more moves no block.
    day = date.fromisoformat(night).toordinal()
    return date.fromordinal(day - day % block_nights).isoformat()
