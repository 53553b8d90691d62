"""From clips, wherever they come from, to shards and the survey's table.

Clips are read in parallel into partial shards in a scratch folder. Only when all are read is it known which audio came
twice; then the shards are put together without it.
"""

from __future__ import annotations

import io
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from chorus import audio, parallel, quarantine
from chorus.clips import CLIP_COLUMNS, SAMPLE_RATE, WINDOW_SAMPLES
from chorus.errors import DataError
from chorus.shards import Members, open_shard, shard_name, slugs, write_shard
from chorus.survey.duplicates import precedence, settle

_PART_CLIPS = 256  # read by one worker in one go: bounds what a progress bar waits for
_SCRATCH = ".parts"


class ClipSource(Protocol):
    """A clip that can be had; it travels to another process, so it should hold little."""

    @property
    def meta(self) -> Mapping[str, str]:
        """label, quality, call_type, speaker, site, recorder, night, recording, role, split and source of the clip, as
        in `chorus.clips.CLIP_COLUMNS`."""
        ...

    def samples(self) -> np.ndarray:
        """int16 samples at 48 kHz, shape (n,), n >= 1; the same whenever asked.

        Raises:
            DataError: there is no usable audio; the text is the reason, for the quarantine.
        """
        ...


@dataclass(frozen=True)
class BuiltSurvey:
    """clips: one row a clip, columns `chorus.clips.CLIP_COLUMNS`, sorted by clip_id; quarantine: what was kept out."""

    clips: pd.DataFrame
    quarantine: pd.DataFrame


def build(
    sources: Sequence[ClipSource],
    out: Path,
    *,
    workers: int,
    padding: audio.Padding = "zeros",
    min_seconds: float = 0.5,
    progress: Callable[[int], None] | None = None,
) -> BuiltSurvey:
    """Read all clips and write them to one shard a recorder and night.

    The same audio twice is a leak waiting to happen: of copies with one label a single one stays, copies with
    contradicting labels all go (see `duplicates.settle`). The result does not depend on the order of `sources`, on
    the number of workers, or on what an earlier, perhaps killed, run left in `out`.

    Args:
        out: the folder for the shards; other shards in it are removed.
        padding, min_seconds: how clips are brought to whole windows, see `chorus.audio.fit_windows`.
        progress: called with the number of clips read since the last call.
    """
    scratch = _clear(out)
    try:
        jobs = _jobs(sources, scratch, padding, min_seconds)
        read = parallel.each(
            _read_clips, jobs, workers=workers, progress=lambda done: progress(len(done)) if progress else None
        )
        rows: list[dict[str, str]] = []
        rejected: list[tuple[str, str]] = []
        for job, results in zip(jobs, read, strict=True):
            for source, result in zip(job.sources, results, strict=True):
                if isinstance(result, str):
                    rejected.append((source.meta["source"], result))
                else:
                    rows.append({**source.meta, **result, "shard": job.shard})
        kept, copies = _without_copies(rows)
        _assemble(kept, jobs, out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    assert len(kept) + len(copies) + len(rejected) == len(sources)
    return BuiltSurvey(_table(kept), quarantine.table(rejected + copies))


@dataclass(frozen=True)
class _Job:
    sources: tuple[ClipSource, ...]
    part: Path
    shard: str
    padding: audio.Padding
    min_seconds: float


def _clear(out: Path) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    scratch = out / _SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    for stale in [*out.glob("*.tar"), *out.glob(".*.tar")]:  # also what a killed run left half written
        stale.unlink(missing_ok=True)
    scratch.mkdir()
    return scratch


def _jobs(sources: Sequence[ClipSource], scratch: Path, padding: audio.Padding, min_seconds: float) -> list[_Job]:
    groups: dict[tuple[str, str], list[ClipSource]] = defaultdict(list)
    for source in sources:
        groups[source.meta["recorder"], source.meta["night"]].append(source)
    slug = slugs(recorder for recorder, _ in groups)
    shard = {group: shard_name(slug[group[0]], group[1]) for group in groups}
    assert len(set(shard.values())) == len(groups)
    return [
        _Job(
            tuple(clips[start : start + _PART_CLIPS]),
            scratch / f"{start}_{shard[group]}",
            shard[group],
            padding,
            min_seconds,
        )
        for group, clips in sorted(groups.items())
        for start in range(0, len(clips), _PART_CLIPS)
    ]


def _read_clips(job: _Job) -> list[dict[str, str] | str]:
    """For each source the columns that follow from its audio, or the reason why it is of no use."""
    results: list[dict[str, str] | str] = []
    with open_shard(job.part) as add:
        for source in job.sources:
            try:
                heard = source.samples()
            except DataError as error:
                results.append(str(error))
                continue
            assert heard.dtype == np.int16 and heard.ndim == 1 and len(heard)
            pcm = audio.fit_windows(heard, job.padding, job.min_seconds)
            seconds = min(len(heard), len(pcm)) / SAMPLE_RATE
            sha256 = audio.sha256(pcm)
            clip_id = f"{Path(job.shard).stem}_{sha256[:12]}"
            add(f"{clip_id}.flac", io.BytesIO(audio.encode_flac(pcm)))
            windows = len(pcm) // WINDOW_SAMPLES
            results.append({"clip_id": clip_id, "sha256": sha256, "windows": str(windows), "seconds": f"{seconds:.3f}"})
    return results


def _without_copies(rows: Iterable[dict[str, str]]) -> tuple[list[dict[str, str]], list[tuple[str, str]]]:
    by_content: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in sorted(rows, key=precedence):
        by_content[row["sha256"]].append(row)
    kept: list[dict[str, str]] = []
    copies: list[tuple[str, str]] = []
    for same in by_content.values():
        stays = settle(same)
        for position, row in enumerate(same):
            if position == stays:
                kept.append(row)
            elif stays is None:
                others = ", ".join(sorted({other["source"] for other in same if other is not row}))
                copies.append((row["source"], f"same audio with contradicting labels: {others}"))
            else:
                copies.append((row["source"], f"same audio as another clip: {same[stays]['source']}"))
    return kept, copies


def _assemble(kept: Iterable[Mapping[str, str]], jobs: Iterable[_Job], out: Path) -> None:
    parts: dict[str, list[Path]] = defaultdict(list)
    for job in jobs:
        parts[job.shard].append(job.part)
    members: dict[str, list[str]] = defaultdict(list)
    for row in kept:
        members[row["shard"]].append(f"{row['clip_id']}.flac")
    for shard, names in sorted(members.items()):
        write_shard(out / shard, Members(parts[shard], names))
        for part in parts[shard]:
            part.unlink()  # the scratch folder shrinks as the survey grows


def _table(kept: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    clips = pd.DataFrame(kept, columns=list(CLIP_COLUMNS), dtype=str).astype({"windows": int})
    clips = clips.sort_values("clip_id", ignore_index=True)
    if (shared := clips["clip_id"].duplicated(keep=False)).any():  # 12 hex digits: one chance in 10^14 a pair
        raise DataError(f"different audio with one clip id: {', '.join(clips['source'][shared])}; rename a recorder")
    return clips
