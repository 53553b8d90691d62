"""How fast clips are encoded, and what a new night costs.

    python benchmarks/encoding.py [--clips 400] [--encoder birdnet] [--nights 100]

Prints clips a second, decoding included, of the naive loop (one interpreter with two threads), of one process and of
two; then the clips and seconds that one more night costs a survey of many nights. Quote ratios: timings are noisy.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np
import pandas as pd

from chorus import audio, demo, encoding, parallel, shards, survey
from chorus.clips import WINDOW_SAMPLES
from chorus.encoders import EncodeOptions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--encoder", choices=("birdnet", "logmel"), default="birdnet")
    parser.add_argument("--nights", type=int, default=100)
    arguments = parser.parse_args()
    options = EncodeOptions(encoder=arguments.encoder)
    with tempfile.TemporaryDirectory() as name:
        speed(Path(name), arguments.clips, options)
    with tempfile.TemporaryDirectory() as name:
        new_night(Path(name), arguments.nights)


def speed(folder: Path, count: int, options: EncodeOptions) -> None:
    """Clips a second of three ways to encode the same clips; two rounds each, the better one counts."""
    sources = demo.plan(demo.DemoOptions(scale=0.1))
    chosen = sources[:: max(1, len(sources) // count)][:count]
    clips = survey.build(chosen, folder / "raw", workers=parallel.cores()).clips
    rates = {}
    if options.encoder == "birdnet":
        rates["naive loop, one interpreter, two threads"] = max(naive(folder / "raw", clips) for _ in range(2))
    for workers in (1, 2):
        seconds = []
        for attempt in range(2):
            begin = time.perf_counter()
            encoding.update(folder / f"{workers}-{attempt}", clips, folder / "raw", options, workers=workers)
            seconds.append(time.perf_counter() - begin)
        rates[f"chorus, {workers} process{'es' if workers > 1 else ''}"] = len(clips) / min(seconds)
    print(f"{options.encoder}, {len(clips)} clips, start of the processes included:")
    for way, rate in rates.items():
        print(f"  {way:<42} {rate:6.1f} clips/s")
    print(f"  two processes over one: {rates['chorus, 2 processes'] / rates['chorus, 1 process']:.2f} x")


def naive(raw: Path, clips: pd.DataFrame) -> float:
    """Clips a second of the loop that one would write first: the whole model, two threads, one clip after another."""
    from ai_edge_litert.interpreter import Interpreter

    from chorus.encoders import birdnet

    begin = time.perf_counter()
    model = Interpreter(str(birdnet.model_file(None)), num_threads=2, experimental_preserve_all_tensors=True)
    model.allocate_tensors()
    embedding = birdnet.final_layer(birdnet.model_file(None)).input
    for row in clips.itertuples():
        pcm = audio.decode_flac(shards.read_member(raw / row.shard, f"{row.clip_id}.flac"))
        model.set_tensor(model.get_input_details()[0]["index"], pcm[np.newaxis].astype(np.float32) / 32768)
        model.invoke()
        model.get_tensor(embedding).copy()
    return len(clips) / (time.perf_counter() - begin)


def new_night(folder: Path, nights: int, clips_a_night: int = 4) -> None:
    """Encode a survey of many nights, then the same survey with one more; noise stands for audio."""
    options = EncodeOptions(encoder="logmel")
    rows = []
    for night in range(nights + 1):
        members = {}
        for number in range(clips_a_night):
            pcm = np.random.default_rng((night, number)).normal(0, 500, WINDOW_SAMPLES).astype(np.int16)
            clip = f"n{night:03d}_{number}"
            members[f"{clip}.flac"] = audio.encode_flac(pcm)
            rows.append({"clip_id": clip, "sha256": audio.sha256(pcm), "shard": f"n{night:03d}.tar"})
        shards.write_shard(folder / f"n{night:03d}.tar", members)
    table = pd.DataFrame(rows)
    print(f"\nlogmel, {nights} nights of {clips_a_night} clips, then one night more:")
    for name, part in (("all nights", table[table["shard"] != f"n{nights:03d}.tar"]), ("one more", table)):
        begin = time.perf_counter()
        result = encoding.update(folder / "store", part, folder, options, workers=1)
        seconds = time.perf_counter() - begin
        print(f"  {name:<12} {result.computed:4d} encoded, {result.reused:4d} known, {seconds:6.2f} s")


if __name__ == "__main__":
    main()
