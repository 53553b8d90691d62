"""LoRA on the language model: low-rank changes of its projections, learned from clean clips (Hu et al. 2021,
arXiv:2106.09685; with MLP targets as in QLoRA, Dettmers et al. 2023, arXiv:2305.14314).

The targets are a regular expression. Given as a list of names, q_proj and v_proj also hit the audio encoder, which has
projections of the same names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import Field

from chorus.cpu_torchaudio import torchaudio
from chorus.errors import ModelError
from chorus.files import replacing_folder
from chorus.metrics.multiclass import improvement_rate
from chorus.options import options
from chorus.seeds import derive, generator
from chorus.training.loop import one_deterministic_thread
from speech import signals
from speech.learning import Descent, StepOptions
from speech.model import AudioModel
from speech.signals import Quiz

Adapter = Literal["lora", "lora_mlp"]

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
MLP = ("gate_proj", "up_proj", "down_proj")


@options
class TuneOptions:
    """adapters: which to train, each with every seed: lora (attention), lora_mlp (attention and MLP).
    repeats: seeds beside `seed`. r, alpha: rank, and its scale (alpha / r multiplies the change).
    steps: how they are taken; of a real model: learning rate 5e-5, batch 1, accumulation 8."""

    adapters: Annotated[tuple[Adapter, ...], Field(min_length=1)] = ("lora", "lora_mlp")
    repeats: tuple[Annotated[int, Field(ge=0)], ...] = ()
    r: Annotated[int, Field(ge=1)] = 16
    alpha: Annotated[int, Field(gt=0)] = 32
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.05
    epochs: Annotated[int, Field(ge=1)] = 3
    steps: StepOptions = StepOptions()


@dataclass(frozen=True, eq=False)
class Tuned:
    """An adapted model, and what happened in each epoch."""

    model: AudioModel
    history: list[dict[str, float]]
    trainable: int
    parameters: int


def targets(adapter: Adapter) -> str:
    """The regular expression of the modules that an adapter changes: of the language model, and of nothing else."""
    names = ATTENTION + MLP if adapter == "lora_mlp" else ATTENTION
    return rf".*language_model.*\.({'|'.join(names)})"


def tune(
    base: AudioModel, learn: Quiz, watched: Quiz, adapter: Adapter, given: TuneOptions, seed: int
) -> Tuned:
    """Train an adapter; the base is changed in place until `without_adapters`.

    The last epoch is kept: nothing is chosen, and `watched` only draws the curves.

    Args:
        learn: clean training clips. watched: development clips.
        seed: drives the first weights, dropout and the order of the clips.
    """
    with one_deterministic_thread(), torch.random.fork_rng(devices=[]):
        # The first weights of the adapter come from torch's own generator.
        torch.manual_seed(derive(seed, "lora"))
        model = _with_new_adapter(base, adapter, given)
        steps = -(-len(learn) // (given.steps.batch_size * given.steps.accumulation))
        descent = Descent(model, given.steps, steps * given.epochs)
        lesson, history = learn.lesson(), []
        accuracies: list[float] = []
        for epoch in range(1, given.epochs + 1):
            order = generator(seed, "order of clips", epoch).permutation(len(learn)).tolist()
            row = {"epoch": float(epoch), **descent.epoch(lesson, order)}
            row |= signals.of_training(model, learn)
            margins = watched.margins(model)
            row |= signals.of_validation(margins, watched, given.steps.batch_size, seed)
            accuracies.append(row["validation_accuracy"])
            history.append(row | {"improvement_rate": improvement_rate(accuracies)})
    trainable, total = model.network.get_nb_trainable_parameters()
    return Tuned(model, history, trainable, total)


def _with_new_adapter(base: AudioModel, adapter: Adapter, given: TuneOptions) -> AudioModel:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=given.r,
        lora_alpha=given.alpha,
        lora_dropout=given.dropout,
        target_modules=targets(adapter),
        bias="none",
    )
    return AudioModel(get_peft_model(base.network, config), base.processor, base.batch_size)


def without_adapters(model: AudioModel) -> AudioModel:
    """The base again, as it was."""
    network = model.network.unload()
    for parameter in network.parameters():
        parameter.requires_grad = True
    return AudioModel(network, model.processor, model.batch_size)


def save_adapter(model: AudioModel, folder: Path) -> None:
    """As peft writes it: adapter_model.safetensors and adapter_config.json, without the path of this machine's base."""
    # peft notes where the base lay on this machine, and writes a model card that nobody asked for.
    with replacing_folder(folder) as beside:
        model.network.peft_config["default"].base_model_name_or_path = None
        model.network.save_pretrained(beside, safe_serialization=True)
        for path in sorted(beside.iterdir()):
            if path.suffix not in (".safetensors", ".json"):
                path.unlink()


def with_adapter(base: AudioModel, folder: Path) -> AudioModel:
    """A base with an adapter of a folder; the base is changed in place until `without_adapters`.

    Raises:
        ModelError: there is no adapter as safetensors: nothing is ever unpickled.
    """
    # Before peft imports transformers: see chorus.cpu_torchaudio.
    torchaudio()
    from peft import PeftModel

    if not (folder / "adapter_model.safetensors").is_file():
        raise ModelError(f"there is no adapter_model.safetensors in {folder}")
    network = PeftModel.from_pretrained(base.network, str(folder))
    return AudioModel(network.eval(), base.processor, base.batch_size)


def touched(network: Any) -> Sequence[str]:
    """The modules that adapters change, by their names in the base, sorted."""
    pattern = re.compile(r"^base_model\.model\.(.*)\.lora_A\.default\.weight$")
    found = (pattern.match(name) for name, _ in network.named_parameters())
    return sorted(match.group(1) for match in found if match)
