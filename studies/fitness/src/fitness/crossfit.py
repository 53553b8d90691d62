"""A model of each fold and member: what it predicts, and where it is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chorus.files import replacing, write_text
from chorus.seeds import derive
from fitness.dataset import Data
from fitness.training import Model, TrainOptions, train

JUDGED = ["id", "fold", "score", "text_id", "language", "metric", "prediction", "variance"]


@dataclass(frozen=True, eq=False)
class CrossFitted:
    """judged: `JUDGED`, each record by the models that it neither taught nor stopped. test: id, and prediction and
    variance of each model (`fold0_member0.prediction`, ...). curves: of the histories, mean over models.
    summary: for JSON."""

    models: dict[tuple[int, int], Model]
    judged: pd.DataFrame
    test: pd.DataFrame
    curves: list[dict[str, float]]
    summary: dict[str, Any]


def fit(data: Data, target: Mapping[int, float], options: TrainOptions, seed: int) -> CrossFitted:
    """Train `options.members` models for each fold."""
    asked = data.asked
    models, judged, test = {}, [], {"id": data.test["id"].to_numpy()}
    for number in range(data.folds):
        fold = data.fold(number)
        found = []
        for member in range(options.members):
            # Seeded by fold and member: one member more leaves the others as they are.
            own_seed = derive(seed, "fold", number, member)
            model = train(fold.learn, fold.stop, target, options, own_seed)
            models[number, member] = model
            found.append(model.predict(fold.judge))
            name = f"fold{number}_member{member}"
            test[f"{name}.prediction"], test[f"{name}.variance"] = model.predict(asked)
        mean, variance = mixture(found)
        judged.append(fold.records.assign(prediction=mean, variance=variance)[JUDGED])
    # By id, so that the table does not hang on how records were dealt.
    rows = pd.concat(judged).sort_values("id", ignore_index=True)
    return CrossFitted(models, rows, pd.DataFrame(test), _curves(models), _summary(models))


def mixture(members: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of a mixture in equal shares of (mean, variance): what members disagree on adds to theirs."""
    means, variances = (np.stack(column) for column in zip(*members, strict=True))
    return means.mean(axis=0), variances.mean(axis=0) + means.var(axis=0)


def _curves(models: Mapping[tuple[int, int], Model]) -> list[dict[str, float]]:
    """Mean over the models that are still training, an epoch a row."""
    longest = max(len(model.history) for model in models.values())
    rows = []
    for epoch in range(longest):
        here = [model.history[epoch] for model in models.values() if len(model.history) > epoch]
        rows.append(_means(here, here[0]) | {"models": len(here)})
    return rows


def _summary(models: Mapping[tuple[int, int], Model]) -> dict[str, Any]:
    kept = [model.history[model.best_epoch - 1] for model in models.values()]
    losses = [name for name in kept[0] if name.startswith(("train", "val"))]
    epochs = [model.best_epoch for model in models.values()]
    best = float(np.median(epochs))
    return {"models": len(models), "best_epoch": best, **_means(kept, losses)}


def _means(rows: Sequence[Mapping[str, float]], names: Iterable[str]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in names}


def save(fitted: CrossFitted, folder: Path, options: TrainOptions, seed: int) -> None:
    """Write the models: weights as safetensors, and a JSON that says what they are."""
    from safetensors.torch import save as save_weights

    about = {}
    for (fold, member), model in fitted.models.items():
        name = f"fold{fold}_member{member}.safetensors"
        # safetensors takes no views, nor what lies on a GPU.
        weights = save_weights(
            {key: value.cpu().contiguous() for key, value in model.network.state_dict().items()}
        )
        with replacing(folder / name) as beside:
            beside.write_bytes(weights)
        about[name] = {
            "variance_scale": model.variance_scale,
            "best_epoch": model.best_epoch,
            "stopped": model.stopped,
            "weights_sha256": hashlib.sha256(weights).hexdigest(),
        }
    # Last, as it names all weights by their hashes.
    content = {"options": asdict(options), "seed": seed, "models": about}
    write_text(folder / "models.json", json.dumps(content, indent=2) + "\n")
