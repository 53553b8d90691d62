"""What the stages that ask a model share: parameters, the clips of a split as a model hears them, who is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from chorus.files import read_csv
from chorus.options import options, parse
from chorus.paths import SPLITS
from speech import clips, tuning, wording
from speech.conditions import CLEAN, Condition, ConditionOptions, plan, render
from speech.model import AudioModel, Heard, ModelOptions, load
from speech.opro import History

CLIPS, BASE, ADAPTERS = Path("data/clips"), Path("models/base"), Path("models/adapters")
OPRO = Path("data/opro")


@options
class AskOptions:
    """answers: letters (A, B) or words (SPEECH, NONSPEECH). prompt: the baseline's; it names both answers."""

    prompt: Annotated[str, Field(min_length=1)]
    answers: wording.Answers = "letters"


@dataclass(frozen=True)
class Question:
    """The baseline's prompt, and the answers for speech and for none."""

    prompt: str
    kind: wording.Answers

    @property
    def answers(self) -> tuple[str, str]:
        """First the one that says speech."""
        return wording.PAIRS[self.kind]


@dataclass(frozen=True, eq=False)
class Asked:
    """Clips as a model hears them. speech: (n,). rows: a row each."""

    heard: Heard
    speech: NDArray[np.bool_]
    rows: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Study:
    """The parameters of the stages that ask a model."""

    model: ModelOptions
    question: Question
    conditions: ConditionOptions
    tune: tuning.TuneOptions
    seed: int

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of every adapter."""
        return (self.seed, *self.tune.repeats)

    @property
    def asked(self) -> int:
        """How many models with a prompt are asked."""
        with_prompt = 2 if "lora_mlp" in self.tune.adapters else 1
        return 1 + len(self.seeds) * (len(self.tune.adapters) + with_prompt)

    def base(self) -> AudioModel:
        """The toy, or the model of one's own."""
        return load(BASE if self.model.path == "toy" else Path(self.model.path), self.model)

    def clean(self, model: AudioModel, split: str) -> Asked:
        """The clean clips of a split."""
        return self._hear(model, split, [CLEAN])

    def variants(self, model: AudioModel) -> Asked:
        """Every variant of the clips of test and holdout."""
        test = self._hear(model, clips.TEST, plan(self.conditions))
        held = self._hear(model, clips.HOLDOUT, plan(self.conditions))
        heard = Heard(
            _joined(test.heard.features, held.heard.features),
            _joined(test.heard.frames, held.heard.frames),
        )
        rows = pd.concat([test.rows, held.rows], ignore_index=True)
        return Asked(heard, np.concatenate([test.speech, held.speech]), rows)

    def balanced_accuracy(self, model: AudioModel, on: Asked, prompt: str) -> float:
        """Of a prompt, on clips."""
        said = model.margins(on.heard, prompt, self.question.answers) >= 0
        return float((said[on.speech].mean() + (~said[~on.speech]).mean()) / 2)

    def gains(self, model: AudioModel, history: History, held: Asked) -> dict[str, float]:
        """What the best prompt gains over the baseline: as searched, and on clips that the search never saw."""
        start, best = history.tried[0], history.best
        held_out = [self.balanced_accuracy(model, held, each.prompt) for each in (start, best)]
        return {
            "prompts": len(history.tried),
            "failures": len(history.failures),
            "gain_as_searched": best.balanced_accuracy - start.balanced_accuracy,
            "gain_held_out": held_out[1] - held_out[0],
        }

    def searched(self) -> Iterator[tuple[str, int, AudioModel]]:
        """The models that a prompt is searched for: the base with every seed, and each adapter with MLP."""
        model = self.base()
        for seed in self.seeds:
            yield "base", seed, model
        if "lora_mlp" in self.tune.adapters:
            for seed in self.seeds:
                adapted = tuning.with_adapter(model, ADAPTERS / f"lora_mlp_{seed}")
                yield "lora_mlp", seed, adapted
                model = tuning.without_adapters(adapted)

    def configurations(
        self, read_json: Callable[[Path], Any]
    ) -> Iterator[tuple[str, int, AudioModel, str]]:
        """Name, seed, model and prompt of everything that is judged, model by model."""
        model, prompt = self.base(), self.question.prompt
        yield "base", 0, model, prompt
        for seed in self.seeds:
            yield "base_opro", seed, model, _best(read_json(OPRO / f"base_{seed}.json"))
        for adapter in self.tune.adapters:
            for seed in self.seeds:
                adapted = tuning.with_adapter(model, ADAPTERS / f"{adapter}_{seed}")
                yield adapter, seed, adapted, prompt
                if adapter == "lora_mlp":
                    history = read_json(OPRO / f"{adapter}_{seed}.json")
                    yield "lora_mlp_opro", seed, adapted, _best(history)
                model = tuning.without_adapters(adapted)

    def weights(self, name: str, seed: int) -> str:
        """What a search's history is of: a hash of the model's weights and of the clips."""
        # A history is of these clips and these weights; with others it starts anew.
        files = [SPLITS, *sorted(CLIPS.glob("*.tar")), *sorted(BASE.glob("*.safetensors"))]
        if name != "base":
            files += sorted((ADAPTERS / f"{name}_{seed}").glob("*.safetensors"))
        return sha256(b"".join(sha256(path.read_bytes()).digest() for path in files)).hexdigest()

    def _hear(self, model: AudioModel, split: str, wanted: list[Condition]) -> Asked:
        table = clips.of_split(read_csv(SPLITS), [split])
        sounds = clips.read_clips(CLIPS, table)
        heard, rows = [], []
        # Clip by clip: the variants of one lie side by side in the predictions.
        for sound, row in zip(sounds, table.to_dict("records"), strict=True):
            for condition in wanted:
                heard.append(render(sound, condition, row["clip_id"], self.conditions))
                about = {"dimension": condition.dimension, "level": condition.level}
                rows.append({**row, "condition": condition.name, **about})
        made = pd.DataFrame(rows)
        return Asked(model.hear(heard), clips.speech(made), made)


def read(params: Callable[[str], Any]) -> Study:
    """From the parameters of the study.

    Args:
        params: gives a section or a value by its name.
    """
    ask = parse(AskOptions, params("ask"), section="ask")
    return Study(
        model=parse(ModelOptions, params("model"), section="model"),
        question=Question(ask.prompt, ask.answers),
        conditions=parse(ConditionOptions, params("conditions"), section="conditions"),
        tune=parse(tuning.TuneOptions, params("tune"), section="tune"),
        seed=int(params("seed")),
    )


def summary(tuned: tuning.Tuned) -> dict[str, float]:
    """What a training came to."""
    last = tuned.history[-1]
    return {
        "trainable": tuned.trainable,
        "parameters": tuned.parameters,
        "train_loss": last["train_loss"],
        "validation_balanced_accuracy": last["validation_balanced_accuracy"],
    }


def mean_gains(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Of the searches of the base: the winner's curse is the difference."""
    of_base = [each for name, each in found.items() if name.startswith("base_")]
    names = ("gain_as_searched", "gain_held_out")
    return {"mean": {name: float(np.mean([each[name] for each in of_base])) for name in names}}


def _best(history: Mapping[str, Any]) -> str:
    """The prompt that `History.best` names."""
    tried = history["tried"]
    order = [(-each["score"], each["tokens"], each["iteration"]) for each in tried]
    return str(tried[order.index(min(order))]["prompt"])


def _joined(first: Any, second: Any) -> Any:
    import torch

    return torch.cat([first, second])
