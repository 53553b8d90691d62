"""Detectors by what a person calls them: a folder of models, a run's name, or a revision of git."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pygit2

from chorus import paths
from chorus.clips import POSITIVE, VALIDATION
from chorus.detection.model import Detector, detector_of, encoder_named
from chorus.encoders import EncodeOptions
from chorus.errors import DataError, ModelError
from chorus.experiments.history import History
from chorus.experiments.snapshot import Snapshot, hashes, locked_stages
from chorus.files import read_yaml
from chorus.metrics import calibration
from chorus.metrics.calibration import Calibration
from chorus.options import parse
from chorus.tasks import Detection
from chorus.training import SavedHead, load_head

HEAD = paths.DETECTOR.as_posix()
PREDICTIONS = paths.PREDICTIONS.as_posix()
_PARTS = (".json", ".safetensors")


@dataclass(frozen=True)
class _Study:
    """What is known of the study that a head comes from.

    root: where paths in its parameters begin. params: of the run; {} when unknown. predictions: the head's own.
    """

    root: Path
    params: Mapping[str, Any]
    predictions: pd.DataFrame | None


def find_detector(model: str, root: Path = Path(), encoder_model: str | None = None) -> Detector:
    """The detector of that name, with the encoder, preprocessing, threshold and calibration that belong to it.

    Args:
        model: a folder with a head (`models`), its path without suffix (`models/detector`), a run's name (stage6_038),
            or a revision of git.
        root: the folder of the study; runs and revisions are looked for in its repository.
        encoder_model: the encoder's model file; None: the one that the study names, or the packaged one.

    Raises:
        DataError: there is nothing of that name, or it cannot be had.
        ModelError: its files do not fit each other, or the encoder is another one than the one it learned with.
    """
    if (place := _head_in(Path(model))) is not None:
        saved = load_head(place)
        return _put_together(saved, model, _study_around(place), encoder_model)
    # brings DVC, a second that a folder of models need not pay
    from chorus.experiments.outputs import Outputs

    commit = _commit(model, root)
    outputs = Outputs(root)
    with tempfile.TemporaryDirectory() as folder:
        for suffix in _PARTS:
            content = outputs.content(commit, f"{HEAD}{suffix}")
            Path(folder, f"detector{suffix}").write_bytes(content)
        saved = load_head(Path(folder, "detector"))
    predictions = None
    if commit.output_hash(PREDICTIONS) is not None:
        predictions = pd.read_parquet(io.BytesIO(outputs.content(commit, PREDICTIONS)))
    return _put_together(saved, model, _Study(root, commit.params, predictions), encoder_model)


def _head_in(path: Path) -> Path | None:
    """The head that a path means, without suffix; None when it means no file."""
    if path.suffix in _PARTS and path.is_file():
        return path.with_suffix("")
    if Path(f"{path}.json").is_file():
        return path
    if not path.is_dir():
        return None
    heads = []
    for file in sorted(path.glob("*.safetensors")):
        if file.with_suffix(".json").is_file():
            heads.append(file.with_suffix(""))
    # of several, the one that is called as the stage `train` calls it
    named = [head for head in heads if head.name == Path(HEAD).name] or heads
    if len(named) != 1:
        names = (
            ", ".join(head.name for head in heads)
            or "none; dvc pull fetches it, dvc repro makes it"
        )
        raise ModelError(
            f"{path} should hold one head (NAME.safetensors and NAME.json), but holds: {names}"
        )
    return named[0]


def _study_around(head: Path) -> _Study:
    """The study in whose folder models/ the head lies, if it does."""
    root = head.parent.parent
    params = root / "params.yaml"
    if head.parent.name != Path(HEAD).parent.name or not params.is_file():
        return _Study(Path(), {}, None)
    values = read_yaml(params)
    if not isinstance(values, dict):
        values = {}
    return _Study(root, values, _predictions_of(head, root))


def _predictions_of(head: Path, root: Path) -> pd.DataFrame | None:
    """The study's predictions, where its dvc.lock says that they were made with this very head."""
    lock, file = root / "dvc.lock", root / PREDICTIONS
    if not lock.is_file() or not file.is_file():
        return None
    # a calibration fitted to another head's scores would be wrong without a sign of it
    locked = locked_stages(lock.read_bytes())
    used, made = hashes(locked, "deps"), hashes(locked, "outs")
    if _md5(Path(f"{head}.safetensors")) != used.get(f"{HEAD}.safetensors"):
        return None
    if _md5(file) != made.get(PREDICTIONS):
        return None
    return pd.read_parquet(file)


def _md5(file: Path) -> str:
    return hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()


def _commit(name: str, root: Path) -> Snapshot:
    """The newest experiment of this name, or else the commit that it names."""
    if pygit2.discover_repository(str(root.resolve())) is None:
        raise DataError(
            f"{name} is no folder with a head, and here is no study whose run it might be"
        )
    found = History(root).named(name)
    if found is None:
        raise DataError(
            f"{name} is no folder with a head, no run and no revision here; runs of others: dvc exp pull origin {name}"
        )
    return found


def _put_together(
    saved: SavedHead, name: str, study: _Study, encoder_model: str | None
) -> Detector:
    # of a head without its study: the survey's own defaults
    survey = study.params.get("survey") or {}
    return detector_of(
        saved,
        name,
        _encoder(saved, study, encoder_model),
        padding=survey.get("padding", "zeros"),
        min_seconds=float(survey.get("min_seconds", 0.5)),
        calibration=_calibrated(saved, study.predictions),
    )


def _encoder(saved: SavedHead, study: _Study, encoder_model: str | None) -> EncodeOptions:
    given = study.params.get("encode")
    if encoder_model is not None or given is None:
        return encoder_named(saved.config["encoder_id"], encoder_model)
    options = parse(EncodeOptions, given, section="encode")
    # a path in params.yaml begins at its study, wherever the detector is asked for
    if options.own_model is None or options.own_model.is_absolute():
        return options
    return EncodeOptions(
        encoder=options.encoder,
        model_path=(study.root / options.own_model).as_posix(),
        device=options.device,
    )


def _calibrated(saved: SavedHead, predictions: pd.DataFrame | None) -> Calibration | None:
    """Fitted on the validation split, of a detection; None where there is none with both."""
    if predictions is None or saved.head.task.name != Detection.name:
        return None
    clips = predictions[predictions["split"] == VALIDATION]
    positive = (clips["label"] == POSITIVE).to_numpy()
    if positive.all() or not positive.any():
        return None
    return calibration.fit(positive, clips["score"].to_numpy(dtype="float64"))
