"""From clips, wherever they come from, to shards and the survey's table.

Clips are read in parallel into partial shards in a scratch folder. Only when all are read is it known which audio came
twice; then the shards are put together without it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import pandas as pd

from chorus import audio, parallel, quarantine
from chorus.clips import CLIP_COLUMNS, SAMPLE_RATE
from chorus.errors import DataError
from chorus.shards import Members, member_names, open_shard, shard_name, slugs, write_shard
from chorus.survey.duplicates import precedence, settle
from chorus.survey.memory import Finding, Memory, hash_file, reader_id, recall, save

_PART_CLIPS = 256  # read by one worker in one go: bounds what a progress bar waits for
_SCRATCH = ".parts"
_IN_MEMORY = 1 << 24  # bytes of FLAC: longer clips wait in a file
REMARK_COLUMNS = ("source", "clip_id", "remark")


class ClipSource(Protocol):
    """A clip that can be had; it travels to another process, so it should hold little."""

    @property
    def meta(self) -> Mapping[str, str]:
        """label, quality, call_type, speaker, site, recorder, night, recording, role, split and source of the clip, as
        in `chorus.clips.CLIP_COLUMNS`."""
        ...

    def hear(self) -> audio.Heard:
        """Its sound, at least one sample; the same whenever asked.

        Raises:
            DataError: there is no usable audio; the text is the reason, for the quarantine.
        """
        ...

    def identity(self) -> str:
        """A name for its content, equal only for equal sound; "" when that is not known without hearing it."""
        ...


@dataclass(frozen=True)
class Earlier:
    """A survey that may know some of the clips.

    folder: where its shards lie. memory: the file in which the build keeps what it found, and finds it again.
    """

    folder: Path
    memory: Path


@dataclass(frozen=True)
class BuiltSurvey:
    """What came of the clips.

    clips: one row a clip, columns `chorus.clips.CLIP_COLUMNS`, sorted by clip_id. quarantine: what was kept out.
    remarks: what was noticed about clips that are in, columns `REMARK_COLUMNS`. read: how many files were read.
    memory: for `remember`.
    """

    clips: pd.DataFrame
    quarantine: pd.DataFrame
    remarks: pd.DataFrame
    read: int
    memory: Memory


def build(
    sources: Sequence[ClipSource],
    out: Path,
    *,
    workers: int,
    padding: audio.Padding = "zeros",
    min_seconds: float = 0.5,
    earlier: Earlier | None = None,
    progress: Callable[[int], None] | None = None,
) -> BuiltSurvey:
    """Read all clips and write them to one shard a recorder and night.

    The same audio twice is a leak waiting to happen: of copies with one label a single one stays, copies with
    contradicting labels all go (see `duplicates.settle`). Windows of digital silence are left out: they hold nothing
    that a label could be about. The result does not depend on the order of `sources`, on the number of workers, on what
    an earlier, perhaps killed, run left in `out`, or on what `earlier` knows.

    Args:
        out: the folder for the shards; other shards in it are removed.
        padding, min_seconds: how clips are brought to whole windows, see `chorus.audio.windows`.
        earlier: where to look for clips that are known already; its folder is not `out`.
        progress: called with the number of clips read since the last call.
    """
    scratch = _clear(out)
    reader = reader_id(padding, min_seconds)
    memory = recall(earlier.memory, reader) if earlier else Memory(reader)
    try:
        jobs = _jobs(sources, scratch, padding, min_seconds, earlier.folder if earlier else None, memory)
        read = parallel.each(
            _read_clips, jobs, workers=workers, progress=lambda done: progress(len(done)) if progress else None
        )
        rows: list[dict[str, str]] = []
        rejected: list[tuple[str, str]] = []
        remarks: dict[tuple[str, str], Sequence[str]] = {}
        found = Memory(reader)
        new = 0
        for job, results in zip(jobs, read, strict=True):
            findings = found.findings.setdefault(job.shard, {})
            for source, (identity, finding) in zip(job.sources, results, strict=True):
                new += identity not in job.known
                if identity:
                    findings[identity] = finding
                if "reason" in finding:
                    rejected.append((source.meta["source"], finding["reason"]))
                    continue
                clip = {key: value for key, value in finding.items() if key != "remarks"}
                clip_id = _clip_id(job.shard, finding["sha256"])
                rows.append({**source.meta, **clip, "clip_id": clip_id, "shard": job.shard})
                remarks[source.meta["source"], clip_id] = finding["remarks"]
        kept, copies = _without_copies(rows)
        found.hashes = _assemble(kept, jobs, out, memory)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    assert len(kept) + len(copies) + len(rejected) == len(sources)
    places = [(row["source"], row["clip_id"]) for row in kept]
    noticed = [(*place, remark) for place in places for remark in remarks[place]]
    table = pd.DataFrame(noticed, columns=list(REMARK_COLUMNS), dtype=str)
    table = table.sort_values(list(REMARK_COLUMNS), ignore_index=True)
    return BuiltSurvey(_table(kept), quarantine.table(rejected + copies), table, new, found)


def remember(earlier: Earlier, built: BuiltSurvey) -> None:
    """Let the next build know this one, whose shards must lie in `earlier.folder` by now."""
    save(earlier.memory, built.memory)


@dataclass(frozen=True)
class _Job:
    sources: tuple[ClipSource, ...]
    part: Path
    shard: str
    old: Path | None  # the shard of an earlier survey, if it can be relied on
    known: Mapping[str, Finding]
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


def _jobs(
    sources: Sequence[ClipSource],
    scratch: Path,
    padding: audio.Padding,
    min_seconds: float,
    earlier: Path | None,
    memory: Memory,
) -> list[_Job]:
    groups: dict[tuple[str, str], list[ClipSource]] = defaultdict(list)
    for source in sources:
        groups[source.meta["recorder"], source.meta["night"]].append(source)
    slug = slugs(recorder for recorder, _ in groups)
    shards = {group: shard_name(slug[group[0]], group[1]) for group in groups}
    assert len(set(shards.values())) == len(groups)
    jobs = []
    for group, clips in sorted(groups.items()):
        shard = shards[group]
        old = earlier / shard if earlier and memory.trusts(earlier / shard) else None
        known = memory.findings.get(shard, {}) if old else {}
        for start in range(0, len(clips), _PART_CLIPS):
            part, some = scratch / f"{start}_{shard}", tuple(clips[start : start + _PART_CLIPS])
            jobs.append(_Job(some, part, shard, old, known, padding, min_seconds))
    return jobs


def _read_clips(job: _Job) -> list[tuple[str, Finding]]:
    """For each source its identity, and what follows from its audio, or the reason why it is of no use."""
    results: list[tuple[str, Finding]] = []
    with open_shard(job.part) as add:
        for source in job.sources:
            identity = source.identity()
            finding = job.known.get(identity)
            results.append((identity, _read_clip(source, job, add) if finding is None else finding))
    return results


def _read_clip(source: ClipSource, job: _Job, add: Callable[[str, BinaryIO], None]) -> Finding:
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(job.part.parent)) as spooled:
        flac = cast(BinaryIO, spooled)
        digest = hashlib.sha256()
        windows = silent = samples = 0
        try:
            heard = source.hear()
            with audio.flac_writer(flac) as write:
                for window, sound in audio.windows(heard.blocks, job.padding, job.min_seconds):
                    if audio.is_silent(window[:sound]):
                        silent += 1
                        continue
                    write(window)
                    digest.update(window.astype("<i2").tobytes())
                    windows += 1
                    samples += sound
        except DataError as error:
            return {"reason": str(error)}
        if not windows:
            return {"reason": "silent"}
        sha256 = digest.hexdigest()
        add(f"{_clip_id(job.shard, sha256)}.flac", flac)
    remarks = list(heard.remarks)
    if silent:
        total = windows + silent
        remarks.append(f"silent windows: {silent} of {total} are digital silence (zeros), left out")
    seconds = f"{samples / SAMPLE_RATE:.3f}"
    return {"sha256": sha256, "windows": str(windows), "seconds": seconds, "remarks": remarks}


def _clip_id(shard: str, sha256: str) -> str:
    return f"{Path(shard).stem}_{sha256[:12]}"


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


def _assemble(kept: Iterable[Mapping[str, str]], jobs: Iterable[_Job], out: Path, memory: Memory) -> dict[str, str]:
    """Write the shards; returns their hashes."""
    parts: dict[str, list[Path]] = defaultdict(list)
    old: dict[str, Path] = {}
    for job in jobs:
        parts[job.shard].append(job.part)
        if job.old:
            old[job.shard] = job.old
    members: dict[str, list[str]] = defaultdict(list)
    for row in kept:
        members[row["shard"]].append(f"{row['clip_id']}.flac")
    hashes = {}
    for shard, names in sorted(members.items()):
        if shard in old and set(member_names(old[shard])) == set(names):
            _share(old[shard], out / shard)
            hashes[shard] = memory.hashes[shard]
        else:
            places = [old[shard], *parts[shard]] if shard in old else parts[shard]
            write_shard(out / shard, Members(places, names))
            hashes[shard] = hash_file(out / shard)
        for part in parts[shard]:
            part.unlink()  # the scratch folder shrinks as the survey grows
    return hashes


def _share(old: Path, new: Path) -> None:
    """One file under two names, where the file system can; nothing here ever writes into a file in place."""
    try:
        os.link(old, new)
    except OSError:
        shutil.copy2(old, new)


def _table(kept: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    clips = pd.DataFrame(kept, columns=list(CLIP_COLUMNS), dtype=str).astype({"windows": int})
    clips = clips.sort_values("clip_id", ignore_index=True)
    if (shared := clips["clip_id"].duplicated(keep=False)).any():  # 12 hex digits: one chance in 10^14 a pair
        raise DataError(f"different audio with one clip id: {', '.join(clips['source'][shared])}; rename a recorder")
    return clips
