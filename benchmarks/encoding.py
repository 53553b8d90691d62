"""How fast clips are encoded, and what a new night costs.

    python benchmarks/encoding.py [--clips 2000] [--encoder birdnet] [--device cpu] [--nights 100]

Prints (1) processor time a clip of BirdNET as published and in our graph, decoding included, in turns on the same
clips, and the share of the core's peak; (2) clips a second of one process and of two, and of the GPU's where
`--device cuda` names it; (3) the clips and seconds that one more night costs a survey of many nights.
Quote ratios: timings are noisy.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import chorus  # noqa: F401  # before NumPy is loaded

# isort: split
import numpy as np
import pandas as pd
import psutil

from chorus import audio, demo, encoders, encoding, parallel, pins, shards, survey
from chorus.clips import WINDOW_SAMPLES
from chorus.encoders import EncodeOptions, birdnet, birdnet_static, birdnet_weights

_ROUNDS = 11
_CLIPS_A_ROUND = 12


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=2000)
    parser.add_argument("--encoder", choices=("birdnet", "logmel"), default="birdnet")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--nights", type=int, default=100)
    arguments = parser.parse_args()
    options = EncodeOptions(encoder=arguments.encoder, device=arguments.device)
    with tempfile.TemporaryDirectory() as name:
        clips = recordings(Path(name) / "raw", arguments.clips)
        if arguments.encoder == "birdnet":
            a_core(Path(name) / "raw", clips)
        processes(Path(name), clips, options)
    with tempfile.TemporaryDirectory() as name:
        new_night(Path(name), arguments.nights)


def recordings(raw: Path, count: int) -> pd.DataFrame:
    """Clips of the demo in shards, and their table."""
    sources = demo.plan(demo.DemoOptions(scale=0.1))
    chosen = sources[:: max(1, len(sources) // count)][:count]
    return survey.build(chosen, raw, workers=parallel.cores()).clips


def a_core(raw: Path, clips: pd.DataFrame) -> None:
    """Published and own graph in turns, by processor time; medians and the range of the ratio."""
    some = clips.iloc[:: max(1, len(clips) // _CLIPS_A_ROUND)].head(_CLIPS_A_ROUND)
    members = [
        shards.read_member(raw / row.shard, f"{row.clip_id}.flac") for row in some.itertuples()
    ]
    published, own = _published(), encoders.load(EncodeOptions(encoder="birdnet"))
    costs = np.array(
        [[_cost(embed, members) for embed in (published, own.embed)] for _ in range(_ROUNDS)]
    )
    old, new = np.median(costs, axis=0)
    ratios = costs[:, 0] / costs[:, 1]
    print(
        f"BirdNET on one core, decoding included, {_ROUNDS} rounds in turns of {len(members)} clips:"
    )
    print(
        f"  as published {old:5.1f} ms a clip, here {new:5.1f} ms: {np.median(ratios):.2f} x",
        end="",
    )
    print(f" ({ratios.min():.2f} - {ratios.max():.2f})")
    windows = _windows(members[0])
    alone = np.median([_seconds(lambda: own.embed(windows)) for _ in range(2 * _ROUNDS)]) / len(
        windows
    )
    reached, peak = _operations() / alone / 1e9, _sgemm_peak()
    print(
        f"  without decoding {1e3 * alone:.1f} ms, {reached:.0f} GFLOP/s: "
        f"{reached / peak:.0%} of the {peak:.0f} of a matrix product on this core\n"
    )


def _published() -> Callable[[np.ndarray], np.ndarray]:
    """The published model, one thread, without its last layer: what chorus used before."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.interpreter import Interpreter

    model = schema.ModelT.InitFromPackedBuf(birdnet.model_file(None).read_bytes(), 0)
    graph = model.subgraphs[0]
    graph.outputs = [int(graph.operators.pop().inputs[0])]
    model.signatureDefs = None
    packer = flatbuffers.Builder(1 << 26)
    packer.Finish(model.Pack(packer), b"TFL3")
    interpreter = Interpreter(model_content=bytes(packer.Output()), num_threads=1)
    interpreter.allocate_tensors()

    def embed(windows: np.ndarray) -> np.ndarray:
        rows = []
        for window in windows:
            interpreter.set_tensor(interpreter.get_input_details()[0]["index"], window[np.newaxis])
            interpreter.invoke()
            rows.append(interpreter.get_tensor(graph.outputs[0])[0].copy())
        return np.stack(rows)

    return embed


def _windows(member: bytes) -> np.ndarray:
    pcm = audio.decode_flac(member)
    audio.sha256(pcm)
    return pcm.reshape(-1, WINDOW_SAMPLES).astype(np.float32) / 32768


def _cost(embed: Callable[[np.ndarray], np.ndarray], members: list[bytes]) -> float:
    """Milliseconds of processor time a clip."""
    return 1e3 * _seconds(lambda: [embed(_windows(member)) for member in members]) / len(members)


