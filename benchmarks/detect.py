"""How fast `chorus detect` is, what memory it needs, and that kills and hostile files lose nothing.

    python benchmarks/detect.py [--hours 1] [--model models] [--day]
    python benchmarks/detect.py --hostile 1000 --kills 10 [--folder SCRATCH]

The first prints hours of audio a minute, the share of the workers' time that the encoder has, the ratio to the naive
loop (one process: read a file, resample, cut, encode, score) by wall clock in turns of one run, and the memory of all
processes; --day does it with one WAV file of 24 hours (8 GB of disk). The second makes so many hours of recordings of
an hour (1 % of them cut off, empty or no audio; 12 MB each), kills the command at random moments, and counts windows
that are lost or doubled, against what the lengths of the files say, and scores against an undisturbed run's.
Sounds are made up; they differ from file to file, or one would be scored for all. Quote ratios: timings are noisy.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import chorus  # noqa: F401  # before NumPy is loaded

# isort: split
import numpy as np
import pandas as pd
import psutil
import soundfile as sf
import soxr

from chorus import encoders, parallel
from chorus.clips import SAMPLE_RATE, WINDOW_SAMPLES
from chorus.detection.detect import Options, detect
from chorus.detection.model import Detector
from chorus.detection.run import Progress
from chorus.experiments.models import find_detector
from chorus.season.detections import read
from chorus.survey.timing import TimeRules

SRC = Path(__file__).parents[1] / "src"
RATE_OF_HOSTILE = 8_000  # Hz: an hour in 12 MB
MINUTE = 60


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--model", default="models")
    parser.add_argument("--day", action="store_true", help="one file of 24 hours")
    parser.add_argument("--hostile", type=int, metavar="HOURS")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--folder", type=Path, help="for the recordings (default: a temporary one)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        if arguments.hostile:
            hostile(Path(name), arguments.model, arguments.hostile, arguments.kills)
        elif arguments.day:
            record(Path(name, "season", "Moth01_20240312_120000.wav"), 24 * 60, SAMPLE_RATE, seed=1)
            print("one file of 24 hours:", *speed(Path(name), arguments.model), sep="\n  ")
        else:
            for hour in range(2 * arguments.hours):
                path = Path(name, "season", f"Moth{hour:02d}_20240312_200000.wav")
                record(path, 30, SAMPLE_RATE, seed=hour)
            print(
                f"{arguments.hours} hours in files of 30 minutes:",
                *speed(Path(name), arguments.model),
                sep="\n  ",
            )
            print(f"  {naive(Path(name, 'season'), find_detector(arguments.model))}")


def record(path: Path, minutes: int, rate: int, seed: int) -> None:
    """Tones that come and go in noise, another sound every minute; written minute by minute."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    noise = random.normal(0, 300, 2 * MINUTE * rate)
    time_of = np.arange(MINUTE * rate) / rate
    with sf.SoundFile(path, "w", rate, 1, subtype="PCM_16") as file:
        for minute in range(minutes):
            begin = int(random.integers(MINUTE * rate))
            tone = (
                3000
                * np.sin(2 * np.pi * random.uniform(200, 3000) * time_of)
                * (np.sin(time_of + minute) > 0.3)
            )
            file.write((noise[begin : begin + MINUTE * rate] + tone).astype(np.int16))


def speed(folder: Path, model: str) -> list[str]:
    """One run on all cores: lines to print."""
    last: list[Progress] = []
    detector = find_detector(model)
    workers = parallel.cores()
    with Memory() as memory, parallel.processes(workers) as executor:
        begin = time.perf_counter()
        detect(
            [folder / "season"], folder / "out", detector, Options(), TimeRules(), executor,
            workers=workers, progress=lambda progress: last.append(progress),
        )  # fmt: skip
        seconds = time.perf_counter() - begin
    done = last[-1]
    return [
        f"{done.scored / 3600 / seconds * 60:.2f} hours of audio a minute on {workers} cores "
        f"({done.scored / seconds:.0f} times real time)",
        f"{done.encoding / done.working:.1%} of the workers' time in the encoder",
        f"{memory.most / 1e6:.0f} MB of memory in all processes (largest sum of their unique parts)",
    ]


