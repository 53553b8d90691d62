"""From utterances, wherever they come from, to shards of FLAC and the table of samples."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from chorus import audio, parallel, quarantine
from chorus.errors import DataError
from chorus.seeds import stable_fraction
from chorus.shards import Members, open_shard, slugs, write_shard
from chorus.voices.cutting import CutOptions, cuts
from chorus.voices.utterances import COLUMNS, SAMPLE_RATE, Utterance, piece_of

# Stages in the quarantine: bad input, and what was not wanted.
UNUSABLE, LEFT_OUT = "corpus", "selection"
_IN_SHARD, _MOST_SHARDS = 150, 64  # utterances, about; of a dataset
_SCRATCH = ".parts"


@dataclass(frozen=True)
class Packed:
    """table: one row a sample, `COLUMNS`, sorted by sample_id. quarantine: what is in no shard, with its reason."""

    table: pd.DataFrame
    quarantine: pd.DataFrame


@dataclass(frozen=True)
class _Job:
    shard: str
    utterances: tuple[Utterance, ...]
    part: Path
    options: CutOptions


@dataclass(frozen=True)
class _Heard:
    """What came of an utterance: rows of samples, and pairs of source and reason."""

    rows: tuple[dict[str, str], ...] = ()
    rejected: tuple[tuple[str, str], ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()


def pack(
    utterances: Sequence[Utterance],
    out: Path,
    options: CutOptions,
    *,
    workers: int,
    progress: Callable[[int], None] | None = None,
) -> Packed:
    """Hear all utterances, cut the long ones, and write the samples to shards, by dataset and speaker.

    The same audio twice would be heard in training and judged by: of copies by one speaker with one label a single one
    stays, of others none. The result depends neither on the order of the utterances nor on the number of workers.

    Args:
        out: an empty folder. progress: called with the number of utterances heard since the last call.
    """
    jobs = _jobs(utterances, out / _SCRATCH, options)
    advance = (lambda heard: progress(len(heard))) if progress else None
    results = parallel.each(_hear_all, jobs, workers=workers, progress=advance)
    heard = [one for of_job in results for one in of_job]
    kept, copies = _without_copies(row for one in heard for row in one.rows)
    # Shards come second: which samples are copies is known only when all have been heard.
    by_shard: dict[str, list[str]] = defaultdict(list)
    for row in kept:
        by_shard[row["shard"]].append(f"{row['sample_id']}.flac")
    for job in jobs:
        if job.shard in by_shard:
            write_shard(out / job.shard, Members([job.part], by_shard[job.shard]))
        job.part.unlink()
    if jobs:
        (out / _SCRATCH).rmdir()
    table = pd.DataFrame(kept, columns=list(COLUMNS), dtype=str).sort_values(
        "sample_id", ignore_index=True
    )
    rejected = [pair for one in heard for pair in one.rejected] + copies
    left_out = [pair for one in heard for pair in one.left_out]
    return Packed(table, rejections(rejected, left_out))


def rejections(
    rejected: Iterable[tuple[str, str]], left_out: Iterable[tuple[str, str]]
) -> pd.DataFrame:
    """The quarantine of what cannot be used and of what was not wanted, pairs of source and reason."""
    return quarantine.join(
        quarantine.table(rejected, stage=UNUSABLE), quarantine.table(left_out, stage=LEFT_OUT)
    )


def check_share(rejected: pd.DataFrame, samples: int, allowed: float) -> None:
    """Refuse to go on when too much is bad; what was not wanted is not bad.

    Raises:
        DataError: see `chorus.quarantine.check_share`; or no sample is left.
    """
    if not samples:
        reasons = ", ".join(
            f"{kind} ({n})" for kind, n in list(quarantine.count_reasons(rejected).items())[:3]
        )
        raise DataError(f"no sample is left: {reasons or 'the corpora are empty'}")
    bad = rejected[rejected["stage"] == UNUSABLE]
    quarantine.check_share(bad, samples + len(bad), allowed, key="corpus.max_quarantined_share")


def _jobs(utterances: Sequence[Utterance], scratch: Path, options: CutOptions) -> list[_Job]:
    by_dataset: dict[str, list[Utterance]] = defaultdict(list)
    for utterance in sorted(
        utterances, key=lambda one: (one.about["speaker_id"], one.about["audio_path"])
    ):
        by_dataset[utterance.about["dataset_name"]].append(utterance)
    slug = slugs(by_dataset)
    jobs = []
    for dataset, of_dataset in sorted(by_dataset.items()):
        number = min(_MOST_SHARDS, -(-len(of_dataset) // _IN_SHARD))
        groups: dict[int, list[Utterance]] = defaultdict(list)
        for one in of_dataset:
            # By a hash, so that a new speaker changes one shard, unless it takes one more of them.
            groups[int(number * stable_fraction("shard", one.about["speaker_id"]))].append(one)
        for group, members in sorted(groups.items()):
            shard = f"{slug[dataset]}_{group:04d}.tar"
            jobs.append(_Job(shard, tuple(members), scratch / shard, options))
    return jobs


def _hear_all(job: _Job) -> list[_Heard]:
    speakers = slugs(one.about["speaker_id"] for one in job.utterances)
    written: set[str] = set()
    with open_shard(job.part) as add:
        heard = []
        for utterance in job.utterances:
            one, contents = _hear(utterance, job, speakers[utterance.about["speaker_id"]])
            for sample, content in contents.items():
                # Two members of one name confuse readers of tar; the rows of both go on, and are told apart later.
                if sample not in written:
                    add(f"{sample}.flac", io.BytesIO(content))
            written |= set(contents)
            heard.append(one)
    return heard


def _hear(utterance: Utterance, job: _Job, speaker: str) -> tuple[_Heard, dict[str, bytes]]:
    """What came of an utterance, and sample -> FLAC."""
    source = utterance.about["audio_path"]
    try:
        sound = utterance.hear()
        spans = cuts(sound.seconds, job.options)
        if not spans:
            least = job.options.min_seconds
            return _Heard(
                left_out=((source, f"too short: {sound.seconds:.3g} s of at least {least:g} s"),)
            ), {}
        # Cut inside of the try: some damage shows only when a file is read to its end.
        pieces = [sound.cut(span) for span in spans]
    except DataError as error:
        return _Heard(rejected=((source, str(error)),)), {}
    rows, silent, contents = [], [], {}
    for span, pcm in zip(spans, pieces, strict=True):
        named = source if len(spans) == 1 else piece_of(source, span)
        if not len(pcm) or audio.is_silent(pcm):
            silent.append((named, "silent"))
            continue
        sha256 = audio.sha256(pcm)
        sample = f"{speaker}_{sha256[:12]}"
        contents[sample] = audio.encode_flac(pcm, SAMPLE_RATE)
        rows.append(
            {
                **utterance.about,
                "sample_id": sample,
                "audio_path": named,
                "duration": f"{len(pcm) / SAMPLE_RATE:.3f}",
                "sample_rate": str(sound.rate),
                "sha256": sha256,
                "shard": job.shard,
            }
        )
    return _Heard(tuple(rows), tuple(silent)), contents


def _without_copies(
    rows: Iterable[Mapping[str, str]],
) -> tuple[list[dict[str, str]], list[tuple[str, str]]]:
    by_content: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_content[row["sha256"]].append(dict(row))
    kept, copies = [], []
    for same in by_content.values():
        first, *rest = sorted(same, key=lambda row: row["audio_path"])
        if against := _contradiction(same):
            copies += [
                (row["audio_path"], f"same audio with contradicting {against}") for row in same
            ]
            continue
        kept.append(first)
        copies += [
            (row["audio_path"], f"same audio as another sample: {first['audio_path']}")
            for row in rest
        ]
    return kept, copies


def _contradiction(same: Sequence[Mapping[str, str]]) -> str:
    if len({row["region_label"] for row in same}) > 1:
        return "labels"
    return "speakers" if len({row["speaker_id"] for row in same}) > 1 else ""
