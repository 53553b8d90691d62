"""Why audio lies in shards: push and pull of a generated survey as shards, and of the same clips as loose files.

    python benchmarks/sharing.py [--clips 500] [--kilobytes 185] [--per-shard 12] [--without-loose]

Pushes to a local S3 server (JuiceFS) and pulls into a fresh clone, each with the real DVC; the clips are noise of the
demo's mean size, in shards of the demo's mean length. Over a network each object costs a round trip on top: a local
server flatters the loose files. Prints objects, seconds and the ratio.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from chorus.shards import write_shard  # noqa: E402
from chorus.sharing.server import BUCKET, S3Server  # noqa: E402

Clip = tuple[str, bytes]


def clips(count: int, kilobytes: int, per_shard: int) -> Iterator[tuple[str, list[Clip]]]:
    """Nights with their clips."""
    noise = random.Random(1)
    for start in range(0, count, per_shard):
        numbers = range(start, min(start + per_shard, count))
        yield (
            f"night{start:06d}",
            [(f"clip{number:06d}.flac", noise.randbytes(kilobytes * 1000)) for number in numbers],
        )


def generate(folder: Path, loose: bool, arguments: argparse.Namespace) -> None:
    """Write the survey into a folder."""
    for night, members in clips(arguments.clips, arguments.kilobytes, arguments.per_shard):
        if loose:
            (folder / night).mkdir(parents=True)
            for name, content in members:
                (folder / night / name).write_bytes(content)
        else:
            write_shard(folder / f"{night}.tar", dict(members))


def run(folder: Path, *command: str) -> float:
    """Seconds that a command takes."""
    start = time.monotonic()
    result = subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{result.stdout}")
    return time.monotonic() - start


def measure(
    scratch: Path, server: S3Server, loose: bool, arguments: argparse.Namespace
) -> tuple[int, float, float]:
    """Objects, and seconds of push and pull."""
    dvc = (sys.executable, "-m", "dvc")
    author, other = scratch / "author", scratch / "other"
    author.mkdir(parents=True)
    generate(author / "survey", loose, arguments)
    run(author, "git", "init", "-q")
    run(author, *dvc, "init", "-q")
    run(author, *dvc, "config", "cache.type", "hardlink,copy")  # spares the disk, not the network
    run(author, *dvc, "remote", "add", "-q", "-d", "storage", f"s3://{BUCKET}/{scratch.name}")
    run(author, *dvc, "remote", "modify", "storage", "endpointurl", server.endpoint)
    run(author, *dvc, "remote", "modify", "storage", "verify", "true")
    run(author, *dvc, "add", "-q", "survey")
    run(author, "git", "add", "-A")
    run(
        author,
        "git",
        "-c",
        "user.name=b",
        "-c",
        "user.email=b@example.org",
        "commit",
        "-q",
        "-m",
        "survey",
    )
    push = run(author, *dvc, "push", "-q")
    run(scratch, "git", "clone", "-q", str(author), str(other))
    pull = run(other, *dvc, "pull", "-q")
    objects = sum(1 for file in (other / ".dvc/cache/files").rglob("*") if file.is_file())
    return objects, push, pull


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--clips", type=int, default=500, help="4233: the demo; 42000: the reference study"
    )
    parser.add_argument("--kilobytes", type=int, default=185, help="a clip; the demo's mean is 185")
    parser.add_argument(
        "--per-shard", type=int, default=12, help="clips a shard; the demo's mean is 12"
    )
    parser.add_argument("--without-loose", action="store_true", help="measure the shards alone")
    parser.add_argument(
        "--folder", type=Path, help="where to work (default: the system's temporary folder)"
    )
    arguments = parser.parse_args()
    rows = {}
    for kind in ("shards",) if arguments.without_loose else ("shards", "loose files"):
        with (
            tempfile.TemporaryDirectory(dir=arguments.folder) as folder,
            S3Server(Path(folder) / "s3", 9177) as server,
        ):
            os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(server.credentials)
            rows[kind] = measure(Path(folder) / "work", server, kind == "loose files", arguments)
            objects, push, pull = rows[kind]
            print(
                f"{kind:<12} {objects:>7} objects   push {push:7.1f} s   pull {pull:7.1f} s",
                flush=True,
            )
    if len(rows) == 2:
        ratios = [
            loose / shards
            for loose, shards in zip(rows["loose files"], rows["shards"], strict=True)
        ]
        print(
            f"{'ratio':<12} {ratios[0]:>7.1f}           push {ratios[1]:7.1f}     pull {ratios[2]:7.1f}"
        )
    size = arguments.clips * arguments.kilobytes / 1e6
    print(
        f"{arguments.clips} clips, {size:.2f} GB; local S3 server, so without a network's delay for every object"
    )


if __name__ == "__main__":
    main()
