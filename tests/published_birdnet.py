"""BirdNET V2.4 as published: what our graphs of its weights are compared with."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from chorus.encoders import birdnet


class Published:
    """The whole file on LiteRT, one thread; the embedding is the tensor that its last layer reads."""

    def __init__(self, file: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._model = Interpreter(str(file), num_threads=1, experimental_preserve_all_tensors=True)
        self._model.allocate_tensors()
        self._samples = self._model.get_input_details()[0]["index"]
        self._logits = self._model.get_output_details()[0]["index"]
        self._embedding = birdnet.final_layer(file).input

    def embed(self, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, 144000) -> embeddings (n, 1024) and logits of the species (n, 6522)."""
        results = []
        for window in windows:
            self._model.set_tensor(self._samples, window[np.newaxis])
            self._model.invoke()
            results.append(
                [self._model.get_tensor(number)[0] for number in (self._embedding, self._logits)]
            )
        embeddings, logits = zip(*results, strict=True)
        return np.stack(embeddings), np.stack(logits)
