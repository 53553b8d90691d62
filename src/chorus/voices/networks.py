"""The networks that there are, each with how samples reach it, and how they are kept on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from chorus.errors import DataError, ModelError
from chorus.files import parse_json, replacing, write_text
from chorus.options import options, parse
from chorus.tasks import Classification, described
from chorus.voices import finetuning, frozen, tdnn
from chorus.voices.augment import AugmentOptions, augment
from chorus.voices.frames import levelled
from chorus.voices.listening import EncoderName, dimensions
from chorus.voices.sequences import Hearing, batch


@options
class ModelOptions:
    """encoder: tdnn, which is trained from nothing; wav2vec2, which needs weights; or a frozen encoder with the plain
    head on its embeddings. What each network is stands under its name."""

    encoder: EncoderName = "tdnn"
    tdnn: tdnn.TdnnOptions = field(default_factory=tdnn.TdnnOptions)
    wav2vec2: finetuning.Wav2Vec2Options = field(default_factory=finetuning.Wav2Vec2Options)
    plain: frozen.PlainOptions = field(default_factory=frozen.PlainOptions)


@dataclass(frozen=True)
class Kind:
    """make: a network of so many classes. hearing: how samples reach it."""

    make: Callable[[int], nn.Module]
    hearing: Hearing


@dataclass(frozen=True)
class Frames:
    """A `Hearing` of log-mel frames."""

    augmenting: AugmentOptions

    def plain(self, heard: Tensor) -> Tensor:
        """See `Hearing.plain`."""
        return levelled(heard)

    def varied(self, heard: Tensor, random: np.random.Generator) -> Tensor:
        """See `Hearing.varied`."""
        return augment(heard, self.augmenting, random)

    def batch(self, heard: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """See `Hearing.batch`."""
        return batch(heard)


def kind_of(options: ModelOptions, augmenting: AugmentOptions) -> Kind:
    """The kind of network that the options name."""
    encoder = options.encoder
    if encoder == "tdnn":
        return Kind(lambda classes: tdnn.Tdnn(classes, options.tdnn), Frames(augmenting))
    if encoder == "wav2vec2":
        return Kind(
            lambda classes: finetuning.Classifier(classes, options.wav2vec2),
            finetuning.Features(augmenting),
        )
    size = dimensions(encoder)
    return Kind(lambda classes: frozen.PlainHead(classes, size, options.plain), frozen.Windows())


@dataclass(frozen=True)
class SavedNetwork:
    """A network from disk. config: everything in its JSON."""

    network: nn.Module
    kind: Kind
    task: Classification
    config: dict[str, Any]


def save(path: Path | str, network: nn.Module, about: Mapping[str, Any]) -> None:
    """Write `path`.safetensors and `path`.json, with the same bytes for the same network.

    Args:
        about: of the network: the task's description, `model` (its options), and anything else.
    """
    from safetensors.torch import save as serialised

    weights = serialised(dict(network.state_dict()))
    config = {**about, "weights_sha256": hashlib.sha256(weights).hexdigest()}
    # Weights first: only once their description fits them are both whole.
    with replacing(Path(f"{path}.safetensors")) as beside:
        beside.write_bytes(weights)
    text = json.dumps(config, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(f"{path}.json", text + "\n")


def load(path: Path | str) -> SavedNetwork:
    """Read what `save` wrote.

    Raises:
        ModelError: a file is missing or damaged, or the two do not fit each other.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load as tensors

    try:
        config = parse_json(Path(f"{path}.json").read_text(encoding="utf-8"))
        weights = Path(f"{path}.safetensors").read_bytes()
        task = described(config)
        model = parse(ModelOptions, config["model"], section="model")
    except OSError as error:
        raise ModelError(f"{error.filename} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, DataError) as error:
        raise ModelError(f"{path}.json describes no network: {error}") from None
    if not isinstance(task, Classification):
        raise ModelError(f"{path}.json describes a network for a {task}, not for classes")
    if hashlib.sha256(weights).hexdigest() != config.get("weights_sha256"):
        raise ModelError(f"{path}.safetensors is damaged, or belongs to another {path}.json")
    # Any variations will do: what is loaded is not trained.
    kind = kind_of(model, AugmentOptions())
    network = kind.make(task.outputs)
    try:
        network.load_state_dict(tensors(weights))
    except (SafetensorError, RuntimeError) as error:
        raise ModelError(f"{path}.safetensors holds another network: {error}") from None
    return SavedNetwork(network.eval(), kind, task, config)
