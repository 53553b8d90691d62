"""Time, cost and bottlenecks for 1, 100 and 10,000 recorder-seasons, from constants that are measured here and now.

    python benchmarks/scaling.py [--model models] [--hours 900] [--price 0.04] [--network 10]

A recorder-season is 90 nights of 10 hours (--hours), one core costs so many dollars an hour (--price), and the storage
gives so many Gbit/s (--network). Measured are processor seconds of a worker for an hour of sound, those of the process
that gives out work and writes the tables, and how many units a Dask scheduler passes on (a worker on loopback that does
nothing with them). Processor seconds do not depend on how busy the machine is; which machine it is, they do.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
sys.path.insert(1, str(Path(__file__).parents[1] / "tests"))

import chorus  # noqa: F401  # before NumPy is loaded

# isort: split
from clusters import Cluster
from detect import record

from chorus import parallel
from chorus.clips import SAMPLE_RATE
from chorus.cluster import at_scheduler
from chorus.detection.cutting import PIECE_WINDOWS, Cutting
from chorus.detection.detect import Options, detect
from chorus.detection.model import Detector
from chorus.detection.run import Progress
from chorus.experiments.models import find_detector
from chorus.reading import Recording, examine
from chorus.survey.timing import TimeRules

SEASONS, CORES = (1, 100, 10_000), (2, 64, 1_000)
MINUTES = 15
NAMES = 40  # under which the same sound is written again
UNITS = 60  # that are sent through a scheduler
READ = 2  # times that a file is read: to see whether it is sound, and to score it


@dataclass(frozen=True)
class Constants:
    """Processor seconds an hour of sound: worker, writer. bytes: of an hour. units: a second, through a scheduler."""

    worker: float
    writer: float
    bytes: float
    units: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="models")
    parser.add_argument("--hours", type=float, default=900)
    parser.add_argument("--price", type=float, default=0.04)
    parser.add_argument("--network", type=float, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), find_detector(options.model))
    print(
        f"an hour of sound: {found.worker:.1f} s of a worker's core, {found.writer:.3f} s of the process that writes, "
        f"{found.bytes / 1e6:.0f} MB read {READ} times; a scheduler passes on {found.units:.0f} units a second"
    )
    print(
        "\n| recorder-seasons | hours of sound | core-hours | cost | cores | time | read, Gbit/s |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for seasons, cores in zip(SEASONS, CORES, strict=True):
        hours = seasons * options.hours
        work = hours * found.worker / 3600
        rate = cores / found.worker  # hours of sound a second
        print(
            f"| {seasons:,} | {hours:,.0f} | {work:,.0f} | ${work * options.price:,.2f} | {cores:,} "
            f"| {work / cores:,.1f} h | {8e-9 * rate * found.bytes * READ:.1f} |"
        )
    print("\nWhat saturates, at so many cores:")
    for what, most in sorted(limits(found, options.network).items(), key=lambda item: item[1]):
        print(f"* {what}: {most:,.0f}")


def limits(found: Constants, network: float) -> dict[str, float]:
    """How many cores each part can keep at work."""
    an_hour = 3600 / (PIECE_WINDOWS * 3)  # units
    return {
        f"reading WAV at {network:g} Gbit/s": network / 8e-9 / (found.bytes * READ) * found.worker,
        "the process that writes": found.worker / found.writer,
        "one Dask scheduler": found.units / an_hour * found.worker,
    }


def measure(folder: Path, detector: Detector) -> Constants:
    path = folder / "season" / "Moth01_20240312_200000.wav"
    record(path, MINUTES, SAMPLE_RATE, seed=1)
    hours = MINUTES / 60
    worker, _ = run(folder, detector)
    # under many names a sound is scored once, and written many times
    for number in range(NAMES):
        (folder / "season" / f"Moth02_20240312_{number:06}.wav").hardlink_to(path)
    _, writer = run(folder, detector)
    units = units_a_second(folder, detector, examine(path))
    size = path.stat().st_size
    return Constants(worker / hours, writer / hours / (NAMES + 1), size / hours, units)


def run(folder: Path, detector: Detector) -> tuple[float, float]:
    """Processor seconds of the worker, and of this process, which gives out work and writes."""
    last: list[Progress] = []
    with parallel.processes(1) as executor:
        begin = time.process_time()
        detect(
            [folder / "season"], folder / "out", detector, Options(), TimeRules(), executor,
            workers=1, progress=last.append,
        )  # fmt: skip
        return last[-1].working, time.process_time() - begin


def units_a_second(folder: Path, detector: Detector, recording: Recording) -> float:
    """Through a scheduler and back, with the arguments of real work."""
    cutting = Cutting(3)
    (piece, *_) = cutting.pieces(recording.seconds, True)
    with Cluster(folder) as cluster, at_scheduler(cluster.address) as (executor, _):
        executor.submit(len, (recording, piece, cutting, detector, 32)).result()
        begin = time.perf_counter()
        sent = [
            executor.submit(len, (recording, piece, cutting, detector, 32)) for _ in range(UNITS)
        ]
        for future in sent:
            future.result()
        return UNITS / (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
