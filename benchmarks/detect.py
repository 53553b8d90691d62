"""How fast `chorus detect` is, what memory it needs, and that kills and hostile files lose nothing.

    python benchmarks/detect.py [--hours 1] [--minutes 30] [--model models] [--flac] [--day]
    python benchmarks/detect.py --hostile 1000 --kills 10 [--folder SCRATCH]
    python benchmarks/detect.py --sizes 25,50,100,200

The first prints hours of audio a minute, the share of the workers' processor time that the encoder has, the ratio to
the naive loop (one process: read a file, resample, cut, encode, score) in processor time of one run, and the memory of
all processes; --day does it with one WAV file of 24 hours (8 GB of disk). Sounds are made up and differ from file to
file, or one would be scored for all.

The other two are about bookkeeping, so they use the weightless encoder logmel with a made-up head, and files of an hour
that repeat a few sounds under many names (hard links: a sound is scored once, but each file is examined, remembered,
put into the tables and counted). --hostile makes 1 % of the files cut off, empty or no audio, kills the command at
random moments, and counts windows that are lost or doubled against what the lengths of the files say, and all scores
against an undisturbed run's. --sizes prints processor time and memory of whole runs after a first one, in which all
there is to encode is encoded: time should be linear in what comes then, and memory flat.
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
from chorus.clips import BINARY, SAMPLE_RATE, WINDOW_SAMPLES
from chorus.detection.detect import Options, detect
from chorus.detection.model import Detector
from chorus.detection.run import Progress
from chorus.experiments.models import find_detector
from chorus.season.detections import read
from chorus.survey.timing import TimeRules
from chorus.tasks import task_of
from chorus.training import Head, HeadOptions, TrainedHead, save_head

SRC = Path(__file__).parents[1] / "src"
LOW_RATE = 1_000  # Hz, the lowest that is read: an hour in 7 MB
DIFFERENT = 2  # sounds that are repeated
WINDOWS_AN_HOUR = 1200
MINUTE = 60


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--minutes", type=int, default=30, help="of a file (default: %(default)s)")
    parser.add_argument("--model", default="models")
    parser.add_argument("--day", action="store_true", help="one file of 24 hours")
    parser.add_argument("--flac", action="store_true", help="files of FLAC, not WAV")
    parser.add_argument("--sizes", metavar="A,B", help="hours of runs of several sizes")
    parser.add_argument("--hostile", type=int, metavar="HOURS")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--folder", type=Path, help="for the recordings (default: a temporary one)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        if arguments.hostile:
            hostile(Path(name), arguments.hostile, arguments.kills)
        elif arguments.sizes:
            sizes(Path(name), [int(hours) for hours in arguments.sizes.split(",")])
        elif arguments.day:
            record(Path(name, "season", "Moth01_20240312_120000.wav"), 24 * 60, SAMPLE_RATE, seed=1)
            print("one file of 24 hours:", *speed(Path(name), arguments.model)[0], sep="\n  ")
        else:
            ending = "flac" if arguments.flac else "wav"
            for number in range(MINUTE * arguments.hours // arguments.minutes):
                path = Path(name, "season", f"Moth{number:02d}_20240312_200000.{ending}")
                record(path, arguments.minutes, SAMPLE_RATE, seed=number)
            said, working = speed(Path(name), arguments.model)
            naive_working = naive(Path(name, "season"), find_detector(arguments.model))
            print(
                f"{arguments.hours} hours in {ending.upper()} files of {arguments.minutes} minutes:",
                *said,
                sep="\n  ",
            )
            print(
                f"  {working:.1f} s of processor time, the naive loop {naive_working:.1f}: "
                f"{naive_working / working:.2f} times as much"
            )


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


def speed(folder: Path, model: str) -> tuple[list[str], float]:
    """One run on all cores: lines to print, and the workers' processor seconds."""
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
    ], done.working


