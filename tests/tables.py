"""Tables of clips without audio, for tests of what works on tables alone."""

from __future__ import annotations

import hashlib
from itertools import count

import pandas as pd

from chorus import clips


def clip_table(*parts: tuple[int, dict[str, str]]) -> pd.DataFrame:
    """A survey's table: for each part `n` clips with the given fields; recorder R1, night 2024-03-01 unless given."""
    numbers = count()
    rows = []
    for n, fields in parts:
        for _ in range(n):
            number = next(numbers)
            row = {
                "label": clips.NEGATIVE,
                "quality": "",
                "call_type": "",
                "site": "Creek",
                "recorder": "R1",
                "night": "2024-03-01",
                "role": clips.CANDIDATE
                if fields.get("split") == clips.CANDIDATE
                else clips.LABELLED,
                "split": "",
                "source": f"{number}.wav",
                "windows": "1",
                "seconds": "3.000",
                "sha256": hashlib.sha256(str(number).encode()).hexdigest(),
                "shard": "R1_20240301.tar",
                **fields,
            }
            row.setdefault("clip_id", f"c{number:06d}")
            row.setdefault("recording", f"{row['recorder']}_{row['night']}")
            row.setdefault(
                "group", f"{row['site']}/{row['night']}" if row["night"] else row["recording"]
            )
            rows.append(row)
    return pd.DataFrame(rows)


def reference_table() -> pd.DataFrame:
    """The reference study's clips: splits, labels and qualities, without audio; each split from a site of its own."""
    high, medium, low = (
        {"label": clips.POSITIVE, "quality": quality} for quality in clips.QUALITIES
    )

    def placed(split: str, recorder: str, site: str) -> dict[str, str]:
        return {"split": split, "recorder": recorder, "site": site}

    train = placed(clips.TRAIN, "Moth01", "Creek")
    iid = placed(clips.TEST_IID, "Moth02", "Pond")
    validation = placed(clips.VALIDATION, "Moth03", "Stream")
    ood = placed(clips.TEST_OOD, "Moth11", "Sylvan Pond")
    candidate = placed(clips.CANDIDATE, "SM2", "Basin")
    return clip_table(
        (245, high | train),
        (1772, medium | train),
        (1568, low | train),
        (8525, train),
        (1964, medium | iid),
        (979, iid),
        (647, medium | validation),
        (2602, validation),
        (1691, medium | ood),
        (1894, ood),
        (20457, candidate),
    )
