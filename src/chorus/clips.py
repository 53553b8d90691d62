"""The vocabulary of the tables: what a clip is, and the columns that describe it.

A *clip* is one labelled piece of audio (mono, 48 kHz, 16 bit), as long as one or several 3-second *windows*. Encoders
see windows; people, splits and scores speak of clips, and a clip's score is the maximum over its windows.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from chorus.names import comparable, one_spelling

SAMPLE_RATE = 48_000
WINDOW_SECONDS = 3
WINDOW_SAMPLES = SAMPLE_RATE * WINDOW_SECONDS

POSITIVE, NEGATIVE = "positive", "negative"
LABELS = (POSITIVE, NEGATIVE)
BINARY = (NEGATIVE, POSITIVE)  # the classes of a detector, by number
QUALITIES = ("high", "medium", "low")  # of positives only; "" for negatives
LABELLED, CANDIDATE = "labelled", "candidate"
ROLES = (LABELLED, CANDIDATE)  # candidate: unlabelled-as-negative pool for hard-negative mining

TRAIN, VALIDATION, TEST_IID, TEST_OOD = "train", "validation", "test_iid", "test_ood"
UNKNOWN_SITE = "unknown"  # the site of clips for which none is named
SPLITS = (TRAIN, VALIDATION, TEST_IID, TEST_OOD, CANDIDATE)

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
    return ", ".join(clip_ids[:most]) + (f" and {len(clip_ids) - most} more" if len(clip_ids) > most else "")


def site_nights(clips: pd.DataFrame) -> pd.Series:
    """The unit of evidence that each clip belongs to, as one string: what is dealt, held out and resampled as a whole.

    It is the site and the night: two recorders at one pond hear the same frogs in the same weather. Where no site is
    named it is the recorder and the night; where the night is unknown, the recording.

    Args:
        clips: site, recorder, night (YYYY-MM-DD or ""), recording; spelled as people do, see `chorus.names`.

    Returns:
        "<site>/<night>", "<recorder>/<night>" or "<recording>", indexed as `clips`.
    """
    place = clips["site"].where(names_site(clips["site"]), clips["recorder"])
    key = one_spelling(place) + "/" + clips["night"]
    return key.where(clips["night"] != "", one_spelling(clips["recording"]))


def names_site(sites: pd.Series) -> pd.Series:
    """Whether each of these is the name of a site, and not the word for none: bool, indexed as `sites`."""
    known = {site: comparable(site) not in ("", UNKNOWN_SITE) for site in sites.unique()}
    return sites.map(known).astype(bool)
