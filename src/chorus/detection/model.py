"""A detector as it goes to the field: head, threshold, calibration, and how its sound is to be prepared."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chorus import encoders
from chorus.audio import Padding
from chorus.clips import POSITIVE
from chorus.encoders import EncodeOptions, Spec
from chorus.errors import ModelError
from chorus.files import Exact
from chorus.metrics.calibration import Calibration
from chorus.tasks.detection import HALF
from chorus.training import SavedHead
from chorus.training.head import Head


@dataclass(frozen=True, eq=False)
class Detector:
    """Everything that a score depends on but the sound.

    name: what a person calls it. threshold: None of several classes. weights: the SHA-256 of the weights' file.
    padding, min_seconds: how the survey that it learned from brought clips to whole windows.
    """

    name: str
    head: Head
    threshold: float | None
    weights: str
    encoder: EncodeOptions
    encoder_id: str
    padding: Padding = "zeros"
    min_seconds: float = 0.5
    calibration: Calibration | None = None

    @property
    def spec(self) -> Spec:
        """What its encoder hears and gives."""
        return encoders.spec(self.encoder)

    @property
    def key(self) -> str:
        """Names all that its logits depend on but the sound and how that is cut."""
        return hashlib.sha256(f"{self.encoder_id} {self.weights}".encode()).hexdigest()

    def classify(self, logits: NDArray[np.float32]) -> Classified:
        """Labels, scores and probabilities of windows.

        Args:
            logits: (n, outputs), as `Head.logits` gives them.
        """
        task = self.head.task
        predictions = task.predictions(logits)
        # Of two classes each window has a score of the one that is looked for; of several it has the likeliest.
        if POSITIVE in task.classes:
            score = task.scores(predictions)
            labels = np.full(len(score), POSITIVE, dtype=object)
            detected = score >= (HALF if self.threshold is None else self.threshold)
        else:
            best = predictions.argmax(axis=1)
            score = predictions[np.arange(len(best)), best]
            labels = np.asarray(output_names(self.head), dtype=object)[best]
            detected = np.ones(len(score), dtype=bool)
        return Classified(labels, score, self._calibrated(score), detected)

    def _calibrated(self, score: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.calibration is None:
            return np.full(len(score), np.nan)
        return self.calibration.probability(score)

    def description(self) -> dict[str, Any]:
        """For people and programs that read its results."""
        return {
            "name": self.name,
            "task": self.head.task.name,
            "classes": list(self.head.task.classes),
            "threshold": None if self.threshold is None else Exact(self.threshold),
            "calibration": None if self.calibration is None else _exactly(self.calibration),
            "encoder": self.encoder.encoder,
            "encoder_id": self.encoder_id,
            "weights_sha256": self.weights,
            "window_seconds": self.spec.window_seconds,
            "padding": self.padding,
            "min_seconds": self.min_seconds,
        }


def output_names(head: Head) -> tuple[str, ...]:
    """What each output of a head stands for: positive of a detection, else the classes, or "score" without any."""
    # From the end, as the only output of a detection is the last of its two classes, positive.
    return head.task.classes[-head.task.outputs :] or ("score",)


def _exactly(calibration: Calibration) -> dict[str, Any]:
    numbers = asdict(calibration)
    return {
        key: Exact(value) if isinstance(value, float) else value for key, value in numbers.items()
    }


@dataclass(frozen=True)
class Classified:
    """Of n windows: label, score, probability (NaN without calibration) and whether they are detections."""

    label: NDArray[Any]
    score: NDArray[np.float64]
    probability: NDArray[np.float64]
    detected: NDArray[np.bool_]


def detector_of(
    saved: SavedHead,
    name: str,
    encoder: EncodeOptions,
    *,
    padding: Padding = "zeros",
    min_seconds: float = 0.5,
    calibration: Calibration | None = None,
) -> Detector:
    """Put a head and its encoder together.

    Raises:
        ModelError: the head learned on the embeddings of another encoder, or the encoder's file is missing.
    """
    learned = saved.config["encoder_id"]
    found = encoders.encoder_id(encoder)
    if found != learned:
        raise ModelError(
            f"{name} scores embeddings of the encoder {learned!r}, but the one here is {found!r}: "
            "give the model file that it learned with (--encoder-model), or train it again"
        )
    # A head of several classes has no threshold, and `SavedHead.threshold` refuses to give one.
    threshold = None if saved.config["threshold"] is None else saved.threshold
    weights = saved.config["weights_sha256"]
    return Detector(
        name, saved.head, threshold, weights, encoder, found, padding, min_seconds, calibration
    )


def encoder_named(encoder_id: str, model_path: str | None = None) -> EncodeOptions:
    """The encoder that an id speaks of.

    Args:
        model_path: the encoder's model file of the user's own; None for the packaged one.

    Raises:
        ModelError: no encoder of ours gives such ids.
    """
    kind = encoder_id.split("-")[0]
    if kind not in encoders.ENTRIES:
        known = ", ".join(encoders.ENTRIES)
        raise ModelError(f"encoder_id: {encoder_id!r} is of no encoder that is known here: {known}")
    # The kind of GPU is part of the id: a head that learned on its digits is not to score those of a CPU.
    device = "cuda" if kind == "birdnet" and "-torch" in encoder_id else "cpu"
    given = {"encoder": kind, "device": device}
    return EncodeOptions(**given, **({} if model_path is None else {"model_path": model_path}))  # type: ignore[arg-type]