def naive(season: Path, detector: Detector) -> str:
    """The loop that anybody would write, over the same files."""
    encoder = encoders.load(detector.encoder)
    begin = time.perf_counter()
    seconds = 0.0
    for path in sorted(season.iterdir()):
        sound, rate = sf.read(path, dtype="float32")
        sound = soxr.resample(sound, rate, SAMPLE_RATE)
        windows = np.resize(sound, (len(sound) // WINDOW_SAMPLES, WINDOW_SAMPLES))
        for window in windows:
            detector.head.scores(encoder.embed(window[np.newaxis]))
        seconds += len(sound) / SAMPLE_RATE
    took = time.perf_counter() - begin
    return f"the naive loop: {seconds / 3600 / took * 60:.2f} hours of audio a minute"


class Memory:
    """The largest sum of memory of this process and all below it, shared parts counted once."""

    def __init__(self) -> None:
        self.most = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._ended.wait(0.2):
            processes = [me, *me.children(recursive=True)]
            self.most = max(self.most, sum(map(_unique, processes)))


def _unique(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().uss)
    except psutil.Error:  # it has ended
        return 0


def hostile(folder: Path, model: str, hours: int, kills: int) -> None:
    """Kill it again and again; print what is lost, doubled or otherwise."""
    season = folder / "season"
    bad = make_hostile(season, hours)
    whole, broken = folder / "whole", folder / "broken"
    begin = time.perf_counter()
    start(model, season, whole).wait()
    took = time.perf_counter() - begin
    random = np.random.default_rng(3)
    for wait in random.uniform(0.02, 0.98, kills) * took / (kills + 1) * 2:
        process = start(model, season, broken)
        try:
            process.wait(timeout=3 + wait / 2)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    start(model, season, broken).wait()
    windows, expected = read(broken, "detections"), read(whole, "detections")
    counts = windows.groupby("file")["start"].size()
    lost = sum(
        max(0, 1200 - int(counts.get(str(path), 0))) for path in season.iterdir() if path not in bad
    )
    doubled = int(windows.duplicated(["file", "start"]).sum())
    same = windows.equals(expected)
    named = len(pd.read_csv(broken / "not_heard.csv"))
    print(
        f"{hours} hours, {len(bad)} hostile files, {kills} kills: "
        f"{len(windows)} windows, {lost} lost, {doubled} doubled"
    )
    print(
        f"  {named} files named with their reasons; the same table as the undisturbed run's: {same}"
    )
    if lost or doubled or not same or named != len(bad):
        sys.exit("windows were lost or doubled")


def make_hostile(season: Path, hours: int) -> set[Path]:
    """Recordings of an hour; returns the hostile ones, one in a hundred and at least three."""
    for number in range(hours):
        record(
            season / f"Moth{number % 20:02d}_{20240101 + number % 28}_{number:06d}.flac",
            60,
            RATE_OF_HOSTILE,
            number,
        )
    whole = sorted(season.iterdir())[0].read_bytes()
    kinds = (
        whole[: len(whole) // 3],
        b"",
        b"not a sound",
        whole[:1000] + bytes(5000) + whole[6000:],
    )
    bad = set()
    for number in range(max(3, hours // 100)):
        path = season / f"Bad{number:04d}.flac"
        path.write_bytes(kinds[number % len(kinds)])
        bad.add(path)
    return bad


def start(model: str, season: Path, out: Path) -> subprocess.Popen[bytes]:
    """The command, as a person starts it."""
    command = [sys.executable, "-m", "chorus", "detect", model, str(season), "--out", str(out)]
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


if __name__ == "__main__":
    main()
