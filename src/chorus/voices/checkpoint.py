"""A training that was killed goes on at the last whole epoch, to the same bytes as if nothing had happened.

One file of safetensors holds all of it, and is replaced as a whole after each epoch. Nothing random needs keeping:
whatever an epoch draws comes from streams that are named after it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from chorus.files import replacing
from chorus.training.optimizer import Adam

History = list[dict[str, float]]


@dataclass(frozen=True)
class Checkpoint:
    """Where the state of an unfinished training lies, and which training it is of: that of another one is not used."""

    path: Path
    identity: str

    def save(
        self, network: nn.Module, adam: Adam, best: dict[str, Tensor], history: History
    ) -> None:
        """Keep the state after a whole epoch."""
        from safetensors.torch import save

        state = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
        state |= {f"best.{name}": tensor for name, tensor in best.items()}
        for kind, tensors in _moments(adam).items():
            state |= {f"{kind}.{number}": tensor for number, tensor in enumerate(tensors)}
        columns = list(history[0])
        rows = [[row[column] for column in columns] for row in history]
        state["history"] = torch.tensor(rows, dtype=torch.float64)  # JSON knows no NaN
        about = {"identity": self.identity, "columns": json.dumps(columns)}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as beside:
            beside.write_bytes(save(state, metadata=about))

    def load(self, network: nn.Module, adam: Adam) -> tuple[dict[str, Tensor], History] | None:
        """Bring network and optimiser to where they were, and return the best weights so far and the history.

        None: there is no unfinished training, or it is of another identity (then nothing is changed).
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self.path, framework="pt") as file:
                about = file.metadata() or {}
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError):  # none, or a damaged one: then from the start
            return None
        if about.get("identity") != self.identity:
            return None
        network.load_state_dict(_part(state, "network."))
        for kind, tensors in _moments(adam).items():
            for number, tensor in enumerate(tensors):
                # In place: these are the tensors that the optimiser steps with.
                tensor.copy_(state[f"{kind}.{number}"])
        columns = json.loads(about["columns"])
        history = [dict(zip(columns, row, strict=True)) for row in state["history"].tolist()]
        for row in history:
            row["epoch"] = int(row["epoch"])  # as it was, or a table of it would read "1.0"
        return _part(state, "best."), history

    def forget(self) -> None:
        """The training is done and its results are kept."""
        self.path.unlink(missing_ok=True)


def identity(*parts: str | bytes | Iterable[str]) -> str:
    """A name for a training: the hash of everything that it depends on."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, bytes):
            content = part
        else:
            content = json.dumps(part if isinstance(part, str) else list(part)).encode()
        # With its length before it: two parts must not be taken for the same text parted elsewhere.
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def _moments(adam: Adam) -> dict[str, list[Tensor]]:
    return {"mean": adam.means, "square": adam.squares, "step": adam.steps}


def _part(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in state.items()
        if name.startswith(prefix)
    }
