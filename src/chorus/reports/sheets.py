"""What a person should see and hear first of a run, a contact sheet each: its surest errors, its doubtful labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from chorus.clips import TEST_IID, TEST_OOD, VALIDATION
from chorus.evaluation import Kind, worst
from chorus.pictures import PictureOptions, SheetClip, contact_sheet
from chorus.sounds import read_sounds

SUSPECTS_SHOWN = 10


@dataclass(frozen=True)
class Sheet:
    """Clips that belong together. titles: clip id -> one or two lines, in reading order."""

    name: str
    heading: str
    titles: dict[str, str]

    def draw(self, raw: Path, folder: Path, options: PictureOptions) -> None:
        """Their spectrograms, as `<name>.png`.

        Args:
            raw: the folder with shards and clips.csv, data/raw.

        Raises:
            DataError: a clip's audio is not there.
        """
        sounds = read_sounds(raw, list(self.titles))
        clips = [SheetClip(title, sounds[clip]) for clip, title in self.titles.items()]
        contact_sheet(clips, folder / f"{self.name}.png", self.heading, options)


def sheets_of_errors(predictions: pd.DataFrame, threshold: float) -> list[Sheet]:
    """The most confident errors of each kind, on the hardest split that there is.

    Args:
        predictions: data/predictions.parquet.
        threshold: a score at or above it is a detection.
    """
    there = set(predictions["split"])
    split = next((name for name in (TEST_OOD, TEST_IID) if name in there), VALIDATION)
    sheets = []
    for kind in get_args(Kind):
        errors = worst(predictions, split, kind, threshold=threshold)
        titles = {clip.clip_id: _of_error(clip) for clip in errors.itertuples()}
        heading = f"Worst {kind.replace('_', ' ')} on {split}, threshold {threshold:.3f}"
        sheets.append(Sheet(kind, heading, titles))
    return sheets


def sheet_of_suspects(ranked: pd.DataFrame) -> Sheet:
    """The most suspicious labels of the training set.

    Args:
        ranked: from `chorus.evaluation.suspects.suspects`.
    """
    titles = {}
    for clip in ranked.head(SUSPECTS_SHOWN).itertuples():
        about = f"labelled {clip.label}; probability by other nights {clip.score:.3f}"
        titles[clip.clip_id] = f"{clip.rank}. {clip.clip_id}\n{about}"
    heading = f"The {len(titles)} most suspicious labels of {len(ranked)} training clips"
    return Sheet("suspects", heading, titles)


def _of_error(clip: Any) -> str:
    about = ", ".join(filter(None, [clip.site, clip.quality, clip.call_type]))
    return f"{clip.clip_id}\nscore {clip.score:.3f} · {about}"
