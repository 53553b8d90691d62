"""LoRA: on the language model alone, driven by the seed, kept as safetensors."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from chorus.errors import ModelError, ParameterError
from chorus.options import parse
from speech import tuning
from speech.learning import StepOptions
from speech.model import AudioModel
from speech.signals import Quiz
from speech.tuning import TuneOptions
from speech_toys import LETTERS, PROMPT, noises, random_toy

SPEECH = np.arange(24) % 2 == 0
GIVEN = TuneOptions(r=4, alpha=8, epochs=2, steps=StepOptions(learning_rate=0.01, batch_size=8))


def quiz(model: AudioModel) -> Quiz:
    """Loud noises called speech, quiet ones called none, two of each source."""
    loud = [(0.1 + speech) * each for each, speech in zip(noises(24), SPEECH, strict=True)]
    sources = np.array([f"source {place // 4}{place % 2}" for place in range(24)])
    return Quiz(model.hear(loud), SPEECH, sources, PROMPT, LETTERS)


def tuned(model: AudioModel, seed: int = 42, adapter: tuning.Adapter = "lora") -> tuning.Tuned:
    heard = quiz(model)
    return tuning.tune(model, heard, heard, adapter, GIVEN, seed)


def test_a_study_without_adapters_is_refused():
    with pytest.raises(ParameterError, match=r"tune\.adapters"):
        parse(TuneOptions, {"adapters": []}, section="tune")


def signals_of_the_guide() -> set[str]:
    """What the judge of health can ask the curves of a detector for."""
    validation = ("loss", "loss_std", "accuracy", "balanced_accuracy", "macro_f1", "entropy")
    found = {f"validation_{name}" for name in (*validation, "group_consistency")}
    found |= {"epoch", "learning_rate", "train_loss", "train_loss_std", "train_accuracy"}
    return found | {"grad_norm", "grad_norm_std", "clipped_share", "improvement_rate"}


def weights(model: AudioModel) -> dict[str, torch.Tensor]:
    named = model.network.named_parameters()
    return {name: each.detach().clone() for name, each in named if "lora_" in name}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    ("adapter", "ends"), [("lora", tuning.ATTENTION), ("lora_mlp", tuning.ATTENTION + tuning.MLP)]
)
def test_only_the_language_model_is_adapted(adapter, ends):
    names = tuning.touched(tuned(random_toy(), adapter=adapter).model.network)
    assert {name.split(".")[-1] for name in names} == {*ends}
    assert all("language_model" in name for name in names)


def test_a_list_of_names_would_hit_the_audio_encoder_too():
    from peft import LoraConfig, get_peft_model

    listed = LoraConfig(r=4, target_modules=["q_proj", "v_proj"])
    names = tuning.touched(get_peft_model(random_toy().network, listed))
    assert any("audio_tower" in name for name in names)


def test_the_seed_drives_everything():
    one, again, other = (tuned(random_toy(), seed) for seed in (42, 42, 123))
    assert same(weights(one.model), weights(again.model))
    assert repr(one.history) == repr(again.history)  # with its NaN: one epoch has no trend
    assert not same(weights(one.model), weights(other.model))


def test_it_learns_and_the_base_is_afterwards_what_it_was():
    model = random_toy()
    heard = model.hear(noises(4))
    before = model.margins(heard, PROMPT, LETTERS)
    found = tuned(model)
    assert found.history[-1]["train_loss"] < found.history[0]["train_loss"]
    assert not (found.model.margins(heard, PROMPT, LETTERS) == before).all()
    assert 0 < found.trainable < found.parameters / 5
    assert signals_of_the_guide() <= found.history[0].keys()
    assert found.history[0]["train_accuracy"] == found.history[0]["validation_accuracy"]  # the same
    restored = tuning.without_adapters(found.model)
    assert (restored.margins(heard, PROMPT, LETTERS) == before).all()


def test_an_adapter_is_kept_as_safetensors_and_scores_the_same_again(tmp_path):
    found = tuned(random_toy())
    heard = found.model.hear(noises(4))
    margins = found.model.margins(heard, PROMPT, LETTERS)
    tuning.save_adapter(found.model, tmp_path / "one")
    names = {path.name for path in (tmp_path / "one").iterdir()}
    assert names == {"adapter_config.json", "adapter_model.safetensors"}
    assert str(tmp_path) not in (tmp_path / "one/adapter_config.json").read_text()
    again = tuning.with_adapter(random_toy(), tmp_path / "one")
    assert again.margins(heard, PROMPT, LETTERS) == pytest.approx(margins, abs=1e-6)
    (tmp_path / "one/adapter_model.safetensors").rename(tmp_path / "one/adapter_model.bin")
    with pytest.raises(ModelError, match="safetensors"):
        tuning.with_adapter(random_toy(), tmp_path / "one")
