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
from chorus.survey.duplicates import contradiction, precedence
from chorus.survey.memory import Finding, Memory, Version, hash_file, reader_id, recall, save

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

    def version(self) -> Version | None:
        """The state of its file, equal only for equal content (see `memory.version_of`); None when there is none."""
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
    contradicting labels or sites all go (see `duplicates.contradiction`). Windows of digital silence are left out: they
    hold nothing that a label could be about. The result does not depend on the order of `sources`, on the number of
    workers, on what an earlier, perhaps killed, run left in `out`, or on what `earlier` knows.

    Args:
        out: the folder for the shards; other shards in it are removed.
        padding, min_seconds: how clips are brought to whole windows, see `chorus.audio.windows`.
        earlier: where to look for clips that are known already; its folder is not `out`.
        progress: called with the number of clips read since the last call.
    """
    scratch = _clear(out)
    reader = reader_id(padding, min_seconds)
    memory = Memory(reader)
    folder: Path | None = None
    versions: _Versions = {}
    if earlier:
        memory, folder = recall(earlier.memory, reader), earlier.folder
        # Before anything is read: a file that changes from now on is another one to the next survey.
        versions = {source.meta["source"]: source.version() for source in sources}
    try:
        nights = _nights(sources, versions, memory, folder)
        jobs = _jobs(nights, scratch, padding, min_seconds)
        unknown = sum(len(job.sources) for job in jobs)
        if progress:
            progress(len(sources) - unknown)
        heard = _hear(nights, jobs, workers, progress)
        rows, rejected = _sorted_out(heard)
        kept, copies = _without_copies(rows)
        hashes = _assemble(kept, nights, jobs, out, memory)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    assert len(kept) + len(copies) + len(rejected) == len(sources)
    return BuiltSurvey(
        clips=_table(kept),
        quarantine=quarantine.table(rejected + copies),
        remarks=_remarks(heard, kept),
        read=unknown,
        memory=Memory(reader, hashes, _by_identity(heard), _identities(heard, versions)),
    )


def remember(earlier: Earlier, built: BuiltSurvey) -> None:
    """Let the next build know this one, whose shards must lie in `earlier.folder` by now."""
    save(earlier.memory, built.memory)


_Versions = Mapping[str, Version | None]  # by source, as they were before anything was read
_Heard = tuple[str, ClipSource, str, Finding]  # shard, source, its identity, and what was found


@dataclass(frozen=True)
class _Night:
    """The clips of a shard: those that are known, each with its identity and finding, and those to be read."""

    shard: str
    old: Path | None  # the shard of an earlier survey, if it can be relied on
    known: tuple[tuple[ClipSource, str, Finding], ...]
    unknown: tuple[ClipSource, ...]


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
    for pattern in ("*.tar", ".*.tar"):  # also what a killed run left half written
        for stale in out.glob(pattern):
            stale.unlink(missing_ok=True)
    scratch.mkdir()
    return scratch


def _nights(
    sources: Sequence[ClipSource], versions: _Versions, memory: Memory, earlier: Path | None
) -> list[_Night]:
    groups: dict[tuple[str, str], list[ClipSource]] = defaultdict(list)
    for source in sources:
        groups[source.meta["recorder"], source.meta["night"]].append(source)
    # Of all recorders at once, so that no two of them get one name.
    slug = slugs(recorder for recorder, _ in groups)
    nights = []
    for (recorder, night), clips in sorted(groups.items()):
        shard = shard_name(slug[recorder], night)
        nights.append(_night(shard, clips, versions, memory, earlier))
    assert len({night.shard for night in nights}) == len(nights)
    return nights


def _night(
    shard: str,
    sources: Sequence[ClipSource],
    versions: _Versions,
    memory: Memory,
    earlier: Path | None,
) -> _Night:
    if earlier is None or not memory.trusts(earlier / shard):
        return _Night(shard, None, (), tuple(sources))
    held = set(member_names(earlier / shard))
    known, unknown = [], []
    for source in sources:
        name = source.meta["source"]
        identity = memory.identity(name, versions[name]) or source.identity()
        finding = memory.findings[shard].get(identity, {})
        # a copy of another clip was found, but is not in the shard
        if "reason" in finding or (finding and _member(_clip_id(shard, finding["sha256"])) in held):
            known.append((source, identity, finding))
        else:
            unknown.append(source)
    return _Night(shard, earlier / shard, tuple(known), tuple(unknown))


def _jobs(
    nights: Iterable[_Night], scratch: Path, padding: audio.Padding, min_seconds: float
) -> list[_Job]:
    jobs = []
    for night in nights:
        for start in range(0, len(night.unknown), _PART_CLIPS):
            sources = night.unknown[start : start + _PART_CLIPS]
            part = scratch / f"{start}_{night.shard}"
            jobs.append(_Job(sources, part, night.shard, padding, min_seconds))
    return jobs


def _hear(
    nights: Iterable[_Night],
    jobs: Sequence[_Job],
    workers: int,
    progress: Callable[[int], None] | None,
) -> list[_Heard]:
    """What is known of the clips, and then what is found in those that are read."""

    def tell(done: Sequence[object]) -> None:
        if progress:
            progress(len(done))

    read = parallel.each(_read_clips, jobs, workers=workers, progress=tell)
    heard: list[_Heard] = []
    for night in nights:
        for source, identity, finding in night.known:
            heard.append((night.shard, source, identity, finding))
    for job, results in zip(jobs, read, strict=True):
        for source, (identity, finding) in zip(job.sources, results, strict=True):
            heard.append((job.shard, source, identity, finding))
    return heard


def _sorted_out(heard: Iterable[_Heard]) -> tuple[list[dict[str, str]], list[tuple[str, str]]]:
    """A row for each clip with usable audio, and pairs of source and reason for the others."""
    rows = []
    rejected = []
    for shard, source, _, finding in heard:
        if "reason" in finding:
            rejected.append((source.meta["source"], finding["reason"]))
        else:
            rows.append(_row(shard, source, finding))
    return rows, rejected


def _read_clips(job: _Job) -> list[tuple[str, Finding]]:
    """For each source its identity, and what follows from its audio, or the reason why it is of no use."""
    with open_shard(job.part) as add:
        return [(source.identity(), _read_clip(source, job, add)) for source in job.sources]


def _read_clip(source: ClipSource, job: _Job, add: Callable[[str, BinaryIO], None]) -> Finding:
    # On the survey's own disk, which must have room for it anyway: /tmp may be memory.
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
        add(_member(_clip_id(job.shard, sha256)), flac)
    remarks = list(heard.remarks)
    if silent:
        total = windows + silent
        remarks.append(f"silent windows: {silent} of {total} are digital silence (zeros), left out")
    seconds = f"{samples / SAMPLE_RATE:.3f}"
    return {"sha256": sha256, "windows": str(windows), "seconds": seconds, "remarks": remarks}


def _clip_id(shard: str, sha256: str) -> str:
    return f"{Path(shard).stem}_{sha256[:12]}"


def _member(clip_id: str) -> str:
    return f"{clip_id}.flac"


def _row(shard: str, source: ClipSource, finding: Finding) -> dict[str, str]:
    columns = {key: finding[key] for key in ("sha256", "windows", "seconds")}
    return {**source.meta, **columns, "clip_id": _clip_id(shard, finding["sha256"]), "shard": shard}


def _remarks(heard: Iterable[_Heard], kept: Iterable[Mapping[str, str]]) -> pd.DataFrame:
    """What was noticed about the clips that are in."""
    places = {(row["source"], row["clip_id"]) for row in kept}
    rows = []
    for shard, source, _, finding in heard:
        place = (source.meta["source"], _clip_id(shard, finding.get("sha256", "")))
        if place in places:
            rows += [(*place, remark) for remark in finding["remarks"]]
    table = pd.DataFrame(rows, columns=list(REMARK_COLUMNS), dtype=str)
    return table.sort_values(list(REMARK_COLUMNS), ignore_index=True)


def _by_identity(heard: Iterable[_Heard]) -> dict[str, dict[str, Finding]]:
    findings: dict[str, dict[str, Finding]] = defaultdict(dict)
    for shard, _, identity, finding in heard:
        if identity:
            findings[shard][identity] = finding
    return findings


def _identities(heard: Iterable[_Heard], versions: _Versions) -> dict[str, tuple[Version, str]]:
    """What the next build need not hash again."""
    identities = {}
    for _, source, identity, _ in heard:
        version = versions.get(source.meta["source"])
        if identity and version is not None:
            identities[source.meta["source"]] = (version, identity)
    return identities


def _without_copies(
    rows: Iterable[dict[str, str]],
) -> tuple[list[dict[str, str]], list[tuple[str, str]]]:
    by_content: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in sorted(rows, key=precedence):
        by_content[row["sha256"]].append(row)
    kept: list[dict[str, str]] = []
    copies: list[tuple[str, str]] = []
    for same in by_content.values():
        if against := contradiction(same):
            for row in same:
                others = ", ".join(sorted({other["source"] for other in same if other is not row}))
                copies.append((row["source"], f"same audio with contradicting {against}: {others}"))
            continue
        stays, *rest = same
        kept.append(stays)
        for row in rest:
            copies.append((row["source"], f"same audio as another clip: {stays['source']}"))
    return kept, copies


def _assemble(
    kept: Iterable[Mapping[str, str]],
    nights: Iterable[_Night],
    jobs: Iterable[_Job],
    out: Path,
    memory: Memory,
) -> dict[str, str]:
    """Write the shards; returns their hashes."""
    parts: dict[str, list[Path]] = defaultdict(list)
    for job in jobs:
        parts[job.shard].append(job.part)
    old = {night.shard: night.old for night in nights if night.old}
    members: dict[str, list[str]] = defaultdict(list)
    for row in kept:
        members[row["shard"]].append(_member(row["clip_id"]))
    hashes = {}
    for shard, names in sorted(members.items()):
        # A night with the same clips as before is the same file: its hash need not be computed again.
        if shard in old and set(member_names(old[shard])) == set(names):
            _share(old[shard], out / shard)
            hashes[shard] = memory.hashes[shard]
        else:
            places = parts[shard]
            if shard in old:
                places = [old[shard], *places]
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
    shared = clips["clip_id"].duplicated(keep=False)
    if shared.any():  # 12 hex digits: one chance in 10^14 a pair
        raise DataError(
            f"different audio with one clip id: {', '.join(clips['source'][shared])}; rename a recorder"
        )
    return clips
