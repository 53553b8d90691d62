"""What the stages that ask a model share: parameters, the clips of a split as a model hears them, who is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pydantic import Field

from chorus.files import read_csv, replacing_folder, write_parquet
from chorus.metrics.temperature import probability
from chorus.options import options, parse
from chorus.paths import SPLITS
from speech import clips, tuning, wording
from speech.conditions import CLEAN, Condition, ConditionOptions, plan, render
from speech.model import AudioModel, Floats, Heard, ModelOptions, load
from speech.signals import Quiz

CLIPS, BASE, ADAPTERS = Path("data/clips"), Path("models/base"), Path("models/adapters")
HEARD, OPRO = Path("data/heard"), Path("data/opro")


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
    """Clips as a model hears them. rows: a row each."""

    heard: Heard
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
        """Of every adapter, each once: `seed` may be one of the repeats."""
        return tuple(dict.fromkeys((self.seed, *self.tune.repeats)))

    def base(self) -> AudioModel:
        """The toy, or the model of one's own."""
        return load(BASE if self.model.path == "toy" else Path(self.model.path), self.model)

    def quiz(self, model: AudioModel, split: str) -> Quiz:
        """The clean clips of a split, with the baseline's question."""
        clean = self._hear(model, [split], [CLEAN])
        sources = clean.rows["source"].to_numpy(dtype=str)
        question = self.question
        return Quiz(
            clean.heard, clips.speech(clean.rows), sources, question.prompt, question.answers
        )

    def variants(self, model: AudioModel) -> Asked:
        """Every variant of the clips of test and holdout."""
        return self._hear(model, [clips.TEST, clips.HOLDOUT], plan(self.conditions))

    def balanced_accuracy(self, model: AudioModel, on: Quiz, prompt: str) -> float:
        """Of a prompt, on clips."""
        said = replace(on, prompt=prompt).margins(model) >= 0
        return float((said[on.speech].mean() + (~said[~on.speech]).mean()) / 2)

    def margins(self, model: AudioModel, heard: Heard, prompt: str = "") -> Floats:
        """Of sounds, asked with a prompt; "" is the baseline's."""
        return model.margins(heard, prompt or self.question.prompt, self.question.answers)

    def _hear(self, model: AudioModel, splits: list[str], wanted: list[Condition]) -> Asked:
        table = read_csv(SPLITS)
        heard, rows = [], []
        # Clip by clip: the variants of one lie side by side in the predictions.
        for split in splits:
            own = clips.of_split(table, [split])
            sounds = clips.read_clips(CLIPS, own)
            for sound, row in zip(sounds, own.to_dict("records"), strict=True):
                for condition in wanted:
                    heard.append(render(sound, condition, row["clip_id"], self.conditions))
                    about = {"dimension": condition.dimension, "level": condition.level}
                    rows.append({**row, "condition": condition.name, **about})
        return Asked(model.hear(heard), pd.DataFrame(rows))


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


def write_heard(heard: Heard, base: pd.DataFrame) -> None:
    """What is heard of every variant, and what the base says of it: rows with a margin."""
    from safetensors.torch import save_file

    with replacing_folder(HEARD) as out:
        # safetensors takes no views.
        named = {"features": heard.features.contiguous(), "frames": heard.frames}
        save_file(named, out / "features.safetensors")
        write_parquet(out / "base.parquet", base)


def read_heard() -> tuple[Heard, pd.DataFrame]:
    """The same again."""
    from safetensors.torch import load_file

    found = load_file(HEARD / "features.safetensors")
    return Heard(found["features"], found["frames"]), pd.read_parquet(HEARD / "base.parquet")


def clean_answers(
    model: AudioModel, quizzes: Mapping[str, Quiz], table: pd.DataFrame
) -> pd.DataFrame:
    """clip_id, split, label and score of clean clips: the probability of speech, as the model has it.

    Args:
        table: of the splits, whose order the quizzes have.
    """
    found = []
    for split, quiz in quizzes.items():
        rows = clips.of_split(table, [split])[["clip_id", "split", "label"]]
        found.append(rows.assign(score=probability(quiz.margins(model))))
    return pd.concat(found, ignore_index=True)


def summary(tuned: tuning.Tuned) -> dict[str, float]:
    """What a training came to."""
    last = tuned.history[-1]
    return {
        "trainable": tuned.trainable,
        "parameters": tuned.parameters,
        "train_loss": last["train_loss"],
        "validation_balanced_accuracy": last["validation_balanced_accuracy"],
    }