def _seconds(function: Callable[[], object]) -> float:
    begin = time.process_time()
    function()
    return time.process_time() - begin


def _operations() -> float:
    """Floating-point operations of a window: two for each multiply-add of convolutions and matrices."""
    from ai_edge_litert import schema_py_generated as schema

    weights = birdnet_weights.read(birdnet.model_file(None).read_bytes())
    model = schema.ModelT.InitFromPackedBuf(birdnet_static.static_model(weights), 0)
    graph = model.subgraphs[0]
    total = 0.0
    for operator in graph.operators:
        kind = model.operatorCodes[operator.opcodeIndex].builtinCode
        places = np.prod(graph.tensors[operator.outputs[0]].shape, dtype=float)
        if kind == schema.BuiltinOperator.DEPTHWISE_CONV_2D:
            total += 2 * places * np.prod(graph.tensors[operator.inputs[1]].shape[1:3])
        elif kind in (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.FULLY_CONNECTED):
            total += 2 * places * np.prod(graph.tensors[operator.inputs[1]].shape[1:])
    return total


def _sgemm_peak() -> float:
    """GFLOP/s of a matrix product in float32 on one thread, with the fastest kernels that OpenBLAS has here."""
    code = (
        "import numpy as np, time\n"
        "a = np.ones((1024, 1024), np.float32)\n"
        "times = []\n"
        "for _ in range(30):\n"
        "    begin = time.process_time(); a @ a; times.append(time.process_time() - begin)\n"
        "print(2 * 1024**3 / sorted(times)[5] / 1e9)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name not in pins.KERNELS}
    environment["OPENBLAS_NUM_THREADS"] = "1"
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return float(run.stdout)


def processes(folder: Path, clips: pd.DataFrame, options: EncodeOptions) -> None:
    """Clips a second of one process and two in turns; of two rounds each, the better one counts.

    On a machine that does other work too, look at processor time: that of all processes, their start included.
    """
    wall: dict[int, list[float]] = {1: [], 2: []}
    processor: dict[int, list[float]] = {1: [], 2: []}
    for attempt in range(2):
        for workers in wall:
            used: list[float] = []
            begin, before = time.perf_counter(), _family_seconds()
            encoding.update(
                folder / f"{workers}-{attempt}",
                clips,
                folder / "raw",
                options,
                workers=workers,
                progress=lambda _, used=used: used.append(_family_seconds()),
            )
            wall[workers].append(time.perf_counter() - begin)
            processor[workers].append(used[-1] - before)
    print(f"{encoders.encoder_id(options)}, {len(clips)} clips, start of the processes included:")
    for workers in wall:
        rate, cost = len(clips) / min(wall[workers]), 1e3 * min(processor[workers]) / len(clips)
        name = f"{workers} process{'es' if workers > 1 else '  '}"
        print(f"  {name}  {rate:7.1f} clips/s, {cost:5.1f} ms of processor time a clip")
    print(f"  two over one {min(wall[1]) / min(wall[2]):5.2f} x, ", end="")
    print(f"by processor time {2 * min(processor[1]) / min(processor[2]):.2f} x")


def _family_seconds() -> float:
    """Processor time so far of this process and all that it has made and that still run."""
    this = psutil.Process()
    times = [process.cpu_times() for process in [this, *this.children(recursive=True)]]
    return sum(time.user + time.system for time in times)


def new_night(folder: Path, nights: int, clips_a_night: int = 4) -> None:
    """Encode a survey of many nights, then the same survey with one more; noise stands for audio."""
    options = EncodeOptions(encoder="logmel")
    rows = []
    for night in range(nights + 1):
        members = {}
        for number in range(clips_a_night):
            pcm = (
                np.random.default_rng((night, number))
                .normal(0, 500, WINDOW_SAMPLES)
                .astype(np.int16)
            )
            clip = f"n{night:03d}_{number}"
            members[f"{clip}.flac"] = audio.encode_flac(pcm)
            rows.append(
                {"clip_id": clip, "sha256": audio.sha256(pcm), "shard": f"n{night:03d}.tar"}
            )
        shards.write_shard(folder / f"n{night:03d}.tar", members)
    table = pd.DataFrame(rows)
    print(f"\nlogmel, {nights} nights of {clips_a_night} clips, then one night more:")
    for name, part in (
        ("all nights", table[table["shard"] != f"n{nights:03d}.tar"]),
        ("one more", table),
    ):
        begin = time.perf_counter()
        result = encoding.update(folder / "store", part, folder, options, workers=1)
        seconds = time.perf_counter() - begin
        print(
            f"  {name:<12} {result.computed:4d} encoded, {result.reused:4d} known, {seconds:6.2f} s"
        )


if __name__ == "__main__":
    main()
