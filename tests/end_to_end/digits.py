"""What the project computes from nothing but its code, as one hash a kind: `python tests/end_to_end/digits.py`.

Run on two machines, or on one as two CPUs (test_machines.py), the hashes must be equal.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

import chorus  # noqa: E402, F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import torch  # noqa: E402

from chorus import demo, encoders, pictures  # noqa: E402
from chorus.audio import encode_flac  # noqa: E402
from chorus.cpu_torchaudio import torchaudio  # noqa: E402
from chorus.evaluation import EvaluateOptions, curves, evaluate  # noqa: E402
from chorus.evaluation.baseline import logistic_regression_scores  # noqa: E402
from chorus.files import write_parquet  # noqa: E402
from chorus.roots import Roots  # noqa: E402
from chorus.training import Examples, HeadOptions, train_head  # noqa: E402
from chorus.training.optimizer import Adam  # noqa: E402
from chorus.voices.tdnn import Tdnn, TdnnOptions  # noqa: E402
from predicted import predicted  # noqa: E402

CLIPS = 20


def sounds() -> list[np.ndarray]:
    """Clips of the demo, spread over it; int16 (samples,) each."""
    clips = demo.plan(demo.DemoOptions())
    return [clip.samples() for clip in clips[:: len(clips) // CLIPS][:CLIPS]]


def audio() -> Iterator[bytes]:
    for samples in sounds():
        yield samples.tobytes()
        yield encode_flac(samples)


def embeddings(encoder: str) -> Iterator[bytes]:
    model = encoders.load(encoders.EncodeOptions(encoder=encoder))
    windows = np.stack(sounds()).astype(np.float32) / 32768
    yield np.ascontiguousarray(model.embed(windows)).tobytes()


def rows(name: str, count: int) -> Examples:
    """Made-up embeddings of a BirdNET's width; every third is positive and a little apart."""
    random = np.random.default_rng(sum(name.encode()))
    labels = (np.arange(count) % 3 == 0).astype(np.int64)
    features = random.standard_normal((count, 1024)).astype(np.float32) ** 2
    features[:, :40] += labels[:, np.newaxis]
    ids = np.array([f"{name}{number}" for number in range(count)])
    return Examples(
        features, labels, np.array([f"{name}{number // 8}" for number in range(count)]), ids
    )


def head() -> Iterator[bytes]:
    trained = train_head(
        rows("train", 322), rows("validation", 80), HeadOptions(epochs=3), seed=123
    )
    yield trained.head.scores(rows("test", 50).features).tobytes()
    yield pd.DataFrame(trained.history).to_csv().encode()


def network() -> Iterator[bytes]:
    """Of the accents study: two steps of its training."""
    torch.set_num_threads(1)
    torch.manual_seed(1)
    tdnn = Tdnn(4, TdnnOptions())
    adam = Adam(list(tdnn.parameters()), weight_decay=0.01)
    for _ in range(2):
        logits = tdnn(torch.randn(6, 120, 40), torch.tensor([120, 100, 90, 80, 120, 120]))
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2, 3, 0, 1]))
        adam.step(torch.autograd.grad(loss, adam.parameters), 1e-3)
    yield logits.detach().numpy().tobytes()


def heard() -> Iterator[bytes]:
    """Of the speech study: what a Qwen2-Audio is given of a sound."""
    torchaudio()  # which transformers imports, and a torch without CUDA lets in by this way alone
    from transformers import WhisperFeatureExtractor

    extractor = WhisperFeatureExtractor(feature_size=40, chunk_length=3)
    random = np.random.default_rng(1)
    sound = random.standard_normal(32_000).astype(np.float32) / 10
    with Roots():
        made = extractor(sound, sampling_rate=16_000, return_tensors="np")
    yield made["input_features"].tobytes()


def regression() -> Iterator[bytes]:
    learned, asked = rows("train", 322), rows("test", 50)
    yield logistic_regression_scores(
        learned.features, learned.labels.astype(bool), asked.features
    ).tobytes()


def figures(folder: Path) -> Iterator[bytes]:
    """Metrics, bootstrap, tables and pictures."""
    table = predicted(clips=90)
    known = {"logistic_regression": table.set_index("clip_id")["score"] ** 2}
    result = evaluate(
        table, threshold=0.4, baseline_scores=known, options=EvaluateOptions(resamples=200)
    )
    yield json.dumps(result.detail).encode()
    pictures.draw_evaluation(curves(table), result.detail, folder / "evaluation.png")
    clips = [
        pictures.SheetClip(f"clip {number}", samples) for number, samples in enumerate(sounds()[:4])
    ]
    pictures.contact_sheet(clips, folder / "sheet.png", "The worst")
    write_parquet(folder / "table.parquet", table)
    for path in sorted(folder.iterdir()):
        yield path.read_bytes()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        kinds: dict[str, Callable[[], Iterator[bytes]]] = {
            "audio": audio,
            "logmel": lambda: embeddings("logmel"),
            "birdnet": lambda: embeddings("birdnet"),
            "head": head,
            "network": network,
            "heard": heard,
            "regression": regression,
            "figures": lambda: figures(Path(folder)),
        }
        wanted = sys.argv[1:] or list(kinds)
        print(
            json.dumps(
                {kind: hashlib.sha256(b"".join(kinds[kind]())).hexdigest() for kind in wanted}
            )
        )


if __name__ == "__main__":
    main()
