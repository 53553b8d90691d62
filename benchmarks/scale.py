"""What the library's functions cost for a million clips: seconds and memory, each in a process of its own.

    python benchmarks/scale.py [--clips 1000000] [--only split compose ...]

Every clip is a site-night, a recording and a content of its own, which is the worst that can be. Memory is what the
function adds at its peak to what the process held before, in MB and as a share of its input's size (as Python holds
it). Linux only. Survey and encode: benchmarks/survey.py, benchmarks/encoding.py.
"""

from __future__ import annotations

import argparse
import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np
import pandas as pd
import pyarrow as pa

DIMENSIONS = 64  # of the rows for SMOTE
BIRDNET = 1024  # dimensions of the embeddings that are read, scored and learned from: a tenth of the clips, 0.4 GB
LONG_FILES = 300  # that a clips.csv cuts its clips out of: what is measured is then not the disk
Case = tuple[Any, Callable[[], object]]  # the input, and the call


def table(clips: int) -> pd.DataFrame:
    """A survey's table with its splits: 5 % OOD, 20 % candidates, a third of the rest positive."""
    number = np.arange(clips)
    text = pd.Series(number).astype("str").str.zfill(9)
    candidate, ood = number % 5 == 0, number % 20 == 1
    positive = ~candidate & (number % 3 == 0)
    day = np.datetime_as_string(np.datetime64("1900-01-01") + number % 40_000, unit="D")
    place = pd.Series(np.where(candidate, "Basin", np.where(ood, "Pond", "Creek")))
    return pd.DataFrame(
        {
            "clip_id": "c" + text,
            "label": np.where(positive, "positive", "negative"),
            "quality": np.where(positive, np.array(["high", "medium", "low"])[number // 3 % 3], ""),
            "site": place.where(ood, place + " " + pd.Series(number // 40_000).astype("str")),
            "recorder": place + " R" + pd.Series(number // 40_000).astype("str"),
            "night": day,
            "recording": "r" + text,
            "role": np.where(candidate, "candidate", "labelled"),
            "split": "",
            "windows": "1",
            "seconds": "3.000",
            "sha256": text + "f" * 55,
        }
    )


def case_clip_table(clips: int) -> Case:
    """A user's clips.csv about cuts of a few hundred long files; the input is its text, by columns."""
    from chorus.survey import read_clip_table

    number = np.arange(clips)
    file = pd.Series(number % LONG_FILES).astype("str").str.zfill(3)
    onset = pd.Series(number // LONG_FILES * 3)
    positive = number % 3 == 0
    cuts = pd.DataFrame(
        {
            "path": "A" + file + "_20240312_203000.wav",
            "label": np.where(positive, "positive", "negative"),
            "quality": np.where(positive, "high", ""),
            "site": "Pond " + file.str[:2],
            "recorder": "A" + file,
            "date": "2024-03-12",
            "onset": onset.astype("str"),
            "end": (onset + 3).astype("str"),
        }
    )
    folder = tempfile.TemporaryDirectory()
    for path in cuts["path"].unique():
        (Path(folder.name) / path).write_bytes(b"sound")
    cuts.to_csv(Path(folder.name) / "clips.csv", index=False)
    return cuts, lambda: (folder, read_clip_table(Path(folder.name)))


def dealt(clips: int) -> pd.DataFrame:
    from chorus.splits import SplitOptions, assign

    return assign(table(clips), SplitOptions(ood_sites=("Pond",))).table


def case_split(clips: int) -> Case:
    from chorus.splits import SplitOptions, assign, count, describe

    survey, options = table(clips), SplitOptions(ood_sites=("Pond",))

    def call() -> object:
        deal = assign(survey, options)
        return count(deal.table), describe(deal.table, options)

    return survey, call


def case_audit(clips: int) -> Case:
    from chorus.leakage import audit

    survey = dealt(clips)
    return survey, lambda: audit(survey)


def case_compose(clips: int) -> Case:
    from chorus.composition import ComposeOptions, compose

    survey = dealt(clips)
    mined = survey.loc[survey["split"] == "candidate", "clip_id"].tolist()
    options = ComposeOptions(negative_subsets=("hard",))
    return survey, lambda: compose(survey, {}, {"hard": mined[: len(mined) // 2]}, options, 1)


def case_mine(clips: int) -> Case:
    from chorus.composition import ComposeOptions
    from chorus.mining import NegativeMiningOptions, negative_pool, pick_hard, ranked

    survey = dealt(clips)
    options = NegativeMiningOptions(composition=ComposeOptions(), seed=1, min_score=(0.5, 0.99))

    def call() -> object:
        pool = negative_pool(survey, [])
        scores = np.random.default_rng(1).random(len(pool))
        return pick_hard(ranked(dict(zip(pool, scores.tolist(), strict=True))), options)

    return survey, call


def case_bootstrap(clips: int) -> Case:
    from chorus.evaluation import night_bootstrap

    random = np.random.default_rng(1)
    labels, scores = random.random(clips) < 0.3, random.random(clips)
    nights = np.arange(clips).astype(str)
    return [labels, scores, nights], lambda: night_bootstrap(
        labels, scores, nights, 0.5, resamples=2000, seed=1
    )


def case_smote(clips: int) -> Case:
    from chorus.training.rows import upsample

    random = np.random.default_rng(1)
    features = random.standard_normal((clips, DIMENSIONS), dtype=np.float32)
    labels = (np.arange(clips) % 4 == 0).astype(np.int64)
    return [features, labels], lambda: upsample(features, labels, "smote", 1.0, random)


def case_copies(clips: int) -> Case:
    from chorus.copies import copies
    from chorus.prints import FRAMES_A_WINDOW, Prints

    random = np.random.default_rng(1)
    words = random.integers(1, 2**32, clips * FRAMES_A_WINDOW, dtype=np.uint32)
    contents = random.integers(1, 2**63, clips, dtype=np.uint64)
    ids = np.char.add("c", np.arange(clips).astype(str))
    known = Prints(ids, np.ones(clips, dtype=np.int64), words, contents)
    return [words, contents, ids], lambda: copies(known)


def embedded(clips: pd.DataFrame) -> Any:
    from chorus.embeddings import Embeddings

    features = np.random.default_rng(1).standard_normal((len(clips), BIRDNET), dtype=np.float32)
    return Embeddings("random", features, clips["clip_id"].to_numpy(dtype=str))


def case_embeddings_read(clips: int) -> Case:
    """As every stage reads them; the input is the files."""
    from chorus import embeddings

    folder = tempfile.TemporaryDirectory()
    for number, part in enumerate(np.array_split(np.arange(clips // 10), max(1, clips // 1000))):
        rows = np.random.default_rng(number).standard_normal(
            (len(part), 1, BIRDNET), dtype=np.float32
        )
        names = pd.DataFrame(
            {"clip_id": [f"c{clip}" for clip in part], "sha256": [f"{clip:064x}" for clip in part]}
        )
        path = Path(folder.name) / f"{number:06d}.safetensors"
        embeddings.write_shard(path, "random", names, dict(zip(names["sha256"], rows, strict=True)))
    files = [np.memmap(path) for path in embeddings.paths(Path(folder.name))]
    return files, lambda: embeddings.read(Path(folder.name))


def case_score(clips: int) -> Case:
    """Every clip of the survey, by a head of 512 hidden units; the input is the embeddings and their names."""
    from chorus import detector
    from chorus.training import Head

    survey = table(clips // 10)
    known = embedded(survey)
    random = np.random.default_rng(1)
    shapes = ((BIRDNET, 512), (512,)), ((512, 1), (1,))
    layers = tuple(
        tuple(random.standard_normal(shape, dtype=np.float32) for shape in layer)
        for layer in shapes
    )
    head = Head(np.zeros(BIRDNET, np.float32), np.ones(BIRDNET, np.float32), layers)
    return [known.features, known.clip_ids], lambda: detector.score(
        head.scores, known, survey["clip_id"]
    )


def case_train(clips: int) -> Case:
    """One epoch on all that the training split and the candidates hold; the input is the embeddings and their names."""
    from chorus import detector
    from chorus.training import HeadOptions

    survey = dealt(clips // 10)
    known = embedded(survey)
    manifest = survey.loc[survey["split"].isin(["train", "candidate"]), ["clip_id", "label"]]
    options = HeadOptions(epochs=1, refit=False)
    return [known.features, known.clip_ids], lambda: detector.fit(
        manifest, survey, known, options, seed=1
    )


CASES = {
    name.removeprefix("case_"): function
    for name, function in sorted(globals().items())
    if name.startswith("case_")
}


def size(given: Any) -> int:
    if isinstance(given, pd.DataFrame):
        return int(given.memory_usage(deep=True).sum())
    return sum(part.nbytes for part in given)


def memory(which: str) -> int:
    """Bytes that this process holds now (VmRSS), or held at most since `forget_peak` (VmHWM)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(which))


def forget_peak() -> None:
    """What the making of the input took at its peak would hide what the function takes."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def measure(name: str, clips: int) -> None:
    CASES[name](1000)[1]()  # imports
    given, call = CASES[name](clips)
    forget_peak()
    before = memory("VmRSS")
    begin, cpu = time.perf_counter(), time.process_time()
    call()
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    held, added = size(given), memory("VmHWM") - before
    print(
        f"| {name} | {cpu:.1f} | {seconds:.1f} | {held / 1e6:.0f} | {added / 1e6:.0f} | {added / held:.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--here", action="store_true", help="in this process")
    options = parser.parse_args()
    if options.here:
        measure(options.only[0], options.clips)
        return
    print(f"| {options.clips} clips | processor s | s | input MB | added MB | added/input |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |", flush=True)
    for name in options.only:
        subprocess.run(
            [sys.executable, __file__, "--here", "--only", name, "--clips", str(options.clips)],
            check=True,
        )


if __name__ == "__main__":
    main()
