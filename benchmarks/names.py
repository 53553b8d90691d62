"""How long do a million names, and a table of a hundred thousand rows, take?

    python benchmarks/names.py

Processor time, so that a busy machine shows less.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from chorus.survey import read_clip_table
from chorus.survey.filenames import parse_filename

NAMES = 1_000_000
ROWS = 100_000
KINDS: dict[str, Callable[[int], str]] = {
    "Song Meter": lambda i: (
        f"SM4A{i % 97:05d}_202403{1 + i % 28:02d}_{i % 24:02d}{i % 60:02d}{i // 60 % 60:02d}.wav"
    ),
    "AudioMoth in hexadecimal": lambda i: f"{0x5DA18480 + 1800 * i % 0x10000000:08X}.WAV",
    "BirdNET segments": lambda i: (
        f"0.812_{i}_A1_2024-03-12_20-30-{i % 60:02d}_{i}.0s_{i + 3}.0s.wav"
    ),
    "names without a time": lambda i: f"frog pond number {i}.wav",
}


def main() -> None:
    for kind, name in KINDS.items():
        names = [f"pond {i % 50}/{name(i)}" for i in range(NAMES)]
        print(
            f"{NAMES:>9,} {kind:<26} {_seconds(lambda names=names: [parse_filename(n) for n in names]):6.1f} s"
        )
    with tempfile.TemporaryDirectory() as folder:
        _write_table(Path(folder))
        print(
            f"{ROWS:>9,} {'rows of clips.csv':<26} {_seconds(lambda: read_clip_table(Path(folder))):6.1f} s"
        )


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _write_table(folder: Path) -> None:
    lines = ["path,label,site"]
    for i in range(ROWS):
        name = f"{i}_{KINDS['Song Meter'](i)}"
        (folder / name).touch()
        lines.append(f"{name},negative,Pond")
    (folder / "clips.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
