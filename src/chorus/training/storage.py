"""Heads on disk: weights as safetensors, and beside them a JSON that says what they are. Nothing is ever unpickled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chorus.errors import DataError, ModelError
from chorus.files import nan_as_none, parse_json, replacing, write_text
from chorus.tasks import Task, described
from chorus.training.head import Head, layer_names
from chorus.training.options import HeadOptions
from chorus.training.trainer import TrainedHead

# What a head's JSON must say, and whether a value can be it. By type(), because isinstance takes true for a 1.
_DESCRIPTION: dict[str, Callable[[Any], bool]] = {
    "encoder_id": lambda value: isinstance(value, str) and value != "",
    "dimensions": lambda value: type(value) is int and value > 0,
    "hidden_units": lambda value: type(value) is int and value >= 0,
    "threshold": lambda value: value is None or (type(value) in (int, float) and 0 <= value <= 1),
    "weights_sha256": lambda value: isinstance(value, str),
}


@dataclass(frozen=True)
class SavedHead:
    """A head from disk, and everything in its JSON: with the threshold that was chosen on the validation split."""

    head: Head
    config: dict[str, Any]

    @property
    def threshold(self) -> float:
        """The score from which on a clip is a detection.

        Raises:
            ModelError: a head of a task that has none.
        """
        if self.config["threshold"] is None:
            raise ModelError(f"a head for a {self.head.task} has no threshold")
        return float(self.config["threshold"])


def save_head(
    trained: TrainedHead, path: Path | str, *, encoder_id: str, options: HeadOptions, seed: int
) -> str:
    """Write `path`.safetensors and `path`.json, each whole or not at all, with the same bytes for the same head.

    The JSON holds the weights' checksum: a pair torn by a crash between the two is found when it is loaded.

    Returns:
        That checksum, the SHA-256 of the weights' file in hex: it names the model.
    """
    from safetensors.numpy import save

    head = trained.head
    weights = save(head.arrays())
    checksum = hashlib.sha256(weights).hexdigest()
    config = {
        "encoder_id": encoder_id,
        **head.task.description(),
        "dimensions": head.dimensions,
        "hidden_units": head.hidden_units,
        "threshold": trained.threshold,
        "seed": seed,
        "options": asdict(options),
        "training": nan_as_none(trained.summary),
        "weights_sha256": checksum,
    }
    with replacing(_beside(path, ".safetensors")) as beside:
        beside.write_bytes(weights)
    # In full, not to six digits as elsewhere: a threshold rounded up would miss the clip whose score it is.
    write_text(
        _beside(path, ".json"),
        json.dumps(config, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
    )
    return checksum


def load_head(path: Path | str, *, encoder_id: str | None = None) -> SavedHead:
    """Read what `save_head` wrote.

    Args:
        path: without suffix.
        encoder_id: of the embeddings that are to be scored; None if it does not matter.

    Raises:
        ModelError: a file is missing or damaged, the two do not fit each other, or the head scores the embeddings of
            another encoder.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    config_path, weights_path = _beside(path, ".json"), _beside(path, ".safetensors")
    try:
        config = parse_json(config_path.read_text(encoding="utf-8"))
        weights = weights_path.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(f"{error.filename} is missing: train the head first") from None
    except OSError as error:
        raise ModelError(f"{error.filename} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{config_path} is damaged: {error}") from None
    _refuse_other_description(config, config_path)
    task = _task(config, config_path)
    if encoder_id not in (None, config["encoder_id"]):
        raise ModelError(
            f"{weights_path} scores embeddings of the encoder {config['encoder_id']!r}, not of {encoder_id!r}: "
            "train it again on these"
        )
    if hashlib.sha256(weights).hexdigest() != config["weights_sha256"]:
        raise ModelError(
            f"{weights_path} is damaged, or belongs to another {config_path.name}: train the head again"
        )
    try:
        parse_json(_header(weights))  # the library takes a header in which a tensor stands twice
        arrays = load(weights)
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(f"{weights_path} is damaged: {error}") from None
    names = layer_names(2 if config["hidden_units"] else 1)
    expected = {"mean", "std", *(f"{name}.{part}" for name in names for part in ("weight", "bias"))}
    if set(arrays) != expected:
        raise ModelError(
            f"{weights_path} holds {', '.join(sorted(arrays))}, not {', '.join(sorted(expected))}"
        )
    for name, array in arrays.items():
        rank = 2 if name.endswith(".weight") else 1
        if array.dtype != np.float32 or array.ndim != rank:
            found = f"{array.dtype} of shape {array.shape}"
            raise ModelError(
                f"{weights_path} has {name} as {found}, not float32 of {rank} dimension(s)"
            )
    head = Head(
        mean=arrays["mean"],
        std=arrays["std"],
        layers=tuple((arrays[f"{name}.weight"], arrays[f"{name}.bias"]) for name in names),
        task=task,
    )
    for key, value in (("dimensions", head.dimensions), ("hidden_units", head.hidden_units)):
        if config[key] != value:
            raise ModelError(
                f"{weights_path} has {key} {value}, but {config_path.name} says {config[key]}"
            )
    return SavedHead(head=head, config=config)


def _refuse_other_description(config: Any, path: Path) -> None:
    if not isinstance(config, dict):
        raise ModelError(
            f"{path} describes no head: it holds {type(config).__name__}, not an object"
        )
    missing = _DESCRIPTION.keys() - config.keys()
    if missing:
        raise ModelError(f"{path} describes no head: it lacks {', '.join(sorted(missing))}")
    for key, fits in _DESCRIPTION.items():
        if not fits(config[key]):
            raise ModelError(f"{path} describes no head: {key} is {config[key]!r:.80}")


def _task(config: dict[str, Any], path: Path) -> Task:
    try:
        return described(config)
    except DataError as error:
        raise ModelError(f"{path} describes no head: {error}") from None


def _header(weights: bytes) -> str:
    """The JSON at the head of a safetensors file: its length in 8 bytes comes first."""
    return weights[8 : 8 + int.from_bytes(weights[:8], "little")].decode("utf-8")


def _beside(path: Path | str, suffix: str) -> Path:
    # with_suffix would cut "conf_0.5" at its dot
    return Path(f"{path}{suffix}")
