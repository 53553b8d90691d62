"""The health of the adapters' trainings: each judged by both profiles, the worst told, what is planted found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from chorus.health.options import HealthOptions
from chorus.reports.health import page
from speech import health

OPTIONS = HealthOptions(group="recording")
EPOCHS = 6


def table() -> pd.DataFrame:
    """Twelve sources of each class in each of three splits, two clips of each."""
    rows = []
    for split in ("train", "development", "test"):
        for source in range(24):
            for cut in range(2):
                label = "SPEECH" if source % 2 else "NONSPEECH"
                about = {
                    "label": label,
                    "source": f"{split} {source}",
                    "kind": f"kind {source % 4}",
                }
                rows.append({"clip_id": f"{split}_{source}_{cut}", "split": split, **about})
    return pd.DataFrame(rows)


def answers(table: pd.DataFrame, right: float = 0.9) -> pd.DataFrame:
    """What an adapter says: surely, and right about a share of the clips."""
    rng = np.random.default_rng(1)
    speech = (table["label"] == "SPEECH").to_numpy()
    said = np.where(rng.random(len(table)) < right, speech, ~speech)
    score = np.where(said, rng.uniform(0.6, 0.99, len(table)), rng.uniform(0.01, 0.4, len(table)))
    return table[["clip_id", "split", "label"]].assign(score=score)


def curves(**columns: list[float]) -> pd.DataFrame:
    """A training as it should be, but for some columns."""
    falling = list(np.linspace(0.6, 0.2, EPOCHS))
    history = pd.DataFrame({"epoch": np.arange(1, EPOCHS + 1), "learning_rate": 1e-3})
    for name in ("train_loss", "validation_loss", "validation_entropy"):
        history[name] = falling
    for name in ("train_accuracy", "validation_accuracy", "validation_balanced_accuracy"):
        history[name] = list(np.linspace(0.8, 0.92, EPOCHS))
    steady = {"train_loss_std": 0.05, "grad_norm": 0.4, "grad_norm_std": 0.1, "clipped_share": 0.1}
    steady |= {"validation_macro_f1": 0.9, "improvement_rate": 0.01, "validation_loss_std": 0.05}
    return history.assign(**steady).assign(**columns)


def judged(profile: str = "calibrated", **planted: list[float]) -> health.Trainings:
    """Two trainings of one adapter: with seed 1 nothing is wrong, with seed 2 something is planted."""
    clips = table()
    said, history = answers(clips), []
    both = []
    for seed, columns in ((1, {}), (2, planted)):
        about = {"configuration": "lora_mlp", "seed": seed}
        history.append(curves(**columns).assign(**about))
        both.append(said.assign(**about))
    options = replace(OPTIONS, profile=profile)
    return health.judge(pd.concat(history), pd.concat(both), clips, 1.0, options)


def test_a_sound_training_is_healthy_and_every_training_is_judged():
    found = judged()
    assert list(found.found) == ["lora_mlp_1", "lora_mlp_2"]
    assert found.headline == {
        "verdict": "healthy", "findings": "none", "trainings": 2, "troubles": 0, "watches": 0,
    }  # fmt: skip
    detail = found.found["lora_mlp_1"].detail
    assert detail["validation"]["clips"] == 48  # development clips, and no others
    assert detail["group"] == "source"
    # A kind of sound is of one class by nature, which is no fault of the training set.
    assert any(text.startswith("confounded_sources") for text in detail["not_judged"])


@pytest.mark.parametrize(
    ("planted", "finding"),
    [
        ({"train_loss": [2.0] * EPOCHS}, "learning_rate_too_high"),
        ({"grad_norm": [0.001] * EPOCHS}, "saturated"),
        ({"train_accuracy": [0.6] * EPOCHS}, "too_little_capacity"),
    ],
)
def test_what_is_planted_in_one_training_is_found_there_and_the_worst_is_told(planted, finding):
    found = judged(**planted)
    assert found.worst == "lora_mlp_2"
    assert found.headline["verdict"] == "trouble" and finding in found.headline["findings"]
    assert (found.headline["troubles"], found.headline["trainings"]) == (1, 2)
    said = found.by_training
    assert said["lora_mlp_1"] == {"verdict": "healthy", "findings": {}}
    assert said["lora_mlp_2"]["findings"][finding]  # with its numbers
    detail = found.found[found.worst].detail
    assert finding.replace("_", " ") in page("a run", detail, curves(**planted))


def test_both_profiles_judge():
    guide = judged("guide", grad_norm_std=[0.6] * EPOCHS)
    assert "exploding_gradients" in guide.by_training["lora_mlp_2"]["findings"]


def test_scores_far_better_on_development_clips_than_on_the_test_are_suspicious():
    """As where variants of one clip are on both sides."""
    clips = table()
    leaky = answers(clips, right=1.0)
    test = leaky["split"] == "test"
    leaky.loc[test, "score"] = answers(clips, right=0.6).loc[test, "score"]
    history = curves().assign(configuration="lora", seed=1)
    found = health.judge(history, leaky.assign(configuration="lora", seed=1), clips, 1.0, OPTIONS)
    signals = found.found["lora_1"].signals
    assert signals["split.lead"] > 0.2 and signals["split.lead_errors"] > 2.3