def naive(season: Path, detector: Detector) -> float:
    """The loop that anybody would write, over the same files: processor seconds."""
    encoder = encoders.load(detector.encoder)
    begin = time.process_time()
    for path in sorted(season.iterdir()):
        sound, rate = sf.read(path, dtype="float32")
        sound = soxr.resample(sound, rate, SAMPLE_RATE)
        windows = np.resize(sound, (len(sound) // WINDOW_SAMPLES, WINDOW_SAMPLES))
        for window in windows:
            detector.head.scores(encoder.embed(window[np.newaxis]))
    return time.process_time() - begin


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
        while not self._ended.wait(1):
            processes = [me, *me.children(recursive=True)]
            self.most = max(self.most, sum(map(_unique, processes)))


def _unique(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().uss)
    except psutil.Error:  # it has ended
        return 0


def sizes(folder: Path, hours: list[int]) -> None:
    """Whole runs of several lengths over sounds that are scored already: is time linear, and memory flat?"""
    detector = find_detector(stand_in(folder))
    for size in (DIFFERENT, *hours):
        season = folder / f"season{size}"
        repeated(season, size)
        last: list[Progress] = []
        begin = time.process_time()
        with Memory() as memory, parallel.processes(parallel.cores()) as executor:
            summary = detect(
                [season], folder / "out", detector, Options(), TimeRules(), executor,
                workers=parallel.cores(), progress=last.append,
            )  # fmt: skip
        own = time.process_time() - begin
        print(
            f"{size:5} hours: {last[-1].working:6.1f} s of processor time of the workers, {own:5.1f} of the process "
            f"that writes; {memory.most / 1e6:.0f} MB; {summary.windows:,} windows",
            flush=True,
        )


def hostile(folder: Path, hours: int, kills: int) -> None:
    """Kill it again and again; print what is lost, doubled or otherwise."""
    model, season = stand_in(folder), folder / "season"
    repeated(season, hours)
    bad = add_hostile(season, max(4, hours // 100))
    whole, broken = folder / "whole", folder / "broken"
    begin = time.perf_counter()
    start(model, season, whole).wait()
    took = time.perf_counter() - begin
    random = np.random.default_rng(3)
    killed = 0
    for wait in random.uniform(0.2, 1.8, kills) * took / (kills + 1):
        process = start(model, season, broken)
        try:
            process.wait(timeout=3 + wait)  # the first seconds are Python's imports
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
    start(model, season, broken).wait()
    windows, expected = read(broken, "detections"), read(whole, "detections")
    counts = windows.groupby("file")["start"].size()
    sound = [path for path in season.iterdir() if path not in bad]
    lost = sum(max(0, WINDOWS_AN_HOUR - int(counts.get(str(path), 0))) for path in sound)
    doubled = int(windows.duplicated(["file", "start"]).sum())
    same = windows.equals(expected)
    named = len(pd.read_csv(broken / "not_heard.csv"))
    print(
        f"{hours} hours, {len(bad)} hostile files, killed {killed} times: "
        f"{len(windows):,} windows, {lost} lost, {doubled} doubled"
    )
    print(
        f"  {named} files named with their reasons; the same table as the undisturbed run's: {same}; "
        f"that one took {took:.0f} s"
    )
    if lost or doubled or not same or named != len(bad):
        sys.exit("windows were lost or doubled")


def stand_in(folder: Path) -> str:
    """A made-up head of the weightless encoder's embeddings."""
    options = encoders.EncodeOptions(encoder="logmel")
    wide = encoders.spec(options).dimensions
    random = np.random.default_rng(1)
    weights = random.normal(0, 1 / np.sqrt(wide), (wide, 1)).astype(np.float32)
    layers = ((weights, np.zeros(1, np.float32)),)
    head = Head(np.zeros(wide, np.float32), np.ones(wide, np.float32), layers, task_of(BINARY))
    save_head(
        TrainedHead(head, [], 1, 0.5, {}), folder / "models" / "detector",
        encoder_id=encoders.encoder_id(options), options=HeadOptions(hidden_units=0), seed=1,
    )  # fmt: skip
    return str(folder / "models")


def repeated(season: Path, hours: int) -> None:
    """Recordings of an hour each, of which a few sounds are all that differs."""
    kept = season.parent / "sounds"
    for number in range(DIFFERENT):
        if not (sound := kept / f"{number}.wav").exists():
            record(sound, 60, LOW_RATE, number)
    season.mkdir()
    for number in range(hours):
        name = f"Moth{number % 20:02d}_{20240101 + number % 28}_{number % 240_000:06d}.wav"
        (season / name).hardlink_to(kept / f"{number % DIFFERENT}.wav")


def add_hostile(season: Path, count: int) -> set[Path]:
    """Files that cannot be used: cut off, empty, no audio, and with a hole in their header."""
    whole = sorted(season.iterdir())[0].read_bytes()
    kinds = (whole[: len(whole) // 3], b"", b"not a sound", b"RIFF" + bytes(2000))
    bad = {season / f"Bad{number:04d}.wav" for number in range(count)}
    for number, path in enumerate(sorted(bad)):
        path.write_bytes(kinds[number % len(kinds)])
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
