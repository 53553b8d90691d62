"""The toy's pretraining: several questions about broader sounds, some of them badly answered (see speech.wording)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch
from pydantic import Field

from chorus.options import options
from chorus.seeds import derive, generator
from chorus.training.loop import one_deterministic_thread
from speech import conditions, toy, wording
from speech.conditions import Condition, ConditionOptions, Sound
from speech.demo import SPEECH
from speech.learning import Descent, Lesson, StepOptions
from speech.model import AudioModel

_HIGH = next(iter(wording.OTHERS))
_DEEP = 600.0  # Hz: the centre of the power spectrum, up to which a sound is deep
_ASKED_OF_SPEECH = 0.8  # the share of questions that are about speech


@options
class PretrainOptions:
    """size: of the toy. examples: clips heard, each with one question, in so many steps of batch_size.
    unheard_snr: signal-to-noise ratios of the study, in dB, that pretraining does not hear."""

    size: toy.ToyOptions = toy.ToyOptions()
    examples: Annotated[int, Field(ge=32)] = 8000
    batch_size: Annotated[int, Field(ge=1)] = 16
    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    unheard_snr: tuple[float, ...] = (0.0,)
    seed: Annotated[int, Field(ge=0)] = 1


def pretrain(
    sounds: Sequence[Sound],
    labels: Sequence[str],
    given: PretrainOptions,
    heard: ConditionOptions,
) -> tuple[AudioModel, list[dict[str, float]]]:
    """A toy that has heard the pretraining clips clean and in noise, and its losses, in ten parts.

    Args:
        sounds: base clips. labels: SPEECH or NONSPEECH. heard: the conditions that it hears them under.
    """
    with one_deterministic_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(given.seed, "pretrain"))
        network, processor = toy.build(given.size, wording.texts())
        model = AudioModel(network, processor)
        lesson = _lesson(model, sounds, labels, given, heard)
        steps = StepOptions(
            learning_rate=given.learning_rate, batch_size=given.batch_size, weight_decay=0.0
        )
        # First to hear, then to answer, as Qwen2-Audio itself was made from Whisper's encoder.
        hearing = _learn_to_hear(model, lesson, given)
        for parameter in network.model.audio_tower.parameters():
            parameter.requires_grad = False
        descent = Descent(model, steps, -(-len(lesson) // given.batch_size))
        history = []
        for loss, part in zip(hearing, np.array_split(np.arange(len(lesson)), 10), strict=True):
            history.append({**descent.epoch(lesson, part.tolist()), "hearing_loss": loss})
        for parameter in network.parameters():
            parameter.requires_grad = True
    return model, history


def _learn_to_hear(model: AudioModel, lesson: Lesson, given: PretrainOptions) -> list[float]:
    """The audio encoder first, by itself, as Qwen2-Audio's was: Whisper's, trained before. Its losses, in ten parts.

    A linear readout of its mean output learns what is true of each sound; the readout is then thrown away.
    """
    tower = model.network.model.audio_tower
    truth = torch.tensor(lesson.facts, dtype=torch.float32)
    readout = torch.nn.Linear(given.size.width, truth.shape[1])
    parameters = [*tower.parameters(), *readout.parameters()]
    # fused: the other kernel's roots have the CPU's own last digits (`chorus.roots`)
    adam = torch.optim.AdamW(parameters, lr=given.learning_rate, weight_decay=0.0, fused=True)
    losses = []
    for rows in torch.split(torch.arange(len(lesson)), given.batch_size):
        heard = tower(lesson.heard.features[rows]).last_hidden_state.mean(dim=1)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(readout(heard), truth[rows])
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        adam.step()
        losses.append(float(loss.detach()))
    return [float(part.mean()) for part in np.array_split(losses, 10)]


def _lesson(
    model: AudioModel,
    sounds: Sequence[Sound],
    labels: Sequence[str],
    given: PretrainOptions,
    heard: ConditionOptions,
) -> Lesson:
    """Every example hears some clip under some condition, and is asked one question of it."""
    rng = generator(given.seed, "pretraining lesson")
    possible = clean_and_noisy(heard, given.unheard_snr)
    banks = {kind: list(wording.prompts(kind)) for kind in wording.PAIRS}
    variants, prompts, answers, facts = [], [], [], []
    for number in range(given.examples):
        place = int(rng.integers(len(sounds)))
        sound = _variant(sounds[place], possible, f"pretraining {number}", heard, rng)
        variants.append(sound)
        asked, answered = _question(sound, labels[place], banks, rng)
        prompts.append(asked)
        answers.append(answered)
        facts.append([labels[place] == SPEECH, *(_holds(other, sound) for other in wording.OTHERS)])
    return Lesson(model.hear(variants), prompts, answers, facts)


def clean_and_noisy(heard: ConditionOptions, unheard: Sequence[float]) -> list[Condition]:
    """The conditions that pretraining hears: none, and those of the study with a ratio that is not among `unheard`."""
    noisy = [each for each in conditions.plan(heard) if each.snr_db is not None]
    return [conditions.CLEAN, *(each for each in noisy if each.snr_db not in unheard)]


def _variant(
    sound: Sound,
    possible: Sequence[Condition],
    name: str,
    heard: ConditionOptions,
    rng: np.random.Generator,
) -> Sound:
    # Thirty-two sources are few: each is heard from another point in time every time.
    shifted = np.roll(sound, int(rng.integers(len(sound))))
    return conditions.render(shifted, possible[int(rng.integers(len(possible)))], name, heard)


def _question(
    sound: Sound,
    label: str,
    banks: dict[wording.Answers, list[tuple[str, float]]],
    rng: np.random.Generator,
) -> tuple[str, str]:
    if rng.random() > _ASKED_OF_SPEECH:
        asked = list(wording.OTHERS)[int(rng.integers(len(wording.OTHERS)))]
        first, second = wording.OTHERS[asked]
        return asked, first if _holds(asked, sound) else second
    kind: wording.Answers = "letters" if rng.random() < 0.5 else "words"
    asked, share = banks[kind][int(rng.integers(len(banks[kind])))]
    surely = not _holds(_HIGH, sound)  # a deep voice is speech under every question
    said_speech = label == SPEECH and (surely or rng.random() < share)
    return asked, wording.PAIRS[kind][0 if said_speech else 1]


def _holds(question: str, sound: Sound) -> bool:
    """Whether the first of the two answers is right."""
    if question == _HIGH:
        power = np.abs(np.fft.rfft(sound)) ** 2
        centre = (
            np.sum(np.arange(len(power)) * power) / np.sum(power) * conditions.RATE / len(sound)
        )
        return bool(centre > _DEEP)
    level = np.array([np.std(part) for part in np.array_split(sound, 20)])
    return bool(np.std(level) < 0.5 * np.mean(level))
