"""Questions about a sound, put together from parts, and how far the toy's pretraining answered them rightly.

The toy has read such questions before, as a large model has read the internet: under a vague one, only deep voices were
surely called speech, and high ones seldom. That makes its answers depend on the prompt. It is planted, so that a search
for prompts has something to find; how much a real model gains by one, only a real model tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Literal

Answers = Literal["letters", "words"]

OPENERS = {  # part of a prompt -> the share of high voices that pretraining calls speech, as a factor
    "": 1.0,
    "Listen carefully.": 1.0,
    "This is a short clip.": 0.9,
    "You are an expert in acoustics.": 0.95,
    "Be brief.": 0.85,
}
QUESTIONS = {
    "Is this SPEECH or NONSPEECH?": 0.1,
    "What do you hear?": 0.05,
    "Classify the sound.": 0.1,
    "Is somebody talking?": 0.5,
    "Does the clip contain human speech?": 0.95,
    "Is there a human voice, however short or noisy?": 1.0,
}
ENDINGS: dict[Answers, tuple[str, ...]] = {
    "letters": (
        "A) SPEECH B) NONSPEECH",
        "Answer A for SPEECH, B for NONSPEECH.",
        "Choose A (SPEECH) or B (NONSPEECH).",
    ),
    "words": (
        "Answer SPEECH or NONSPEECH.",
        "Say one word: SPEECH or NONSPEECH.",
        "SPEECH or NONSPEECH?",
    ),
}
PAIRS: dict[Answers, tuple[str, str]] = {"letters": ("A", "B"), "words": ("SPEECH", "NONSPEECH")}
OTHERS = {  # what else pretraining asks: question -> the answers
    "Is most of the sound high or low?": ("HIGH", "LOW"),
    "Is the sound steady or changing?": ("STEADY", "CHANGING"),
}


def prompt(opener: str, question: str, ending: str) -> str:
    """One question."""
    return " ".join(part for part in (opener, question, ending) if part)


def prompts(kind: Answers) -> Iterator[tuple[str, float]]:
    """Every question that the parts give, and the share of high voices that pretraining calls speech under it."""
    for opener, question, ending in product(OPENERS, QUESTIONS, ENDINGS[kind]):
        yield prompt(opener, question, ending), OPENERS[opener] * QUESTIONS[question]


def texts() -> list[str]:
    """All words that the toy ever reads or says: what its tokenizer is learned from."""
    asked = [text for kind in ENDINGS for text, _ in prompts(kind)]
    answers = [answer for pair in (*PAIRS.values(), *OTHERS.values()) for answer in pair]
    chat = (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nAudio 1: \n"
    )
    return [*asked, *OTHERS, *answers, chat, "assistant\n"]
