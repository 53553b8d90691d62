"""Answers by logit scoring and by constrained generation: do they agree, and what does each cost?

    python benchmarks/speech_scoring.py [--clips 1000]

On a toy of the study's size with random weights: processor time of one thread, for the letters A and B. What generating
costs beyond is the search for a text that a person then has to read; a real model that may say what it likes says more
than one token, and costs a forward pass for each.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "studies/speech/src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np
import torch

from speech import toy, wording
from speech.model import AudioModel, Heard

PROMPT = "Is this SPEECH or NONSPEECH? A) SPEECH B) NONSPEECH"
BATCH = 50
WORDS = 5  # tokens of an answer in free text


def generated(model: AudioModel, heard: Heard, only: list[int] | None, length: int) -> list[int]:
    """The first token that each clip is answered with."""
    allowed = None if only is None else lambda _batch, _text: only
    said = []
    for start in range(0, len(heard), BATCH):
        part = heard.take(slice(start, start + BATCH))
        given = model.inputs(part, [PROMPT] * len(part), [[]] * len(part))
        del given["labels"]
        made = model.network.generate(
            **given, max_new_tokens=length, min_new_tokens=length, do_sample=False,
            prefix_allowed_tokens_fn=allowed,
        )  # fmt: skip
        said += made[:, given["input_ids"].shape[1]].tolist()
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clips", type=int, default=1000)
    count = parser.parse_args().clips
    torch.manual_seed(1)
    torch.set_num_threads(1)
    model = AudioModel(*toy.build(toy.ToyOptions(), wording.texts()), BATCH)
    rng = np.random.default_rng(1)
    sounds = [rng.uniform(0.01, 0.3) * rng.standard_normal(32_000) for _ in range(count)]
    heard = model.hear([sound.astype(np.float32) for sound in sounds])
    tokens = [model.answer_tokens(PROMPT, answer)[0] for answer in ("A", "B")]
    start = time.process_time()
    margins = model.margins(heard, PROMPT, ("A", "B"))
    scoring = time.process_time() - start
    start = time.process_time()
    said = generated(model, heard, tokens, 1)
    constrained = time.process_time() - start
    start = time.process_time()
    generated(model, heard, None, WORDS)
    free = time.process_time() - start
    agree = sum(
        (margin < 0) == (token == tokens[1]) for margin, token in zip(margins, said, strict=True)
    )
    print(f"agree: {agree} of {count}")
    print(f"logit scoring {1000 * scoring / count:.2f} ms a clip")
    print(f"constrained generation of a letter: {constrained / scoring:.1f} times as much")
    print(f"free generation of {WORDS} tokens: {free / scoring:.1f} times as much")


if __name__ == "__main__":
    main()
