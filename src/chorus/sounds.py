"""The audio of clips, by their ids, from the shards of a survey."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chorus import audio, shards
from chorus.errors import DataError
from chorus.files import read_csv

_MOST_WINDOWS = 100


def read_sounds(raw: Path, clip_ids: Sequence[str]) -> dict[str, NDArray[np.int16]]:
    """The audio of clips: clip id -> int16 (n,) at 48 kHz; of a clip of hours, the first minutes.

    Args:
        raw: the folder with shards and clips.csv, data/raw.

    Raises:
        DataError: the folder, a shard or a clip in it is missing, or a shard is damaged.
    """
    if not (raw / "clips.csv").is_file():
        raise DataError(f"the audio is not on this machine: dvc pull {raw.as_posix()}")
    shard_of = read_csv(raw / "clips.csv").set_index("clip_id")["shard"]
    # All are looked for first: of a version of the survey that lacks one, reading the others would be time lost.
    for clip in clip_ids:
        if clip not in shard_of:
            raise DataError(
                f"the survey on this machine does not hold clip {clip}: another version of it was judged"
            )
    return {clip: _beginning(raw / shard_of[clip], clip) for clip in clip_ids}


def _beginning(shard: Path, clip: str) -> NDArray[np.int16]:
    member = f"{clip}.flac"
    with shards.Members([shard], [member])[member] as file:
        windows = islice(audio.decode_windows(file), _MOST_WINDOWS)
        return np.concatenate(list(windows))
