"""Embeddings of real recordings with noise mixed in, kept in a cache: what `benchmarks/heads.py` compares heads on.

    python benchmarks/real_sounds.py SOUNDS CACHE

SOUNDS holds `esc10/` (`{fold}-{source clip}-{take}.ogg` in a folder for each class) and `fsdd/recordings/`
(`{digit}_{speaker}_{index}.wav`).
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np
from safetensors.numpy import load_file, save_file

from chorus import encoders
from chorus.audio import windows
from chorus.encoders import EncodeOptions
from chorus.reading import examine
from chorus.seeds import generator

NOISES = {"clean": None, "0 dB": 0.0, "-6 dB": -6.0}  # the sound's power over the noise's
DIGITS_EACH = 10  # of the fifty recordings of a digit by a speaker


@dataclass(frozen=True, eq=False)
class Sounds:
    """One window a recording: features (n, d), its class and its source (a source clip or a speaker), both (n,)."""

    features: np.ndarray
    labels: np.ndarray
    sources: np.ndarray


def read(folder: Path, cache: Path) -> dict[tuple[str, str], Sounds]:
    """(collection, noise) -> sounds, of both collections; encodes what the cache lacks."""
    return {
        (name, noise): _sounds(name, noise, files, cache)
        for name, files in {
            "esc10": esc10(folder / "esc10"),
            "fsdd": fsdd(folder / "fsdd" / "recordings"),
        }.items()
        for noise in NOISES
    }


def esc10(folder: Path) -> list[tuple[Path, str, str]]:
    """File, class and source clip of each recording."""
    files = sorted(folder.glob("*/*.ogg"))
    return [(path, path.parent.name, path.stem.split("-")[1]) for path in files]


def fsdd(folder: Path) -> list[tuple[Path, str, str]]:
    """File, digit and speaker of each recording that is used."""
    named = [(path, *path.stem.split("_")) for path in sorted(folder.glob("*.wav"))]
    return [
        (path, digit, speaker) for path, digit, speaker, index in named if int(index) < DIGITS_EACH
    ]


def _sounds(name: str, noise: str, files: list[tuple[Path, str, str]], cache: Path) -> Sounds:
    encoder = encoders.encoder_id(EncodeOptions())
    stem = re.sub(r"[^\w-]+", "_", f"{name}_{noise}_{encoder}")
    kept = cache / f"{stem}.safetensors"
    if not kept.exists():
        print(f"encoding {len(files)} recordings: {name}, {noise}", file=sys.stderr)
        cache.mkdir(parents=True, exist_ok=True)
        loaded = encoders.load(EncodeOptions())
        rows = [loaded.embed(_window(path, noise)[None]) for path, _, _ in files]
        save_file({"features": np.concatenate(rows)}, kept)
    labels, sources = (np.array(column) for column in list(zip(*files, strict=True))[1:])
    return Sounds(load_file(kept)["features"], labels, sources)


def _window(path: Path, noise: str) -> np.ndarray:
    """The first 3 seconds as float32 in [-1, 1], with white noise of its own for each file."""
    first, _ = next(windows(examine(path).blocks(), "zeros", min_seconds=0.0))
    clean = first.astype(np.float32) / 32_768
    ratio = NOISES[noise]
    if ratio is None:
        return clean
    wanted = np.sqrt(np.mean(clean**2) / 10 ** (ratio / 10))
    mixed = clean + wanted * generator(1, "benchmark noise", path.name).standard_normal(
        len(clean), dtype=np.float32
    )
    return (mixed / max(1.0, float(np.abs(mixed).max()))).astype(np.float32)


if __name__ == "__main__":
    read(Path(sys.argv[1]), Path(sys.argv[2]))
